// The one-lane bridge: cars of one direction at a time, any number of them.
use std::sync::{Arc, Condvar, Mutex};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    North,
    South,
}

#[derive(Default)]
pub struct Bridge {
    /// The way of those on it, and how many they are.
    cars: Mutex<Option<(Way, u32)>>,
    changed: Condvar,
}

pub struct Crossing<'a>(&'a Bridge);

impl Bridge {
    pub fn enter(&self, way: Way) -> Crossing<'_> {
        let mut cars = self.cars.lock().unwrap();
        loop {
            match *cars {
                None => *cars = Some((way, 1)),
                Some((theirs, n)) if theirs == way => *cars = Some((way, n + 1)),
                Some(_) => {
                    cars = self.changed.wait(cars).unwrap();
                    continue;
                }
            }
            return Crossing(self);
        }
    }
}

impl Drop for Crossing<'_> {
    fn drop(&mut self) {
        let mut cars = self.0.cars.lock().unwrap();
        *cars = match *cars {
            Some((way, n)) if n > 1 => Some((way, n - 1)),
            _ => None,
        };
        if cars.is_none() {
            self.0.changed.notify_all();
        }
    }
}

#[test]
fn nobody_meets_another_on_the_bridge() {
    let bridge = Arc::new(Bridge::default());
    let on = Arc::new(Mutex::new(Vec::new()));
    let cars: Vec<_> = [Way::North, Way::South, Way::North]
        .into_iter()
        .map(|way| {
            let (bridge, on) = (bridge.clone(), on.clone());
            std::thread::spawn(move || {
                let crossing = bridge.enter(way);
                on.lock().unwrap().push(way);
                assert!(on.lock().unwrap().iter().all(|&w| w == way), "they meet");
                let mut all = on.lock().unwrap();
                let at = all.iter().position(|&w| w == way).unwrap();
                all.remove(at);
                drop(all);
                drop(crossing);
            })
        })
        .collect();
    for car in cars {
        car.join().unwrap();
    }
}

//# bug waits_once: panic
//-                     cars = self.changed.wait(cars).unwrap();
//-                     continue;
//+                     cars = self.changed.wait(cars).unwrap();
//+                     *cars = Some((way, 1));
//# bug first_to_leave_opens: panic
//-             Some((way, n)) if n > 1 => Some((way, n - 1)),
//-             _ => None,
//+             _ => None,
//# bug keeps_the_lock: deadlock
//-                 on.lock().unwrap().push(way);
//-                 assert!(on.lock().unwrap().iter().all(|&w| w == way), "they meet");
//+                 let mut all = on.lock().unwrap();
//+                 all.push(way);
//+                 assert!(on.lock().unwrap().iter().all(|&w| w == way), "they meet");

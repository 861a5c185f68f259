use std::sync::Mutex;

pub struct Table {
    forks: [Mutex<u32>; 3],
}

impl Table {
    pub fn eat(&self, seat: usize) {
        let (left, right) = (seat, (seat + 1) % 3);
        let (first, second) = if left < right { (left, right) } else { (right, left) };
        let mut a = self.forks[first].lock().unwrap();
        let mut b = self.forks[second].lock().unwrap();
        *a += 1;
        *b += 1;
    }
}

#[test]
fn everybody_eats() {
    let table = Table { forks: [const { Mutex::new(0) }; 3] };
    std::thread::scope(|s| {
        for seat in 0..3 {
            let table = &table;
            s.spawn(move || table.eat(seat));
        }
    });
    assert_eq!(table.forks.map(|f| f.into_inner().unwrap()), [2, 2, 2]);
}

//# bug all_left_first: deadlock
//-         let (first, second) = if left < right { (left, right) } else { (right, left) };
//+         let (first, second) = (left, right);
//# bug takes_turns_politely: livelock, panic, deadlock
//-         let mut b = self.forks[second].lock().unwrap();
//+         let Ok(mut b) = self.forks[second].try_lock() else { return };
//# bug forgets_one: panic
//-         *b += 1;
//+         drop(b);
//+         let _ = &mut a;
//# bug puts_down_too_early: panic
//-         let mut a = self.forks[first].lock().unwrap();
//+         let a = *self.forks[first].lock().unwrap();
//-         *a += 1;
//+         *self.forks[first].lock().unwrap() = a + 1;

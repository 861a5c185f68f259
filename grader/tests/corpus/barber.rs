// The sleeping barber (Dijkstra, 1965): two chairs to wait on, customers that find none go away.
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Default)]
struct Shop {
    waiting: u32,
    called: u32,
    done: u32,
    closed: bool,
}

#[derive(Default)]
struct Barber {
    shop: Mutex<Shop>,
    customer_comes: Condvar,
    chair_is_free: Condvar,
    hair_is_cut: Condvar,
}

const CHAIRS: u32 = 2;

impl Barber {
    fn work(&self) -> u32 {
        let mut cut = 0;
        loop {
            let mut shop = self.shop.lock().unwrap();
            while shop.waiting == 0 && !shop.closed {
                shop = self.customer_comes.wait(shop).unwrap();
            }
            if shop.waiting == 0 {
                return cut;
            }
            shop.waiting -= 1;
            shop.called += 1;
            self.chair_is_free.notify_one();
            cut += 1;
            shop.done += 1;
            self.hair_is_cut.notify_all();
        }
    }
    fn visit(&self) -> bool {
        let mut shop = self.shop.lock().unwrap();
        if shop.waiting == CHAIRS {
            return false;
        }
        shop.waiting += 1;
        self.customer_comes.notify_one();
        while shop.called == 0 {
            shop = self.chair_is_free.wait(shop).unwrap();
        }
        shop.called -= 1;
        while shop.done == 0 {
            shop = self.hair_is_cut.wait(shop).unwrap();
        }
        shop.done -= 1;
        true
    }
    fn close(&self) {
        self.shop.lock().unwrap().closed = true;
        self.customer_comes.notify_one();
    }
}

#[test]
fn everybody_is_served_or_goes_away() {
    let shop = Arc::new(Barber::default());
    let theirs = shop.clone();
    let barber = thread::spawn(move || theirs.work());
    let customers: Vec<_> = (0..2)
        .map(|_| {
            let shop = shop.clone();
            thread::spawn(move || shop.visit())
        })
        .collect();
    let served = customers.into_iter().map(|c| c.join().unwrap()).filter(|&s| s).count();
    shop.close();
    assert_eq!(barber.join().unwrap(), served as u32);
}

//# bug sleeps_through_closing: deadlock, lost-wake-up
//-         self.shop.lock().unwrap().closed = true;
//-         self.customer_comes.notify_one();
//+         self.shop.lock().unwrap().closed = true;
//# bug closes_without_the_lock: panic, deadlock, lost-wake-up
//-         self.shop.lock().unwrap().closed = true;
//-         self.customer_comes.notify_one();
//+         self.customer_comes.notify_one();
//+         self.shop.lock().unwrap().closed = true;
//# bug customer_does_not_knock: deadlock, lost-wake-up
//-         shop.waiting += 1;
//-         self.customer_comes.notify_one();
//+         shop.waiting += 1;
//# bug barber_trusts_every_wake_up: panic, deadlock, lost-wake-up
//-             while shop.waiting == 0 && !shop.closed {
//-                 shop = self.customer_comes.wait(shop).unwrap();
//-             }
//-             if shop.waiting == 0 {
//-                 return cut;
//-             }
//+             if shop.waiting == 0 && !shop.closed {
//+                 shop = self.customer_comes.wait(shop).unwrap();
//+             }
//+             if shop.closed {
//+                 return cut;
//+             }

// A stock that is waited for, with the locks of parking_lot.
use parking_lot::{Condvar, Mutex, MutexGuard, Once, RwLock, RwLockUpgradableReadGuard};
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
pub struct Stock {
    items: Mutex<u32>,
    changed: Condvar,
    sold: RwLock<u32>,
}

impl Stock {
    pub fn deliver(&self, n: u32) {
        *self.items.lock() += n;
        self.changed.notify_all();
    }
    pub fn buy(&self, n: u32) -> bool {
        let mut items = self.items.lock();
        while *items < n {
            if self.changed.wait_for(&mut items, Duration::from_secs(60)).timed_out() && *items < n {
                return false;
            }
        }
        *items -= n;
        MutexGuard::unlock_fair(items);
        let sold = self.sold.upgradable_read();
        let before = *sold;
        *RwLockUpgradableReadGuard::upgrade(sold) = before + n;
        true
    }
}

fn main() {
    static START: Once = Once::new();
    let stock = Arc::new(Stock::default());
    let buyers: Vec<_> = (1..=2)
        .map(|n| {
            let stock = stock.clone();
            std::thread::spawn(move || {
                START.call_once(|| stock.deliver(1));
                if stock.buy(n) { n } else { 0 }
            })
        })
        .collect();
    stock.deliver(2);
    let bought: u32 = buyers.into_iter().map(|b| b.join().unwrap()).sum();
    assert_eq!((*stock.sold.read(), *stock.items.lock() + bought), (bought, 3));
}

//# bug read_then_write: panic
//-         let sold = self.sold.upgradable_read();
//-         let before = *sold;
//-         *RwLockUpgradableReadGuard::upgrade(sold) = before + n;
//+         let before = *self.sold.read();
//+         *self.sold.write() = before + n;
//# bug waits_for_ever: deadlock, lost-wake-up
//-             if self.changed.wait_for(&mut items, Duration::from_secs(60)).timed_out() && *items < n {
//-                 return false;
//-             }
//+             self.changed.wait(&mut items);
//+         }
//+         while *items < 2 * n {
//+             self.changed.wait(&mut items);
//# bug writes_while_it_reads: deadlock
//-         let sold = self.sold.upgradable_read();
//-         let before = *sold;
//-         *RwLockUpgradableReadGuard::upgrade(sold) = before + n;
//+         let before = self.sold.read();
//+         *self.sold.write() = *before + n;
//# bug does_not_wait: panic
//-         while *items < n {
//-             if self.changed.wait_for(&mut items, Duration::from_secs(60)).timed_out() && *items < n {
//-                 return false;
//-             }
//-         }
//-         *items -= n;
//+         *items -= n;

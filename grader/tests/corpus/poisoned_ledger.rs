// A ledger whose writers may panic: who comes after puts it in order.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;

#[derive(Default, Clone)]
struct Ledger {
    entries: Vec<i32>,
    sum: i32,
}

#[derive(Default)]
pub struct Book {
    ledger: Mutex<Ledger>,
    last: RwLock<i32>,
}

impl Book {
    pub fn add(&self, amount: i32) {
        let mut ledger = self.ledger.lock().unwrap_or_else(|poisoned| {
            let mut ledger = poisoned.into_inner();
            ledger.sum = ledger.entries.iter().sum();
            self.ledger.clear_poison();
            ledger
        });
        ledger.entries.push(amount);
        assert!(amount != 13, "an unlucky amount");
        ledger.sum += amount;
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = amount;
    }
    pub fn sums(&self) -> (i32, i32) {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        (ledger.sum, ledger.entries.iter().sum())
    }
}

#[test]
fn sums_are_right_in_the_end() {
    let book = Arc::new(Book::default());
    let theirs = book.clone();
    let unlucky = thread::spawn(move || theirs.add(13));
    let mine = catch_unwind(AssertUnwindSafe(|| book.add(1)));
    assert!(unlucky.join().is_err() && mine.is_ok());
    book.add(2);
    assert_eq!(book.sums(), (16, 16));
}

#[test]
#[should_panic(expected = "unlucky")]
fn unlucky_amounts_panic() {
    Book::default().add(13);
}

//# bug does_not_put_in_order: panic
//-             ledger.sum = ledger.entries.iter().sum();
//-             self.ledger.clear_poison();
//+             self.ledger.clear_poison();
//# bug is_surprised_by_poison: panic
//-         let mut ledger = self.ledger.lock().unwrap_or_else(|poisoned| {
//-             let mut ledger = poisoned.into_inner();
//-             ledger.sum = ledger.entries.iter().sum();
//-             self.ledger.clear_poison();
//-             ledger
//-         });
//+         let mut ledger = self.ledger.lock().unwrap();
//# bug nobody_panics: panic
//-     Book::default().add(13);
//+     Book::default().add(12);

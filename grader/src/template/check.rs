use crate::submission::Visits;

pub fn check() {
    let visits = Visits::default();
    std::thread::scope(|s| {
        s.spawn(|| visits.count());
        visits.count();
    });
    assert_eq!(visits.total(), 2);
}

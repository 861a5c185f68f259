use crate::chance::Chance;
use crate::submission::Visits;

pub fn check(chance: &mut Chance) {
    let [here, there] = chance.numbers(1..3);
    let visits = Visits::default();
    std::thread::scope(|s| {
        s.spawn(|| (0..there).for_each(|_| visits.count()));
        (0..here).for_each(|_| visits.count());
    });
    assert_eq!(visits.total(), here + there, "after {here} and {there} visits");
}

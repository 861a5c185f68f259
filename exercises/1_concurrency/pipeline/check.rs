use crate::chance::Chance;
use crate::submission::squares;

pub fn check(chance: &mut Chance) {
    let numbers: [u32; 3] = chance.numbers(0..1000);
    assert_eq!(squares(numbers.to_vec()), numbers.map(|n| n * n));
}

use crate::chance::Chance;
use crate::submission::Seat;

pub fn check(chance: &mut Chance) {
    let buyers: [u32; 3] = chance.distinct(0..100);
    let seat = Seat::default();
    let got: Vec<bool> = std::thread::scope(|s| {
        let buying = buyers.map(|buyer| {
            let seat = &seat;
            s.spawn(move || seat.buy(buyer))
        });
        buying.into_iter().map(|b| b.join().unwrap()).collect()
    });
    let winners: Vec<u32> = (0..3).filter(|&b| got[b]).map(|b| buyers[b]).collect();
    assert_eq!(winners.len(), 1, "buyers {winners:?} were told that they got the seat");
    assert_eq!(seat.owner(), Some(winners[0]));
}

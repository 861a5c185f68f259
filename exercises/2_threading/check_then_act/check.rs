use crate::submission::Seat;

pub fn check() {
    let seat = Seat::default();
    let got: Vec<bool> = std::thread::scope(|s| {
        let buyers: Vec<_> = (0..3)
            .map(|buyer| {
                let seat = &seat;
                s.spawn(move || seat.buy(buyer))
            })
            .collect();
        buyers.into_iter().map(|b| b.join().unwrap()).collect()
    });
    let winners: Vec<usize> = (0..3).filter(|&b| got[b]).collect();
    assert_eq!(winners.len(), 1, "buyers {winners:?} were told that they got the seat");
    assert_eq!(seat.owner(), Some(winners[0] as u32));
}

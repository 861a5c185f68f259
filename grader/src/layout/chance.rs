/// What a check draws by chance: inputs that nobody can know, and the same ones for the same seed.
pub struct Chance(u64);

impl Chance {
    /// The beginning of what a seed gives.
    pub fn new(seed: u64) -> Self {
        Chance(seed)
    }

    /// A number of the range.
    pub fn number(&mut self, range: ::std::ops::Range<u32>) -> u32 {
        // SplitMix64, of Steele, Lea and Flood, OOPSLA 2014.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        range.start + (z % u64::from(range.end - range.start)) as u32
    }

    /// Some numbers of the range.
    pub fn numbers<const N: usize>(&mut self, range: ::std::ops::Range<u32>) -> [u32; N] {
        ::std::array::from_fn(|_| self.number(range.clone()))
    }

    /// Some numbers of the range, no two of them equal.
    pub fn distinct<const N: usize>(&mut self, range: ::std::ops::Range<u32>) -> [u32; N] {
        let mut numbers = [0; N];
        for index in 0..N {
            numbers[index] = loop {
                let number = self.number(range.clone());
                if !numbers[..index].contains(&number) {
                    break number;
                }
            };
        }
        numbers
    }

    /// The items in another order.
    pub fn shuffled<T, const N: usize>(&mut self, mut items: [T; N]) -> [T; N] {
        for index in 1..N {
            items.swap(index, self.number(0..index as u32 + 1) as usize);
        }
        items
    }
}

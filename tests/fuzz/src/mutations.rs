//! Changes of what is kept, from a seed: what the gate tries beside it.

use fastrand::Rng;

/// Endless changed inputs.
#[derive(Debug)]
pub struct Mutations<'a> {
    random: Rng,
    corpus: Vec<&'a [u8]>,
    words: &'a [Vec<u8>],
}

/// No input is longer.
const LONGEST: usize = 4_096;

impl<'a> Mutations<'a> {
    /// Changes of these inputs, with these words.
    #[must_use]
    pub fn new(seed: u64, corpus: Vec<&'a [u8]>, words: &'a [Vec<u8>]) -> Self {
        Self { random: Rng::with_seed(seed), corpus, words }
    }

    /// A place in what is so long, or its end.
    fn place(&mut self, length: usize) -> usize {
        self.random.usize(..=length)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.place(length), self.place(length));
        one.min(other)..one.max(other).min(one.min(other) + 32)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let other = self.random.choice(self.corpus.iter()).map(|it| it.to_vec()).unwrap_or_default();
        let at = self.place(input.len());
        match self.random.u8(..7) {
            // A word, put in or over what is there.
            0 | 1 => {
                let word = self.random.choice(self.words).cloned().unwrap_or_default();
                let end = if self.random.bool() { at } else { (at + word.len()).min(input.len()) };
                input.splice(at..end, word);
            }
            // A piece of another input.
            2 => {
                let range = self.range(other.len());
                input.splice(at..at, other[range].iter().copied());
            }
            3 => {
                let range = self.range(input.len());
                input.drain(range);
            }
            4 => {
                let range = self.range(input.len());
                let copy = input[range].to_vec();
                input.splice(at..at, copy);
            }
            // The beginning of one and the end of another.
            5 => {
                let from = self.place(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let byte = self.random.u8(..);
                match input.get_mut(at) {
                    Some(there) => *there = byte,
                    None => input.push(byte),
                }
            }
        }
        input.truncate(LONGEST);
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut input = self.random.choice(self.corpus.iter()).map(|it| it.to_vec()).unwrap_or_default();
        for _ in 0..self.random.u8(1..5) {
            self.change(&mut input);
        }
        Some(input)
    }
}

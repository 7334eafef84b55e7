//! The Grain LFSR that Poseidon's authors draw round constants and matrices from.
//!
//! As in the reference script `generate_params_poseidon.sage` and circomlib: 80 bits of state, seeded with the
//! instance's description, of which every second bit is output if the one before it is set.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

/// Bits of an element of the scalar field.
const FIELD_BITS: usize = 254;
/// State of the register.
const STATE_BITS: usize = 80;
/// Bits that are discarded before the first is used.
const WARM_UP: usize = 160;

pub(super) struct Grain {
    state: [bool; STATE_BITS],
    head: usize,
}

impl Grain {
    /// The generator of the instance over a prime field with the S-box x^5, `width` elements, and these rounds.
    pub(super) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let fields = [(1, 2), (0, 4), (FIELD_BITS, 12), (width, 12), (full_rounds, 10), (partial_rounds, 10)];
        let mut state = [true; STATE_BITS];
        let mut at = 0;
        for (value, bits) in fields {
            for bit in (0..bits).rev() {
                state[at] = value >> bit & 1 == 1;
                at += 1;
            }
        }
        let mut grain = Self { state, head: 0 };
        for _ in 0..WARM_UP {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> bool {
        let bit = [62, 51, 38, 23, 13, 0]
            .into_iter()
            .fold(false, |sum, tap| sum ^ self.state[(self.head + tap) % STATE_BITS]);
        self.state[self.head] = bit;
        self.head = (self.head + 1) % STATE_BITS;
        bit
    }

    fn bit(&mut self) -> bool {
        while !self.step() {
            self.step();
        }
        self.step()
    }

    fn bits(&mut self) -> <Fr as PrimeField>::BigInt {
        let mut bits: Vec<bool> = (0..FIELD_BITS).map(|_| self.bit()).collect();
        bits.reverse();
        <Fr as PrimeField>::BigInt::from_bits_le(&bits)
    }

    /// An element, drawn again as long as the bits are no canonical element.
    pub(super) fn element(&mut self) -> Fr {
        loop {
            if let Some(element) = Fr::from_bigint(self.bits()) {
                return element;
            }
        }
    }

    /// An element from bits that are reduced, as the matrices' are.
    pub(super) fn reduced_element(&mut self) -> Fr {
        Fr::from_le_bytes_mod_order(&self.bits().to_bytes_le())
    }
}

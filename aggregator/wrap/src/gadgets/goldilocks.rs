//! Goldilocks elements as integers in BN254's scalar field.
//!
//! A [`Gl`] is an integer of which only the residue modulo p = 2^64 − 2^32 + 1 matters, and a bound on it. Additions and
//! multiplications by constants are free; a product of two variables costs one constraint; nothing is reduced until a
//! bound demands it. Bounds stay below 2^252 and so below the field's modulus: no sum or product ever wraps, hence what
//! holds in the field holds for the integers.
//!
//! Reducing costs one constraint per bit of the quotient and of the remainder: `v = q·p + w` with `q` and `w` in range.
//! The remainder is below 2^64 and need not be below p; where a canonical one matters, it is demanded.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField, Zero};
use ruint::aliases::U256;

use crate::r1cs::{Builder, Lc};

/// The Goldilocks prime.
pub(crate) const P: u64 = 0xffff_ffff_0000_0001;
/// No bound is ever above 2^252.
const LIMIT_BITS: usize = 252;

fn limit() -> U256 {
    U256::from(1) << LIMIT_BITS
}

pub(crate) fn to_integer(value: Fr) -> U256 {
    U256::from_limbs(value.into_bigint().0)
}

pub(crate) fn to_field(value: U256) -> Fr {
    Fr::new(BigInt(value.into_limbs()))
}

/// An integer that stands for its residue modulo p.
#[derive(Debug, Clone)]
pub(crate) struct Gl {
    lc: Lc,
    max: U256,
}

impl Gl {
    fn new(lc: Lc, max: U256) -> Self {
        // A circuit that could wrap is a mistake in this crate, and must not be built.
        assert!(max <= limit(), "a bound of {} bits wraps", max.bit_len());
        Self { lc, max }
    }

    pub(crate) fn zero() -> Self {
        Self { lc: Lc::zero(), max: U256::ZERO }
    }

    /// A combination that is known to be at most `max`.
    pub(crate) fn bounded(lc: Lc, max: U256) -> Self {
        Self::new(lc, max)
    }

    pub(crate) fn lc(&self) -> &Lc {
        &self.lc
    }

    pub(crate) fn max(&self) -> U256 {
        self.max
    }

    /// The residue.
    pub(crate) fn value(&self) -> u64 {
        (to_integer(self.lc.value()) % U256::from(P)).to::<u64>()
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        Self::new(self.lc.add(&other.lc), self.max + other.max)
    }

    /// `factor · self`.
    pub(crate) fn scale(&self, factor: u64) -> Self {
        Self::new(self.lc.scale(Fr::from(factor)), self.max * U256::from(factor))
    }

    /// Whether the product of two fits.
    pub(crate) fn fits(left: U256, right: U256) -> bool {
        left.bit_len() + right.bit_len() <= LIMIT_BITS
    }
}

/// The least multiple of p that is at least `bound`.
fn multiple_above(bound: U256) -> U256 {
    bound.div_ceil(U256::from(P)) * U256::from(P)
}

impl Builder {
    pub(crate) fn gl_constant(&self, value: u64) -> Gl {
        Gl::new(self.constant(Fr::from(value)), U256::from(value))
    }

    /// The bits of a new number, least significant first.
    pub(crate) fn bits(&mut self, value: U256, count: usize) -> Vec<Lc> {
        (0..count).map(|index| self.bit(value.bit(index))).collect()
    }

    /// `Σ bits_i · 2^i`.
    pub(crate) fn number(bits: &[Lc]) -> Lc {
        let mut sum = Lc::zero();
        let mut power = Fr::from(1u64);
        for bit in bits {
            sum.add_scaled(bit, power);
            power.double_in_place();
        }
        sum
    }

    /// A new integer below 2^64.
    pub(crate) fn gl(&mut self, value: u64) -> Gl {
        let bits = self.bits(U256::from(value), 64);
        Gl::new(Self::number(&bits), U256::from(u64::MAX))
    }

    /// A new integer below p.
    pub(crate) fn canonical_gl(&mut self, value: u64) -> Gl {
        let bits = self.bits(U256::from(value), 64);
        self.enforce_canonical(&bits);
        Gl::new(Self::number(&bits), U256::from(P - 1))
    }

    /// Demands that 64 bits are a number below p: if the upper half is all ones, the lower half is zero.
    pub(crate) fn enforce_canonical(&mut self, bits: &[Lc]) {
        let (low, high) = (Self::number(&bits[..32]), Self::number(&bits[32..]));
        let missing = self.constant(Fr::from(u64::from(u32::MAX))).sub(&high);
        let is_full = missing.value().is_zero();
        let inverse = self.witness(missing.value().inverse().unwrap_or_default());
        let is_full = self.witness(Fr::from(u64::from(is_full)));
        let is_not_full = self.constant(Fr::from(1u64)).sub(&is_full);
        self.enforce(&missing, &inverse, &is_not_full);
        self.enforce(&missing, &is_full, &Lc::zero());
        self.enforce(&is_full, &low, &Lc::zero());
    }

    /// `a − b`, with a multiple of p added that keeps it from being negative.
    pub(crate) fn gl_sub(&self, a: &Gl, b: &Gl) -> Gl {
        let lift = multiple_above(b.max);
        let lc = a.lc.add(&self.constant(to_field(lift))).sub(&b.lc);
        Gl::new(lc, a.max + lift)
    }

    /// `a · b`.
    pub(crate) fn gl_mul(&mut self, a: &Gl, b: &Gl) -> Gl {
        assert!(
            Gl::fits(a.max, b.max),
            "a product of {} and {} bits wraps",
            a.max.bit_len(),
            b.max.bit_len()
        );
        Gl::new(self.multiply(&a.lc, &b.lc), a.max * b.max)
    }

    /// The same residue below 2^64, as one variable.
    pub(crate) fn reduce(&mut self, a: &Gl) -> Gl {
        if a.max <= U256::from(u64::MAX) {
            return a.clone();
        }
        let (quotient, remainder) = to_integer(a.lc.value()).div_rem(U256::from(P));
        let quotient = self.quotient(quotient, a.max);
        let bits = self.bits(remainder, 64);
        let variable = self.witness(to_field(remainder));
        self.enforce_equal(&Self::number(&bits), &variable);
        let mut rest = a.lc.clone();
        rest.add_scaled(&quotient, -Fr::from(P));
        self.enforce_equal(&rest, &variable);
        Gl::new(variable, U256::from(u64::MAX))
    }

    /// The same residue below p, by its bits.
    pub(crate) fn reduce_canonical(&mut self, a: &Gl) -> (Gl, Vec<Lc>) {
        let (quotient, remainder) = to_integer(a.lc.value()).div_rem(U256::from(P));
        let quotient = self.quotient(quotient, a.max);
        let bits = self.bits(remainder, 64);
        self.enforce_canonical(&bits);
        let number = Self::number(&bits);
        let mut rest = a.lc.clone();
        rest.add_scaled(&quotient, -Fr::from(P));
        self.enforce_equal(&rest, &number);
        (Gl::new(number, U256::from(P - 1)), bits)
    }

    /// Demands that the residue is zero.
    pub(crate) fn enforce_zero(&mut self, a: &Gl) {
        let quotient = self.quotient(to_integer(a.lc.value()) / U256::from(P), a.max);
        self.enforce_equal(&a.lc, &quotient.scale(Fr::from(P)));
    }

    /// Demands that two have the same residue.
    pub(crate) fn enforce_same(&mut self, a: &Gl, b: &Gl) {
        let difference = self.gl_sub(a, b);
        self.enforce_zero(&difference);
    }

    /// A quotient by p of what is at most `max`. Its range keeps `quotient · p + 2^64` below the field's modulus, since
    /// bounds are below 2^252.
    fn quotient(&mut self, value: U256, max: U256) -> Lc {
        let bits = self.bits(value, (max / U256::from(P)).bit_len());
        Self::number(&bits)
    }
}

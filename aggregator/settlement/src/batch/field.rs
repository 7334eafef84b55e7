//! F_p[X]/(X² − 7) over Goldilocks, as the contract computes in it.

use std::ops::{Add, Mul};

use alloy::primitives::B256;

/// p = 2^64 − 2^32 + 1.
pub const MODULUS: u64 = 0xffff_ffff_0000_0001;

/// X² in the extension.
const NON_RESIDUE: u128 = 7;

/// `c0 + c1·X`, both canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extension {
    /// Constant coefficient.
    pub c0: u64,
    /// Coefficient of X.
    pub c1: u64,
}

impl Extension {
    /// One.
    pub const ONE: Self = Self { c0: 1, c1: 0 };
}

impl From<u64> for Extension {
    fn from(value: u64) -> Self {
        Self { c0: reduce(u128::from(value)), c1: 0 }
    }
}

impl Add for Extension {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            c0: reduce(u128::from(self.c0) + u128::from(other.c0)),
            c1: reduce(u128::from(self.c1) + u128::from(other.c1)),
        }
    }
}

impl Mul for Extension {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        // Each product is reduced first: two of them do not fit into 128 bits together.
        let product = |a: u64, b: u64| u128::from(reduce(u128::from(a) * u128::from(b)));
        Self {
            c0: reduce(product(self.c0, other.c0) + NON_RESIDUE * product(self.c1, other.c1)),
            c1: reduce(product(self.c0, other.c1) + product(self.c1, other.c0)),
        }
    }
}

fn reduce(value: u128) -> u64 {
    (value % u128::from(MODULUS)) as u64
}

/// The four elements of a digest, or nothing if one of them is not canonical.
pub(super) fn elements(digest: &B256) -> Option<[u64; 4]> {
    let limbs = super::limbs(digest);
    limbs.iter().all(|limb| *limb < MODULUS).then_some(limbs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extension() -> impl Strategy<Value = Extension> {
        (0..MODULUS, 0..MODULUS).prop_map(|(c0, c1)| Extension { c0, c1 })
    }

    proptest! {
        #[test]
        fn the_extension_is_a_commutative_ring(a in extension(), b in extension(), c in extension()) {
            prop_assert_eq!(a * b, b * a);
            prop_assert_eq!((a * b) * c, a * (b * c));
            prop_assert_eq!(a * (b + c), a * b + a * c);
            prop_assert_eq!(a * Extension::ONE, a);
        }
    }

    #[test]
    fn the_square_of_x_is_seven() {
        let x = Extension { c0: 0, c1: 1 };
        assert_eq!(x * x, Extension::from(7));
        // (p − 1)² = 1, where 128 bits are nearly used up.
        let minus_one = Extension { c0: MODULUS - 1, c1: 0 };
        assert_eq!(minus_one * minus_one, Extension::ONE);
        let largest = Extension { c0: MODULUS - 1, c1: MODULUS - 1 };
        // (1 + X)² = 8 + 2X.
        assert_eq!(largest * largest, Extension { c0: 8, c1: 2 });
    }
}

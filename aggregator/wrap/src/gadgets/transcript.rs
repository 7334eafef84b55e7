//! plonky2's challenger over [`Transcript`](crate::config::Transcript).

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use ruint::aliases::U256;

use super::extension::Ext;
use super::goldilocks::{Gl, to_integer};
use super::sponge::pack;
use crate::config::{
    CHALLENGE_BITS, CHALLENGES, DIGEST_LIMB_BITS, DIGEST_LIMBS, PACKED, TRANSCRIPT_RATE, TRANSCRIPT_TAG,
    tagged,
};
use crate::r1cs::{Builder, Lc};

/// Bits of a BN254 element.
const FIELD_BITS: usize = 254;
/// Leading bits that are compared with the modulus.
const COMPARED_BITS: usize = 46;

/// A challenge below p by its bits, least significant first.
pub(crate) struct Challenge {
    pub(crate) bits: Vec<Lc>,
}

/// The transcript inside a circuit.
pub(crate) struct TranscriptGadget {
    capacity: Lc,
    pending: Vec<Lc>,
    /// Challenges not yet taken, the next one last.
    challenges: Vec<Gl>,
}

impl TranscriptGadget {
    pub(crate) fn new(builder: &Builder) -> Self {
        Self {
            capacity: builder.constant(tagged(TRANSCRIPT_TAG, 0)),
            pending: Vec::new(),
            challenges: Vec::new(),
        }
    }

    /// Absorbs an integer below p.
    pub(crate) fn observe(&mut self, builder: &mut Builder, element: &Lc) {
        self.challenges.clear();
        self.pending.push(element.clone());
        if self.pending.len() == TRANSCRIPT_RATE {
            self.permute(builder);
        }
    }

    /// Absorbs a constant.
    pub(crate) fn observe_constant(&mut self, builder: &mut Builder, value: u64) {
        let constant = builder.constant(Fr::from(value));
        self.observe(builder, &constant);
    }

    /// Absorbs an element with canonical coordinates.
    pub(crate) fn observe_ext(&mut self, builder: &mut Builder, element: &Ext) {
        element.0.iter().for_each(|coordinate| self.observe(builder, coordinate.lc()));
    }

    /// Absorbs a digest.
    pub(crate) fn observe_digest(&mut self, builder: &mut Builder, digest: &Lc) {
        let bits = builder.canonical_bits(digest);
        for limb in 0..DIGEST_LIMBS {
            let end = ((limb + 1) * DIGEST_LIMB_BITS).min(FIELD_BITS);
            let limb = Builder::number(&bits[limb * DIGEST_LIMB_BITS..end]);
            self.observe(builder, &limb);
        }
    }

    fn permute(&mut self, builder: &mut Builder) {
        let mut block = vec![builder.constant(Fr::from(self.pending.len() as u64))];
        block.extend(self.pending.chunks(PACKED).map(pack));
        let [capacity, squeezed] = builder.permute_block(&self.capacity, &block);
        self.capacity = capacity;
        self.pending.clear();
        let bits = builder.canonical_bits(&squeezed);
        self.challenges = (0..CHALLENGES)
            .rev()
            .map(|index| {
                let chunk = &bits[CHALLENGE_BITS * index..CHALLENGE_BITS * (index + 1)];
                Gl::bounded(Builder::number(chunk), (U256::from(1) << CHALLENGE_BITS) - U256::from(1))
            })
            .collect();
    }

    fn next(&mut self, builder: &mut Builder) -> Gl {
        if !self.pending.is_empty() || self.challenges.is_empty() {
            self.permute(builder);
        }
        self.challenges.pop().unwrap_or_else(Gl::zero)
    }

    /// A challenge with its bits.
    pub(crate) fn challenge_bits(&mut self, builder: &mut Builder) -> Challenge {
        let raw = self.next(builder);
        let (_, bits) = builder.reduce_canonical(&raw);
        Challenge { bits }
    }

    /// A challenge from the base field.
    pub(crate) fn challenge(&mut self, builder: &mut Builder) -> Gl {
        let raw = self.next(builder);
        builder.reduce(&raw)
    }

    /// A challenge from the extension.
    pub(crate) fn ext_challenge(&mut self, builder: &mut Builder) -> Ext {
        Ext([self.challenge(builder), self.challenge(builder)])
    }
}

impl Builder {
    /// The 254 bits of a BN254 element, least significant first.
    ///
    /// Whoever is below the modulus has leading bits at most the modulus's. Demanded is *less* than those, which 46 bits
    /// decide; an honest element fails with probability 2^-46, and none has two decompositions.
    pub(crate) fn canonical_bits(&mut self, element: &Lc) -> Vec<Lc> {
        let value = to_integer(element.value());
        let bits = self.bits(value, FIELD_BITS);
        self.enforce_equal(&Self::number(&bits), element);
        let mut modulus = Fr::MODULUS;
        modulus >>= (FIELD_BITS - COMPARED_BITS) as u32;
        let largest = modulus.as_ref()[0] - 1;
        let leading = Self::number(&bits[FIELD_BITS - COMPARED_BITS..]);
        let below = self.constant(Fr::from(largest)).sub(&leading);
        let slack = self.bits(to_integer(below.value()), COMPARED_BITS);
        self.enforce_equal(&Self::number(&slack), &below);
        debug_assert!(modulus.num_bits() == COMPARED_BITS as u32);
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Bn254Digest, Bn254Hasher};
    use crate::r1cs::Mode;
    use plonky2::field::types::{Field, PrimeField64};
    use plonky2::iop::challenger::Challenger;
    use sheaf_plonky2::F;

    #[test]
    fn draws_what_plonky2_draws() {
        let mut outside = Challenger::<F, Bn254Hasher>::new();
        let mut builder = Builder::new(Mode::Assignment, 0);
        let mut inside = TranscriptGadget::new(&builder);
        for round in 0..6u64 {
            for i in 0..[1, 41, 42, 43, 129, 7][round as usize] {
                let value = i * 0x1234_5678_9abc + round;
                outside.observe_element(F::from_canonical_u64(value));
                let element = builder.witness(Fr::from(value));
                inside.observe(&mut builder, &element);
            }
            let digest = crate::poseidon::compress(Fr::from(round), Fr::from(9u64));
            outside.observe_hash::<Bn254Hasher>(Bn254Digest(digest));
            let digest = builder.witness(digest);
            inside.observe_digest(&mut builder, &digest);
            for _ in 0..=round + 1 {
                let expected = outside.get_challenge().to_canonical_u64();
                let challenge = inside.challenge_bits(&mut builder);
                assert_eq!(Builder::number(&challenge.bits).value(), Fr::from(expected));
            }
        }
        assert_eq!(builder.first_unsatisfied(), None);
    }
}

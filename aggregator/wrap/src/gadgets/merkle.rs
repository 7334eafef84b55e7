//! Merkle paths to a cap.

use ark_bn254::Fr;

use crate::r1cs::{Builder, Lc};

/// The top of a Merkle tree.
pub(crate) enum Cap {
    /// The circuit's own.
    Constant(Vec<Fr>),
    /// A proof's.
    Variable(Vec<Lc>),
}

impl Builder {
    /// Demands that a leaf is at the place that `index_bits` say, least significant first, under a cap.
    pub(crate) fn enforce_path(&mut self, leaf: &[Lc], index_bits: &[Lc], siblings: &[Fr], cap: &Cap) {
        let mut node = self.hash_leaf(leaf);
        for (bit, sibling) in index_bits.iter().zip(siblings) {
            let sibling = self.witness(*sibling);
            let swapped = self.multiply(bit, &sibling.sub(&node));
            let left = node.add(&swapped);
            let right = sibling.sub(&swapped);
            node = self.compress(&left, &right);
        }
        let cap_bits = &index_bits[siblings.len()..];
        let expected = match cap {
            Cap::Variable(digests) => self.select(cap_bits, digests),
            Cap::Constant(digests) => self.select_constant(cap_bits, digests),
        };
        self.enforce_equal(&node, &expected);
    }

    /// The constant at the place that bits say, least significant first: choosing by the first bit costs nothing.
    fn select_constant(&mut self, bits: &[Lc], items: &[Fr]) -> Lc {
        let Some((first, rest)) = bits.split_first() else {
            return self.constant(items[0]);
        };
        let chosen: Vec<Lc> = items
            .chunks(2)
            .map(|pair| {
                let mut chosen = self.constant(pair[0]);
                chosen.add_scaled(first, pair[1] - pair[0]);
                chosen
            })
            .collect();
        self.select(rest, &chosen)
    }

    /// The item at the place that bits say, least significant first. There are as many items as places.
    pub(crate) fn select(&mut self, bits: &[Lc], items: &[Lc]) -> Lc {
        let mut items = items.to_vec();
        for bit in bits {
            items = items
                .chunks(2)
                .map(|pair| {
                    let difference = pair[1].sub(&pair[0]);
                    pair[0].add(&self.multiply(bit, &difference))
                })
                .collect();
        }
        items.swap_remove(0)
    }
}

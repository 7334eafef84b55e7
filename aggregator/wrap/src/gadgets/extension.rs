//! The extension F_p[X]/(X² − 7), coordinate by coordinate.

use crate::gadgets::goldilocks::Gl;
use crate::r1cs::Builder;

/// X² in the extension.
const W: u64 = 7;

/// An element of the extension.
#[derive(Debug, Clone)]
pub(crate) struct Ext(pub(crate) [Gl; 2]);

impl Ext {
    pub(crate) fn zero() -> Self {
        Self([Gl::zero(), Gl::zero()])
    }

    pub(crate) fn from_base(base: Gl) -> Self {
        Self([base, Gl::zero()])
    }

    pub(crate) fn values(&self) -> [u64; 2] {
        [self.0[0].value(), self.0[1].value()]
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        Self([self.0[0].add(&other.0[0]), self.0[1].add(&other.0[1])])
    }

    /// `factor · self` for a constant of the base field.
    pub(crate) fn scale(&self, factor: u64) -> Self {
        Self([self.0[0].scale(factor), self.0[1].scale(factor)])
    }

    fn sum(&self) -> Gl {
        self.0[0].add(&self.0[1])
    }
}

impl Builder {
    /// A new element, each coordinate below 2^64.
    pub(crate) fn ext(&mut self, values: [u64; 2]) -> Ext {
        Ext(values.map(|value| self.gl(value)))
    }

    /// A new element with canonical coordinates.
    pub(crate) fn canonical_ext(&mut self, values: [u64; 2]) -> Ext {
        Ext(values.map(|value| self.canonical_gl(value)))
    }

    pub(crate) fn ext_constant(&self, values: [u64; 2]) -> Ext {
        Ext(values.map(|value| self.gl_constant(value)))
    }

    pub(crate) fn ext_sub(&self, a: &Ext, b: &Ext) -> Ext {
        Ext([self.gl_sub(&a.0[0], &b.0[0]), self.gl_sub(&a.0[1], &b.0[1])])
    }

    pub(crate) fn ext_reduce(&mut self, a: &Ext) -> Ext {
        Ext([self.reduce(&a.0[0]), self.reduce(&a.0[1])])
    }

    /// `base · a`: two constraints, and reductions where bounds demand them.
    pub(crate) fn ext_mul_base(&mut self, a: &Ext, base: &Gl) -> Ext {
        let fits = |a: &Ext| a.0.iter().all(|c| Gl::fits(c.max(), base.max()));
        let a = if fits(a) { a.clone() } else { self.ext_reduce(a) };
        Ext([self.gl_mul(&a.0[0], base), self.gl_mul(&a.0[1], base)])
    }

    /// `a · b`: three constraints, and reductions where bounds demand them, of the larger factor first.
    pub(crate) fn ext_mul(&mut self, a: &Ext, b: &Ext) -> Ext {
        let largest = |a: &Ext| a.0[0].max().max(a.0[1].max());
        let (mut a, mut b) =
            if largest(a) >= largest(b) { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        // Seven and a sum make five more bits.
        let fits = |a: &Ext, b: &Ext| Gl::fits(a.sum().max() << 4, b.sum().max());
        if !fits(&a, &b) {
            a = self.ext_reduce(&a);
        }
        if !fits(&a, &b) {
            b = self.ext_reduce(&b);
        }
        let low = self.gl_mul(&a.0[0], &b.0[0]);
        let high = self.gl_mul(&a.0[1], &b.0[1]);
        let both = self.gl_mul(&a.sum(), &b.sum());
        // An integer identity: both − low − high = a0·b1 + a1·b0, which gives the bound.
        let cross = both.lc().sub(low.lc()).sub(high.lc());
        let cross_max = a.0[0].max() * b.0[1].max() + a.0[1].max() * b.0[0].max();
        Ext([low.add(&high.scale(W)), Gl::bounded(cross, cross_max)])
    }

    /// `a · b`, reduced.
    pub(crate) fn ext_mul_reduced(&mut self, a: &Ext, b: &Ext) -> Ext {
        let product = self.ext_mul(a, b);
        self.ext_reduce(&product)
    }

    /// Demands that both coordinates are zero modulo p.
    pub(crate) fn ext_enforce_zero(&mut self, a: &Ext) {
        a.0.iter().for_each(|coordinate| self.enforce_zero(coordinate));
    }

    /// Demands that two have the same residues.
    pub(crate) fn ext_enforce_same(&mut self, a: &Ext, b: &Ext) {
        let difference = self.ext_sub(a, b);
        self.ext_enforce_zero(&difference);
    }

    /// `1, a, a², …`, reduced: `count` of them.
    pub(crate) fn ext_powers(&mut self, a: &Ext, count: usize) -> Vec<Ext> {
        let mut powers = vec![self.ext_constant([1, 0])];
        while powers.len() < count {
            let next = match powers.len() {
                1 => self.ext_reduce(a),
                _ => self.ext_mul_reduced(&powers[powers.len() - 1], a),
            };
            powers.push(next);
        }
        powers.truncate(count);
        powers
    }
}

//! Rank-one constraints, and the assignment that goes with them.
//!
//! A circuit is a function over a [`Builder`]. Run for a key, it records constraints; run for a proof, it computes the
//! assignment and what every constraint's three sides come to. Both runs go through the same code in the same order, so
//! that they cannot disagree; which constraints there are must therefore never depend on a value.

mod lc;
mod matrices;

use ark_bn254::Fr;
use ark_ff::{One, Zero};

pub use self::lc::Lc;
pub use self::matrices::Matrices;

/// What a [`Builder`] is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The constraints: for making a key.
    Constraints,
    /// The assignment and the constraints' values: for making a proof.
    Assignment,
}

/// The values of every constraint's sides, and the assignment that they come from.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// One, then the public inputs.
    pub instance: Vec<Fr>,
    /// Everything else.
    pub witness: Vec<Fr>,
    /// `A · z`.
    pub a: Vec<Fr>,
    /// `B · z`.
    pub b: Vec<Fr>,
    /// `C · z`.
    pub c: Vec<Fr>,
}

/// Collects constraints or their values.
#[derive(Debug)]
pub struct Builder {
    mode: Mode,
    num_instance: usize,
    assignment: Assignment,
    matrices: Matrices,
    /// The first constraint that does not hold.
    unsatisfied: Option<usize>,
    /// What is being laid down, for those who count.
    section: &'static str,
    sections: Vec<(&'static str, usize)>,
}

impl Builder {
    /// An empty circuit with `num_inputs` public inputs, all of them zero so far.
    #[must_use]
    pub fn new(mode: Mode, num_inputs: usize) -> Self {
        let mut instance = vec![Fr::zero(); num_inputs + 1];
        instance[0] = Fr::one();
        Self {
            mode,
            num_instance: num_inputs + 1,
            assignment: Assignment { instance, ..Assignment::default() },
            matrices: Matrices::new(num_inputs + 1),
            unsatisfied: None,
            section: "",
            sections: Vec::new(),
        }
    }

    /// The value of a combination of `value` and these terms; the terms are kept where they matter.
    fn lc(&self, value: Fr, variable: u32, coefficient: Fr) -> Lc {
        match self.mode {
            Mode::Constraints => Lc::term(value, variable, coefficient),
            Mode::Assignment => Lc::of_value(value),
        }
    }

    /// A constant.
    #[must_use]
    pub fn constant(&self, value: Fr) -> Lc {
        self.lc(value, 0, value)
    }

    /// Sets a public input, counted from zero, and returns it.
    pub fn input(&mut self, index: usize, value: Fr) -> Lc {
        self.assignment.instance[index + 1] = value;
        self.lc(value, index as u32 + 1, Fr::one())
    }

    /// A new witness variable.
    pub fn witness(&mut self, value: Fr) -> Lc {
        let variable = (self.num_instance + self.assignment.witness.len()) as u32;
        self.assignment.witness.push(value);
        self.lc(value, variable, Fr::one())
    }

    /// Demands `a · b = c`.
    pub fn enforce(&mut self, a: &Lc, b: &Lc, c: &Lc) {
        if self.unsatisfied.is_none() && a.value() * b.value() != c.value() {
            self.unsatisfied = Some(self.num_constraints());
        }
        match self.mode {
            Mode::Constraints => self.matrices.push(a, b, c),
            Mode::Assignment => {
                self.assignment.a.push(a.value());
                self.assignment.b.push(b.value());
                self.assignment.c.push(c.value());
            }
        }
    }

    /// Demands `a = b`.
    pub fn enforce_equal(&mut self, a: &Lc, b: &Lc) {
        let one = self.constant(Fr::one());
        self.enforce(a, &one, b);
    }

    /// `a · b`: a variable and a constraint.
    pub fn multiply(&mut self, a: &Lc, b: &Lc) -> Lc {
        let product = self.witness(a.value() * b.value());
        self.enforce(a, b, &product);
        product
    }

    /// A new variable that is zero or one.
    pub fn bit(&mut self, value: bool) -> Lc {
        let bit = self.witness(Fr::from(u64::from(value)));
        let others = bit.sub(&self.constant(Fr::one()));
        let zero = Lc::zero();
        self.enforce(&bit, &others, &zero);
        bit
    }

    /// How many constraints there are.
    #[must_use]
    pub fn num_constraints(&self) -> usize {
        match self.mode {
            Mode::Constraints => self.matrices.num_constraints(),
            Mode::Assignment => self.assignment.a.len(),
        }
    }

    /// The first constraint that does not hold for the values seen, if there is one.
    #[must_use]
    pub fn first_unsatisfied(&self) -> Option<usize> {
        self.unsatisfied
    }

    /// Names what is laid down from here on, and returns what was laid down before.
    pub fn section(&mut self, name: &'static str) -> &'static str {
        let count = self.num_constraints();
        self.sections.push((std::mem::replace(&mut self.section, name), count));
        self.section
    }

    /// How many constraints each section has.
    #[must_use]
    pub fn section_sizes(&self) -> Vec<(&'static str, usize)> {
        let mut sizes: Vec<(&'static str, usize)> = Vec::new();
        let mut start = 0;
        let last = (self.section, self.num_constraints());
        for (name, end) in self.sections.iter().chain([&last]) {
            match sizes.iter_mut().find(|(known, _)| known == name) {
                Some((_, size)) => *size += end - start,
                None => sizes.push((name, end - start)),
            }
            start = *end;
        }
        sizes.retain(|(name, size)| !name.is_empty() || *size > 0);
        sizes
    }

    /// The constraints, of a run for them.
    #[must_use]
    pub fn into_matrices(mut self) -> Matrices {
        self.matrices.finish(self.assignment.witness.len());
        self.matrices
    }

    /// The assignment, of a run for it.
    #[must_use]
    pub fn into_assignment(self) -> Assignment {
        self.assignment
    }
}

//! plonky2's protocol, proved faster: [`FastEngine`].
//!
//! Same transcript, same trees, same proof; what differs is how they're computed:
//! * [`poseidon`] permutes eight states at a time for leaves, tree levels and proof of work;
//! * [`ntt`] transforms straight into the order that trees hash in, so that columns are never transposed or reordered;
//! * [`commit`], behind a trait of its own, is where another device would come in;
//! * everything else runs on packed vectors over rows instead of row by row.
//!
//! # Which circuits
//! Circuits without zero knowledge and lookup tables, of at least 2^5 rows. Others go to [`Plonky2Engine`].
//!
//! # Same bytes
//! For one witness all proofs are the same, and the same as plonky2's up to the proof-of-work nonce. plonky2 takes the
//! first nonce any thread finds, we take the least, which is what plonky2 finds on one thread. Query positions depend on
//! the nonce, so where it differs the query rounds do too; caps, openings and the final polynomial never do.
//!
//! A proof is made in the order of the files: `trace`, `commit`, `quotient`, `opening`, `check`, `fri`.

mod check;
pub mod columns;
pub mod commit;
mod fri;
mod gates;
pub mod merkle;
pub mod ntt;
mod opening;
pub mod poseidon;
mod quotient;
pub mod sponge;
mod trace;

use std::sync::Arc;

use plonky2::field::types::Field;
use plonky2::hash::poseidon::PoseidonHash;
use plonky2::iop::challenger::Challenger;
use plonky2::iop::witness::{PartitionWitness, Witness};
use plonky2::plonk::config::Hasher;
use plonky2::plonk::proof::{OpeningSet, Proof as PlonkProof};
use rayon::prelude::*;

use self::columns::Columns;
use self::commit::{Commitment, Committer, CpuCommitter, extension_domain};
use self::gates::Selectors;
use self::ntt::Domain;
use self::opening::{E, ExtensionPolynomial, Powers};
use self::quotient::Challenges;
use super::{Circuit, D, Engine, EngineError, F, Plonky2Engine, Proof, check_shape, guarded};

const NAME: &str = "fast";
/// Smaller circuits have batches of rows that don't fill a vector, and take no time anyway.
const MIN_DEGREE_BITS: usize = 5;

/// A prover for plonky2 circuits that spends a fraction of plonky2's time; see the module's docs for what it covers.
#[derive(Clone, Debug)]
pub struct FastEngine {
    committer: Arc<dyn Committer>,
}

impl Default for FastEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl FastEngine {
    /// Commits on this machine's CPU.
    #[must_use]
    pub fn new() -> Self {
        Self::with_committer(Arc::new(CpuCommitter))
    }

    /// Commits elsewhere.
    #[must_use]
    pub fn with_committer(committer: Arc<dyn Committer>) -> Self {
        Self { committer }
    }

    /// Whether the engine proves the circuit itself, rather than by [`Plonky2Engine`].
    #[must_use]
    pub fn covers(circuit: &Circuit) -> bool {
        let common = &circuit.common;
        !common.config.zero_knowledge
            && common.luts.is_empty()
            && common.degree_bits() >= MIN_DEGREE_BITS
            // A fixed reduction strategy may fold further than there are coefficients. No proof of that verifies.
            && common.fri_params.total_arities() <= common.degree_bits()
    }

    /// [`Engine::prove_witness`] that reports the end of each phase by name, for profiling. A circuit that isn't covered
    /// is one phase.
    ///
    /// # Errors
    /// As [`Engine::prove_witness`].
    pub fn prove_phases(
        &self,
        circuit: &Circuit,
        witness: PartitionWitness<'_, F>,
        on_phase: &mut dyn FnMut(&'static str),
    ) -> Result<Proof, EngineError> {
        if !Self::covers(circuit) {
            let proof = Plonky2Engine::new().prove_witness(circuit, witness);
            on_phase("plonky2");
            return proof;
        }
        check_shape(circuit, &witness)?;
        guarded(NAME, || Run::new(self.committer.as_ref(), circuit, on_phase)?.prove(&witness))
    }
}

impl Engine for FastEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn prove_witness(
        &self,
        circuit: &Circuit,
        witness: PartitionWitness<'_, F>,
    ) -> Result<Proof, EngineError> {
        self.prove_phases(circuit, witness, &mut |_| ())
    }
}

/// One proof in the making.
struct Run<'a> {
    committer: &'a dyn Committer,
    circuit: &'a Circuit,
    selectors: Selectors,
    trace_domain: Domain,
    extension: Domain,
    on_phase: &'a mut dyn FnMut(&'static str),
}

impl<'a> Run<'a> {
    fn new(
        committer: &'a dyn Committer,
        circuit: &'a Circuit,
        on_phase: &'a mut dyn FnMut(&'static str),
    ) -> Result<Self, EngineError> {
        let (degree_bits, rate_bits) =
            (circuit.common.degree_bits(), circuit.common.config.fri_config.rate_bits);
        let run = Self {
            committer,
            circuit,
            selectors: Selectors::of(&circuit.common)?,
            trace_domain: Domain::new(degree_bits, F::ONE),
            extension: extension_domain(degree_bits, rate_bits),
            on_phase,
        };
        (run.on_phase)("setup");
        Ok(run)
    }

    fn prove(mut self, witness: &PartitionWitness<'_, F>) -> Result<Proof, EngineError> {
        let (common, prover) = (&self.circuit.common, &self.circuit.prover_only);
        let count = common.config.num_challenges;
        let public_inputs = self.public_inputs(witness)?;
        let public_inputs_hash = PoseidonHash::hash_no_pad(&public_inputs);
        let mut challenger = Challenger::<F, PoseidonHash>::new();
        common.fri_params.observe(&mut challenger);
        challenger.observe_hash::<PoseidonHash>(prover.circuit_digest);
        challenger.observe_hash::<PoseidonHash>(public_inputs_hash);

        let wire_values = trace::wires(self.circuit, witness);
        self.phase("wire columns");
        let wires = self.commit_values(wire_values.clone(), "wires: coefficients", "wires: commit");
        challenger.observe_cap(&wires.tree.cap());

        let (betas, gammas) = (challenger.get_n_challenges(count), challenger.get_n_challenges(count));
        let zs = trace::permutation(self.circuit, &wire_values, &betas, &gammas);
        drop(wire_values);
        self.phase("products");
        let zs = self.commit_values(zs, "products: coefficients", "products: commit");
        challenger.observe_cap(&zs.tree.cap());

        let alphas = challenger.get_n_challenges(count);
        let challenges = Challenges { betas: &betas, gammas: &gammas, alphas: &alphas };
        let quotient = quotient::quotient(
            self.circuit,
            &self.selectors,
            &public_inputs_hash,
            &wires.values,
            &zs.values,
            &challenges,
        )?;
        self.phase("quotient");
        let quotient = self.commit(quotient, "quotient: commit");
        challenger.observe_cap(&quotient.tree.cap());

        let zeta = self.opening_point(&mut challenger)?;
        let openings = self.open(zeta, &wires, &zs, &quotient);
        observe_openings(&mut challenger, &openings);
        self.phase("openings");
        if !check::holds(self.circuit, &self.selectors, &public_inputs_hash, &openings, &challenges, zeta) {
            return Err(EngineError::Unsatisfied);
        }
        self.phase("check");
        let opening_proof = self.prove_openings(zeta, [&wires, &zs, &quotient], &mut challenger);
        let proof = PlonkProof {
            wires_cap: wires.tree.cap(),
            plonk_zs_partial_products_cap: zs.tree.cap(),
            quotient_polys_cap: quotient.tree.cap(),
            openings,
            opening_proof,
        };
        drop((wires, zs, quotient));
        self.phase("free");
        Ok(Proof { proof, public_inputs })
    }

    fn phase(&mut self, name: &'static str) {
        (self.on_phase)(name);
    }

    /// The witness's public inputs. One that isn't set is a broken constraint.
    fn public_inputs(&self, witness: &PartitionWitness<'_, F>) -> Result<Vec<F>, EngineError> {
        let targets = self.circuit.prover_only.public_inputs.iter();
        targets
            .map(|&target| witness.try_get_target(target))
            .collect::<Option<_>>()
            .ok_or(EngineError::Unsatisfied)
    }

    fn commit_values(
        &mut self,
        mut values: Columns,
        interpolated: &'static str,
        committed: &'static str,
    ) -> Commitment {
        let domain = &self.trace_domain;
        values.par_iter_mut().for_each(|column| domain.interpolate(column));
        self.phase(interpolated);
        self.commit(values, committed)
    }

    fn commit(&mut self, coeffs: Columns, committed: &'static str) -> Commitment {
        let config = &self.circuit.common.config.fri_config;
        let commitment = self.committer.commit(coeffs, &self.extension, config.rate_bits, config.cap_height);
        self.phase(committed);
        commitment
    }

    /// The verifier's point. Inside the trace domain, where it is with a probability of 2^-100, it would show the trace.
    fn opening_point(&self, challenger: &mut Challenger<F, PoseidonHash>) -> Result<E, EngineError> {
        let zeta: E = challenger.get_extension_challenge::<D>();
        if zeta.exp_power_of_2(self.circuit.common.degree_bits()) == E::ONE {
            let source = std::io::Error::other("opening point is in the trace domain").into();
            return Err(EngineError::Prover { engine: NAME, source });
        }
        Ok(zeta)
    }

    fn next_point(&self, zeta: E) -> E {
        E::primitive_root_of_unity(self.circuit.common.degree_bits()) * zeta
    }

    fn open(&self, zeta: E, wires: &Commitment, zs: &Commitment, quotient: &Commitment) -> OpeningSet<F, D> {
        let common = &self.circuit.common;
        let at = Powers::new(zeta, common.degree());
        let at_next = Powers::new(self.next_point(zeta), common.degree());
        let evaluate = |columns: &Columns| -> Vec<E> {
            (0..columns.count()).into_par_iter().map(|i| at.evaluate(columns.column(i))).collect()
        };
        let fixed: Vec<E> = self.fixed_polynomials().into_par_iter().map(|poly| at.evaluate(poly)).collect();
        let zs_at = evaluate(&zs.coeffs);
        OpeningSet {
            constants: fixed[common.constants_range()].to_vec(),
            plonk_sigmas: fixed[common.sigmas_range()].to_vec(),
            wires: evaluate(&wires.coeffs),
            plonk_zs: zs_at[common.zs_range()].to_vec(),
            plonk_zs_next: common.zs_range().map(|i| at_next.evaluate(zs.coeffs.column(i))).collect(),
            partial_products: zs_at[common.partial_products_range()].to_vec(),
            quotient_polys: evaluate(&quotient.coeffs),
            lookup_zs: Vec::new(),
            lookup_zs_next: Vec::new(),
        }
    }

    /// The circuit's constants and sigmas.
    fn fixed_polynomials(&self) -> Vec<&'a [F]> {
        let polynomials = &self.circuit.prover_only.constants_sigmas_commitment.polynomials;
        polynomials.iter().map(|poly| poly.coeffs.as_slice()).collect()
    }

    fn prove_openings(
        &mut self,
        zeta: E,
        oracles: [&Commitment; 3],
        challenger: &mut Challenger<F, PoseidonHash>,
    ) -> plonky2::fri::proof::FriProof<F, PoseidonHash, D> {
        let common = &self.circuit.common;
        let alpha: E = challenger.get_extension_challenge::<D>();
        let mut all = self.fixed_polynomials();
        all.extend(oracles.iter().flat_map(|oracle| oracle.coeffs.iter()));
        let at_next: Vec<&[F]> = common.zs_range().map(|i| oracles[1].coeffs.column(i)).collect();
        let len = common.degree();
        let mut poly = ExtensionPolynomial { parts: [vec![F::ZERO; len], vec![F::ZERO; len]] };
        poly.add_quotient(E::ZERO, &ExtensionPolynomial::combine(&all, alpha, len), zeta);
        let scale = alpha.exp_u64(at_next.len() as u64);
        poly.add_quotient(scale, &ExtensionPolynomial::combine(&at_next, alpha, len), self.next_point(zeta));
        self.phase("combine");

        let fixed = &self.circuit.prover_only.constants_sigmas_commitment.merkle_tree;
        let open = |index: usize| {
            let mut openings = vec![(fixed.get(index).to_vec(), fixed.prove(index))];
            openings
                .extend(oracles.iter().map(|oracle| (oracle.values.row(index), oracle.tree.prove(index))));
            openings
        };
        fri::prove(poly, &common.fri_params, challenger, open, self.on_phase)
    }
}

/// In the order of `OpeningSet::to_fri_openings`.
fn observe_openings(challenger: &mut Challenger<F, PoseidonHash>, openings: &OpeningSet<F, D>) {
    for values in [
        &openings.constants,
        &openings.plonk_sigmas,
        &openings.wires,
        &openings.plonk_zs,
        &openings.partial_products,
        &openings.quotient_polys,
        &openings.plonk_zs_next,
    ] {
        challenger.observe_extension_elements::<D>(values);
    }
}

use plonky2::field::extension::FieldExtension;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::{Field, PrimeField64, Sample};
use plonky2::gates::lookup::LookupGate;
use plonky2::gates::lookup_table::LookupTable;
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::vars::EvaluationVars;
use sheaf_plonky2::Profile;

use super::*;
use crate::r1cs::Mode;

type E = QuadraticExtension<F>;

fn all(config: &CircuitConfig) -> Vec<GateRef<F, D>> {
    let routed = config.num_routed_wires;
    vec![
        GateRef::new(NoopGate),
        GateRef::new(ArithmeticGate::new_from_config(config)),
        GateRef::new(ArithmeticExtensionGate::new_from_config(config)),
        GateRef::new(MulExtensionGate::new_from_config(config)),
        GateRef::new(BaseSumGate::<2>::new(63.min(routed - 1))),
        GateRef::new(ConstantGate::new(config.num_constants)),
        GateRef::new(ExponentiationGate::<F, D>::new_from_config(config)),
        GateRef::new(PublicInputGate),
        GateRef::new(PoseidonGate::<F, D>::new()),
        GateRef::new(PoseidonMdsGate::<F, D>::new()),
        GateRef::new(RandomAccessGate::<F, D>::new_from_config(config, 4)),
        GateRef::new(ReducingGate::<D>::new(ReducingGate::<D>::max_coeffs_len(config.num_wires, routed))),
        GateRef::new(ReducingExtensionGate::<D>::new(ReducingExtensionGate::<D>::max_coeffs_len(
            config.num_wires,
            routed,
        ))),
        GateRef::new(CosetInterpolationGate::<F, D>::new(3)),
        GateRef::new(CosetInterpolationGate::<F, D>::new(4)),
    ]
}

fn inside(builder: &mut Builder, value: E) -> Ext {
    let coordinates: [F; 2] = value.to_basefield_array();
    builder.canonical_ext(coordinates.map(|c| c.to_canonical_u64()))
}

fn outside(value: &Ext) -> E {
    E::from_basefield_array(value.values().map(F::from_canonical_u64))
}

#[test]
fn every_gate_agrees_with_plonky2_at_random_points() {
    for config in [Profile::Standard.recursion_config(), crate::layers::wrap_config()] {
        for gate in all(&config) {
            let random = |count: usize| (0..count).map(|_| E::rand()).collect::<Vec<_>>();
            let (constants, wires) = (random(config.num_constants + 2), random(config.num_wires));
            let hash = HashOut { elements: [F::rand(), F::rand(), F::rand(), F::rand()] };
            let expected = gate.0.eval_unfiltered(EvaluationVars {
                local_constants: &constants,
                local_wires: &wires,
                public_inputs_hash: &hash,
            });

            let mut builder = Builder::new(Mode::Assignment, 0);
            let mut map = |values: &[E]| values.iter().map(|v| inside(&mut builder, *v)).collect::<Vec<_>>();
            let (constants, wires) = (map(&constants), map(&wires));
            let hash = hash.elements.map(|element| builder.canonical_gl(element.to_canonical_u64()));
            let inputs = GateInputs { constants: &constants, wires: &wires, public_inputs_hash: &hash };
            let got = constraints(&mut builder, &gate, &inputs).unwrap();
            assert_eq!(got.iter().map(outside).collect::<Vec<_>>(), expected, "{}", gate.0.id());
            assert_eq!(builder.first_unsatisfied(), None, "{}", gate.0.id());
        }
    }
}

#[test]
fn an_unknown_gate_is_refused_by_name() {
    let table: LookupTable = vec![(0, 0)].into();
    let gate = GateRef::new(LookupGate::new_from_table(&CircuitConfig::standard_recursion_config(), table));
    let mut builder = Builder::new(Mode::Assignment, 0);
    let hash = std::array::from_fn(|_| Gl::zero());
    let inputs = GateInputs { constants: &[], wires: &[], public_inputs_hash: &hash };
    let error = constraints(&mut builder, &gate, &inputs).unwrap_err();
    assert_eq!(error.code(), "SH-WRP-001");
    assert!(error.to_string().contains("LookupGate"));
}

//! The pins are what this code builds.

use sheaf_aggregator::pins;
use sheaf_plonky2::Profile;

/// A circuit that changed without its pin would make other verifiers refuse what this one proves. After a deliberate
/// change: `cargo run --release -- circuits --pin aggregator/src/pins/pins.json`.
#[test]
fn every_pinned_circuit_of_the_standard_profile_is_rebuilt_to_its_pin() {
    let shapes = pins::pinned_shapes(Profile::Standard);
    let built = pins::compute(Profile::Standard, &shapes, &|_| ()).unwrap();
    // Node, root, commit, shrink.
    assert_eq!(built.circuits.len(), shapes.len() + 4);
    for (name, circuit) in &built.circuits {
        assert_eq!(pins::all().circuits.get(name), Some(circuit), "{name}");
    }
}

#[test]
fn the_smallest_provable_circuits_are_rebuilt_to_their_pins() {
    let shapes = &pins::pinned_shapes(Profile::Provable)[..1];
    let built = pins::compute(Profile::Provable, shapes, &|_| ()).unwrap();
    for (name, circuit) in &built.circuits {
        assert_eq!(pins::all().circuits.get(name), Some(circuit), "{name}");
    }
}

//! The circuits in use against the floors of their profiles.

use sheaf_aggregator::{Circuits, security};
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::security::{SecurityError, Term};

fn shapes(profile: Profile, degree_bits: impl Iterator<Item = usize>) -> Vec<Shape> {
    degree_bits.map(|degree_bits| Shape { profile, degree_bits, zero_knowledge: false }).collect()
}

/// Programs of the usual sizes, leaf and node, root: each passes, and none would with one query less.
#[test]
fn one_query_less_in_a_standard_layer_is_rejected() {
    let profile = Profile::Standard;
    let reports = security::reports(&Circuits::new(profile, None), &shapes(profile, 8..=13)).unwrap();
    assert_eq!(reports.len(), 6 + 2);
    for report in reports {
        let queries = report.parameters.num_query_rounds;
        assert_eq!(report.check(profile), Ok(()));
        let error = report.with_queries(queries - 1).unwrap().check(profile).unwrap_err();
        let SecurityError::TermBelowFloor { ref layer, term: Term::FriQueries, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(*layer, report.parameters.layer);
        assert_eq!(report.minimum_queries(profile), Some(queries));
    }
}

#[test]
fn provable_layers_meet_their_floors() {
    let profile = Profile::Provable;
    let reports = security::reports(&Circuits::new(profile, None), &shapes(profile, 8..=17)).unwrap();
    for r in &reports {
        eprintln!(
            "{} q={} min={:?} less={:?}",
            r.parameters.layer,
            r.parameters.num_query_rounds,
            r.minimum_queries(profile),
            r.with_queries(r.parameters.num_query_rounds - 1).unwrap().check(profile)
        );
    }
}

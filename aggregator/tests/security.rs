//! The circuits in use against the floors of their profiles.

use sheaf_aggregator::{Circuits, security};
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::security::{LayerParameters, SecurityError, Term, constant_arity_bits};

/// log₂ of twice the rows of the largest program circuit: the size at which the last of the queries is needed.
const RESERVE_DEGREE_BITS: usize = 17;

fn shapes(profile: Profile, degree_bits: impl IntoIterator<Item = usize>) -> Vec<Shape> {
    degree_bits.into_iter().map(|degree_bits| Shape { profile, degree_bits, zero_knowledge: false }).collect()
}

/// Programs of the usual sizes, leaf and node, root, commit, shrink: each passes, and none would with one query less.
#[test]
fn one_query_less_in_a_standard_layer_is_rejected() {
    let profile = Profile::Standard;
    let reports = security::reports(&Circuits::new(profile, None), &shapes(profile, 8..=13)).unwrap();
    assert_eq!(reports.len(), 6 + 4);
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

/// The provable profile has one number of queries for programs of all sizes, and one doubling in reserve.
#[test]
fn one_query_less_in_a_provable_layer_of_twice_the_largest_size_is_rejected() {
    let profile = Profile::Provable;
    let reports = security::reports(&Circuits::new(profile, None), &shapes(profile, [8, 11])).unwrap();
    for report in &reports {
        assert_eq!(report.check(profile), Ok(()));
        assert!(report.minimum_queries(profile).unwrap() <= report.parameters.num_query_rounds);
    }
    // What a shape's size changes, without building 2^17 rows.
    let program = &reports[1].parameters;
    let largest = LayerParameters {
        degree_bits: RESERVE_DEGREE_BITS,
        reduction_arity_bits: constant_arity_bits(
            4,
            5,
            RESERVE_DEGREE_BITS,
            program.rate_bits,
            program.cap_height,
        ),
        ..program.clone()
    };
    let report = largest.report().unwrap();
    assert_eq!(report.check(profile), Ok(()));
    assert_eq!(report.minimum_queries(profile), Some(program.num_query_rounds));
    let error = report.with_queries(program.num_query_rounds - 1).unwrap().check(profile).unwrap_err();
    assert!(matches!(error, SecurityError::TotalBelowFloor { .. }), "{error}");
}

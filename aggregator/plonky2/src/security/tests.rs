//! Hand-computed figures, floors that must fail, and the planned layers against their profiles and the ADR.

use super::*;

/// plonky2's standard recursion circuit with three challenges: 4 + 2 constants and selectors, 80 sigmas,
/// 135 wires, 3 · (1 + 9) Zs and partial products, 3 · 8 quotient chunks.
fn recursion(layer: &str, rate_bits: usize, num_query_rounds: usize, degree_bits: usize) -> LayerParameters {
    LayerParameters {
        layer: layer.to_owned(),
        rate_bits,
        num_query_rounds,
        proof_of_work_bits: 16,
        num_challenges: 3,
        degree_bits,
        max_quotient_degree_factor: 8,
        num_constraints: 123,
        num_routed_wires: 80,
        num_partial_products: num_partial_products(80, 8),
        num_oracle_polys: 6 + 80 + 135 + 30 + 24,
        reduction_arity_bits: constant_arity_bits(4, 5, degree_bits, rate_bits, 4),
        cap_height: 4,
        hash_output_bits: 256,
        zero_knowledge: false,
        lookups: None,
    }
}

fn with_challenges(num_challenges: usize, parameters: LayerParameters) -> LayerParameters {
    let repeated = 1 + parameters.num_partial_products + parameters.max_quotient_degree_factor;
    let fixed = parameters.num_oracle_polys - parameters.num_challenges * repeated;
    LayerParameters { num_challenges, num_oracle_polys: fixed + num_challenges * repeated, ..parameters }
}

fn planned_standard() -> Vec<LayerParameters> {
    vec![
        recursion("inner 2^8", 4, 21, 8),
        recursion("inner 2^14", 4, 21, 14),
        recursion("inner 2^18", 4, 21, 18),
        recursion("leaf, node", 3, 28, 13),
        recursion("root, rate 1/32", 5, 17, 13),
        recursion("root, rate 1/64", 6, 14, 13),
    ]
}

/// As planned at first: the exact Johnson radius, which no finite multiplicity reaches.
fn planned_provable() -> Vec<LayerParameters> {
    vec![recursion("inner 2^18, plan", 4, 42, 18), recursion("leaf, node, plan", 3, 56, 14)]
}

fn recommended_provable() -> Vec<LayerParameters> {
    vec![
        recursion("inner 2^14", 4, 46, 14),
        recursion("inner 2^18", 4, 46, 18),
        recursion("leaf, node", 3, 59, 14),
        recursion("root, rate 1/32", 5, 36, 14),
        recursion("root, rate 1/64", 6, 30, 14),
    ]
}

fn report(parameters: &LayerParameters) -> SecurityReport {
    parameters.report().unwrap()
}

fn assert_bits(got: Option<f64>, expected: f64) {
    let got = got.unwrap();
    assert!((got - expected).abs() < 0.005, "expected {expected}, got {got}");
}

#[test]
fn plonky2_standard_recursion_is_a_hundred_bits_by_its_own_formula() {
    let report = report(&recursion("node", 3, 28, 13));
    assert_eq!(report.plonky2_bits, 28.0 * 3.0 + 16.0);
    assert_eq!(report.johnson_limit_bits, 28.0 * 1.5 + 16.0);
    assert_eq!(report.check(Profile::Standard), Ok(()));
}

#[test]
fn plonky2_figure_is_capped_by_the_extension_field() {
    assert_eq!(report(&recursion("node", 3, 84, 13)).plonky2_bits, 128.0);
}

#[test]
fn permutation_is_two_n_r_over_p_to_the_challenges() {
    let report = report(&recursion("node", 3, 28, 13));
    // 64 − (1 + 13 + log2 80) = 64 − 20.3219, three times.
    assert_bits(report.conjectured.bits(Term::Permutation), 131.034);
}

#[test]
fn constraint_batching_counts_every_term_of_the_vanishing_polynomial() {
    let parameters = recursion("node", 3, 28, 13);
    assert_eq!(parameters.num_vanishing_terms(), 3 * (1 + 10) + 123);
    // 3 · (64 − log2 155) = 3 · (64 − 7.2761).
    assert_bits(report(&parameters).conjectured.bits(Term::ConstraintBatching), 170.172);
}

#[test]
fn opening_point_is_the_degree_over_the_extension() {
    // 128 − (13 + log2 9).
    assert_bits(report(&recursion("node", 3, 28, 13)).conjectured.bits(Term::OpeningPoint), 111.830);
}

#[test]
fn bciks20_terms_at_multiplicity_three() {
    // Enough queries that the least multiplicity is the best one.
    let analysis = report(&recursion("node", 3, 84, 14)).bciks20.best;
    assert_eq!(analysis.multiplicity, Some(3));
    // 3.5^7 · 2^34 / (3 · 2^-4.5): 12.6515 + 34 − 1.5850 + 4.5 = 49.5665; times 277: 8.1137.
    assert_bits(analysis.bits(Term::FriBatching), 128.0 - 49.5665 - 8.1137);
    // Sixteen times fewer points, squared, and 15 for 277.
    assert_bits(analysis.bits(Term::FriFolding { round: 0 }), 128.0 - 41.5665 - 15_f64.log2());
    // α = 2^-1.5 · 7/6.
    assert_bits(analysis.bits(Term::FriQueries), 84.0 * (1.5 - (7.0_f64 / 6.0).log2()) + 16.0);
}

#[test]
fn bchks25_terms_at_multiplicity_three() {
    let analysis = report(&recursion("node", 3, 84, 14)).bchks25.best;
    assert_eq!(analysis.multiplicity, Some(3));
    // 2 · 3.5^5 / (3 · 2^-4.5) · 2^17: 1 + 9.0368 − 1.5850 + 4.5 + 17 = 29.9518; times 277: 8.1137.
    assert_bits(analysis.bits(Term::FriBatching), 128.0 - 29.9518 - 8.1137);
    // The list: α = 0.412479, (α − 1/8)/(α² − 1/8) = 6.3691.
    assert_bits(analysis.bits(Term::OpeningPoint), 128.0 - 14.0 - 9_f64.log2() - 6.3691_f64.log2());
}

#[test]
fn unique_decoding_needs_no_list_and_few_bits_of_the_field() {
    let analysis = report(&recursion("node", 3, 102, 14)).unique_decoding;
    // 128 − (17 + log2 277).
    assert_bits(analysis.bits(Term::FriBatching), 102.886);
    // α = 9/16: 102 · 0.830075 + 16.
    assert_bits(analysis.bits(Term::FriQueries), 100.667);
    assert!(analysis.round_by_round_bits >= 100.0);
}

#[test]
fn two_challenges_are_rejected_for_the_permutation_argument() {
    let report = report(&with_challenges(2, recursion("node", 3, 28, 13)));
    assert_bits(report.conjectured.bits(Term::Permutation), 87.356);
    assert_eq!(report.plonky2_bits, 100.0);
    let error = report.check(Profile::Standard).unwrap_err();
    assert_eq!(error.code(), "SH-SEC-002");
    assert!(matches!(error, SecurityError::TermBelowFloor { ref layer, term: Term::Permutation, .. }
        if layer == "node"));
}

#[test]
fn one_query_less_is_rejected() {
    let error = report(&recursion("leaf", 3, 27, 13)).check(Profile::Standard).unwrap_err();
    assert_eq!(
        error,
        SecurityError::TermBelowFloor {
            layer: "leaf".to_owned(),
            profile: Profile::Standard,
            term: Term::FriQueries,
            expected_bits: 100.0,
            got_bits: 97.0,
        }
    );
    assert_eq!(
        error.to_string(),
        "[SH-SEC-002] layer leaf: fri queries and proof of work has 97.00 bits, profile standard expects 100"
    );
}

#[test]
fn keccak_25_leaves_no_margin_and_a_shorter_hash_is_rejected() {
    let keccak = LayerParameters { hash_output_bits: 200, ..recursion("root", 5, 17, 13) };
    assert_eq!(report(&keccak).check(Profile::Standard), Ok(()));
    let shorter = LayerParameters { hash_output_bits: 192, ..keccak };
    let error = report(&shorter).check(Profile::Standard).unwrap_err();
    assert!(matches!(error, SecurityError::TermBelowFloor { term: Term::HashCollision, .. }));
}

#[test]
fn exact_johnson_radius_is_rejected_by_the_provable_profile() {
    for parameters in planned_provable() {
        let report = report(&parameters);
        assert_eq!(report.johnson_limit_bits, 100.0);
        let error = report.check(Profile::Provable).unwrap_err();
        assert_eq!(error.code(), "SH-SEC-003", "{error}");
    }
}

#[test]
fn queries_bought_with_a_large_multiplicity_are_rejected() {
    let error = report(&recursion("node", 3, 57, 14)).check(Profile::Provable).unwrap_err();
    assert_eq!(error.code(), "SH-SEC-004");
    assert!(matches!(
        error,
        SecurityError::TotalBelowFloor { regime: Regime::JohnsonBchks25, term: Term::FriBatching, .. }
    ));
}

#[test]
fn planned_layers_meet_their_profiles() {
    for parameters in planned_standard() {
        report(&parameters).check(Profile::Standard).unwrap();
    }
    for parameters in recommended_provable() {
        report(&parameters).check(Profile::Provable).unwrap();
    }
}

#[test]
fn recommended_queries_are_the_fewest_for_the_largest_degree() {
    let fewest = |parameters: &LayerParameters| report(parameters).minimum_queries(Profile::Provable);
    assert_eq!(fewest(&recursion("inner", 4, 42, 18)), Some(46));
    assert_eq!(fewest(&recursion("node", 3, 56, 14)), Some(59));
    assert_eq!(fewest(&recursion("root", 5, 35, 14)), Some(36));
    assert_eq!(fewest(&recursion("root", 6, 28, 14)), Some(30));
    assert_eq!(report(&recursion("node", 3, 56, 14)).minimum_queries(Profile::Standard), Some(28));
    // Nothing lifts the permutation argument but another challenge.
    assert_eq!(fewest(&with_challenges(2, recursion("node", 3, 56, 14))), None);
}

#[test]
fn more_queries_never_lower_a_figure() {
    let mut previous = report(&recursion("node", 3, 20, 13));
    for num_query_rounds in 21..100 {
        let next = previous.with_queries(num_query_rounds).unwrap();
        assert!(next.plonky2_bits >= previous.plonky2_bits);
        assert!(next.random_words_bits >= previous.random_words_bits);
        assert!(next.bchks25.best.union_bits >= previous.bchks25.best.union_bits);
        assert!(next.bciks20.best.union_bits >= previous.bciks20.best.union_bits);
        assert!(next.unique_decoding.union_bits >= previous.unique_decoding.union_bits);
        previous = next;
    }
}

#[test]
fn larger_circuits_never_raise_a_provable_figure() {
    for degree_bits in 9..24 {
        let smaller = report(&recursion("inner", 4, 46, degree_bits - 1));
        let larger = report(&recursion("inner", 4, 46, degree_bits));
        assert!(larger.bchks25.best.union_bits <= smaller.bchks25.best.union_bits);
        assert!(larger.bciks20.best.union_bits <= smaller.bciks20.best.union_bits);
        assert!(larger.conjectured.union_bits <= smaller.conjectured.union_bits);
    }
}

#[test]
fn linear_theorem_is_never_below_the_quadratic_one() {
    for parameters in planned_standard().iter().chain(&recommended_provable()) {
        let report = report(parameters);
        assert!(report.bchks25.best.union_bits >= report.bciks20.best.union_bits, "{}", parameters.layer);
        assert!(report.provable_bits() < report.plonky2_bits, "{}", parameters.layer);
    }
}

#[test]
fn totals_bracket_each_other() {
    let report = report(&recursion("node", 3, 59, 14));
    for analysis in [&report.conjectured, &report.bciks20.best, &report.bchks25.best, &report.unique_decoding]
    {
        assert_eq!(analysis.weakest().unwrap().bits, analysis.round_by_round_bits);
        assert!(analysis.union_bits <= analysis.round_by_round_bits);
        let most_lost = (analysis.terms.len() as f64).log2();
        assert!(analysis.union_bits >= analysis.round_by_round_bits - most_lost);
    }
}

#[test]
fn lookups_add_a_term_and_batched_polynomials() {
    let plain = recursion("inner", 4, 21, 14);
    let lookups = LookupParameters {
        num_lookup_polys: 7,
        num_tables: 1,
        num_lookups: 1 << 18,
        num_table_entries: 1 << 16,
    };
    let parameters = LayerParameters {
        num_oracle_polys: plain.num_oracle_polys + 3 * 7 + 6,
        lookups: Some(lookups),
        ..plain.clone()
    };
    assert_eq!(parameters.num_batched_functions(), plain.num_batched_functions() + 6 + 2 * 21);
    assert_eq!(parameters.num_vanishing_terms(), plain.num_vanishing_terms() + 3 * (4 + 1 + 12));
    let report = report(&parameters);
    // 2 · 2^18 + 4 · 2^16 = 3 · 2^18: 3 · (64 − 19.585).
    assert_bits(report.conjectured.bits(Term::Lookup), 133.245);
    assert_eq!(report.check(Profile::Standard), Ok(()));
}

#[test]
fn arities_are_those_of_plonky2() {
    assert_eq!(constant_arity_bits(4, 5, 13, 3, 4), [4, 4]);
    assert_eq!(constant_arity_bits(4, 5, 14, 3, 4), [4, 4, 4]);
    assert_eq!(constant_arity_bits(4, 5, 8, 4, 4), [4]);
    assert_eq!(constant_arity_bits(4, 5, 5, 3, 4), [] as [usize; 0]);
    assert_eq!(constant_arity_bits(0, 5, 13, 3, 4), [] as [usize; 0]);
    assert_eq!(num_partial_products(80, 8), 9);
}

#[test]
fn folding_down_to_a_constant_stays_finite() {
    let parameters =
        LayerParameters { reduction_arity_bits: vec![4, 4], cap_height: 0, ..recursion("tiny", 3, 28, 8) };
    let report = report(&parameters);
    assert!(report.bchks25.best.bits(Term::FriFolding { round: 1 }).unwrap().is_finite());
    assert!(report.bchks25.best.union_bits > 0.0);
}

#[test]
fn incoherent_parameters_are_rejected() {
    let valid = recursion("node", 3, 28, 13);
    let invalid = [
        ("rate_bits", LayerParameters { rate_bits: 0, ..valid.clone() }),
        ("degree_bits", LayerParameters { degree_bits: 30, ..valid.clone() }),
        ("num_query_rounds", LayerParameters { num_query_rounds: 0, ..valid.clone() }),
        ("proof_of_work_bits", LayerParameters { proof_of_work_bits: 64, ..valid.clone() }),
        ("num_challenges", LayerParameters { num_challenges: 0, ..valid.clone() }),
        ("hash_output_bits", LayerParameters { hash_output_bits: 0, ..valid.clone() }),
        ("max_quotient_degree_factor", LayerParameters { max_quotient_degree_factor: 9, ..valid.clone() }),
        ("num_partial_products", LayerParameters { num_partial_products: 10, ..valid.clone() }),
        ("num_oracle_polys", LayerParameters { num_oracle_polys: 80, ..valid.clone() }),
        ("num_constraints", LayerParameters { num_constraints: 0, ..valid.clone() }),
        ("reduction_arity_bits", LayerParameters { reduction_arity_bits: vec![4; 4], ..valid.clone() }),
        ("reduction_arity_bits", LayerParameters { reduction_arity_bits: vec![4, 0], ..valid.clone() }),
        ("cap_height", LayerParameters { cap_height: 17, reduction_arity_bits: vec![], ..valid.clone() }),
    ];
    for (field, parameters) in invalid {
        let error = parameters.report().unwrap_err();
        assert_eq!(error.code(), "SH-SEC-001");
        assert!(
            matches!(error, SecurityError::InvalidParameter { parameter, .. } if parameter == field),
            "{error}"
        );
    }
}

#[test]
fn report_serializes_every_term_by_name() {
    let value = serde_json::to_value(report(&recursion("node", 3, 59, 14))).unwrap();
    assert_eq!(value["plonky2_bits"], 128.0);
    assert_eq!(value["conjectured"]["terms"][0]["term"], "permutation");
    assert_eq!(value["bchks25"]["best"]["terms"][4]["term"]["fri_folding"]["round"], 0);
    assert_eq!(value["bchks25"]["at_query_floor"]["multiplicity"], 10);
}

#[test]
fn table_lists_every_term_and_calls_the_conjecture_one() {
    let table = report(&recursion("node", 3, 59, 14)).table();
    for entry in &report(&recursion("node", 3, 59, 14)).unique_decoding.terms {
        assert!(table.contains(&entry.term.to_string()), "{table}");
    }
    assert!(table.contains("plonky2's figure is a conjecture"), "{table}");
    assert!(table.contains("100 bits at m = 10"), "{table}");
}

#[test]
fn table_rounds_down() {
    let report = report(&recursion("node", 3, 28, 13));
    assert!(report.random_words_bits < 99.0 && report.random_words_bits > 98.0);
    assert!(report.summary_row().contains("| 100.0 | 98.6 |"), "{}", report.summary_row());
}

/// The tables in the ADR are the output of this module. After a change, run this test and paste what it prints.
#[test]
fn adr_shows_the_figures_of_this_module() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/adr/0003-security-accounting.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows = |layers: Vec<LayerParameters>| {
        let rows = layers.iter().map(|parameters| report(parameters).summary_row());
        let rows: Vec<_> = std::iter::once(SecurityReport::summary_header()).chain(rows).collect();
        rows.join("\n")
    };
    let example = report(&recursion("node", 3, 59, 14)).table();
    let blocks = [rows(planned_standard()), rows(planned_provable()), rows(recommended_provable()), example];
    let missing: Vec<_> =
        blocks.iter().filter(|block| !document.contains(block.trim_end())).cloned().collect();
    assert!(missing.is_empty(), "the ADR lacks:\n{}", missing.join("\n\n"));
}

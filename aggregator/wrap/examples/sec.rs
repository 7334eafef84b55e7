//! Scratch.
use sheaf_plonky2::security::*;
fn main() {
    for rate in [4, 5, 6] {
        for pow in [16, 17, 18, 19, 20, 22] {
            let p = LayerParameters {
                layer: "wrap".into(),
                rate_bits: rate,
                num_query_rounds: 30,
                proof_of_work_bits: pow,
                num_challenges: 3,
                degree_bits: 12,
                max_quotient_degree_factor: 8,
                num_constraints: 123,
                num_routed_wires: 37,
                num_partial_products: 4,
                num_oracle_polys: 42 + 135 + 15 + 24,
                reduction_arity_bits: vec![3, 3],
                cap_height: 5,
                hash_output_bits: 254,
                zero_knowledge: false,
                lookups: None,
            };
            let r = p.report().unwrap();
            let q = r.minimum_queries(Profile::Provable);
            print!("rate {rate} pow {pow} min {q:?}");
            if let Some(q) = q {
                let r = r.with_queries(q).unwrap();
                println!(
                    " bchks best {:.1} at floor {:?}",
                    r.bchks25.best.union_bits,
                    r.bchks25.at_query_floor.as_ref().map(|a| (a.multiplicity, a.union_bits))
                );
            } else {
                println!();
            }
        }
    }
}

//! A layer's parameters, read off the circuit that is in use.

use plonky2::plonk::circuit_data::CommonCircuitData;

use super::parameters::{LayerParameters, LookupParameters};
use crate::engine::{D, F};

/// Output of Poseidon-Goldilocks as the trees and the transcript use it: four elements.
const HASH_OUTPUT_BITS: usize = 256;

/// The parameters of a circuit with these common data.
#[must_use]
pub fn layer_parameters(layer: &str, common: &CommonCircuitData<F, D>) -> LayerParameters {
    let config = &common.config;
    let fri = &config.fri_config;
    let challenges = config.num_challenges;
    let preprocessed = common.sigmas_range().end;
    let products = challenges * (1 + common.num_partial_products + common.num_lookup_polys);
    let quotients = challenges * common.quotient_degree_factor;
    let entries: usize = common.luts.iter().map(|table| table.len()).sum();
    LayerParameters {
        layer: layer.to_owned(),
        rate_bits: fri.rate_bits,
        num_query_rounds: fri.num_query_rounds,
        proof_of_work_bits: fri.proof_of_work_bits as usize,
        num_challenges: challenges,
        degree_bits: common.degree_bits(),
        max_quotient_degree_factor: common.quotient_degree_factor,
        num_constraints: common.num_gate_constraints,
        num_routed_wires: config.num_routed_wires,
        num_partial_products: common.num_partial_products,
        num_oracle_polys: preprocessed + config.num_wires + products + quotients,
        reduction_arity_bits: common.fri_params.reduction_arity_bits.clone(),
        cap_height: fri.cap_height,
        hash_output_bits: HASH_OUTPUT_BITS,
        zero_knowledge: config.zero_knowledge,
        lookups: (!common.luts.is_empty()).then(|| LookupParameters {
            num_lookup_polys: common.num_lookup_polys,
            num_tables: common.luts.len(),
            // Every row may look something up in each of its slots.
            num_lookups: common.degree() * config.num_routed_wires / 2 + entries,
            num_table_entries: entries,
        }),
    }
}

//! Text renderings of a report, for the CLI, the README and the ADR. Bits are rounded down.

use super::analysis::{Analysis, Term};
use super::report::SecurityReport;

const TERM_WIDTH: usize = 32;
const BITS_WIDTH: usize = 10;
/// A cell for a term that an account does not have.
const ABSENT: &str = "–";

impl SecurityReport {
    /// The whole report as a text table: one row per term, one column per regime, totals below.
    #[must_use]
    pub fn table(&self) -> String {
        let accounts = [&self.conjectured, &self.bciks20.best, &self.bchks25.best, &self.unique_decoding];
        let mut table = self.heading();
        table.push_str(&row("bits", &["plonky2", "BCIKS20", "BCHKS25", "unique"].map(str::to_owned)));
        for entry in &self.unique_decoding.terms {
            table.push_str(&row(
                &entry.term.to_string(),
                &accounts
                    .map(|account| account.bits(entry.term).map_or_else(|| ABSENT.to_owned(), one_decimal)),
            ));
        }
        let total = |figure: fn(&Analysis) -> f64| accounts.map(|account| one_decimal(figure(account)));
        table.push_str(&row("smallest term", &total(|account| account.round_by_round_bits)));
        table.push_str(&row("all terms together", &total(|account| account.union_bits)));
        table.push_str(&row(
            "multiplicity m",
            &accounts
                .map(|account| account.multiplicity.map_or_else(|| ABSENT.to_owned(), |m| m.to_string())),
        ));
        table.push_str(&self.footer());
        table
    }

    /// The header of [`Self::summary_row`], as two lines of Markdown.
    #[must_use]
    pub fn summary_header() -> String {
        "| layer | rate | queries | degree | plonky2 | random words | weakest outside FRI | BCIKS20 | BCHKS25 | \
         m | unique decoding | query phase ≥ 100 |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
            .to_owned()
    }

    /// One line of Markdown: the plain plonky2 figure, the weakest term outside FRI under plonky2's accounting,
    /// then the union bounds of the provable regimes with BCHKS25's multiplicity, and BCHKS25 again at the
    /// multiplicity that lifts the query phase to its floor.
    #[must_use]
    pub fn summary_row(&self) -> String {
        let parameters = &self.parameters;
        let weakest = self
            .conjectured
            .terms
            .iter()
            .filter(|entry| entry.term != Term::FriQueries)
            .map(|entry| entry.bits)
            .fold(f64::INFINITY, f64::min);
        let multiplicity = self.bchks25.best.multiplicity.unwrap_or_default();
        let at_floor = self.bchks25.at_query_floor.as_ref().map_or_else(
            || format!("no (limit {})", one_decimal(self.johnson_limit_bits)),
            |analysis| {
                let m = analysis.multiplicity.unwrap_or_default();
                format!("m = {m}: {}", one_decimal(analysis.union_bits))
            },
        );
        format!(
            "| {} | 1/{} | {} + {} | 2^{} | {} | {} | {} | {} | {} | {multiplicity} | {} | {at_floor} |",
            parameters.layer,
            1_u64 << parameters.rate_bits,
            parameters.num_query_rounds,
            parameters.proof_of_work_bits,
            parameters.degree_bits,
            one_decimal(self.plonky2_bits),
            one_decimal(self.random_words_bits),
            one_decimal(weakest),
            one_decimal(self.bciks20.best.union_bits),
            one_decimal(self.bchks25.best.union_bits),
            one_decimal(self.unique_decoding.union_bits),
        )
    }

    fn heading(&self) -> String {
        let parameters = &self.parameters;
        format!(
            "layer {}: rate 1/{}, {} queries, {} bits of work, {} challenges, degree 2^{}, {} batched polynomials\n",
            parameters.layer,
            1_u64 << parameters.rate_bits,
            parameters.num_query_rounds,
            parameters.proof_of_work_bits,
            parameters.num_challenges,
            parameters.degree_bits,
            parameters.num_batched_functions(),
        )
    }

    fn footer(&self) -> String {
        let query_phase = self.bchks25.at_query_floor.as_ref().map_or_else(
            || format!("no multiplicity reaches 100 bits (limit {})", one_decimal(self.johnson_limit_bits)),
            |analysis| {
                let m = analysis.multiplicity.unwrap_or_default();
                format!("100 bits at m = {m}, all terms then {} (BCHKS25)", one_decimal(analysis.union_bits))
            },
        );
        format!(
            "plonky2's figure is a conjecture (soundness up to capacity) and says nothing stronger: {} bits, {} \
             at the random-words radius\njohnson query phase: {query_phase}\n",
            one_decimal(self.plonky2_bits),
            one_decimal(self.random_words_bits),
        )
    }
}

fn row(label: &str, cells: &[String]) -> String {
    let mut line = format!("{label:<TERM_WIDTH$}");
    for cell in cells {
        line.push_str(&format!("{cell:>BITS_WIDTH$}"));
    }
    line.push('\n');
    line
}

/// One decimal, rounded down: 99.96 bits are not 100.
fn one_decimal(bits: f64) -> String {
    format!("{:.1}", (bits * 10.0).floor() / 10.0)
}

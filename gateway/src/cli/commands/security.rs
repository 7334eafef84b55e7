//! `sheaf security`.

use serde_json::json;
use sheaf_aggregator::security;
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::security::SecurityReport;

use crate::cli::args::SecurityArgs;
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::Refusal;

/// Smallest and a large program; every size between lies between.
const DEGREES: [usize; 2] = [8, 13];

pub(crate) fn run(args: &SecurityArgs, report: &Report) -> Result<(), Refusal> {
    let profiles = match args.profile {
        Some(profile) => vec![Profile::from(profile)],
        None => Profile::ALL.to_vec(),
    };
    let circuits = files::circuits();
    let mut all = Vec::new();
    for profile in profiles {
        let shapes: Vec<Shape> = DEGREES
            .into_iter()
            .map(|degree_bits| Shape { profile, degree_bits, zero_knowledge: false })
            .collect();
        let reports = security::reports(circuits.get(profile), &shapes)?;
        report.line(format!("profile {profile}: every layer holds its floor\n"));
        report.line(SecurityReport::summary_header());
        for layer in &reports {
            report.line(layer.summary_row());
        }
        report.line("");
        if args.terms {
            for layer in &reports {
                report.line(layer.table());
            }
        }
        all.push(json!({ "profile": profile, "layers": reports }));
    }
    report.result(&json!({ "profiles": all }));
    Ok(())
}

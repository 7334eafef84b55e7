//! `sheaf circuits`.

use serde_json::json;
use sheaf_aggregator::pins::{self, Pins};
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;

use crate::cli::args::CircuitsArgs;
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::Refusal;

pub(crate) fn run(args: &CircuitsArgs, report: &Report) -> Result<(), Refusal> {
    match &args.pin {
        None => {
            let profile = args.profile.into();
            let circuits = files::circuits();
            let keys = circuits
                .get(profile)
                .prepare(&common_shapes(profile), &|message| report.progress(message))?;
            report.done();
            for (name, key) in &keys {
                report.line(format!("{name:32} {key}"));
            }
            report.result(&json!({ "profile": profile, "keys": keys }));
        }
        Some(path) => {
            let mut all = Pins::default();
            for profile in Profile::ALL {
                let pins = pins::compute(profile, &pins::pinned_shapes(profile), &|message| {
                    report.progress(message)
                })?;
                all.circuits.extend(pins.circuits);
            }
            files::write_json(path, &all)?;
            report.done();
            report.line(format!("pinned {} circuits in {}", all.circuits.len(), path.display()));
            report.result(&json!({ "pinned": all.digests(), "file": path }));
        }
    }
    Ok(())
}

/// The shape that small models have.
fn common_shapes(profile: Profile) -> Vec<Shape> {
    vec![Shape { profile, degree_bits: 8, zero_knowledge: false }]
}

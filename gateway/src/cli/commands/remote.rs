//! Commands about a gateway, through the SDK: `sheaf model add`, `sheaf job …`.

use std::time::Duration;

use serde_json::json;
use sheaf_client::verify::{Expectations, VerifiedReceipt};
use sheaf_client::{
    Client, Job, JobRequest, JobStatus, ModelOptions, Objective, Privacy, StatementId, TrustTier,
};

use super::prove::read_input;
use super::serve::runtime;
use crate::cli::args::{
    InputArg, JobShowArgs, JobSubmitArgs, ModelAddArgs, ObjectiveArg, RemoteArgs, TierArg,
};
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::{FileError, Refusal};

/// Longest wait beyond a job's deadline for a receipt that is under way.
const GRACE: Duration = Duration::from_secs(600);

/// A client of the gateway that is named.
pub(crate) fn client(args: &RemoteArgs) -> Result<Client, Refusal> {
    Ok(Client::new(&args.url, args.key.clone().unwrap_or_default())?)
}

pub(crate) fn add_model(args: &ModelAddArgs, report: &Report) -> Result<(), Refusal> {
    let bytes = files::read(&args.model, sheaf_model::onnx::Limits::default().file_bytes as u64)?;
    let stem = args.model.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let options = ModelOptions { name: args.name.clone().or(stem), scale_bits: Some(args.scale_bits) };
    let client = client(&args.remote)?;
    let model = runtime()?.block_on(client.add_model(bytes, &options))?;
    report.line(format!("added {}", args.model.display()));
    report.line(format!("  model         {}", model.model.as_str()));
    for prover in &model.provers {
        let price = prover.estimated_price.as_ref().map(|price| format!("{price} USD")).unwrap_or_default();
        let verdict = match (&prover.code, &prover.reason) {
            (Some(code), reason) => format!("cannot [{code}]: {}", reason.as_deref().unwrap_or("")),
            _ => format!("{:9} about {price}", prover.trust_tier.as_str()),
        };
        report.line(format!("  {:18} {:10} {verdict}", prover.prover, prover.privacy.as_str()));
    }
    report.result(&json!({ "model": model }));
    Ok(())
}

pub(crate) fn submit(args: &JobSubmitArgs, report: &Report) -> Result<(), Refusal> {
    let mut request = JobRequest::new(args.model.as_str(), read_input(&args.input)?)
        .scale_bits(args.scale_bits)
        .deadline(Duration::from_secs(args.deadline))
        .objective(match args.objective {
            ObjectiveArg::Cheapest => Objective::Cheapest,
            ObjectiveArg::Fastest => Objective::Fastest,
            ObjectiveArg::Balanced => Objective::Balanced,
        })
        .privacy(match args.privacy {
            InputArg::Public => Privacy::Public,
            InputArg::Private => Privacy::Private,
            InputArg::Committed => Privacy::Committed,
        })
        .min_trust_tier(match args.min_trust_tier {
            TierArg::Proven => TrustTier::Proven,
            TierArg::Attested => TrustTier::Attested,
        });
    if let Some(price) = &args.max_price {
        request = request.max_price(price.parse()?);
    }
    let client = client(&args.remote)?;
    runtime()?.block_on(async {
        let job = client.submit(&request).await?;
        if !args.wait {
            describe(&job, report);
            report.result(&json!({ "job": job }));
            return Ok(());
        }
        report.progress(&format!("waiting for {}", job.id.as_str()));
        let within = Duration::from_secs(args.deadline).saturating_add(GRACE);
        let job = client.wait(&job.id, within).await?;
        report.done();
        describe(&job, report);
        let Some(statement) = job.statement_id.clone().filter(|_| job.status == JobStatus::Aggregated) else {
            return Err(unsuccessful(&job));
        };
        let receipt = receipt(&client, &statement).await?;
        report.line(match &receipt {
            VerifiedReceipt::Proven(_) => "  receipt       proven, verified here".to_owned(),
            VerifiedReceipt::Attested(attested) => {
                format!("  receipt       attested: the word of operator {}", attested.attestation.operator)
            }
        });
        if let Some(folder) = &args.out {
            match &receipt {
                VerifiedReceipt::Proven(proven) => {
                    files::write(&folder.join("aggregate.json"), &proven.aggregate_bytes)?;
                    files::write(&folder.join("receipt.json"), &proven.receipt_bytes)?;
                }
                VerifiedReceipt::Attested(attested) => {
                    files::write(&folder.join("attestation.json"), &attested.attestation_bytes)?;
                }
            }
            report.line(format!("  written to    {}", folder.display()));
        }
        report.result(&json!({
            "job": job,
            "trust_tier": receipt.trust_tier().to_string(),
            "verified": true,
            "out": args.out,
        }));
        Ok(())
    })
}

/// Fetches a receipt and verifies it here. An attestation is held against the operator that it names itself: that is
/// what whoever runs this command against a gateway of his own means; whether he trusts that operator is his to say.
pub(crate) async fn receipt(client: &Client, statement: &StatementId) -> Result<VerifiedReceipt, Refusal> {
    let receipt = client.receipt(statement).await?;
    let mut expected = Expectations::new();
    if receipt.trust_tier == TrustTier::Attested {
        let document: serde_json::Value = serde_json::from_slice(&receipt.document)
            .map_err(|error| Refusal { code: "SH-CLI-004".to_owned(), message: error.to_string() })?;
        let operator = document["operator"].as_str().unwrap_or_default();
        let operator = operator.parse().map_err(|error| Refusal::new(&error))?;
        expected = expected.attested_by(operator);
    }
    Ok(client.verified_receipt(statement, &expected).await?)
}

pub(crate) fn show(args: &JobShowArgs, report: &Report) -> Result<(), Refusal> {
    let client = client(&args.remote)?;
    let id = args.id.as_str().into();
    runtime()?.block_on(async {
        let job = client.job(&id).await?;
        let route = client.route(&id).await?;
        describe(&job, report);
        for decision in &route.decisions {
            report.line(format!("  route         {}", decision.summary));
        }
        for attempt in &route.attempts {
            let reason = attempt.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            report.line(format!("  attempt       {} {}{reason}", attempt.prover, attempt.outcome));
        }
        report.result(&json!({ "job": job, "route": route }));
        Ok(())
    })
}

pub(crate) fn cancel(args: &JobShowArgs, report: &Report) -> Result<(), Refusal> {
    let job = runtime()?.block_on(client(&args.remote)?.cancel(&args.id.as_str().into()))?;
    describe(&job, report);
    report.result(&json!({ "job": job }));
    Ok(())
}

fn unsuccessful(job: &Job) -> Refusal {
    let reason = match &job.failure {
        Some(failure) => format!("[{}] {}", failure.code, failure.message),
        None => "it has no receipt".to_owned(),
    };
    let (id, status) = (job.id.as_str().to_owned(), job.status.to_string());
    match &job.failure {
        // The gateway's code leads: it is the reason.
        Some(failure) => {
            Refusal { code: failure.code.clone(), message: format!("job {id} {status}: {}", failure.message) }
        }
        None => Refusal::new(&FileError::Job { id, status, reason }),
    }
}

fn describe(job: &Job, report: &Report) {
    report.line(format!("job {}", job.id.as_str()));
    report.line(format!("  status        {}", job.status));
    if let (Some(prover), Some(price)) = (&job.prover, &job.price) {
        report.line(format!("  prover        {prover}, {price} USD"));
    }
    if let Some(result) = &job.result {
        let shown: Vec<String> = result.outputs.iter().take(16).map(|value| format!("{value:.4}")).collect();
        let more = if result.outputs.len() > 16 { ", …" } else { "" };
        report.line(format!("  outputs       [{}{more}]", shown.join(", ")));
    }
    if let Some(statement) = &job.statement_id {
        report.line(format!("  statement     {}", statement.as_str()));
    }
    if let Some(failure) = &job.failure {
        report.line(format!("  failure       [{}] {}", failure.code, failure.message));
    }
}

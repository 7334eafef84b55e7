//! `sheaf demo`: a gateway, real models, real inferences, and everything that can happen to them.
//!
//! Starts `sheaf serve` on a free port and speaks to it over HTTP as any application would. Nothing is recorded or
//! simulated: every proof is made and every receipt verified here.
//!
//! | module | owns |
//! |---|---|
//! | here | the story |
//! | `samples` | models and data |
//! | `server` | the gateway's process |
//! | `chain` | the chain that it ends on |

mod chain;
mod samples;
mod server;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sheaf_aggregator::documents::{Document, ReceiptDocument};
use sheaf_client::verify::VerifiedReceipt;
use sheaf_client::{Client, Job, JobRequest, JobStatus, Model, ModelOptions, Objective, TrustTier};

use super::remote;
use super::serve::runtime;
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::{FileError, Refusal};
use crate::sandbox;
use samples::{MODELS, samples};
use server::Server;

/// Held-out samples of each model.
const SAMPLES: usize = 3;
/// Most wrong predictions; the models are right in nine of ten.
const MAX_WRONG: usize = 4;
/// How long the whole batch may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(900);

/// What an inference is asked with.
struct Wish {
    words: &'static str,
    tier: TrustTier,
    objective: Objective,
    max_price: Option<&'static str>,
    deadline_s: u64,
}

/// One for each sample of a model in turn: different prices, deadlines and trust lead to different provers.
fn wishes() -> [Wish; SAMPLES] {
    [
        Wish {
            words: "proven, price and time in balance",
            tier: TrustTier::Proven,
            objective: Objective::Balanced,
            max_price: Some("0.01"),
            deadline_s: 3600,
        },
        Wish {
            words: "attested will do, as cheap as can be",
            tier: TrustTier::Attested,
            objective: Objective::Cheapest,
            max_price: Some("0.000010"),
            deadline_s: 600,
        },
        Wish {
            words: "proven, as fast as can be",
            tier: TrustTier::Proven,
            objective: Objective::Fastest,
            max_price: None,
            deadline_s: 1800,
        },
    ]
}

/// A job of the demo.
struct Asked {
    model: &'static str,
    label: usize,
    job: Job,
}

pub(crate) fn run(report: &Report) -> Result<(), Refusal> {
    let folder =
        tempfile::tempdir().map_err(|source| FileError::Machine { what: "a temporary folder", source })?;
    report.line("Sheaf: one HTTP request, any prover, one receipt\n");
    chain::prepare_key(&files::circuits(), report)?;
    let mut server = Server::start(&folder.path().join("data"))?;
    let client = Client::new(&server.url, server.key.clone())?;
    report.line(format!("A gateway runs at {} (dashboard at {0}/dashboard/)", server.url));
    runtime()?.block_on(tell(&client, &mut server, report))
}

async fn tell(client: &Client, server: &mut Server, report: &Report) -> Result<(), Refusal> {
    let began = Instant::now();
    report.line("\nRegistering four models, which two proof systems can serve");
    let mut models = Vec::new();
    for model in &MODELS {
        let options = ModelOptions { name: Some(model.name.to_owned()), scale_bits: None };
        let added = client.add_model(model.onnx, &options).await?;
        report.line(format!("  {:14} {}", model.name, offers(&added)));
        models.push(added);
    }

    report.line("\nAsking for inferences with different prices, deadlines and trust");
    let mut asked = ask(client, &models, report).await?;
    let poor = refuse_the_poor(client, &models[0], report).await?;

    report.line("\nKilling the gateway in the middle (SIGKILL) and starting it again");
    let before = wait_for_first_proof(client, &asked, report).await?;
    server.kill_and_restart()?;
    client.wait_ready(Duration::from_secs(30)).await?;
    report.line(format!("  {before} of {} jobs had a proof when it died; it is back", asked.len()));

    report.line("\nWaiting for receipts: proofs are folded by worker processes, batch by batch");
    let again = ask_again(client, &models[0], &asked[0]).await?;
    finish(client, &mut asked, report).await?;
    let wrong = asked.iter().filter(|asked| prediction(&asked.job) != Some(asked.label)).count();
    ensure(wrong <= MAX_WRONG, || format!("{wrong} of {} predictions are wrong", asked.len()))?;
    report.line(format!(
        "  {} of {} held-out samples are classified right, each with a receipt",
        asked.len() - wrong,
        asked.len()
    ));
    let again = client.wait(&again.id, PATIENCE).await?;
    ensure(again.reused_from.is_some(), || "an identical job was proven twice".to_owned())?;
    report.line("  the same inference asked again shares the receipt, without a second proof");

    report.line("\nVerifying every receipt here, without trusting the gateway");
    let (verified, receipts, refusal) = verify_all(client, &asked, report).await?;
    report.line("\nChanging one public value of a proven receipt");
    report.line(format!("  refused [{}]: {}", refusal.code, refusal.message));

    report.line("\nSettling: each batch's aggregate becomes one Groth16 proof of 256 bytes, posted on a chain (in-process EVM)");
    let settled = chain::wait(client, receipts, report).await?;
    let on_chain =
        chain::ask_contract(&settled, &format!("{}/v1/chains/embedded/rpc", server.url), report).await?;

    report.line("");
    let batches = table(client, &asked, report).await?;
    let seconds = began.elapsed().as_secs_f64();
    report.line(format!("\nDone in {seconds:.0} s: {verified} receipts in {} batches.", batches.len()));
    report.result(&json!({
        "jobs": asked.iter().map(|asked| &asked.job).collect::<Vec<_>>(),
        "receipts_verified": verified,
        "wrong_predictions": wrong,
        "refused_for_its_price": poor,
        "proofs_before_the_kill": before,
        "reused": again.reused_from,
        "tampered_receipt_refused": refusal,
        "batches": batches,
        "on_chain": on_chain,
        "seconds": seconds,
    }));
    Ok(())
}

/// Who serves a model, in words.
fn offers(model: &Model) -> String {
    let public = model.provers.iter().filter(|prover| prover.privacy.as_str() == "public" && prover.serves);
    let offers: Vec<String> = public
        .map(|prover| {
            let price = prover.estimated_price.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} ({}, about {price} USD)", prover.prover, prover.trust_tier)
        })
        .collect();
    offers.join(", ")
}

async fn ask(client: &Client, models: &[Model], report: &Report) -> Result<Vec<Asked>, Refusal> {
    let mut asked = Vec::new();
    for (wish_index, wish) in wishes().iter().enumerate() {
        report.line(format!("  {}:", wish.words));
        for (model, known) in models.iter().zip(&MODELS) {
            let sample = samples(known, SAMPLES)?.swap_remove(wish_index);
            let mut request = JobRequest::new(model.model.clone(), sample.input)
                .objective(wish.objective.clone())
                .min_trust_tier(wish.tier.clone())
                .deadline(Duration::from_secs(wish.deadline_s))
                .label(format!("{} sample {wish_index}", known.name));
            if let Some(price) = wish.max_price {
                request = request.max_price(price.parse()?);
            }
            let job = client.submit(&request).await?;
            let why = route_of(client, &job).await?;
            report.line(format!("    {:14} {why}", known.name));
            asked.push(Asked { model: known.name, label: sample.label, job });
        }
    }
    Ok(asked)
}

/// Waits until a job is routed and returns why it went where it went.
async fn route_of(client: &Client, job: &Job) -> Result<String, Refusal> {
    let mut events = client.events(&job.id);
    while let Some(event) = events.next().await {
        let event = event?;
        if event.status != JobStatus::Accepted {
            break;
        }
    }
    let route = client.route(&job.id).await?;
    let decision = route.decisions.last();
    Ok(decision.map_or_else(|| "shares an earlier proof".to_owned(), |decision| decision.summary.clone()))
}

/// An inference for which nobody works: it fails at once, and says what would have done.
async fn refuse_the_poor(client: &Client, model: &Model, report: &Report) -> Result<Value, Refusal> {
    // A sample that nobody has asked about: a proof that is there already costs nothing.
    let sample = samples(&MODELS[0], SAMPLES + 1)?.swap_remove(SAMPLES);
    let request = JobRequest::new(model.model.clone(), sample.input).max_price("0.000002".parse()?);
    let job = client.wait(&client.submit(&request).await?.id, PATIENCE).await?;
    let failure = job.failure.ok_or_else(|| demo("a price of nearly nothing was accepted"))?;
    report.line("  proven, for next to nothing:");
    report.line(format!("    {:14} [{}] {}", MODELS[0].name, failure.code, failure.message));
    Ok(json!({ "code": failure.code, "message": failure.message }))
}

/// Returns how many jobs have a proof as soon as some do.
async fn wait_for_first_proof(client: &Client, asked: &[Asked], report: &Report) -> Result<usize, Refusal> {
    report.progress("waiting for the first proofs");
    let until = Instant::now() + PATIENCE;
    loop {
        let mut proven = 0;
        for asked in asked {
            proven += usize::from(client.job(&asked.job.id).await?.statement_id.is_some());
        }
        if proven > 0 {
            report.done();
            return Ok(proven);
        }
        ensure(Instant::now() < until, || "no proof".to_owned())?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The first inference once more, word for word but for its label.
async fn ask_again(client: &Client, model: &Model, first: &Asked) -> Result<Job, Refusal> {
    let sample = samples(&MODELS[0], 1)?.swap_remove(0);
    let request = JobRequest::new(model.model.clone(), sample.input)
        .min_trust_tier(first.job.min_trust_tier.clone())
        .label("the same again");
    Ok(client.submit(&request).await?)
}

async fn finish(client: &Client, asked: &mut [Asked], report: &Report) -> Result<(), Refusal> {
    let total = asked.len();
    for (index, asked) in asked.iter_mut().enumerate() {
        report.progress(&format!("waiting for receipts: {index} of {total}"));
        asked.job = client.wait(&asked.job.id, PATIENCE).await?;
        if asked.job.status != JobStatus::Aggregated {
            let why = asked.job.failure.as_ref().map_or("", |failure| failure.message.as_str());
            return Err(demo(&format!("job {} is {}: {why}", asked.job.id.as_str(), asked.job.status)));
        }
    }
    report.done();
    Ok(())
}

fn prediction(job: &Job) -> Option<usize> {
    let result = job.result.as_ref()?;
    if result.classes {
        return result.outputs.first().map(|class| *class as usize);
    }
    result.greatest.and_then(|index| usize::try_from(index).ok())
}

async fn verify_all(
    client: &Client,
    asked: &[Asked],
    report: &Report,
) -> Result<(usize, Vec<ReceiptDocument>, Refusal), Refusal> {
    let (mut proven, mut attested) = (0, 0);
    let mut receipts = Vec::new();
    let mut tampered = None;
    for asked in asked {
        let statement =
            asked.job.statement_id.as_ref().ok_or_else(|| demo("a job without a statement has a receipt"))?;
        match remote::receipt(client, statement).await? {
            VerifiedReceipt::Proven(document) => {
                proven += 1;
                if tampered.is_none() {
                    tampered = Some(refuse_tampered(&document.aggregate_bytes, &document.receipt)?);
                }
                receipts.push(document.receipt);
            }
            VerifiedReceipt::Attested(_) => attested += 1,
        }
    }
    report.line(format!(
        "  {proven} proven: mathematics and the pinned circuits say so; {attested} attested: the operator's signature says so"
    ));
    let refusal = tampered.ok_or_else(|| demo("no receipt is proven"))?;
    Ok((proven + attested, receipts, refusal))
}

/// Changes one public value of a receipt, keeps everything else consistent, and returns why it is refused.
fn refuse_tampered(aggregate: &[u8], receipt: &ReceiptDocument) -> Result<Refusal, Refusal> {
    let statement = &receipt.statement;
    let mut words = statement.u64_words()?;
    if let Some(last) = words.last_mut() {
        *last = if *last == 0 { 1 } else { *last - 1 };
    }
    let forged = sheaf_statement::Statement::from_u64_words(statement.system(), statement.vk(), &words)?;
    let mut tampered = receipt.clone();
    tampered.statement_id = forged.id();
    tampered.statement = forged;
    let outcomes = sandbox::verify_receipts(aggregate.to_vec(), vec![tampered.to_json()], None)?;
    outcomes.into_iter().flatten().next().ok_or_else(|| demo("a tampered receipt was accepted"))
}

/// Prints every job on a line, then every batch. Returns the batches.
async fn table(client: &Client, asked: &[Asked], report: &Report) -> Result<Vec<Value>, Refusal> {
    report.line(format!(
        "{:14} {:18} {:9} {:>12} {:>9}  statement",
        "model", "prover", "tier", "price USD", "seconds"
    ));
    for Asked { model, job, .. } in asked {
        report.line(format!(
            "{model:14} {:18} {:9} {:>12} {:>9.1}  {}",
            job.prover.as_deref().unwrap_or(""),
            job.trust_tier.as_ref().map_or("", TrustTier::as_str),
            job.price.as_ref().map(ToString::to_string).unwrap_or_default(),
            job.updated_ms.saturating_sub(job.created_ms) as f64 / 1000.0,
            job.statement_id.as_ref().map_or("", |id| &id.as_str()[..18]),
        ));
    }
    let mut batches = Vec::new();
    for batch in client.batches(&sheaf_client::PageQuery::default()).await?.items {
        let batch = client.batch(&batch.id).await?;
        let tasks = batch.tasks.len();
        report.line(format!(
            "batch {} {:9} {:>3} statements, {tasks:>2} recursion proofs; closed because {}",
            batch.id.as_str(),
            batch.trust_tier,
            batch.size,
            batch.closed_because
        ));
        batches.push(json!(batch));
    }
    Ok(batches)
}

fn demo(reason: &str) -> Refusal {
    FileError::Demo { reason: reason.to_owned() }.into()
}

fn ensure(condition: bool, reason: impl FnOnce() -> String) -> Result<(), FileError> {
    if condition { Ok(()) } else { Err(FileError::Demo { reason: reason() }) }
}

//! `sheaf setup`: Groth16 keys, and ceremonies that make them.
//!
//! ```text
//! test-only ─────────────────────────────────────▶ key cache (TEST ONLY: local chains)
//! init ─▶ contribute ─▶ contribute ─▶ … ─▶ beacon ─▶ finish ─▶ key cache (the key to use)
//!                                            └─▶ verify, by anyone
//! ```
//!
//! Between the steps of a ceremony stands one [`ceremony`] file, which participants hand on.

pub(crate) mod ceremony;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sheaf_plonky2::Profile;
use sheaf_setup::hex::Hex;
use sheaf_setup::phase2::Source;
use sheaf_setup::provenance::LOCAL_CHAIN_IDS;
use sheaf_setup::{ConstraintSystem, KeyCache, Provenance, SetupKey, Transcript, verifying_key_digest};
use sheaf_wrap::Wrapper;
use sheaf_wrap::r1cs::Matrices;

use self::ceremony::Judged;
use crate::cli::args::{
    SetupBeaconArgs, SetupCircuitArgs, SetupCommand, SetupContributeArgs, SetupInitArgs, SetupTestOnlyArgs,
    SetupVerifyArgs,
};
use crate::cli::files;
use crate::cli::report::{Report, Stopwatch};
use crate::refusal::Refusal;
use crate::settling::keys::{self, Wanted};

/// Most bytes of entropy that are read.
const MAX_ENTROPY_BYTES: u64 = 64 << 20;

pub(crate) fn run(command: &SetupCommand, report: &Report) -> Result<(), Refusal> {
    match command {
        SetupCommand::Circuit(args) => circuit(args, report),
        SetupCommand::TestOnly(args) => test_only(args, report),
        SetupCommand::Init(args) => init(args, report),
        SetupCommand::Contribute(args) => contribute(args, report),
        SetupCommand::Beacon(args) => beacon(args, report),
        SetupCommand::Verify(args) => verify(args, report),
        SetupCommand::Finish(args) => finish(args, report),
    }
}

/// The Groth16 circuit of a profile, which is the pinned one.
fn constraints(profile: Profile, report: &Report) -> Result<Matrices, Refusal> {
    let system = built(profile, report)?;
    keys::check_circuit(profile, &system)?;
    Ok(system)
}

/// The Groth16 circuit of a profile as the code makes it. Half a minute of CPU.
fn built(profile: Profile, report: &Report) -> Result<Matrices, Refusal> {
    report.progress("building the last plonky2 circuit");
    let wrapper = Wrapper::new(&files::circuits().get(profile).shrink_verifier()?);
    report.progress("laying down the Groth16 circuit");
    Ok(wrapper.constraints()?)
}

fn circuit(args: &SetupCircuitArgs, report: &Report) -> Result<(), Refusal> {
    let Some(path) = &args.pin else {
        let system = built(args.profile.into(), report)?;
        report.done();
        let digest = Hex(system.digest());
        report.line(format!("circuit       {digest}"));
        report.line(format!("constraints   {}", system.num_constraints()));
        report.line(format!("powers        2^{} needed", ceremony::power(&system)));
        report.result(&json!({
            "circuit": digest,
            "constraints": system.num_constraints(),
            "power": ceremony::power(&system),
        }));
        return Ok(());
    };
    let mut pins = BTreeMap::new();
    for profile in Profile::ALL {
        let system = built(profile, report)?;
        let pin = json!({
            "circuit": hex::encode(system.digest()),
            "constraints": system.num_constraints(),
        });
        pins.insert(profile.name(), pin);
    }
    files::write_json(path, &pins)?;
    report.done();
    report.line(format!("pinned {} circuits in {}", pins.len(), path.display()));
    report.result(&json!({ "pinned": pins, "file": path }));
    Ok(())
}

fn test_only(args: &SetupTestOnlyArgs, report: &Report) -> Result<(), Refusal> {
    let stopwatch = Stopwatch::start();
    let cache = keys::shared_cache()?;
    let system = constraints(args.profile.into(), report)?;
    let made = make_test_only(&cache, &system, &|step| report.progress(step))?;
    report.done();
    let seconds = stopwatch.cpu_seconds();
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    report.line("TEST ONLY     the seed is public: everybody can forge proofs under this key");
    report.line(format!("circuit       {}", text("circuit")));
    report.line(format!("constraints   {}", made["constraints"]));
    report.line(format!("key digest    {}", text("key_digest")));
    report.line(format!("file          {}", text("file")));
    report.line(format!("CPU           {seconds:.1} s"));
    report.line(format!("chains        local ones ({}); any other is refused", local_chains()));
    let mut value = made;
    value["cpu_seconds"] = json!(seconds);
    report.result(&value);
    Ok(())
}

fn make_test_only(
    cache: &KeyCache,
    system: &dyn ConstraintSystem,
    progress: &dyn Fn(&str),
) -> Result<Value, Refusal> {
    let key = keys::ensure_test_only(cache, system, progress)?;
    Ok(json!({
        "label": "TEST ONLY",
        "provenance": key.provenance().name(),
        "circuit": Hex(key.circuit()),
        "constraints": system.num_constraints(),
        "key_digest": Hex(verifying_key_digest(key.verifying_key())),
        "file": cache.path(&key.circuit(), &key.provenance()),
        "chains": LOCAL_CHAIN_IDS,
    }))
}

fn local_chains() -> String {
    LOCAL_CHAIN_IDS.map(|id| id.to_string()).join(", ")
}

fn init(args: &SetupInitArgs, report: &Report) -> Result<(), Refusal> {
    let stopwatch = Stopwatch::start();
    files::must_be_new(&args.out)?;
    files::must_be_readable(&args.powers)?;
    let system = constraints(args.profile.into(), report)?;
    let transcript = ceremony::init(&args.powers, &system, &args.out, &|step| report.progress(step))?;
    report.done();
    if transcript.powers.test_only {
        report.line("TEST ONLY     the powers of tau are for tests: so is every key made from them");
    }
    report.line(format!("circuit       {}, {} constraints", transcript.circuit, system.num_constraints()));
    report.line(format!("powers        {} for 2^{} rows", transcript.powers.digest, transcript.powers.power));
    report.line(format!("initial key   {}", transcript.initial_key));
    report.line(format!("file          {}", args.out.display()));
    report.line("next          sheaf setup contribute, by several people who do not trust each other");
    report.result(&json!({
        "circuit": transcript.circuit,
        "constraints": system.num_constraints(),
        "powers": transcript.powers,
        "initial_key": transcript.initial_key,
        "hash": Hex(transcript.hash()),
        "file": args.out,
        "cpu_seconds": stopwatch.cpu_seconds(),
    }));
    Ok(())
}

fn contribute(args: &SetupContributeArgs, report: &Report) -> Result<(), Refusal> {
    let entropy = match &args.entropy_file {
        Some(path) => files::read(path, MAX_ENTROPY_BYTES)?,
        None => Vec::new(),
    };
    let progress = |step: &str| report.progress(step);
    let transcript = ceremony::extend(&args.ceremony, &args.out, &progress, |phase| {
        phase.contribute(&args.name, &entropy, &progress)
    })?;
    added(&transcript, &args.out, report);
    report.line(
        "publish       this hash, where you are known: a ceremony that verifies and has it has your secret",
    );
    Ok(())
}

fn beacon(args: &SetupBeaconArgs, report: &Report) -> Result<(), Refusal> {
    let progress = |step: &str| report.progress(step);
    let transcript = ceremony::extend(&args.ceremony, &args.out, &progress, |phase| {
        phase.beacon(&args.name, &args.value.0, args.iterations_log2, &progress)
    })?;
    added(&transcript, &args.out, report);
    report.line("next          sheaf setup verify, by anyone; sheaf setup finish, where the key is used");
    Ok(())
}

/// Reports the last contribution.
fn added(transcript: &Transcript, out: &Path, report: &Report) {
    report.done();
    let number = transcript.contributions.len();
    let Some(last) = transcript.contributions.last() else { return };
    report.line(format!("contribution  {number}, {:?}", last.name));
    report.line(format!("hash          {}", last.hash));
    report.line(format!("file          {}", out.display()));
    report.result(&json!({ "number": number, "name": last.name, "hash": last.hash, "file": out }));
}

fn verify(args: &SetupVerifyArgs, report: &Report) -> Result<(), Refusal> {
    let (judged, _) = judge(args, report)?;
    report.done();
    tell(&judged, report);
    report.result(&judged.to_json());
    Ok(())
}

fn finish(args: &SetupVerifyArgs, report: &Report) -> Result<(), Refusal> {
    let cache = keys::shared_cache()?;
    let (judged, key) = judge(args, report)?;
    let file = use_key(&cache, key, &|step| report.progress(step))?;
    report.done();
    tell(&judged, report);
    report.line(format!("file          {}", file.display()));
    report.line("this is the key that gateways and workers with this cache settle with");
    let mut value = judged.to_json();
    value["file"] = json!(file);
    report.result(&value);
    Ok(())
}

fn judge(args: &SetupVerifyArgs, report: &Report) -> Result<(Judged, SetupKey), Refusal> {
    let progress = |step: &str| report.progress(step);
    files::must_be_readable(&args.powers)?;
    let file = ceremony::open(&args.ceremony)?;
    // What takes no circuit first: a false contribution is found at once.
    progress("checking the transcript");
    file.transcript().check().map_err(|error| Refusal::from(error).of_file(&args.ceremony))?;
    let system = constraints(args.profile.into(), report)?;
    ceremony::judge(file, &args.powers, &system, &progress)
}

/// Stores the key, makes it the one to use, and reads it back.
fn use_key(cache: &KeyCache, key: SetupKey, progress: &dyn Fn(&str)) -> Result<PathBuf, Refusal> {
    let circuit = key.circuit();
    progress("writing the key");
    let file = keys::choose(cache, &key)?;
    drop(key);
    progress("reading the key back");
    keys::load(cache, &circuit, Wanted::Ceremony)?;
    Ok(file)
}

fn tell(judged: &Judged, report: &Report) {
    let Judged { transcript, verified } = judged;
    report.line(format!("circuit       {}", transcript.circuit));
    report.line(format!("powers        {} for 2^{} rows", transcript.powers.digest, transcript.powers.power));
    report.line(format!("initial key   {}", transcript.initial_key));
    for (index, contribution) in transcript.contributions.iter().enumerate() {
        let kind = match &contribution.source {
            Source::Participant => "participant".to_owned(),
            Source::Beacon(beacon) => {
                format!("beacon 0x{}, 2^{} times", hex::encode(&beacon.bytes), beacon.iterations_log2)
            }
        };
        // Quoted, because a name may hold what a terminal does not show.
        report.line(format!("{:>12}  {} {:?}, {kind}", index + 1, contribution.hash, contribution.name));
    }
    report.line(format!("key digest    {}", Hex(verified.verifying_key_digest)));
    let closed = if verified.beacon { "closed by a beacon" } else { "not closed by a beacon" };
    report.line(format!("verified      {} participants, {closed}", verified.participants));
    match verified.provenance {
        Provenance::Ceremony { .. } => report.line(
            "              safe if one of them was honest, and phase one was: `snarkjs powersoftau verify` checks that",
        ),
        Provenance::Unfinished { .. } => {
            report.line("UNFINISHED    nobody contributed: everybody can forge proofs under this key");
        }
        Provenance::TestOnly => {
            report.line("TEST ONLY     the powers of tau are for tests: somebody can forge proofs under this key");
        }
    }
}

//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sheaf_embedded::{InputVisibility, WeightVisibility};
use sheaf_plonky2::Profile;
use sheaf_setup::phase2::transcript::{MAX_BEACON_ITERATIONS_LOG2, MAX_BEACON_LEN, MAX_NAME_LEN};

/// Prove machine-learning inference, fold proofs into one, verify receipts.
#[derive(Debug, Parser)]
#[command(name = "sheaf", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work with models.
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Prove the inference of one input.
    Prove(ProveArgs),
    /// Fold proofs into one aggregate, with a receipt for each.
    Aggregate(AggregateArgs),
    /// Check receipts offline.
    Verify(VerifyArgs),
    /// Say what a file is and what it holds.
    Inspect(InspectArgs),
    /// Build the recursion circuits ahead of time, and show or pin their keys.
    Circuits(CircuitsArgs),
    /// Show what every layer is worth in bits.
    Security(SecurityArgs),
    /// Make and check the Groth16 keys that settling on a chain takes.
    Setup {
        #[command(subcommand)]
        command: SetupCommand,
    },
    /// Run the gateway: one HTTP API, its provers and workers, in one process tree.
    Serve(ServeArgs),
    /// Prove recursion tasks for a gateway.
    Worker(WorkerArgs),
    /// Work with a gateway's jobs.
    Job {
        #[command(subcommand)]
        command: JobCommand,
    },
    /// Check that a gateway, its provers and this machine are in order.
    Doctor(RemoteArgs),
    /// Go through the whole line with real models and samples, and try to cheat.
    Demo,
    /// Print a completion script.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Handles hostile bytes for another `sheaf` process.
    #[command(name = crate::sandbox::CHILD_COMMAND, hide = true)]
    SandboxChild,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Compile an ONNX model for proving.
    Compile(CompileArgs),
    /// Add an ONNX model to a gateway.
    Add(ModelAddArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Submit an inference to a gateway.
    Submit(JobSubmitArgs),
    /// Show a job.
    Show(JobShowArgs),
    /// Cancel a job.
    Cancel(JobShowArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SetupCommand {
    /// Show the circuit that keys are for, or pin it.
    Circuit(SetupCircuitArgs),
    /// Make a key from a public seed. TEST ONLY: everybody can forge proofs under it, so only local chains take it.
    TestOnly(SetupTestOnlyArgs),
    /// Begin a ceremony: the circuit's initial key, from powers of tau.
    Init(SetupInitArgs),
    /// Contribute a secret to a ceremony, and forget it.
    Contribute(SetupContributeArgs),
    /// End a ceremony with a public value that nobody could foresee.
    Beacon(SetupBeaconArgs),
    /// Verify a ceremony from powers of tau and the circuit alone, and print its transcript.
    Verify(SetupVerifyArgs),
    /// Verify a ceremony and make its key the one to settle with here.
    Finish(SetupVerifyArgs),
}

/// Which gateway, and as whom.
#[derive(Debug, Args)]
pub(crate) struct RemoteArgs {
    /// The gateway.
    #[arg(long, env = "SHEAF_URL", default_value = "http://127.0.0.1:7430")]
    pub(crate) url: String,
    /// The API key; better given as the variable, which other users cannot read.
    #[arg(long, env = "SHEAF_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Configuration file; gateway/sheaf.toml is the commented template.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:0 for any free port.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Worker processes that are started along.
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Requests a second that a key may send; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub(crate) rate_limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// The gateway.
    #[arg(long, env = "SHEAF_URL")]
    pub(crate) url: String,
    /// A key with the scope `work`; better given as the variable, which other users cannot read.
    #[arg(long, env = crate::workers::TOKEN_VARIABLE, hide_env_values = true)]
    pub(crate) token: String,
    /// The worker's name in batches.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// End when standard input ends.
    #[arg(long, hide = true)]
    pub(crate) attached: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelAddArgs {
    /// The ONNX file.
    pub(crate) model: PathBuf,
    /// A name for people; the file's by default.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Fixed-point scale: values are multiples of 2^-N.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) scale_bits: u32,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobSubmitArgs {
    /// The model's digest, as `sheaf model add` printed it.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) model: String,
    /// The input, as {"input_data": [[…]]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Fixed-point scale that the model was added with.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) scale_bits: u32,
    /// The most it may cost, in US dollars.
    #[arg(long, value_name = "USD")]
    pub(crate) max_price: Option<String>,
    /// How soon the receipt is needed, in seconds.
    #[arg(long, value_name = "S", default_value_t = 600)]
    pub(crate) deadline: u64,
    /// What to prefer among provers that qualify.
    #[arg(long, value_enum, default_value_t = ObjectiveArg::Balanced)]
    pub(crate) objective: ObjectiveArg,
    /// What the statement says about the input.
    #[arg(long, value_enum, default_value_t = InputArg::Public)]
    pub(crate) privacy: InputArg,
    /// What must stand behind the receipt at least.
    #[arg(long, value_enum, default_value_t = TierArg::Proven)]
    pub(crate) min_trust_tier: TierArg,
    /// Wait for the receipt, verify it here, and write it and its aggregate to a folder if --out is given.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Where to write receipt.json and aggregate.json.
    #[arg(long, value_name = "DIR", requires = "wait")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JobShowArgs {
    /// The job's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectiveArg {
    /// The least price.
    Cheapest,
    /// The earliest receipt.
    Fastest,
    /// Both, in proportion.
    Balanced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierArg {
    /// Nothing to trust but mathematics.
    Proven,
    /// The gateway's signed word that it verified a proof.
    Attested,
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The ONNX file.
    pub(crate) model: PathBuf,
    /// The program folder to write.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Fixed-point scale: values are multiples of 2^-N.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) scale_bits: u32,
    /// What statements say about the input.
    #[arg(long, value_enum, default_value_t = InputArg::Public)]
    pub(crate) input: InputArg,
    /// What the verifier key says about the weights; it binds them either way.
    #[arg(long, value_enum, default_value_t = WeightsArg::Public)]
    pub(crate) weights: WeightsArg,
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The program folder that `sheaf model compile` wrote.
    #[arg(long, value_name = "DIR")]
    pub(crate) program: PathBuf,
    /// The input, as {"input_data": [[…]]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// The proof document to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AggregateArgs {
    /// Proof documents, of any programs of one profile.
    #[arg(required = true, value_name = "PROOF")]
    pub(crate) proofs: Vec<PathBuf>,
    /// The folder to write aggregate.json and receipts/ to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Receipts.
    #[arg(required = true, value_name = "RECEIPT")]
    pub(crate) receipts: Vec<PathBuf>,
    /// The aggregate; by default aggregate.json beside the receipt or in the folder above.
    #[arg(long, value_name = "FILE")]
    pub(crate) aggregate: Option<PathBuf>,
    /// The program that the receipts must be for: its folder, or its key.json.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) program: Option<PathBuf>,
    /// JSON-RPC endpoints of a chain, to ask whether the statements are proven there. Needs a settlement document
    /// (GET /v1/receipts/{id}/settlement) for each receipt: RECEIPT with .settlement.json in place of .json.
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub(crate) rpc: Vec<String>,
    /// The batch registry to ask. Without it, the one that the settlement document names is asked, and shown.
    #[arg(long, value_name = "ADDRESS", requires = "rpc")]
    pub(crate) registry: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// An ONNX model, a program folder, or any document of Sheaf's.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CircuitsArgs {
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
    /// Write the pins of both profiles to this file (aggregator/src/pins/pins.json of the source tree).
    #[arg(long, value_name = "FILE")]
    pub(crate) pin: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SetupCircuitArgs {
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
    /// Write the pins of both profiles to this file (aggregator/wrap/src/pins.json of the source tree).
    #[arg(long, value_name = "FILE")]
    pub(crate) pin: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SetupTestOnlyArgs {
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
}

#[derive(Debug, Args)]
pub(crate) struct SetupInitArgs {
    /// Powers of tau, prepared for phase 2 at the circuit's very size (snarkjs powersoftau prepare phase2).
    #[arg(long, value_name = "FILE.ptau")]
    pub(crate) powers: PathBuf,
    /// The ceremony file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
}

#[derive(Debug, Args)]
pub(crate) struct SetupContributeArgs {
    /// The ceremony file of whoever was before you.
    #[arg(value_name = "CEREMONY")]
    pub(crate) ceremony: PathBuf,
    /// The ceremony file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What you are called in the transcript.
    #[arg(long, short, value_parser = participant)]
    pub(crate) name: String,
    /// Bytes to mix into the operating system's randomness, such as a photograph or throws of dice.
    #[arg(long, value_name = "FILE")]
    pub(crate) entropy_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SetupBeaconArgs {
    /// The ceremony file.
    #[arg(value_name = "CEREMONY")]
    pub(crate) ceremony: PathBuf,
    /// The public value, 1 to 256 bytes in hexadecimal: a block hash, a lottery draw.
    #[arg(long, value_name = "HEX", value_parser = beacon_value)]
    pub(crate) value: BeaconValue,
    /// The value is hashed 2^N times.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=i64::from(MAX_BEACON_ITERATIONS_LOG2)))]
    pub(crate) iterations_log2: u8,
    /// What the beacon is called in the transcript, such as the block that it is the hash of.
    #[arg(long, short, default_value = "beacon", value_parser = participant)]
    pub(crate) name: String,
    /// The ceremony file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SetupVerifyArgs {
    /// The ceremony file.
    #[arg(value_name = "CEREMONY")]
    pub(crate) ceremony: PathBuf,
    /// The powers of tau that it builds on, from where you trust.
    #[arg(long, value_name = "FILE.ptau")]
    pub(crate) powers: PathBuf,
    /// Security profile.
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard)]
    pub(crate) profile: ProfileArg,
}

/// Bytes of a beacon.
#[derive(Debug, Clone)]
pub(crate) struct BeaconValue(pub(crate) Vec<u8>);

fn beacon_value(text: &str) -> Result<BeaconValue, String> {
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| error.to_string())?;
    if (1..=MAX_BEACON_LEN).contains(&bytes.len()) {
        Ok(BeaconValue(bytes))
    } else {
        Err(format!("expected 1 to {MAX_BEACON_LEN} bytes, got {}", bytes.len()))
    }
}

fn participant(text: &str) -> Result<String, String> {
    if (1..=MAX_NAME_LEN).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected 1 to {MAX_NAME_LEN} bytes without control characters"))
    }
}

#[derive(Debug, Args)]
pub(crate) struct SecurityArgs {
    /// Security profile; both by default.
    #[arg(long, value_enum)]
    pub(crate) profile: Option<ProfileArg>,
    /// Show every error term of every layer.
    #[arg(long)]
    pub(crate) terms: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputArg {
    /// The values are part of the statement.
    Public,
    /// Nothing; proofs are blinded.
    Private,
    /// A salted commitment; proofs are blinded.
    Committed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeightsArg {
    /// Constants of the circuit.
    Public,
    /// A salted commitment; proofs are blinded.
    Private,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileArg {
    /// 100 bits under plonky2's own conjecture.
    Standard,
    /// Queries counted at the Johnson radius, without conjecture.
    Provable,
}

impl From<InputArg> for InputVisibility {
    fn from(arg: InputArg) -> Self {
        match arg {
            InputArg::Public => InputVisibility::Public,
            InputArg::Private => InputVisibility::Private,
            InputArg::Committed => InputVisibility::Committed,
        }
    }
}

impl From<WeightsArg> for WeightVisibility {
    fn from(arg: WeightsArg) -> Self {
        match arg {
            WeightsArg::Public => WeightVisibility::Public,
            WeightsArg::Private => WeightVisibility::Private,
        }
    }
}

impl From<ProfileArg> for Profile {
    fn from(arg: ProfileArg) -> Self {
        match arg {
            ProfileArg::Standard => Profile::Standard,
            ProfileArg::Provable => Profile::Provable,
        }
    }
}

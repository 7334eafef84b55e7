//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sheaf_embedded::{InputVisibility, WeightVisibility};
use sheaf_plonky2::Profile;

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

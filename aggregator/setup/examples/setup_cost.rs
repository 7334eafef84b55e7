//! What setups cost: CPU-seconds and memory of each step, for a synthetic circuit of a given size.
//!
//! ```text
//! cargo run --release -p sheaf-setup --example setup_cost -- single 131072
//! cargo run --release -p sheaf-setup --example setup_cost -- ceremony 131072
//! ```
//! `single`: a key from a seed, written to a file and read back. `ceremony`: powers of tau (from a seed, for tests), the
//! initial key, a contribution, verification.
#![allow(clippy::print_stdout, reason = "it prints")]

use std::time::Instant;

use ark_bn254::Fr;
use ark_ff::{Field, One};
use cpu_time::ProcessTime;
use sheaf_setup::phase2::{verify, verify_from};
use sheaf_setup::{
    ConstraintSystem, KeyFile, Matrix, Phase2, PointChecks, PowersOfTau, SetupError, SetupKey, single_party,
};

/// Of ten rows six are boolean, three are products of short rows, and one has twenty large coefficients on the left.
/// Nothing is stored. Nobody has to satisfy it.
struct Synthetic {
    constraints: usize,
    large: Vec<Fr>,
}

const DENSE: u64 = 20;

impl Synthetic {
    fn new(constraints: usize) -> Self {
        let large = (2..34u64).map(|n| Fr::from(n).pow([1_000_003])).collect();
        Self { constraints, large }
    }

    /// A number that depends on row and place alone (splitmix64).
    fn mix(row: usize, place: u64) -> u64 {
        let mut z = (row as u64).wrapping_mul(64).wrapping_add(place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn variable(&self, row: usize, place: u64) -> usize {
        // Below the number of variables, so the cast loses nothing.
        (Self::mix(row, place) % (self.constraints as u64 + 3)) as usize
    }

    fn coefficient(&self, row: usize, place: u64) -> Fr {
        self.large[(Self::mix(row, place + 32) % 32) as usize]
    }
}

impl ConstraintSystem for Synthetic {
    fn num_instance(&self) -> usize {
        3
    }

    fn num_witness(&self) -> usize {
        self.constraints
    }

    fn num_constraints(&self) -> usize {
        self.constraints
    }

    fn for_each(&self, matrix: Matrix, visit: &mut dyn FnMut(usize, usize, Fr)) {
        for row in 0..self.constraints {
            // The variable that the row is about.
            let own = row + 3;
            match (row % 10, matrix) {
                (0..6, Matrix::A) => visit(row, own, Fr::one()),
                (0..6, Matrix::B) => {
                    visit(row, own, Fr::one());
                    visit(row, 0, -Fr::one());
                }
                (0..6, Matrix::C) => (),
                (6..9, Matrix::A | Matrix::B) => {
                    let first = if matrix == Matrix::A { 0 } else { 8 };
                    for place in first..first + 3 {
                        visit(row, self.variable(row, place), Fr::from(Self::mix(row, place) >> 40));
                    }
                }
                (_, Matrix::A) => {
                    for place in 0..DENSE {
                        visit(row, self.variable(row, place), self.coefficient(row, place));
                    }
                }
                (_, Matrix::B) => visit(row, 0, Fr::one()),
                (_, Matrix::C) => visit(row, own, Fr::one()),
            }
        }
    }
}

/// Runs a step and prints its costs.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T, SetupError>) -> Result<T, SetupError> {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let result = work()?;
    println!(
        "{name:<24} {:>8.1} CPU-s {:>8.1} s   peak so far {} MiB",
        cpu.elapsed().as_secs_f64(),
        wall.elapsed().as_secs_f64(),
        peak_mib().map_or("?".to_owned(), |mib| mib.to_string())
    );
    Ok(result)
}

/// Peak resident memory, where the system says.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}

fn file(key: &SetupKey) -> Result<(), SetupError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("key");
    let header = step("write", || KeyFile::save(key, &path))?;
    println!("{:<24} {:>8} MiB", "file", std::fs::metadata(&path)?.len() >> 20);
    step("read, known checksum", || KeyFile::open(&path, PointChecks::SkipFor(header.checksum)))?;
    step("read, every point", || KeyFile::open(&path, PointChecks::All))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_else(|| "single".to_owned());
    let constraints = arguments.next().map_or(Ok(1 << 16), |text| text.parse())?;
    let system = Synthetic::new(constraints);
    let quiet: &dyn Fn(&str) = &|_| ();
    println!("{mode}, {constraints} constraints");
    step("digest of the circuit", || Ok(system.digest()))?;
    match mode.as_str() {
        "single" => {
            let key = step("key", || single_party(&system, b"setup_cost", quiet))?;
            file(&key)?;
        }
        "ceremony" => {
            let power = (constraints + system.num_instance()).next_power_of_two().ilog2();
            let powers = step("powers of tau, prepared", || PowersOfTau::test_only(power, b"setup_cost"))?;
            let mut phase = step("initial key", || Phase2::new(&powers, &system, quiet))?;
            let initial = phase.clone().into_parts().0;
            step("contribution", || phase.contribute("somebody", b"", quiet))?;
            let (key, transcript) = phase.into_parts();
            step("verify from initial key", || {
                verify_from(&transcript, initial.proving_key(), key.proving_key(), quiet)
            })?;
            step("verify from powers", || verify(&transcript, &powers, &system, key.proving_key(), quiet))?;
            let path = tempfile::NamedTempFile::new()?;
            step("write powers", || powers.write(std::io::BufWriter::new(path.as_file())))?;
            let unprepared = step("read powers", || PowersOfTau::open(path.path(), None, quiet))?;
            if power <= 16 {
                step("initial key, unprepared", || Phase2::new(&unprepared, &system, quiet))?;
            }
        }
        other => return Err(format!("unknown mode {other}: expected single or ceremony").into()),
    }
    Ok(())
}

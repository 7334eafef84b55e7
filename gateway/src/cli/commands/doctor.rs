//! `sheaf doctor`: whether a gateway, its provers and this machine are in order.

use serde_json::json;

use super::remote::client;
use super::serve::runtime;
use crate::cli::args::RemoteArgs;
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::{FileError, Refusal};
use crate::sandbox;

/// One check: what was looked at, and what is wrong with it or what was found.
struct Check {
    what: &'static str,
    found: Result<String, String>,
}

pub(crate) fn run(args: &RemoteArgs, report: &Report) -> Result<(), Refusal> {
    let mut checks = vec![sandbox_works(), circuits_kept()];
    checks.extend(gateway(args)?);
    let mut failed = Vec::new();
    for check in &checks {
        let (mark, text) = match &check.found {
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        report.line(format!("{mark} {:10} {text}", check.what));
        if let Err(text) = &check.found {
            failed.push(format!("{}: {text}", check.what));
        }
    }
    let rows: Vec<_> = checks
        .iter()
        .map(|check| {
            let text = match &check.found {
                Ok(text) | Err(text) => text,
            };
            json!({ "check": check.what, "ok": check.found.is_ok(), "found": text })
        })
        .collect();
    match failed.first() {
        None => {
            report.result(&json!({ "ok": true, "checks": rows }));
            Ok(())
        }
        Some(first) => {
            let (failed, checks, first) = (failed.len(), checks.len(), first.clone());
            Err(FileError::Unwell { failed, checks, first }.into())
        }
    }
}

/// A sandboxed process starts, and says no to nonsense by its code.
fn sandbox_works() -> Check {
    let found = match sandbox::compile_onnx(b"not a model".to_vec(), 12) {
        Err(refusal) if refusal.code.starts_with("SH-ONX") => {
            Ok("hostile bytes are refused in a child".to_owned())
        }
        Err(refusal) => Err(format!("[{}] {}", refusal.code, refusal.message)),
        Ok(_) => Err("nonsense was taken for a model".to_owned()),
    };
    Check { what: "sandbox", found }
}

/// The folder of built circuits can be written.
fn circuits_kept() -> Check {
    let found = match files::cache_folder() {
        None => Err("no folder to keep circuits in: set SHEAF_CACHE_DIR".to_owned()),
        Some(folder) => std::fs::create_dir_all(&folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(&folder))
            .map(|_| format!("circuits are kept in {}", folder.display()))
            .map_err(|error| format!("{}: {error}", folder.display())),
    };
    Check { what: "circuits", found }
}

fn gateway(args: &RemoteArgs) -> Result<Vec<Check>, Refusal> {
    let client = client(args)?;
    runtime()?.block_on(async {
        let ready = match client.ready().await {
            Ok(true) => Ok(format!("{} is ready", args.url)),
            Ok(false) => Err(format!("{} is not ready", args.url)),
            Err(error) => Err(format!("{}: {}", args.url, Refusal::new(&error).message)),
        };
        let mut checks = vec![Check { what: "gateway", found: ready }];
        if checks[0].found.is_err() {
            return Ok(checks);
        }
        if args.key.is_none() {
            let found = Err("no key: set SHEAF_KEY or pass --key".to_owned());
            checks.push(Check { what: "key", found });
            return Ok(checks);
        }
        match client.provers().await {
            Ok(provers) => {
                checks.push(Check { what: "key", found: Ok("the key can read".to_owned()) });
                for prover in provers {
                    let text = format!("{} is {}", prover.id, prover.status);
                    let reason = prover.quarantine_reason.unwrap_or_default();
                    let found =
                        if prover.status == "ready" { Ok(text) } else { Err(format!("{text}: {reason}")) };
                    checks.push(Check { what: "prover", found });
                }
            }
            Err(error) => {
                let refusal = Refusal::new(&error);
                let found = Err(format!("[{}] {}", refusal.code, refusal.message));
                checks.push(Check { what: "key", found });
            }
        }
        Ok(checks)
    })
}

//! Models compiled by provers, when first needed, and kept.

use std::sync::Arc;

use sheaf_adapter::{AdapterError, ErrorKind, Prover};
use sheaf_statement::InputVisibility;

use super::guard::guarded;
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{ModelRow, ProgramOutcome, ProgramRow};

/// Why there is no program.
#[derive(Debug)]
pub(crate) enum NoProgram {
    /// The prover has none to give.
    Prover(AdapterError),
    /// The gateway failed.
    Gateway(Refusal),
}

/// The program of a model at a prover, compiled now if need be. Refusals are kept too.
pub(crate) async fn ensure(
    app: &App,
    model: &ModelRow,
    visibility: InputVisibility,
    prover: &Prover,
) -> Result<ProgramRow, NoProgram> {
    if let Some(row) = known(app, model, visibility, prover).await? {
        return Ok(row);
    }
    let id = &prover.descriptor().id;
    let standing = app.standings.get(id);
    let _turn = match standing {
        Some(standing) => Some(standing.compiling.lock().await),
        None => None,
    };
    // Whoever had the turn before may have compiled the same.
    if let Some(row) = known(app, model, visibility, prover).await? {
        return Ok(row);
    }
    let quantised = app.models.get(&app.blobs, model).await.map_err(NoProgram::Gateway)?;
    let outcome = match guarded(prover.adapter().compile(Arc::clone(&quantised), visibility)).await {
        Ok(program) => {
            let key_blob = app.blobs.put(program.key).await.map_err(gateway)?;
            let package_blob = app.blobs.put(program.package).await.map_err(gateway)?;
            tracing::info!(prover = %id, vk = %program.vk, size = %program.size, "compiled a program");
            ProgramOutcome::Compiled {
                vk: program.vk,
                key_blob,
                package_blob,
                size: program.size,
                estimate: program.estimate,
            }
        }
        Err(error) if error.kind == ErrorKind::Unsupported => {
            ProgramOutcome::Refused { code: error.code, reason: error.message }
        }
        Err(error) => return Err(NoProgram::Prover(error)),
    };
    let row = ProgramRow {
        model: model.key,
        visibility,
        prover: id.clone(),
        prover_version: prover.descriptor().version.clone(),
        outcome,
    };
    app.store.add_program(row).await.map_err(gateway)?;
    match known(app, model, visibility, prover).await? {
        Some(row) => Ok(row),
        None => Err(NoProgram::Gateway(Refusal {
            code: "SH-INT-000".to_owned(),
            message: "a program was stored and is not there".to_owned(),
        })),
    }
}

async fn known(
    app: &App,
    model: &ModelRow,
    visibility: InputVisibility,
    prover: &Prover,
) -> Result<Option<ProgramRow>, NoProgram> {
    let rows = app.store.programs(model.key).await.map_err(gateway)?;
    Ok(find(&rows, visibility, prover).cloned())
}

/// The program among a model's that this version of a prover compiled.
pub(crate) fn find<'a>(
    rows: &'a [ProgramRow],
    visibility: InputVisibility,
    prover: &Prover,
) -> Option<&'a ProgramRow> {
    let descriptor = prover.descriptor();
    rows.iter().find(|row| {
        row.visibility == visibility
            && row.prover == descriptor.id
            && row.prover_version == descriptor.version
    })
}

fn gateway(error: crate::store::StoreError) -> NoProgram {
    NoProgram::Gateway(Refusal::new(&error))
}

//! What the store promises of settlements and postings.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use sheaf_settlement::poster::conformance;
use sheaf_settlement::poster::{
    Attempt, Fate, Intent, PosterStore, PostingKey, PostingState, StoreError as PosterStoreError,
};
use sheaf_statement::TrustTier;
use sqlx::migrate::{Migration, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::SqliteStore;
use super::settlements::UNSETTLED;
use super::tasks::LEASE;
use super::tests::{LEASE_MS, batch, finished, open, statement, verified};
use crate::ids::{BatchId, TaskId};
use crate::store::{BatchStore, NewBatch, NewSettlement, NewTask, SettlementStore, StoreError, TaskStore};

const SIGNER: Address = Address::repeat_byte(0x51);

fn task(position: u32, kind: &'static str, children: &[u32]) -> NewTask {
    NewTask { id: TaskId::new(), position, kind, children: children.to_vec(), members: Vec::new() }
}

fn settlement(batch: BatchId, position: u32) -> NewSettlement {
    NewSettlement {
        batch,
        document: "{\"leaves\":[]}".to_owned(),
        root: B256::repeat_byte(1).to_string(),
        task: task(position, "settle", &[]),
        created_ms: crate::clock::now_ms(),
    }
}

/// A batch of one statement, with one task, which nobody has done.
async fn opened(store: &SqliteStore, n: u64) -> BatchId {
    verified(store, n).await;
    let new = batch(&[statement(n).id()], vec![task(0, "root", &[])]);
    let id = new.id;
    store.open_batch(new).await.unwrap();
    id
}

/// A batch that has its receipts.
async fn aggregated(store: &SqliteStore, n: u64) -> BatchId {
    let id = opened(store, n).await;
    let leased = store.lease_task("w", "root", LEASE_MS).await.unwrap().unwrap();
    assert_eq!(leased.batch, id);
    assert!(store.finish_task(leased.id, "root", "proof", None).await.unwrap());
    store.finish_batch(finished(id, &[statement(n).id()])).await.unwrap();
    id
}

fn intent(n: u8) -> Intent {
    let batch = Bytes::from(vec![n; 100]);
    Intent {
        key: PostingKey { chain: "a-chain".parse().unwrap(), root: B256::repeat_byte(n) },
        chain_id: 1,
        registry: Address::repeat_byte(2),
        size: 3,
        selector: [4; 4],
        batch_digest: keccak256(&batch),
        batch,
        deadline_ms: None,
        created_at_ms: 5,
    }
}

fn attempt(key: &PostingKey, n: u8) -> Attempt {
    Attempt {
        key: key.clone(),
        signer: SIGNER,
        nonce: 7,
        transaction: B256::repeat_byte(n),
        raw: Bytes::from(vec![n; 50]),
        gas_limit: 1_000_000,
        max_fee_wei: 9,
        max_tip_wei: 1,
        signed_at_ms: u64::from(n),
        fate: Fate::Pending,
    }
}

/// Runs SQL that no gateway runs.
async fn meddle(store: &SqliteStore, sql: &'static str) {
    store.writer.run(move |connection| Box::pin(super::writer::execute(connection, sql))).await.unwrap();
}

#[tokio::test]
async fn it_keeps_what_a_poster_needs() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    conformance::check(&store).await.unwrap();
    assert!(matches!(conformance::check(&store).await, Err(conformance::Violation::Broken { .. })));
}

#[tokio::test]
async fn postings_are_there_after_a_restart_and_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    {
        let store = open(folder.path()).await;
        conformance::fill(&store).await.unwrap();
        // As the disk is now, before anything is closed in order.
        for name in ["sheaf.db", "sheaf.db-wal"] {
            fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
        }
    }
    for folder in [folder.path(), crashed.path()] {
        conformance::check_filled(&open(folder).await).await.unwrap();
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(
        conformance::check_filled(&open(empty.path()).await).await.is_err(),
        "the check finds everything"
    );
}

#[tokio::test]
async fn of_writers_that_know_one_revision_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let intent = intent(1);
    store.submit(&intent).await.unwrap();
    let writing: Vec<_> = (0..40u8)
        .map(|n| {
            let (store, attempt) = (Arc::clone(&store), attempt(&intent.key, n));
            tokio::spawn(async move { (n, store.record_attempt(0, &attempt).await) })
        })
        .collect();
    let mut won = Vec::new();
    for written in writing {
        match written.await.unwrap() {
            (n, Ok(revision)) => won.push((n, revision)),
            (_, Err(error)) => assert!(matches!(error, PosterStoreError::Stale { expected: 0, got: 1, .. })),
        }
    }
    let [(n, 1)] = won[..] else { panic!("one wins: {won:?}") };
    assert_eq!(
        store.attempts(&intent.key).await.unwrap(),
        [attempt(&intent.key, n)],
        "and leaves its own alone"
    );
}

#[tokio::test]
async fn a_transaction_that_cannot_be_kept_does_not_move_its_posting() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let before = store.submit(&intent(1)).await.unwrap();
    let key = &before.intent.key;
    let full = "CREATE TRIGGER full BEFORE INSERT ON posting_attempts \
                BEGIN SELECT RAISE(ABORT, 'disk is full'); END";
    meddle(&store, full).await;
    let error = store.record_attempt(0, &attempt(key, 1)).await.unwrap_err();
    assert!(matches!(error, PosterStoreError::Failed(_)), "{error}");
    assert_eq!(store.posting(key).await.unwrap().as_ref(), Some(&before), "it is sent without a transaction");
    meddle(&store, "DROP TRIGGER full").await;
    assert_eq!(store.record_attempt(0, &attempt(key, 1)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_transaction_that_is_signed_twice_is_kept_once_and_pending_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let posting = store.submit(&intent(1)).await.unwrap();
    let key = &posting.intent.key;
    let first = attempt(key, 1);
    store.record_attempt(0, &first).await.unwrap();
    let reverted = Fate::Mined { block: 1, success: false, gas_used: 2, price_wei: 3, seen_at_ms: 4 };
    store.set_fate(&key.chain, first.transaction, &reverted).await.unwrap();
    assert_eq!(store.mined_since(&key.chain, SIGNER, 0).await.unwrap().len(), 1);
    // Its block goes away, and the same terms come about once more.
    let again = Attempt { signed_at_ms: 9, ..first };
    assert_eq!(store.record_attempt(1, &again).await.unwrap(), 2);
    assert_eq!(store.attempts(key).await.unwrap(), [again]);
    assert!(store.mined_since(&key.chain, SIGNER, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_chain_counts_comes_back_whole_however_large() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let large = Intent { chain_id: u64::MAX, ..intent(1) };
    assert_eq!(store.submit(&large).await.unwrap().intent, large);
    let (key, max) = (&large.key, u64::MAX);
    let sent = Attempt { nonce: max, gas_limit: max, max_fee_wei: u128::MAX, ..attempt(key, 1) };
    store.record_attempt(0, &sent).await.unwrap();
    let fate = Fate::Mined { block: max, success: false, gas_used: max, price_wei: u128::MAX, seen_at_ms: 1 };
    store.set_fate(&key.chain, sent.transaction, &fate).await.unwrap();
    let posting = store.posting(key).await.unwrap().unwrap();
    assert_eq!(posting.state, PostingState::Sent { nonce: max });
    assert_eq!(store.attempts(key).await.unwrap(), [Attempt { fate, ..sent }]);
}

#[tokio::test]
async fn a_row_that_was_damaged_is_told_and_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let posting = store.submit(&intent(1)).await.unwrap();
    let key = &posting.intent.key;
    store.record_attempt(0, &attempt(key, 1)).await.unwrap();
    meddle(&store, "UPDATE posting_attempts SET fate = 'lost'").await;
    assert!(matches!(store.attempts(key).await, Err(PosterStoreError::Failed(_))));
    meddle(&store, "UPDATE postings SET state = '{\"state\":\"sent\"}'").await;
    assert!(matches!(store.posting(key).await, Err(PosterStoreError::Failed(_))));
    assert!(matches!(store.submit(&intent(1)).await, Err(PosterStoreError::Failed(_))));
}

#[tokio::test]
async fn a_batch_is_settled_once_and_only_when_it_has_its_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = aggregated(&store, 1).await;
    let proving = opened(&store, 2).await;
    verified(&store, 3).await;
    let attested = NewBatch { tier: TrustTier::Attested, ..batch(&[statement(3).id()], Vec::new()) };
    let signed = attested.id;
    store.open_batch(attested).await.unwrap();
    store.finish_batch(finished(signed, &[statement(3).id()])).await.unwrap();

    assert_eq!(store.unsettled_batches().await.unwrap(), [id]);
    for other in [proving, signed, BatchId::new()] {
        assert!(!store.open_settlement(settlement(other, 1)).await.unwrap(), "it is not for chains");
        assert_eq!(store.settlement(other).await.unwrap(), None);
        assert!(store.settling_task(other).await.unwrap().is_none());
    }
    // A position that is taken: neither the settlement nor its task is there.
    let taken = store.open_settlement(settlement(id, 0)).await;
    assert!(matches!(taken, Err(StoreError::Database { .. })));
    assert_eq!(store.settlement(id).await.unwrap(), None);
    assert_eq!(store.unsettled_batches().await.unwrap(), [id]);

    let new = settlement(id, 1);
    assert!(store.open_settlement(new.clone()).await.unwrap());
    assert!(!store.open_settlement(settlement(id, 2)).await.unwrap(), "it is settled twice");
    assert!(store.unsettled_batches().await.unwrap().is_empty());
    let row = store.settlement(id).await.unwrap().unwrap();
    assert_eq!((row.batch, row.phase.as_str(), &row.document), (id, "proving", &new.document));
    assert_eq!(
        (row.root.as_ref(), row.created_ms, row.updated_ms),
        (Some(&new.root), new.created_ms, new.created_ms)
    );
    assert_eq!((row.proof_blob, row.failure), (None, None));
    let task = store.settling_task(id).await.unwrap().unwrap();
    assert_eq!(
        (task.id, task.position, task.kind.as_str(), task.phase.as_str()),
        (new.task.id, 1, "settle", "ready")
    );
}

#[tokio::test]
async fn of_many_that_open_one_settlement_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let id = aggregated(&store, 1).await;
    let opening: Vec<_> = (1..30)
        .map(|position| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.open_settlement(settlement(id, position)).await.unwrap() })
        })
        .collect();
    let mut opened = 0;
    for task in opening {
        opened += u32::from(task.await.unwrap());
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn the_task_that_settles_a_batch_is_leased_like_others_and_is_none_of_the_batchs_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = aggregated(&store, 1).await;
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none());
    let new = settlement(id, 1);
    let task = new.task.id;
    assert!(store.open_settlement(new).await.unwrap());
    // The root is the last of these, in whose proof the batch's receipts are.
    let own = store.tasks(id).await.unwrap();
    assert_eq!(own.iter().map(|task| task.kind.as_str()).collect::<Vec<_>>(), ["root"]);

    let lost = store.lease_task("w1", "t1", 0).await.unwrap().unwrap();
    let leased = store.lease_task("w2", "t2", LEASE_MS).await.unwrap().unwrap();
    assert_eq!((lost.id, leased.id, leased.kind.as_str(), leased.tries), (task, task, "settle", 2));
    assert!(!store.finish_task(task, "t1", "blob", None).await.unwrap(), "a lost lease ends it");
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none(), "it is leased twice");
    assert!(store.renew_task(task, "t2", LEASE_MS).await.unwrap());
    assert!(store.return_task(task, "t2").await.unwrap());
    assert!(store.lease_task("w3", "t3", LEASE_MS).await.unwrap().is_some());
    assert!(store.finish_task(task, "t3", "blob", Some(1)).await.unwrap());
    let done = store.settling_task(id).await.unwrap().unwrap();
    assert_eq!((done.phase.as_str(), done.output_blob.as_deref()), ("done", Some("blob")));
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batchs_own_task_is_not_leased_when_the_batch_has_its_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = opened(&store, 1).await;
    store.finish_batch(finished(id, &[statement(1).id()])).await.unwrap();
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none());
}

#[tokio::test]
async fn a_settlement_goes_from_phase_to_phase_and_never_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut ids = [aggregated(&store, 1).await, aggregated(&store, 2).await];
    ids.sort_unstable();
    let [first, second] = ids;
    assert!(!store.settlement_proven(first, "proof").await.unwrap(), "there is none");
    assert!(!store.settlement_failed(first, "{}").await.unwrap(), "there is none");
    for id in [second, first] {
        assert!(store.open_settlement(settlement(id, 1)).await.unwrap());
    }
    let of = async |phase: &str| {
        let rows = store.settlements_in(phase).await.unwrap();
        rows.into_iter().map(|row| row.batch).collect::<Vec<_>>()
    };
    assert_eq!(of("proving").await, [first, second], "oldest batch first");

    // A worker has the task of the first, which fails: nobody gets it any more, and the worker's proof is late.
    let leased = store.lease_task("w", "t", LEASE_MS).await.unwrap().unwrap();
    assert_eq!(leased.batch, first);
    assert!(store.settlement_failed(first, "{\"code\":\"SH-TST-001\"}").await.unwrap());
    assert!(!store.settlement_failed(first, "{}").await.unwrap(), "it fails twice");
    assert!(!store.settlement_proven(first, "proof").await.unwrap(), "what failed is posted");
    assert!(!store.finish_task(leased.id, "t", "blob", None).await.unwrap());
    assert!(store.settling_task(first).await.unwrap().is_none());
    assert!(!store.open_settlement(settlement(first, 1)).await.unwrap(), "it is begun anew by itself");
    assert!(store.unsettled_batches().await.unwrap().is_empty());

    let leased = store.lease_task("w", "t", LEASE_MS).await.unwrap().unwrap();
    assert_eq!(leased.batch, second);
    assert!(store.finish_task(leased.id, "t", "blob", None).await.unwrap());
    assert!(store.settlement_proven(second, "proof").await.unwrap());
    assert!(!store.settlement_proven(second, "other").await.unwrap(), "it is proven twice");
    assert_eq!(
        (of("proving").await, of("posting").await, of("failed").await),
        (vec![], vec![second], vec![first])
    );
    let row = store.settlement(second).await.unwrap().unwrap();
    assert_eq!(row.proof_blob.as_deref(), Some("proof"));
    let row = store.settlement(first).await.unwrap().unwrap();
    assert_eq!(row.failure.as_deref(), Some("{\"code\":\"SH-TST-001\"}"));

    // What is proven can still fail, and keeps what was done for it.
    assert!(store.settlement_failed(second, "{}").await.unwrap());
    assert!(store.settling_task(second).await.unwrap().is_some());
    assert_eq!(of("failed").await, [first, second]);
}

#[tokio::test]
async fn settlements_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (id, waiting, row) = {
        let store = open(folder.path()).await;
        let (id, waiting) = (aggregated(&store, 1).await, aggregated(&store, 2).await);
        store.open_settlement(settlement(id, 1)).await.unwrap();
        store.settlement_proven(id, "proof").await.unwrap();
        (id, waiting, store.settlement(id).await.unwrap().unwrap())
    };
    let store = open(folder.path()).await;
    assert_eq!(store.settlements_in("posting").await.unwrap(), [row]);
    assert_eq!(store.unsettled_batches().await.unwrap(), [waiting]);
    assert_eq!(store.lease_task("w", "t", LEASE_MS).await.unwrap().unwrap().batch, id);
}

/// How SQLite goes about a query.
async fn plan(store: &SqliteStore, sql: &str) -> String {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(&store.readers)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_asked_all_the_time_reads_no_more_than_it_finds() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let lease = plan(&store, LEASE).await;
    assert!(lease.contains("SEARCH t USING INDEX tasks_open (phase=?)"), "{lease}");
    assert!(lease.contains("SEARCH b USING INDEX sqlite_autoindex_batches_1 (id=?)"), "{lease}");
    assert!(!lease.contains("SCAN"), "{lease}");
    let unsettled = plan(&store, UNSETTLED).await;
    // The index holds these batches alone, in order.
    assert!(unsettled.contains("INDEX batches_unsettled") && !unsettled.contains("ORDER BY"), "{unsettled}");
}

/// A database as the release before settlement left it.
async fn before_settlement(folder: &Path, rows: &[(BatchId, &str, &str)]) {
    let file = folder.join("sheaf.db");
    let mut connection =
        SqliteConnectOptions::new().filename(&file).create_if_missing(true).connect().await.unwrap();
    let all = sqlx::migrate!("src/store/migrations");
    let first: Vec<Migration> = all.iter().filter(|migration| migration.version == 1).cloned().collect();
    Migrator::with_migrations(first).run_direct(None, &mut connection, false).await.unwrap();
    for (id, tier, phase) in rows {
        sqlx::query(
            "INSERT INTO batches (id, tier, phase, reason, created_ms, size, digest) \
             VALUES (?, ?, ?, 'r', 1, 2, '0x00')",
        )
        .bind(id.to_string())
        .bind(tier)
        .bind(phase)
        .execute(&mut connection)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO tasks (id, batch_id, position, kind, phase, children, members) \
             VALUES (?, ?, 0, 'root', ?, '[]', '[0,1]')",
        )
        .bind(TaskId::new().to_string())
        .bind(id.to_string())
        .bind(if *phase == "proving" { "ready" } else { "done" })
        .execute(&mut connection)
        .await
        .unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_store_of_the_release_before_goes_on_with_its_batches() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids: [BatchId; 4] = std::array::from_fn(|_| BatchId::new());
    ids.sort_unstable();
    let [old, proving, signed, failed] = ids;
    let rows = [
        (old, "proven", "aggregated"),
        (proving, "proven", "proving"),
        (signed, "attested", "aggregated"),
        (failed, "proven", "failed"),
    ];
    before_settlement(folder.path(), &rows).await;
    {
        let store = open(folder.path()).await;
        for (id, tier, phase) in rows {
            let row = store.batch(id).await.unwrap().unwrap();
            assert_eq!((row.tier.to_string().as_str(), row.phase.as_str(), row.size), (tier, phase, 2));
            assert_eq!(store.tasks(id).await.unwrap().len(), 1);
        }
        assert_eq!(store.unsettled_batches().await.unwrap(), [old]);
        assert!(store.open_settlement(settlement(old, 1)).await.unwrap());
        for batch in [old, proving] {
            assert_eq!(store.lease_task("w", "t", LEASE_MS).await.unwrap().unwrap().batch, batch);
        }
        assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none());
    }
    // It is brought up to date once.
    let store = open(folder.path()).await;
    assert!(store.unsettled_batches().await.unwrap().is_empty());
    assert!(store.settlement(old).await.unwrap().is_some());
}

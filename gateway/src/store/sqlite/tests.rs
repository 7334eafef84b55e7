//! What the store promises: what it answered is there, whatever follows, and nobody changes what is not theirs.

use std::path::Path;
use std::sync::Arc;

use sheaf_policies::{MicroUsd, Objective};
use sheaf_statement::{
    InputVisibility, ModelDigest, ProofSystem, ProverId, Statement, StatementId, TrustTier,
};

use super::SqliteStore;
use crate::api::jobs::Failure;
use crate::ids::{AttemptRowId, BatchId, JobId, TaskId};
use crate::store::phase::{
    Accepted as AcceptedStage, AttemptEnd, Choice, Held, NewProof, Phase, Proving, Reroute, Routed,
    Verification, Verified,
};
use crate::store::{
    Accepted, BatchStore, ClaimedJob, DispatchStore, FinishedBatch, JobSpec, JobStore, ModelKey, NewBatch,
    NewJob, NewTask, StoreError, Subject, TaskStore,
};

const TENANT: &str = "main";
pub(super) const LEASE_MS: u64 = 60_000;

pub(super) async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder).await.unwrap()
}

fn job(key: Option<&str>) -> NewJob {
    let model = ModelKey { digest: ModelDigest::from([1; 32]), scale_bits: 12 };
    let id = JobId::new();
    NewJob {
        id,
        tenant: TENANT.to_owned(),
        created_ms: crate::clock::now_ms(),
        due_ms: crate::clock::now_ms() + 3_600_000,
        spec: JobSpec {
            subject: Subject::Inference { model },
            visibility: InputVisibility::Public,
            objective: Objective::Balanced,
            min_tier: TrustTier::Proven,
            max_price: None,
            label: Some("it's \"quoted\"; -- and more".to_owned()),
        },
        input: Some("[1,2,3]".to_owned()),
        digest: id.to_string(),
        idempotency: key.map(|key| (key.to_owned(), [7; 32])),
    }
}

fn prover() -> ProverId {
    ProverId::new("a-prover").unwrap()
}

pub(super) fn statement(n: u64) -> Statement {
    Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [3; 32].into(), &[n]).unwrap()
}

fn proof(n: u64) -> NewProof {
    NewProof {
        statement_id: statement(n).id(),
        tier: TrustTier::Proven,
        system: "plonky2-goldilocks-v1".to_owned(),
        statement: serde_json::to_string(&statement(n)).unwrap(),
        member: Some("{}".to_owned()),
        profile: Some("standard".to_owned()),
        blob: format!("blob{n}"),
        prover: Some(prover()),
    }
}

fn verification(n: u64, attempt: Option<AttemptRowId>) -> Box<Verification> {
    Box::new(Verification {
        attempt: attempt.map(|id| AttemptEnd {
            id,
            outcome: "verified".to_owned(),
            code: None,
            message: None,
        }),
        proof: proof(n),
        result: None,
        opening: None,
        reused_from: None,
    })
}

pub(super) fn failure() -> Failure {
    Failure {
        stage: "proving".to_owned(),
        code: "SH-TST-001".to_owned(),
        message: "for a test".to_owned(),
        retryable: true,
    }
}

async fn claim_one(store: &SqliteStore) -> ClaimedJob {
    let mut claimed = store.claim(1, LEASE_MS).await.unwrap();
    claimed.pop().expect("a job to claim")
}

/// Leads a fresh job to a verified proof of statement `n`.
pub(super) async fn verified(store: &SqliteStore, n: u64) -> JobId {
    let new = job(None);
    let id = new.id;
    store.accept(new).await.unwrap();
    let claimed = claim_one(store).await;
    assert_eq!(claimed.row.id, id);
    let held = Held::<AcceptedStage>::new(id, claimed.row.fence);
    assert!(store.apply(held.to::<Verified>(verification(n, None)).0).await.unwrap());
    id
}

pub(super) async fn phase(store: &SqliteStore, id: JobId) -> Phase {
    store.job(TENANT, id).await.unwrap().unwrap().phase
}

async fn phases(store: &SqliteStore, id: JobId) -> Vec<Phase> {
    store.events(id, 0).await.unwrap().into_iter().map(|event| event.phase).collect()
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    {
        let store = open(folder.path()).await;
        for _ in 0..10 {
            let new = job(None);
            ids.push(new.id);
            assert_eq!(store.accept(new).await.unwrap(), Accepted::Created);
        }
    }
    // The writer's task closes the file in its own time; the lock is the store's.
    let store = open(folder.path()).await;
    for id in ids {
        let row = store.job(TENANT, id).await.unwrap().unwrap();
        assert_eq!(row.phase, Phase::Accepted);
        assert_eq!(row.spec.label.as_deref(), Some("it's \"quoted\"; -- and more"));
        assert!(store.job("another", id).await.unwrap().is_none(), "another tenant sees it");
    }
}

#[tokio::test]
async fn a_second_gateway_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).await;
    assert!(matches!(SqliteStore::open(folder.path()).await, Err(StoreError::Locked { .. })));
}

#[tokio::test]
async fn one_idempotency_key_is_one_job_however_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let new = job(Some("k"));
                (new.id, store.accept(new).await.unwrap())
            })
        })
        .collect();
    let mut created = Vec::new();
    let mut replayed = Vec::new();
    for asked in asking {
        match asked.await.unwrap() {
            (id, Accepted::Created) => created.push(id),
            (_, Accepted::Replayed(id)) => replayed.push(id),
            (_, Accepted::KeyReused) => panic!("the request is the same"),
        }
    }
    assert_eq!(created.len(), 1);
    assert!(replayed.iter().all(|id| *id == created[0]));
    let other = NewJob { idempotency: Some(("k".to_owned(), [8; 32])), ..job(None) };
    assert_eq!(store.accept(other).await.unwrap(), Accepted::KeyReused);
    let elsewhere = NewJob { tenant: "another".to_owned(), ..job(Some("k")) };
    assert_eq!(store.accept(elsewhere).await.unwrap(), Accepted::Created);
}

#[tokio::test]
async fn an_operation_that_fails_takes_nothing_of_its_group_along() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await);
    let twice = job(None);
    store.accept(twice.clone()).await.unwrap();
    let mut running = Vec::new();
    for round in 0..50 {
        let (store, new) = (Arc::clone(&store), if round % 5 == 0 { None } else { Some(job(None)) });
        running.push(tokio::spawn(async move {
            match new {
                Some(new) => {
                    let id = new.id;
                    (id, store.accept(new).await.is_ok())
                }
                None => {
                    // Writes, then fails.
                    let failed = store
                        .writer
                        .run::<(), _>(|connection| {
                            Box::pin(async move {
                                sqlx::query("DELETE FROM jobs").execute(&mut *connection).await?;
                                sqlx::query("SELECT nonsense").execute(&mut *connection).await?;
                                Ok(())
                            })
                        })
                        .await;
                    assert!(matches!(failed, Err(StoreError::Database { .. })));
                    (JobId::new(), false)
                }
            }
        }));
    }
    let mut there = 1;
    for task in running {
        let (id, accepted) = task.await.unwrap();
        if accepted {
            there += 1;
            assert_eq!(phase(&store, id).await, Phase::Accepted);
        }
    }
    assert_eq!(store.open_jobs().await.unwrap(), there);
    // An id that is taken is an error of that job's group alone, told to its caller.
    assert!(store.accept(twice).await.is_err());
}

#[tokio::test]
async fn a_driver_that_lost_its_job_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let new = job(None);
    let id = new.id;
    store.accept(new).await.unwrap();
    let first = claim_one(&store).await;
    assert!(store.claim(10, LEASE_MS).await.unwrap().is_empty(), "a leased job is claimed again");
    // The process dies, and the next one takes over.
    store.recover().await.unwrap();
    let second = claim_one(&store).await;
    let choice = || Choice {
        prover: prover(),
        price: MicroUsd(5),
        decision: b"{}".to_vec(),
        summary: "because".to_owned(),
    };
    let stale = Held::<AcceptedStage>::new(id, first.row.fence).to::<Routed>(choice()).0;
    assert!(!store.apply(stale).await.unwrap(), "the old driver still moves the job");
    let (change, held) = Held::<AcceptedStage>::new(id, second.row.fence).to::<Routed>(choice());
    assert!(store.apply(change.clone()).await.unwrap());
    assert!(!store.apply(change).await.unwrap(), "one step is taken twice");
    // Cancelling outdates whoever drives.
    assert_eq!(store.cancel(TENANT, id).await.unwrap(), Some(Phase::Cancelled));
    let late = held.to::<Proving>((AttemptRowId::new(), prover())).0;
    assert!(!store.apply(late).await.unwrap(), "a cancelled job is proven");
    assert_eq!(store.cancel(TENANT, id).await.unwrap(), Some(Phase::Cancelled));
    assert_eq!(store.cancel("another", id).await.unwrap(), None);
    assert_eq!(phases(&store, id).await, [Phase::Accepted, Phase::Routed, Phase::Cancelled]);
}

#[tokio::test]
async fn an_attempt_goes_on_under_its_own_id_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.accept(job(None)).await.unwrap();
    let claimed = claim_one(&store).await;
    let (id, fence) = (claimed.row.id, claimed.row.fence);
    let choice =
        Choice { prover: prover(), price: MicroUsd(5), decision: b"{}".to_vec(), summary: String::new() };
    let (change, held) = Held::<AcceptedStage>::new(id, fence).to::<Routed>(choice);
    assert!(store.apply(change).await.unwrap());
    let attempt = AttemptRowId::new();
    assert!(store.apply(held.to::<Proving>((attempt, prover())).0).await.unwrap());
    store.recover().await.unwrap();
    let again = claim_one(&store).await;
    assert_eq!(again.row.phase, Phase::Proving);
    assert_eq!(again.open_attempt.as_ref().map(|row| row.id.clone()), Some(attempt.to_string()));
    // It fails, and the prover is out for this job.
    let reroute = Reroute {
        attempt: Some(AttemptEnd { id: attempt, outcome: "timeout".to_owned(), code: None, message: None }),
        not_before_ms: 0,
        code: "SH-TST-001".to_owned(),
        message: "late".to_owned(),
        exclude: Some((prover(), false)),
    };
    let held = Held::<Proving>::new(id, again.row.fence);
    assert!(store.apply(held.to::<AcceptedStage>(reroute).0).await.unwrap());
    let third = claim_one(&store).await;
    assert_eq!(third.row.phase, Phase::Accepted);
    assert!(third.open_attempt.is_none());
    assert_eq!(third.exclusions.len(), 1);
    assert_eq!((third.exclusions[0].prover.clone(), third.exclusions[0].count), (prover(), 1));
    let (decisions, attempts) = store.route(id).await.unwrap();
    assert_eq!((decisions.len(), attempts.len()), (1, 1));
    assert_eq!(attempts[0].outcome, "timeout");
}

#[tokio::test]
async fn what_is_overdue_fails_once_and_what_has_a_proof_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let proven = verified(&store, 1).await;
    let late = NewJob { due_ms: 1, ..job(None) };
    let id = late.id;
    store.accept(late).await.unwrap();
    assert_eq!(store.expire(failure()).await.unwrap(), [id]);
    assert!(store.expire(failure()).await.unwrap().is_empty());
    assert_eq!(phase(&store, id).await, Phase::Failed);
    assert_eq!(phase(&store, proven).await, Phase::Verified);
    assert!(store.claim(10, LEASE_MS).await.unwrap().is_empty());
}

pub(super) fn batch(statements: &[StatementId], tasks: Vec<NewTask>) -> NewBatch {
    NewBatch {
        id: BatchId::new(),
        tier: TrustTier::Proven,
        profile: Some("standard".to_owned()),
        reason: "for a test".to_owned(),
        created_ms: crate::clock::now_ms(),
        plan: None,
        members: statements.to_vec(),
        tasks,
    }
}

pub(super) fn finished(id: BatchId, statements: &[StatementId]) -> FinishedBatch {
    FinishedBatch {
        id,
        digest: "0x00".to_owned(),
        aggregate: None,
        receipts: statements.iter().map(|statement| (*statement, "{}".to_owned())).collect(),
    }
}

#[tokio::test]
async fn jobs_of_one_statement_share_its_receipt_whenever_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let statement = statement(1).id();
    let early = verified(&store, 1).await;
    assert_eq!(store.waiting_proofs(10).await.unwrap().len(), 1);
    let new = batch(&[statement], Vec::new());
    let id = new.id;
    store.open_batch(new).await.unwrap();
    let between = verified(&store, 1).await;
    assert_eq!(phase(&store, between).await, Phase::Batched, "it is in the batch already");
    store.finish_batch(finished(id, &[statement])).await.unwrap();
    store.finish_batch(finished(id, &[statement])).await.unwrap();
    let late = verified(&store, 1).await;
    for job in [early, between, late] {
        let all = phases(&store, job).await;
        let expected = [Phase::Accepted, Phase::Verified, Phase::Batched, Phase::Aggregated];
        assert_eq!(all, expected, "each step once");
    }
    assert!(store.waiting_proofs(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bad_member_fails_alone_and_the_others_wait_for_another_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (good, bad) = (verified(&store, 1).await, verified(&store, 2).await);
    let statements = [statement(1).id(), statement(2).id()];
    let new = batch(&statements, Vec::new());
    let id = new.id;
    store.open_batch(new).await.unwrap();
    store.dissolve_batch(id, vec![(statements[1], failure())]).await.unwrap();
    assert_eq!(phase(&store, bad).await, Phase::Failed);
    assert_eq!(phase(&store, good).await, Phase::Verified);
    let waiting = store.waiting_proofs(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].statement_id, statements[0]);
    assert!(store.open_batches().await.unwrap().is_empty());
    // A proof of the failed statement may come again.
    let again = verified(&store, 2).await;
    assert_eq!(phase(&store, again).await, Phase::Verified);
}

#[tokio::test]
async fn a_batch_that_has_its_receipts_is_not_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let job = verified(&store, 1).await;
    let statement = statement(1).id();
    let new = batch(&[statement], Vec::new());
    let id = new.id;
    store.open_batch(new).await.unwrap();
    store.finish_batch(finished(id, &[statement])).await.unwrap();
    // Someone late, who found a member bad.
    store.dissolve_batch(id, vec![(statement, failure())]).await.unwrap();
    assert_eq!(store.batch(id).await.unwrap().unwrap().phase, "aggregated");
    assert_eq!(phase(&store, job).await, Phase::Aggregated);
    assert!(store.proof(statement).await.unwrap().is_some(), "its proof is gone");
    assert!(store.waiting_proofs(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_proof_that_nobody_waits_for_is_not_batched() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = verified(&store, 1).await;
    assert_eq!(store.cancel(TENANT, id).await.unwrap(), Some(Phase::Cancelled));
    assert!(store.waiting_proofs(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn tasks_are_leased_in_order_and_only_their_holder_ends_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    verified(&store, 1).await;
    let task = |position, kind, children: &[u32]| NewTask {
        id: TaskId::new(),
        position,
        kind,
        children: children.to_vec(),
        members: Vec::new(),
    };
    let tasks =
        vec![task(0, "leaf", &[]), task(1, "leaf", &[]), task(2, "node", &[0, 1]), task(3, "root", &[2])];
    let new = batch(&[statement(1).id()], tasks);
    let id = new.id;
    store.open_batch(new).await.unwrap();

    let first = store.lease_task("w1", "t1", LEASE_MS).await.unwrap().unwrap();
    // A lease that has run out goes to the next worker, whose token outdates the first.
    let second = store.lease_task("w2", "t2", 0).await.unwrap().unwrap();
    let third = store.lease_task("w3", "t3", LEASE_MS).await.unwrap().unwrap();
    assert_eq!((first.position, second.position, third.position), (0, 1, 1));
    assert_eq!(third.tries, 2);
    assert!(!store.finish_task(second.id, "t2", "blob", None).await.unwrap(), "a lost lease ends a task");
    assert!(!store.renew_task(second.id, "t2", LEASE_MS).await.unwrap());
    assert!(!store.return_task(second.id, "t2").await.unwrap());
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none(), "a node before its leaves");
    assert!(store.finish_task(first.id, "t1", "blob", Some(5)).await.unwrap());
    assert!(!store.finish_task(first.id, "t1", "other", None).await.unwrap(), "a task ends twice");
    assert!(store.lease_task("w", "t", LEASE_MS).await.unwrap().is_none());
    assert!(store.finish_task(third.id, "t3", "blob", None).await.unwrap());
    for kind in ["node", "root"] {
        let next = store.lease_task("w", kind, LEASE_MS).await.unwrap().unwrap();
        assert_eq!(next.kind, kind);
        assert!(store.return_task(next.id, kind).await.unwrap());
        let next = store.lease_task("w", "again", LEASE_MS).await.unwrap().unwrap();
        assert!(store.finish_task(next.id, "again", "blob", None).await.unwrap());
    }
    assert!(store.tasks(id).await.unwrap().iter().all(|task| task.phase == "done"));
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        let new = job(None);
        ids.push(new.id);
        store.accept(new).await.unwrap();
    }
    ids.sort_unstable();
    ids.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = store.jobs(TENANT, None, before, 10).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.id));
        // A job that comes in between is newer than the page and does not move it.
        store.accept(job(None)).await.unwrap();
        let Some(next) = page.next else { break };
        before = Some(next.parse().unwrap());
    }
    assert_eq!(seen, ids);
}

//! What every [`PosterStore`] must do, as checks that any implementation can run.
//!
//! [`check`] takes a store that is empty. [`fill`] and [`check_filled`] are for what outlives a process: fill a store, open it
//! anew, and check.

use alloy::primitives::{Address, B256, Bytes, keccak256};

use super::records::{
    Attempt, ChainName, Fate, Intent, Posting, PostingKey, PostingState, Settlement, Waiting,
};
use super::store::{PosterStore, StoreError};

/// A rule that a store breaks.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The store does something else.
    #[error("{rule}: got {got}")]
    Broken {
        /// The rule.
        rule: &'static str,
        /// What the store did.
        got: String,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The check itself has a name that is none.
    #[error(transparent)]
    Name(#[from] super::PosterError),
}

macro_rules! ensure {
    ($rule:literal, $got:expr, $expected:expr) => {{
        let (got, expected) = (&$got, &$expected);
        if got != expected {
            return Err(Violation::Broken { rule: $rule, got: format!("{got:?}, expected {expected:?}") });
        }
    }};
}

macro_rules! ensure_refused {
    ($rule:literal, $got:expr, $pattern:pat) => {{
        let got = $got;
        if !matches!(got, Err($pattern)) {
            return Err(Violation::Broken { rule: $rule, got: format!("{got:?}") });
        }
    }};
}

const SIGNER: Address = Address::repeat_byte(0x51);

fn intent(chain: &ChainName, n: u8, created_at_ms: u64) -> Intent {
    let batch = Bytes::from(vec![n; 1000]);
    Intent {
        key: PostingKey { chain: chain.clone(), root: B256::repeat_byte(n) },
        chain_id: u64::MAX >> 1,
        registry: Address::repeat_byte(0xa0),
        size: u32::MAX,
        selector: [n, 0, 0xff, 1],
        batch_digest: keccak256(&batch),
        batch,
        deadline_ms: n.is_multiple_of(2).then_some(u64::from(n)),
        created_at_ms,
    }
}

fn attempt(key: &PostingKey, nonce: u64, n: u8) -> Attempt {
    Attempt {
        key: key.clone(),
        signer: SIGNER,
        nonce,
        transaction: B256::with_last_byte(n),
        raw: Bytes::from(vec![n; 300]),
        gas_limit: 1 << 24,
        max_fee_wei: u128::MAX,
        max_tip_wei: u128::from(u64::MAX) + 1,
        signed_at_ms: u64::from(n),
        fate: Fate::Pending,
    }
}

fn settlement() -> Settlement {
    Settlement {
        block: u64::from(u32::MAX) + 1,
        block_hash: B256::repeat_byte(0xb1),
        timestamp_s: 1_800_000_000,
        transaction: B256::repeat_byte(0x7a),
        poster: Address::repeat_byte(0xee),
    }
}

fn states() -> Vec<PostingState> {
    let settlement = settlement();
    let reason = Waiting {
        code: "SH-STL-604".to_owned(),
        why: "gas is dear: 7 gwei — ∞".to_owned(),
        until_ms: Some(9),
    };
    vec![
        PostingState::Waiting { reason: Some(reason) },
        PostingState::Sent { nonce: 3 },
        PostingState::Included { settlement },
        PostingState::Safe { settlement },
        PostingState::Final { settlement },
        PostingState::Failed { code: "SH-STL-612".to_owned(), why: "no".to_owned() },
    ]
}

fn mined(seen_at_ms: u64) -> Fate {
    Fate::Mined { block: 7, success: true, gas_used: 21_000, price_wei: u128::MAX, seen_at_ms }
}

/// Checks an empty store.
///
/// # Errors
/// [`Violation`] names the first rule that is broken.
pub async fn check(store: &dyn PosterStore) -> Result<(), Violation> {
    submitting(store, &"submitting".parse()?).await?;
    advancing(store, &"advancing".parse()?).await?;
    opening(store, &"opening".parse()?, &"opening-2".parse()?).await?;
    attempting(store, &"attempting".parse()?, &"attempting-2".parse()?).await
}

async fn submitting(store: &dyn PosterStore, chain: &ChainName) -> Result<(), Violation> {
    let first = intent(chain, 1, 5);
    let key = &first.key;
    ensure!("what was never submitted is not there", store.posting(key).await?, None);
    let expected =
        Posting { intent: first.clone(), state: PostingState::Waiting { reason: None }, revision: 0 };
    ensure!("a new posting waits, at revision 0", store.submit(&first).await?, expected);
    ensure!("what was submitted is there, whole", store.posting(key).await?, Some(expected.clone()));
    let again = Intent { batch: Bytes::from_static(&[1]), created_at_ms: 6, ..first.clone() };
    ensure!("the first proof of a root stands", store.submit(&again).await?, expected);
    let other = Intent { chain_id: 1, ..first.clone() };
    ensure_refused!(
        "another chain id is a conflict",
        store.submit(&other).await,
        StoreError::Conflict { .. }
    );
    let other = Intent { registry: Address::ZERO, ..first.clone() };
    ensure_refused!(
        "another registry is a conflict",
        store.submit(&other).await,
        StoreError::Conflict { .. }
    );
    ensure!("a conflict changes nothing", store.posting(key).await?, Some(expected));

    let failed = PostingState::Failed { code: "code".to_owned(), why: "why".to_owned() };
    store.advance(key, 0, &failed).await?;
    let fresh = Posting { intent: again.clone(), state: PostingState::Waiting { reason: None }, revision: 2 };
    ensure!("a posting that failed is begun anew", store.submit(&again).await?, fresh);
    ensure!("and kept so", store.posting(key).await?, Some(fresh));
    Ok(())
}

async fn advancing(store: &dyn PosterStore, chain: &ChainName) -> Result<(), Violation> {
    let intent = intent(chain, 2, 5);
    let key = &intent.key;
    let state = PostingState::Waiting { reason: None };
    ensure_refused!(
        "nothing cannot advance",
        store.advance(key, 0, &state).await,
        StoreError::Missing { .. }
    );
    store.submit(&intent).await?;
    for (revision, state) in (0..).zip(states()) {
        ensure!(
            "a change makes the next revision",
            store.advance(key, revision, &state).await?,
            revision + 1
        );
        let kept = store.posting(key).await?.map(|posting| (posting.state, posting.revision));
        ensure!("a state comes back as it was", kept, Some((state.clone(), revision + 1)));
        for stale in [revision, revision + 2] {
            ensure_refused!(
                "a writer that knows another revision is refused",
                store.advance(key, stale, &state).await,
                StoreError::Stale { .. }
            );
            ensure_refused!(
                "so is one with an attempt",
                store.record_attempt(stale, &attempt(key, 1, 1)).await,
                StoreError::Stale { .. }
            );
        }
    }
    ensure!("attempts that were refused are not there", store.attempts(key).await?, Vec::new());
    Ok(())
}

async fn opening(store: &dyn PosterStore, chain: &ChainName, other: &ChainName) -> Result<(), Violation> {
    for (n, created_at_ms) in [(1, 30), (2, 10), (3, 10), (4, 20), (5, 1), (6, 2)] {
        store.submit(&intent(chain, n, created_at_ms)).await?;
    }
    store.submit(&intent(other, 1, 0)).await?;
    let key = |n: u8| PostingKey { chain: chain.clone(), root: B256::repeat_byte(n) };
    store.advance(&key(5), 0, &PostingState::Final { settlement: settlement() }).await?;
    store.advance(&key(6), 0, &PostingState::Failed { code: String::new(), why: String::new() }).await?;
    store.advance(&key(4), 0, &PostingState::Safe { settlement: settlement() }).await?;
    let open: Vec<PostingKey> = store.open(chain).await?.into_iter().map(|it| it.intent.key).collect();
    ensure!("open postings come by time and root, without others", open, [2, 3, 4, 1].map(key).to_vec());
    Ok(())
}

async fn attempting(store: &dyn PosterStore, chain: &ChainName, other: &ChainName) -> Result<(), Violation> {
    let intents = [intent(chain, 1, 1), intent(chain, 2, 2), intent(other, 1, 3)];
    for intent in &intents {
        store.submit(intent).await?;
    }
    let [first, second, elsewhere] = intents.each_ref().map(|intent| &intent.key);
    let missing = PostingKey { chain: chain.clone(), root: B256::ZERO };
    ensure_refused!(
        "an attempt of nothing is refused",
        store.record_attempt(0, &attempt(&missing, 1, 1)).await,
        StoreError::Missing { .. }
    );
    ensure!("an attempt makes the next revision", store.record_attempt(0, &attempt(first, 8, 1)).await?, 1);
    let kept = store.posting(first).await?.map(|posting| posting.state);
    ensure!("and its posting sent", kept, Some(PostingState::Sent { nonce: 8 }));
    store.record_attempt(1, &attempt(first, 9, 2)).await?;
    store.record_attempt(0, &attempt(second, 9, 3)).await?;
    store.record_attempt(0, &attempt(elsewhere, 8, 4)).await?;
    let foreign = Attempt { signer: Address::ZERO, ..attempt(second, 1, 5) };
    store.record_attempt(1, &foreign).await?;

    let [one, two, three] = [attempt(first, 8, 1), attempt(first, 9, 2), attempt(second, 9, 3)];
    ensure!(
        "attempts of a posting come oldest first",
        store.attempts(first).await?,
        vec![one.clone(), two.clone()]
    );
    let pending = store.pending_attempts(chain, SIGNER).await?;
    ensure!("pending ones are of chain and signer", pending, vec![one.clone(), two.clone(), three.clone()]);

    store.set_fate(chain, one.transaction, &mined(100)).await?;
    store.set_fate(chain, three.transaction, &mined(200)).await?;
    store.set_fate(chain, two.transaction, &Fate::Superseded).await?;
    store.set_fate(chain, B256::ZERO, &Fate::Superseded).await?;
    store.set_fate(other, one.transaction, &Fate::Superseded).await?;
    ensure!("nothing is pending any more", store.pending_attempts(chain, SIGNER).await?, Vec::new());
    let one = Attempt { fate: mined(100), ..one };
    let three = Attempt { fate: mined(200), ..three };
    let since = async |at| store.mined_since(chain, SIGNER, at).await;
    ensure!("what was mined counts from its time on", since(100).await?, vec![one.clone(), three.clone()]);
    ensure!("and not before", since(101).await?, vec![three]);
    store.set_fate(chain, one.transaction, &Fate::Pending).await?;
    let one = Attempt { fate: Fate::Pending, ..one };
    ensure!(
        "a block that goes away makes it pending again",
        store.pending_attempts(chain, SIGNER).await?,
        vec![one]
    );
    Ok(())
}

/// Puts into a store what [`check_filled`] looks for.
///
/// # Errors
/// [`Violation`] if the store fails.
pub async fn fill(store: &dyn PosterStore) -> Result<(), Violation> {
    let chain = "filled".parse()?;
    for (n, state) in (1..).zip(states()) {
        let intent = intent(&chain, n, n.into());
        store.submit(&intent).await?;
        store.record_attempt(0, &attempt(&intent.key, n.into(), n)).await?;
        store.advance(&intent.key, 1, &state).await?;
        store.set_fate(&chain, B256::with_last_byte(n), &mined(n.into())).await?;
    }
    Ok(())
}

/// Checks that all of what [`fill`] put in is there.
///
/// # Errors
/// [`Violation`] if it is not.
pub async fn check_filled(store: &dyn PosterStore) -> Result<(), Violation> {
    let chain = "filled".parse()?;
    for (n, state) in (1..).zip(states()) {
        let intent = intent(&chain, n, n.into());
        let key = intent.key.clone();
        let attempt = Attempt { fate: mined(n.into()), ..attempt(&key, n.into(), n) };
        ensure!(
            "postings are kept",
            store.posting(&key).await?,
            Some(Posting { intent, state, revision: 2 })
        );
        ensure!("attempts are kept", store.attempts(&key).await?, vec![attempt]);
    }
    Ok(())
}

//! From waiting to a signed transaction.

use alloy::consensus::TxEip1559;
use alloy::primitives::{Bytes, TxKind, U256};
use alloy::sol_types::SolCall as _;

use super::decide::{Decision, PostReason, Situation, WaitCode, decide};
use super::fees::{Fees, Spending, WINDOW_MS};
use super::records::{Attempt, Fate, Posting, PostingState, Waiting};
use super::view::{DISAGREEMENT, View, trouble};
use super::{Event, Poster, PosterError};
use crate::contracts::{BatchRegistry, RevertReason};
use crate::rpc::{CallOutcome, CallRequest, RpcError};
use crate::sight::Sight;

/// Code of a batch that the contracts refuse.
const REFUSED: &str = "SH-STL-612";
/// Code of a batch whose verifier finds another root in it than was submitted.
const OTHER_ROOT: &str = "SH-STL-613";

/// Rise of both fees after a node found one too low to replace what it has.
const OUTBID_PERCENT: u32 = 100;

/// Whether the queue goes on behind a batch.
pub(super) enum Next {
    /// Something was signed, or nothing more can be done in this step.
    Stop,
    /// The next batch may have its turn.
    Continue,
}

/// What a transaction needs beside its posting.
struct Terms {
    nonce: u64,
    gas_limit: u64,
    fees: Fees,
}

impl Poster {
    /// Looks at a batch that waits, and signs and sends it if it is time.
    pub(super) async fn begin(
        &self,
        view: &View<'_>,
        posting: &Posting,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<Next, PosterError> {
        let root = posting.intent.key.root;
        match self.observe(view, root, now_ms, events).await {
            // Somebody else posted it, or we did and forgot.
            Some(Sight::Posted(settlement, level)) => {
                self.settled(posting, settlement, level, events).await?;
                return Ok(Next::Continue);
            }
            Some(Sight::Revoked(selector)) if selector == posting.intent.selector => {
                self.revoked(posting, selector, events).await?;
                return Ok(Next::Continue);
            }
            Some(Sight::Absent | Sight::Revoked(_)) => {}
            None => return Ok(Next::Continue),
        }
        let Some(gas) = self.preflight(view, posting, now_ms, events).await? else {
            return Ok(Next::Continue);
        };
        let gas_limit =
            gas.saturating_add(gas.saturating_mul(self.config.policy.gas_margin_percent.into()) / 100);
        let Some((situation, terms)) = self.situation(view, posting, gas_limit, now_ms, events).await? else {
            return Ok(Next::Stop);
        };
        match decide(&situation, &self.config.policy) {
            Decision::Wait { until_ms, code, why } => {
                self.wait(posting, code, until_ms, why, events).await?;
                Ok(Next::Continue)
            }
            Decision::Post { reason } => {
                self.sign_and_send(view, posting, &terms, reason, now_ms, events).await?;
                Ok(Next::Stop)
            }
        }
    }

    /// Tries the call out. Answers with the gas that it needs, or with nothing after having written down why not.
    async fn preflight(
        &self,
        view: &View<'_>,
        posting: &Posting,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<Option<u64>, PosterError> {
        let root = posting.intent.key.root;
        let call = CallRequest {
            from: self.key.address(),
            to: Some(self.config.registry),
            data: posting.intent.call(),
            // As much as the endpoint gives a call: whether it is too much is for the decision.
            gas: None,
        };
        let mut refusals = 0;
        let mut answers = 0;
        let mut refusal = None;
        for endpoint in &view.endpoints {
            match endpoint.call(&call).await {
                Ok(CallOutcome::Returned(output)) => {
                    answers += 1;
                    let found = BatchRegistry::postBatchCall::abi_decode_returns(&output);
                    if found.is_ok_and(|found| found == root) {
                        continue;
                    }
                    refusals += 1;
                    refusal = Some((OTHER_ROOT, None));
                }
                Ok(CallOutcome::Reverted(reason)) => {
                    answers += 1;
                    refusals += 1;
                    refusal = Some((REFUSED, Some(reason)));
                }
                Err(error) => events.push(trouble(Some(root), &error)),
            }
        }
        if answers == 0 {
            return Ok(None);
        }
        if refusals * 2 > answers {
            match refusal {
                // A block that came between: the next step sees it.
                Some((_, Some(RevertReason::AlreadyPosted(_)))) | None => {}
                Some((_, Some(reason))) if reason.is_passing() => {
                    self.wait(posting, WaitCode::VerifierPending, None, reason.to_string(), events).await?;
                }
                Some((code, Some(reason))) => self.fail(posting, code, reason.to_string(), events).await?,
                Some((code, None)) => {
                    self.fail(posting, code, format!("the batch's root is not {root}"), events).await?;
                }
            }
            return Ok(None);
        }
        if refusals > 0 {
            let why = "endpoints disagree on whether the contracts take the batch".to_owned();
            events.push(Event::Trouble { root: Some(root), code: DISAGREEMENT, why });
            self.pause(view.lead().label(), now_ms);
            return Ok(None);
        }
        match view.lead().estimate_gas(&call).await {
            Ok(Ok(gas)) => Ok(Some(gas)),
            Ok(Err(reason)) => {
                let why = format!("gas cannot be estimated: {reason}");
                events.push(Event::Trouble { root: Some(root), code: DISAGREEMENT, why });
                Ok(None)
            }
            Err(error) => {
                events.push(trouble(Some(root), &error));
                Ok(None)
            }
        }
    }

    /// Gathers what the decision needs.
    async fn situation(
        &self,
        view: &View<'_>,
        posting: &Posting,
        gas_limit: u64,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<Option<(Situation, Terms)>, PosterError> {
        let Some(nonce) = view.nonce(self.key.address()).await else {
            let why = "endpoints disagree on the key's nonce".to_owned();
            events.push(Event::Trouble { root: None, code: DISAGREEMENT, why });
            self.pause(view.lead().label(), now_ms);
            return Ok(None);
        };
        match self.terms(view, posting, (nonce, nonce), gas_limit, &[], now_ms).await? {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                events.push(trouble(None, &error));
                Ok(None)
            }
        }
    }

    /// Fees and money, for a transaction with a nonce that replaces `replaced` and whatever else has that nonce.
    async fn terms(
        &self,
        view: &View<'_>,
        posting: &Posting,
        (nonce, latest_nonce): (u64, u64),
        gas_limit: u64,
        replaced: &[Attempt],
        now_ms: u64,
    ) -> Result<Result<(Situation, Terms), RpcError>, PosterError> {
        let policy = &self.config.policy;
        let (chain, signer) = (&self.config.name, self.key.address());
        let pending = self.store.pending_attempts(chain, signer).await?;
        let mined = self.store.mined_since(chain, signer, now_ms.saturating_sub(WINDOW_MS)).await?;
        let asked = async {
            let lead = view.lead();
            Ok((lead.next_base_fee().await?, lead.suggested_tip().await?, lead.balance(signer).await?))
        };
        let (base_fee_wei, tip, balance_wei) = match asked.await {
            Ok(answers) => answers,
            Err(error) => return Ok(Err(error)),
        };
        let same_nonce = pending.iter().filter(|attempt| attempt.nonce == nonce).chain(replaced);
        // By how much a transaction of somebody else's has to be outbid is not known.
        let outbid =
            self.memory(|memory| same_nonce.clone().any(|it| memory.outbid.contains(&it.transaction)));
        let percent = if outbid { policy.bump_percent.max(OUTBID_PERCENT) } else { policy.bump_percent };
        let fees = Fees::quote(base_fee_wei, tip, policy).replacing(same_nonce, percent);
        let spending = Spending::new(&mined, &pending, nonce, latest_nonce);
        let situation = Situation {
            now_ms,
            created_at_ms: posting.intent.created_at_ms,
            deadline_ms: posting.intent.deadline_ms,
            in_flight: None,
            gas_limit,
            base_fee_wei,
            fees,
            balance_wei,
            spent_wei: spending.total_wei(),
            window_frees_at_ms: spending
                .frees_at_ms(fees.cost_wei(gas_limit), U256::from(policy.daily_cap_wei.0)),
        };
        Ok(Ok((situation, Terms { nonce, gas_limit, fees })))
    }

    /// Raises the fees of a transaction that was not mined in time. Whatever gas costs, it has been decided to post.
    pub(super) async fn bump(
        &self,
        view: &View<'_>,
        posting: &Posting,
        attempts: &[Attempt],
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let Some(last) = attempts.last() else { return Ok(()) };
        let sent_at_ms = self.memory(|memory| memory.resent_at_ms.get(&last.transaction).copied());
        let sent_at_ms = sent_at_ms.map_or(last.signed_at_ms, |at| at.max(last.signed_at_ms));
        if now_ms < sent_at_ms.saturating_add(self.config.policy.bump_interval_ms) {
            return Ok(());
        }
        let nonces = (last.nonce, last.nonce);
        let (mut situation, terms) =
            match self.terms(view, posting, nonces, last.gas_limit, attempts, now_ms).await? {
                Ok(found) => found,
                Err(error) => {
                    events.push(trouble(Some(posting.intent.key.root), &error));
                    return Ok(());
                }
            };
        // What is good was asked before the first one was signed; what is allowed is asked again.
        situation.deadline_ms = Some(now_ms);
        match decide(&situation, &self.config.policy) {
            Decision::Post { .. } => {
                self.sign_and_send(view, posting, &terms, PostReason::FeeBump, now_ms, events).await
            }
            Decision::Wait { code, why, .. } => {
                let why = format!("fees are not raised: {why}");
                let root = posting.intent.key.root;
                let said = self.memory(|memory| memory.said.insert(root, code));
                if said != Some(code) {
                    events.push(Event::Trouble { root: Some(root), code: code.code(), why });
                }
                Ok(())
            }
        }
    }

    /// Signs, keeps, and only then sends.
    async fn sign_and_send(
        &self,
        view: &View<'_>,
        posting: &Posting,
        terms: &Terms,
        reason: PostReason,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let Terms { nonce, gas_limit, fees } = *terms;
        let Fees { max_fee_wei, max_tip_wei } = fees;
        let signed = self.key.sign(TxEip1559 {
            chain_id: self.config.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: max_fee_wei,
            max_priority_fee_per_gas: max_tip_wei.min(max_fee_wei),
            to: TxKind::Call(self.config.registry),
            value: U256::ZERO,
            access_list: Default::default(),
            input: posting.intent.call(),
        })?;
        let root = posting.intent.key.root;
        let attempt = Attempt {
            key: posting.intent.key.clone(),
            signer: self.key.address(),
            nonce,
            transaction: signed.hash,
            raw: signed.raw,
            gas_limit,
            max_fee_wei,
            max_tip_wei,
            signed_at_ms: now_ms,
            fate: Fate::Pending,
        };
        self.store.record_attempt(posting.revision, &attempt).await?;
        let (code, why) = (reason.code(), reason.to_string());
        self.memory(|memory| memory.said.remove(&root));
        if self.send(view, &attempt, events).await {
            events.push(Event::Sent {
                root,
                transaction: attempt.transaction,
                nonce,
                max_fee_wei,
                code,
                why,
            });
        }
        Ok(())
    }

    /// Hands an attempt out. Whether anybody took it.
    pub(super) async fn send(&self, view: &View<'_>, attempt: &Attempt, events: &mut Vec<Event>) -> bool {
        let refusals = view.broadcast(&Bytes::clone(&attempt.raw)).await;
        let underpriced = |error: &RpcError| matches!(error, RpcError::Refused { message, .. } if message.to_lowercase().contains("underpriced"));
        if refusals.iter().any(underpriced) {
            self.memory(|memory| memory.outbid.insert(attempt.transaction));
        }
        events.extend(refusals.iter().map(|error| trouble(Some(attempt.key.root), error)));
        refusals.is_empty()
    }

    /// Writes down why a batch waits, if it is another reason than before.
    pub(super) async fn wait(
        &self,
        posting: &Posting,
        code: WaitCode,
        until_ms: Option<u64>,
        why: String,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let waiting = Waiting { code: code.code().to_owned(), why, until_ms };
        // Prices change with every block: the words are those of the first time.
        if let PostingState::Waiting { reason: Some(known) } = &posting.state
            && known.code == waiting.code
            && known.until_ms == waiting.until_ms
        {
            return Ok(());
        }
        let state = PostingState::Waiting { reason: Some(waiting.clone()) };
        self.store.advance(&posting.intent.key, posting.revision, &state).await?;
        events.push(Event::Waiting { root: posting.intent.key.root, waiting });
        Ok(())
    }
}

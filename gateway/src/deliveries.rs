//! Sending webhooks: what the store says is due, until it is received or given up.

use std::sync::Arc;
use std::time::Duration;

use sheaf_webhooks::{Message, Outcome, Secret, Sender, Target, TargetPolicy, WebhookError, backoff};
use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::now_ms;
use crate::store::{DeliveryOutcome, DueDelivery};

/// How often the store is looked at.
const TICK: Duration = Duration::from_millis(500);
/// Deliveries at once.
const PARALLEL: u32 = 16;
/// How long a delivery under way is not taken up again: longer than any takes, so that a crash costs one repetition.
const HOLD_MS: u64 = 120_000;

/// Which targets this gateway calls.
pub(crate) fn policy(app: &App) -> TargetPolicy {
    TargetPolicy { allow_private: app.config.webhooks_allow_private }
}

/// Sends what is due until the gateway shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let sender = match Sender::new(policy(&app)) {
        Ok(sender) => sender,
        Err(error) => return tracing::error!(%error, "webhooks cannot be sent"),
    };
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        let due = match app.store.due_deliveries(PARALLEL, HOLD_MS).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "cannot look for deliveries");
                continue;
            }
        };
        let mut sending = JoinSet::new();
        for delivery in due {
            let (app, sender) = (Arc::clone(&app), sender.clone());
            sending.spawn(async move { deliver(&app, &sender, delivery).await });
        }
        while sending.join_next().await.is_some() {}
    }
}

async fn deliver(app: &App, sender: &Sender, delivery: DueDelivery) {
    let id = delivery.id;
    let outcome = match attempt(app, sender, &delivery).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::from(error),
    };
    let recorded = match outcome {
        Outcome::Delivered { .. } => DeliveryOutcome::Delivered,
        Outcome::Failed { code, retryable, retry_after, .. } => {
            metrics::counter!("sheaf_webhook_failures_total").increment(1);
            let pause = backoff(delivery.tries, seed(&delivery)).filter(|_| retryable);
            match pause {
                Some(pause) => {
                    let pause = pause.max(retry_after.unwrap_or_default());
                    let at_ms = now_ms() + u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    DeliveryOutcome::Again { at_ms, code: code.to_owned() }
                }
                None => DeliveryOutcome::GivenUp {
                    code: code.to_owned(),
                    disable: code == WebhookError::Gone.code(),
                },
            }
        }
    };
    if let Err(error) = app.store.end_delivery(id, recorded).await {
        tracing::error!(delivery = %id, %error, "cannot record a delivery");
    }
}

async fn attempt(app: &App, sender: &Sender, delivery: &DueDelivery) -> Result<Outcome, WebhookError> {
    let target = Target::parse(&delivery.url, &policy(app))?;
    let secret = Secret::parse(&delivery.secret)?;
    let message = Message {
        id: delivery.id.to_string(),
        timestamp_s: now_ms() / 1000,
        body: delivery.body.clone().into_bytes(),
    };
    Ok(sender.deliver(&target, &secret, &message).await)
}

/// Differs between messages, so that those which failed together are not all tried again together.
fn seed(delivery: &DueDelivery) -> u64 {
    delivery.id.to_string().bytes().fold(0, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)))
}

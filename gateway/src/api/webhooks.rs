//! Webhooks on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where to send what happens.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRequest {
    /// An https URL of a public host.
    #[schema(format = "uri", max_length = 2048, example = "https://example.com/hooks/sheaf")]
    pub(crate) url: String,
}

/// A registered webhook: it gets `job.aggregated`, `job.failed` and `job.cancelled` of its tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Its id.
    pub(crate) id: String,
    /// Where it goes.
    pub(crate) url: String,
    /// When it was registered, unix milliseconds.
    pub(crate) created_ms: u64,
    /// When it was disabled, because its receiver answered 410 or never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled_ms: Option<u64>,
    /// Deliveries that wait.
    pub(crate) pending: u32,
    /// Deliveries that were given up.
    pub(crate) failed: u32,
}

/// A new webhook. The secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// What signatures are made with (Standard Webhooks).
    #[schema(example = "whsec_…")]
    pub(crate) secret: String,
}

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhooks {
    /// Newest first.
    pub(crate) items: Vec<Webhook>,
}

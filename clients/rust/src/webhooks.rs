//! Webhooks: where the gateway tells of jobs that ended.
//!
//! Receivers verify signatures with any library for Standard Webhooks.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::{Client, Error, WebhookId};

/// A registered webhook: it gets `job.aggregated`, `job.failed` and `job.cancelled` of its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it goes.
    pub url: String,
    /// When it was registered, Unix milliseconds.
    pub created_ms: u64,
    /// When it was disabled, because its receiver answered 410 or never answered; Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_ms: Option<u64>,
    /// Deliveries that wait.
    pub pending: u32,
    /// Deliveries that were given up.
    pub failed: u32,
}

/// A new webhook. The gateway shows its secret this once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What signatures are made with.
    pub secret: SecretString,
}

impl Client {
    /// Registers a webhook at an https URL of a public host. Not tried again after a failure: that could make two.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn create_webhook(&self, url: &str) -> Result<NewWebhook, Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            url: &'a str,
        }

        #[derive(Deserialize)]
        struct Wire {
            #[serde(flatten)]
            webhook: Webhook,
            secret: String,
        }

        let answer = self.send(Call::post(&["v1", "webhooks"]).json(&Request { url })?).await?;
        let Wire { webhook, secret } = answer.decode("a new webhook")?;
        Ok(NewWebhook { webhook, secret: secret.into() })
    }

    /// Every webhook, newest first.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        #[derive(Deserialize)]
        struct Webhooks {
            items: Vec<Webhook>,
        }

        let answer = self.send(Call::get(&["v1", "webhooks"])).await?;
        let Webhooks { items } = answer.decode("a list of webhooks")?;
        Ok(items)
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn delete_webhook(&self, webhook: &WebhookId) -> Result<(), Error> {
        self.send(Call::delete(&["v1", "webhooks", webhook.as_str()])).await.map(|_| ())
    }
}

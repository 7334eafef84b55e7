//! Receipts as the gateway gives them: not verified. [`verify`](crate::verify) does that.

use bytes::Bytes;
use serde::Deserialize;

use crate::call::{Call, decode};
use crate::{BatchId, Client, Error, StatementId, TrustTier};

/// A receipt or an attestation, as the gateway gives it. Believe it after
/// [`Client::verified_receipt`](crate::Client::verified_receipt).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// What the document says that it is.
    pub trust_tier: TrustTier,
    /// The batch that it belongs to, as the gateway says.
    pub batch: Option<BatchId>,
    /// The document, byte for byte.
    pub document: Bytes,
}

impl Client {
    /// The receipt or attestation of a statement, not verified.
    ///
    /// # Errors
    /// As the gateway answers; a statement has a receipt once its batch is aggregated.
    pub async fn receipt(&self, statement: &StatementId) -> Result<Receipt, Error> {
        #[derive(Deserialize)]
        struct Head {
            trust_tier: TrustTier,
        }

        let answer = self.send(Call::get(&["v1", "receipts", statement.as_str()])).await?;
        let Head { trust_tier } = decode(&answer.body, "a receipt or an attestation")?;
        let batch = answer.headers.get("sheaf-batch").and_then(|batch| batch.to_str().ok());
        Ok(Receipt { trust_tier, batch: batch.map(BatchId::from), document: answer.body })
    }
}

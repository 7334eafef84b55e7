//! What is delivered, and the names of the headers around it.

use crate::WebhookError;

/// The header with the message's id.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the attempt's time.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Largest body. Standard Webhooks advises to stay below 20 kB and to send a link to anything larger.
pub const MAX_BODY_BYTES: usize = 256 << 10;

/// Longest id.
const MAX_ID_BYTES: usize = 64;

/// One message, as one attempt sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt: 1 to 64 of `A-Z`, `a-z`, `0-9`, `_` and `-`. Receivers use it to handle a message
    /// once.
    pub id: String,
    /// When this attempt is made, in Unix seconds; each attempt has its own, or receivers would take the later ones
    /// for replays.
    pub timestamp_s: u64,
    /// JSON, at most [`MAX_BODY_BYTES`].
    pub body: Vec<u8>,
}

impl Message {
    /// Refuses what must not be signed or sent.
    pub(crate) fn check(&self) -> Result<(), WebhookError> {
        check_id(&self.id)?;
        if self.body.len() > MAX_BODY_BYTES {
            return Err(WebhookError::BodyTooLarge { limit: MAX_BODY_BYTES, got: self.body.len() });
        }
        Ok(())
    }
}

/// Refuses an id that could hold the signature's delimiter: `a.1` at time 2 must not sign the same bytes as `a` at
/// time 1 with a body that begins with `2.`.
pub(crate) fn check_id(id: &str) -> Result<(), WebhookError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.is_empty() || id.len() > MAX_ID_BYTES || !id.bytes().all(allowed) {
        return Err(WebhookError::MessageId { got: id.chars().take(MAX_ID_BYTES).collect() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_that_could_move_the_delimiter_or_split_a_header_is_rejected() {
        for id in ["", "a.1", "a b", "a\r\nx: y", "ä", &"a".repeat(65)] {
            assert!(matches!(check_id(id), Err(WebhookError::MessageId { .. })), "{id:?}");
        }
        for id in ["a", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "0-_Z", &"a".repeat(64)] {
            check_id(id).unwrap();
        }
    }

    #[test]
    fn body_beyond_the_limit_is_rejected() {
        let mut message = Message { id: "m".into(), timestamp_s: 0, body: vec![b' '; MAX_BODY_BYTES] };
        message.check().unwrap();
        message.body.push(b' ');
        let error = message.check().unwrap_err();
        assert!(
            matches!(error, WebhookError::BodyTooLarge { limit: MAX_BODY_BYTES, got } if got > MAX_BODY_BYTES)
        );
    }
}

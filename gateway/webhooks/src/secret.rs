//! Secrets and the signatures made with them, as Standard Webhooks 1.0.0 lays them out (symmetric, `v1`).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, ExposeSecretMut as _, SecretBox, SecretString};
use sha2::Sha256;

use crate::WebhookError;
use crate::message::check_id;

/// How far a receiver's clock and the attempt's timestamp may be apart, as in the reference implementations.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";
/// What a signature begins with.
const VERSION: &str = "v1,";
/// Fewest and most bytes that the specification allows a secret.
const MIN_BYTES: usize = 24;
const MAX_BYTES: usize = 64;
/// Size of the secrets we make: that of the hash, beyond which HMAC gains nothing.
const GENERATED_BYTES: usize = 32;
/// Most signatures that are looked at; the rest of a longer header is ignored.
const MAX_SIGNATURES: usize = 16;

/// What we share with one receiver, and sign with. While it is rotated, also the secret before it.
///
/// Wiped from memory when dropped, and hidden from `Debug`.
pub struct Secret {
    current: Key,
    previous: Option<Key>,
}

/// One signing key. HMAC pads a key of up to one block with zeros, so that is how it is kept; `len` tells the text form
/// where it ends.
struct Key {
    block: SecretBox<[u8; MAX_BYTES]>,
    len: usize,
}

/// What a receiver got: the three headers' values as they came, and the raw body.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Value of `webhook-id`.
    pub id: &'a str,
    /// Value of `webhook-timestamp`.
    pub timestamp: &'a str,
    /// Value of `webhook-signature`.
    pub signature: &'a str,
    /// The body before any parsing: the same JSON written differently has another signature.
    pub body: &'a [u8],
}

impl Secret {
    /// Reads `whsec_` and the standard base64 of 24 to 64 bytes, padded.
    ///
    /// # Errors
    /// [`WebhookError::SecretPrefix`], [`SecretEncoding`](WebhookError::SecretEncoding) or
    /// [`SecretLength`](WebhookError::SecretLength); none of them quotes the text.
    pub fn parse(text: &str) -> Result<Self, WebhookError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(WebhookError::SecretPrefix)?;
        // Room for the longest secret and a little more; what overflows it is too long whatever it decodes to.
        let mut bytes = Zeroizing::new([0; MAX_BYTES + 8]);
        if encoded.len() > bytes.len() / 3 * 4 {
            return Err(WebhookError::SecretLength { got: encoded.len() / 4 * 3 });
        }
        let len =
            STANDARD.decode_slice(encoded, bytes.as_mut_slice()).map_err(|_| WebhookError::SecretEncoding)?;
        Ok(Self { current: Key::new(&bytes[..len])?, previous: None })
    }

    /// A new secret of 32 random bytes.
    #[must_use]
    pub fn generate() -> Self {
        let mut block = SecretBox::<[u8; MAX_BYTES]>::new(Box::new([0; MAX_BYTES]));
        rand::rng().fill_bytes(&mut block.expose_secret_mut()[..GENERATED_BYTES]);
        Self { current: Key { block, len: GENERATED_BYTES }, previous: None }
    }

    /// Also signs with `previous`, and accepts its signatures: for the time in which a receiver may know only the old
    /// secret or already only the new one. What `previous` was itself rotated from is dropped.
    #[must_use]
    pub fn with_previous(self, previous: Self) -> Self {
        Self { current: self.current, previous: Some(previous.current) }
    }

    /// The current secret's text, to be shown to its owner and stored; [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        // Reserved in full, for a reallocation would leave a copy behind.
        let mut text = String::with_capacity(PREFIX.len() + MAX_BYTES.div_ceil(3) * 4);
        text.push_str(PREFIX);
        STANDARD.encode_string(self.current.bytes(), &mut text);
        let text = Zeroizing::new(text);
        SecretString::from(text.as_str())
    }

    /// The value of `webhook-signature`: one signature, or two separated by a space while the secret is rotated, that
    /// of the current secret first.
    ///
    /// Signs whatever id it is given. [`Sender::deliver`](crate::Sender::deliver) and [`verify`](Self::verify) refuse
    /// ids with a full stop, which would make the signed bytes ambiguous.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_s: u64, body: &[u8]) -> String {
        let signatures: Vec<String> = self
            .keys()
            .map(|key| {
                let mac = key.mac(id, timestamp_s, body).finalize().into_bytes();
                format!("{VERSION}{}", STANDARD.encode(mac))
            })
            .collect();
        signatures.join(" ")
    }

    /// Checks that a message is ours, unaltered and recent. One matching signature suffices; those of other versions
    /// are skipped. Whether the id was seen before is for the receiver to remember, for at least twice the tolerance.
    ///
    /// Compares in constant time.
    ///
    /// # Errors
    /// [`WebhookError::MessageId`], [`TimestampFormat`](WebhookError::TimestampFormat),
    /// [`TimestampTolerance`](WebhookError::TimestampTolerance) or
    /// [`SignatureMismatch`](WebhookError::SignatureMismatch).
    pub fn verify(
        &self,
        received: &Received<'_>,
        now_s: u64,
        tolerance: Duration,
    ) -> Result<(), WebhookError> {
        check_id(received.id)?;
        let timestamp_s = parse_timestamp(received.timestamp)?;
        let tolerance_s = tolerance.as_secs();
        if timestamp_s.abs_diff(now_s) > tolerance_s {
            return Err(WebhookError::TimestampTolerance { now_s, got_s: timestamp_s, tolerance_s });
        }
        let ours = received.signature.split(' ').take(MAX_SIGNATURES).filter_map(|signature| {
            let encoded = signature.strip_prefix(VERSION)?;
            STANDARD.decode(encoded).ok()
        });
        for signature in ours {
            for key in self.keys() {
                let mac = key.mac(received.id, timestamp_s, received.body);
                if mac.verify_slice(&signature).is_ok() {
                    return Ok(());
                }
            }
        }
        Err(WebhookError::SignatureMismatch)
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([REDACTED])")
    }
}

impl Key {
    fn new(bytes: &[u8]) -> Result<Self, WebhookError> {
        let len = bytes.len();
        if !(MIN_BYTES..=MAX_BYTES).contains(&len) {
            return Err(WebhookError::SecretLength { got: len });
        }
        let mut block = SecretBox::<[u8; MAX_BYTES]>::new(Box::new([0; MAX_BYTES]));
        block.expose_secret_mut()[..len].copy_from_slice(bytes);
        Ok(Self { block, len })
    }

    fn bytes(&self) -> &[u8] {
        &self.block.expose_secret()[..self.len]
    }

    fn mac(&self, id: &str, timestamp_s: u64, body: &[u8]) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(self.block.expose_secret().into())
            .chain_update(id)
            .chain_update(".")
            .chain_update(timestamp_s.to_string())
            .chain_update(".")
            .chain_update(body)
    }
}

/// Reads decimal seconds. The signature covers the header's text, so a number must have one spelling.
fn parse_timestamp(text: &str) -> Result<u64, WebhookError> {
    let number: u64 = text.parse().map_err(|_| WebhookError::TimestampFormat)?;
    if number.to_string() == text { Ok(number) } else { Err(WebhookError::TimestampFormat) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const NOW_S: u64 = 1_614_265_330;
    const RECEIVED: Received<'static> = Received {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: SIGNATURE,
        body: br#"{"test": 2432232314}"#,
    };

    fn of_bytes(bytes: &[u8]) -> Result<Secret, WebhookError> {
        Secret::parse(&format!("whsec_{}", STANDARD.encode(bytes)))
    }

    #[test]
    fn signature_is_that_of_the_reference_libraries() {
        let secret = Secret::parse(TEXT).unwrap();
        assert_eq!(secret.sign(RECEIVED.id, NOW_S, RECEIVED.body), SIGNATURE);
        secret.verify(&RECEIVED, NOW_S, TOLERANCE).unwrap();
    }

    /// We pad keys ourselves, so that there is no length to refuse; that must be HMAC's own padding.
    #[test]
    fn keys_of_every_allowed_length_sign_as_hmac_does() {
        for len in MIN_BYTES..=MAX_BYTES {
            let bytes: Vec<u8> = (1..=len as u8).collect();
            let mut expected = Hmac::<Sha256>::new_from_slice(&bytes).unwrap();
            expected.update(b"m.5.{}");
            let expected = format!("v1,{}", STANDARD.encode(expected.finalize().into_bytes()));
            assert_eq!(of_bytes(&bytes).unwrap().sign("m", 5, b"{}"), expected, "{len}");
        }
    }

    #[test]
    fn text_round_trips_and_generated_secrets_differ() {
        for len in MIN_BYTES..=MAX_BYTES {
            let text = format!("whsec_{}", STANDARD.encode(vec![0; len]));
            assert_eq!(Secret::parse(&text).unwrap().to_text().expose_secret(), text);
        }
        let [a, b] = [Secret::generate().to_text(), Secret::generate().to_text()];
        assert_ne!(a.expose_secret(), b.expose_secret());
        assert_eq!(Secret::parse(a.expose_secret()).unwrap().current.len, GENERATED_BYTES);
        assert_eq!(Secret::parse(a.expose_secret()).unwrap().to_text().expose_secret(), a.expose_secret());
    }

    #[test]
    fn secret_without_its_prefix_is_rejected() {
        for text in
            ["", "whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ", " whsec_MfKQ", "whsk_MfKQ"]
        {
            assert!(matches!(Secret::parse(text), Err(WebhookError::SecretPrefix)), "{text:?}");
        }
    }

    #[test]
    fn second_spelling_of_a_secret_is_rejected() {
        for text in [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",      // not whole
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=",    // padding too much
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA",   // padding missing
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", // bits beyond the last byte
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-",     // the alphabet of URLs
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS ",
        ] {
            assert!(matches!(Secret::parse(text), Err(WebhookError::SecretEncoding)), "{text:?}");
        }
    }

    #[test]
    fn secret_of_wrong_length_is_rejected() {
        for len in [0, 1, MIN_BYTES - 1, MAX_BYTES + 1, MAX_BYTES + 8, MAX_BYTES + 9, 100_000] {
            assert!(matches!(of_bytes(&vec![7; len]), Err(WebhookError::SecretLength { .. })), "{len}");
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let shown = format!("{:?}", Secret::parse(TEXT).unwrap().with_previous(Secret::generate()));
        assert_eq!(shown, "Secret([REDACTED])");
    }

    #[test]
    fn altered_message_is_rejected() {
        let secret = Secret::parse(TEXT).unwrap();
        for received in [
            Received { id: "msg_p5jXN8AQM9LWM0D4loKWxJel", ..RECEIVED },
            Received { timestamp: "1614265331", ..RECEIVED },
            Received { body: br#"{"test":2432232314}"#, ..RECEIVED },
            Received { body: b"", ..RECEIVED },
            Received { signature: "", ..RECEIVED },
            Received { signature: "v1,", ..RECEIVED },
            Received { signature: "v1,g0hM9SsE", ..RECEIVED },
            Received { signature: "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..RECEIVED },
            Received { signature: "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..RECEIVED },
            Received { signature: "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..RECEIVED },
        ] {
            let error = secret.verify(&received, NOW_S, TOLERANCE).unwrap_err();
            assert!(matches!(error, WebhookError::SignatureMismatch), "{received:?}");
        }
        let error = Secret::generate().verify(&RECEIVED, NOW_S, TOLERANCE).unwrap_err();
        assert!(matches!(error, WebhookError::SignatureMismatch));
    }

    /// Without ids free of full stops, a signed message could be taken apart at another place: the bytes `a.1.2.{}` are
    /// those of id `a.1` at time 2 as much as of id `a` at time 1.
    #[test]
    fn signature_moved_to_another_id_is_rejected() {
        let secret = Secret::parse(TEXT).unwrap();
        let signature = secret.sign("a", 1, b"2.{}");
        let received = Received { id: "a.1", timestamp: "2", signature: &signature, body: b"{}" };
        assert!(matches!(secret.verify(&received, 2, TOLERANCE), Err(WebhookError::MessageId { .. })));
    }

    #[test]
    fn replay_and_future_message_are_rejected() {
        let secret = Secret::parse(TEXT).unwrap();
        for now_s in [NOW_S - 300, NOW_S + 300] {
            secret.verify(&RECEIVED, now_s, TOLERANCE).unwrap();
        }
        for now_s in [NOW_S - 301, NOW_S + 301, 0, u64::MAX] {
            let error = secret.verify(&RECEIVED, now_s, TOLERANCE).unwrap_err();
            assert!(matches!(error, WebhookError::TimestampTolerance { .. }), "{now_s}");
        }
    }

    #[test]
    fn second_spelling_of_a_timestamp_is_rejected() {
        let secret = Secret::parse(TEXT).unwrap();
        for timestamp in ["", "+1614265330", "01614265330", " 1614265330", "1614265330.0", "-1", "1e9"] {
            let error = secret.verify(&Received { timestamp, ..RECEIVED }, NOW_S, TOLERANCE).unwrap_err();
            assert!(matches!(error, WebhookError::TimestampFormat), "{timestamp:?}");
        }
    }

    #[test]
    fn rotated_secret_is_verified_by_old_and_new() {
        let rotated = Secret::parse(TEXT).unwrap().with_previous(of_bytes(&[9; 32]).unwrap());
        let signature = rotated.sign(RECEIVED.id, NOW_S, RECEIVED.body);
        let (first, second) = signature.split_once(' ').unwrap();
        assert_eq!(first, SIGNATURE);
        assert_ne!(second, first);
        let received = Received { signature: &signature, ..RECEIVED };
        for secret in [Secret::parse(TEXT).unwrap(), of_bytes(&[9; 32]).unwrap()] {
            secret.verify(&received, NOW_S, TOLERANCE).unwrap();
        }
        // And a receiver that knows both accepts either alone.
        for signature in [first, second] {
            rotated.verify(&Received { signature, ..RECEIVED }, NOW_S, TOLERANCE).unwrap();
        }
        assert_eq!(rotated.to_text().expose_secret(), TEXT);
    }

    /// Each signature costs the receiver a hash of the body.
    #[test]
    fn header_of_countless_signatures_is_not_read_to_its_end() {
        let signature = format!("{}{SIGNATURE}", "v1,AA== ".repeat(MAX_SIGNATURES));
        let secret = Secret::parse(TEXT).unwrap();
        let error = secret.verify(&Received { signature: &signature, ..RECEIVED }, NOW_S, TOLERANCE);
        assert!(matches!(error, Err(WebhookError::SignatureMismatch)));
    }
}

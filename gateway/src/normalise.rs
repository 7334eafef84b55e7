//! The door: what a request means, settled once. After this, no code sees what was sent.
//!
//! Units, sizes, defaults and ranges are decided here. An input is rounded to the model's fixed point here, so that the
//! statement it leads to is fixed from the start; two requests that differ only in spelling are the same job.

use sha2::{Digest, Sha256};
use sheaf_model::{QuantisedModel, reference};
use sheaf_policies::{MicroUsd, Objective};
use sheaf_statement::{InputVisibility, ModelDigest, TrustTier};

use crate::api::jobs::{JobRequest, ObjectiveParam, PrivacyParam, TierParam};
use crate::ids::JobId;
use crate::problem::{ApiError, Kind};
use crate::refusal::Refusal;
use crate::store::{JobSpec, ModelKey, NewJob, Subject};

/// Scale of a model if none is named.
pub(crate) const DEFAULT_SCALE_BITS: u32 = 12;
/// Time until a receipt is due if none is named.
const DEFAULT_DEADLINE_MS: u64 = 3_600_000;
/// Deadlines that make sense.
const DEADLINES_MS: std::ops::RangeInclusive<u64> = 1_000..=604_800_000;
/// Longest label or name, in characters.
const MAX_LABEL: usize = 128;
/// Longest idempotency key, in bytes.
const MAX_IDEMPOTENCY_KEY: usize = 255;

fn invalid(detail: impl Into<String>) -> ApiError {
    ApiError::new(Kind::InvalidField, detail)
}

/// A job request after its fields were checked, before the model is at hand.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) model: ModelKey,
    pub(crate) spec: JobSpec,
    pub(crate) deadline_ms: u64,
    input: Vec<f64>,
}

/// Checks a request's fields.
pub(crate) fn job(request: JobRequest) -> Result<Asked, ApiError> {
    let digest: ModelDigest = request.model.parse().map_err(|error| invalid(format!("model: {error}")))?;
    let model = ModelKey { digest, scale_bits: scale_bits(request.scale_bits)? };
    let max_price = match &request.max_price {
        None => None,
        Some(text) => {
            Some(text.parse::<MicroUsd>().map_err(|error| invalid(format!("max_price: {}", plain(&error))))?)
        }
    };
    let deadline_ms = request.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS);
    if !DEADLINES_MS.contains(&deadline_ms) {
        let (least, most) = DEADLINES_MS.into_inner();
        return Err(invalid(format!("deadline_ms: expected {least} to {most}, got {deadline_ms}")));
    }
    let spec = JobSpec {
        subject: Subject::Inference { model },
        visibility: request.privacy.unwrap_or(PrivacyParam::Public).into(),
        objective: request.objective.unwrap_or(ObjectiveParam::Balanced).into(),
        min_tier: request.min_trust_tier.unwrap_or(TierParam::Proven).into(),
        max_price,
        label: label("label", request.label)?,
    };
    Ok(Asked { model, spec, deadline_ms, input: request.input })
}

impl Asked {
    /// Rounds the input to the model's fixed point. The job is ready to be stored.
    pub(crate) fn with_model(
        self,
        model: &QuantisedModel,
        tenant: &str,
        now_ms: u64,
        idempotency: Option<(String, [u8; 32])>,
    ) -> Result<NewJob, ApiError> {
        let input = reference::quantise_input(model, &self.input).map_err(|error| {
            let refusal = Refusal::new(&error);
            Refusal { message: format!("input: {}", refusal.message), ..refusal }
        })?;
        let input = encode_input(&input);
        let digest = digest(tenant, &self.spec, &input);
        Ok(NewJob {
            id: JobId::new(),
            tenant: tenant.to_owned(),
            created_ms: now_ms,
            due_ms: now_ms.saturating_add(self.deadline_ms),
            spec: self.spec,
            input: Some(input),
            digest,
            idempotency,
        })
    }
}

/// A job for a proof that was brought.
pub(crate) fn brought(
    tenant: &str,
    blob: String,
    now_ms: u64,
    idempotency: Option<(String, [u8; 32])>,
) -> NewJob {
    let spec = JobSpec {
        subject: Subject::Proof { blob: blob.clone() },
        visibility: InputVisibility::Public,
        objective: Objective::default(),
        min_tier: TrustTier::Attested,
        max_price: None,
        label: None,
    };
    NewJob {
        id: JobId::new(),
        tenant: tenant.to_owned(),
        created_ms: now_ms,
        due_ms: now_ms + DEFAULT_DEADLINE_MS,
        digest: digest(tenant, &spec, &blob),
        spec,
        input: None,
        idempotency,
    }
}

/// A model's scale.
pub(crate) fn scale_bits(given: Option<u32>) -> Result<u32, ApiError> {
    let bits = given.unwrap_or(DEFAULT_SCALE_BITS);
    if (1..=sheaf_model::MAX_SCALE_BITS).contains(&bits) {
        Ok(bits)
    } else {
        Err(invalid(format!("scale_bits: expected 1 to {}, got {bits}", sheaf_model::MAX_SCALE_BITS)))
    }
}

/// A word of the caller's own.
pub(crate) fn label(field: &str, given: Option<String>) -> Result<Option<String>, ApiError> {
    match given {
        Some(text) if !is_label(&text, MAX_LABEL) => Err(invalid(format!(
            "{field}: expected 1 to {MAX_LABEL} characters, none of them a control character"
        ))),
        other => Ok(other),
    }
}

/// Whether a text is of 1 to `most` characters, none of them a control character.
pub(crate) fn is_label(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// An idempotency key with the fingerprint of the body under it.
pub(crate) fn idempotency(
    header: Option<&str>,
    path: &str,
    body: &[u8],
) -> Result<Option<(String, [u8; 32])>, ApiError> {
    let Some(key) = header else { return Ok(None) };
    // The draft has the key as a quoted string; most clients send it bare.
    let key = key.trim();
    let key = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(key);
    if key.is_empty() || key.len() > MAX_IDEMPOTENCY_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let detail = format!("idempotency-key: expected 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters");
        return Err(ApiError::new(Kind::InvalidParameter, detail));
    }
    let print = Sha256::new().chain_update(path).chain_update([0]).chain_update(body).finalize();
    Ok(Some((key.to_owned(), print.into())))
}

/// The stored form of an input.
pub(crate) fn encode_input(input: &[i64]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(input.len() * 6 + 2);
    text.push('[');
    for (index, value) in input.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let _ = write!(text, "{value}");
    }
    text.push(']');
    text
}

/// Equal for jobs that have the same statement and promise the same of it, for one tenant.
fn digest(tenant: &str, spec: &JobSpec, input: &str) -> String {
    let subject = match &spec.subject {
        Subject::Inference { model } => format!("{}:{}", model.digest, model.scale_bits),
        Subject::Proof { blob } => blob.clone(),
    };
    let mut hash = Sha256::new();
    for part in ["sheaf/job/v1", tenant, &subject, spec.visibility.name(), &spec.min_tier.to_string(), input]
    {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// An error's text without its code.
fn plain(error: &(dyn std::error::Error + 'static)) -> String {
    Refusal::new(error).message
}

impl From<PrivacyParam> for InputVisibility {
    fn from(privacy: PrivacyParam) -> Self {
        match privacy {
            PrivacyParam::Public => Self::Public,
            PrivacyParam::Private => Self::Private,
            PrivacyParam::Committed => Self::Committed,
        }
    }
}

impl From<InputVisibility> for PrivacyParam {
    fn from(visibility: InputVisibility) -> Self {
        match visibility {
            InputVisibility::Public => Self::Public,
            InputVisibility::Private => Self::Private,
            InputVisibility::Committed => Self::Committed,
        }
    }
}

impl From<ObjectiveParam> for Objective {
    fn from(objective: ObjectiveParam) -> Self {
        match objective {
            ObjectiveParam::Cheapest => Self::Cheapest,
            ObjectiveParam::Fastest => Self::Fastest,
            ObjectiveParam::Balanced => Self::Balanced,
        }
    }
}

impl From<Objective> for ObjectiveParam {
    fn from(objective: Objective) -> Self {
        match objective {
            Objective::Cheapest => Self::Cheapest,
            Objective::Fastest => Self::Fastest,
            Objective::Balanced => Self::Balanced,
        }
    }
}

impl From<TierParam> for TrustTier {
    fn from(tier: TierParam) -> Self {
        match tier {
            TierParam::Proven => Self::Proven,
            TierParam::Attested => Self::Attested,
        }
    }
}

impl From<TrustTier> for TierParam {
    fn from(tier: TrustTier) -> Self {
        match tier {
            TrustTier::Proven => Self::Proven,
            TrustTier::Attested => Self::Attested,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> JobRequest {
        JobRequest {
            model: format!("0x{}", "ab".repeat(32)),
            scale_bits: None,
            input: vec![1.0],
            max_price: None,
            deadline_ms: None,
            objective: None,
            privacy: None,
            min_trust_tier: None,
            label: None,
        }
    }

    #[test]
    fn defaults_are_settled_at_the_door() {
        let asked = job(request()).unwrap();
        assert_eq!(asked.model.scale_bits, 12);
        assert_eq!(asked.deadline_ms, 3_600_000);
        assert_eq!(asked.spec.visibility, InputVisibility::Public);
        assert_eq!(asked.spec.min_tier, TrustTier::Proven);
        assert_eq!(asked.spec.objective, Objective::Balanced);
    }

    #[test]
    fn fields_out_of_range_are_refused_by_name() {
        type Mistake = Box<dyn Fn(&mut JobRequest)>;
        let cases: Vec<(&str, Mistake)> = vec![
            ("model", Box::new(|r| r.model = "0xAB".to_owned())),
            ("scale_bits", Box::new(|r| r.scale_bits = Some(17))),
            ("max_price", Box::new(|r| r.max_price = Some("1e3".to_owned()))),
            ("deadline_ms", Box::new(|r| r.deadline_ms = Some(999))),
            ("label", Box::new(|r| r.label = Some("a\nb".to_owned()))),
            ("label", Box::new(|r| r.label = Some("x".repeat(129)))),
        ];
        for (field, change) in cases {
            let mut request = request();
            change(&mut request);
            let error = job(request).unwrap_err().to_string();
            assert!(error.contains(field), "{field}: {error}");
        }
    }

    #[test]
    fn what_makes_two_jobs_identical() {
        let asked = || job(request()).unwrap().spec;
        let base = digest("main", &asked(), "[1]");
        assert_eq!(digest("main", &asked(), "[1]"), base);
        assert_ne!(digest("other", &asked(), "[1]"), base, "tenants never share");
        assert_ne!(digest("main", &asked(), "[2]"), base);
        assert_ne!(digest("main", &JobSpec { visibility: InputVisibility::Private, ..asked() }, "[1]"), base);
        assert_ne!(digest("main", &JobSpec { min_tier: TrustTier::Attested, ..asked() }, "[1]"), base);
        assert_eq!(digest("main", &JobSpec { label: Some("x".to_owned()), ..asked() }, "[1]"), base);
    }

    #[test]
    fn idempotency_keys_are_bounded_and_bound_to_the_body() {
        assert_eq!(idempotency(None, "/", b"").unwrap(), None);
        let (key, print) = idempotency(Some("\"k\""), "/", b"a").unwrap().unwrap();
        assert_eq!(key, "k");
        assert_ne!(idempotency(Some("k"), "/", b"b").unwrap().unwrap().1, print);
        for bad in ["", " ", "a b", "é", &"x".repeat(256)] {
            assert!(idempotency(Some(bad), "/", b"").is_err(), "{bad:?}");
        }
    }
}

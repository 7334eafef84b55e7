//! Names of things: a prefix and a ULID, so that ids of one kind sort by time and kinds cannot be mistaken.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

/// Not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {prefix}_ and 26 characters of Crockford's base32")]
pub(crate) struct IdError {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(Ulid);

        impl $name {
            /// A new one.
            pub(crate) fn new() -> Self {
                Self(Ulid::generate())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { prefix: $prefix };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(error)?;
                let ulid = Ulid::from_string(digits).map_err(|_| error)?;
                // One spelling: the decoder also takes lower case and look-alikes.
                if ulid.to_string() == digits { Ok(Self(ulid)) } else { Err(error) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// Names a job.
    JobId, "job"
}
id! {
    /// Names one attempt of a job at a prover.
    AttemptRowId, "att"
}
id! {
    /// Names a batch.
    BatchId, "bat"
}
id! {
    /// Names a recursion task.
    TaskId, "tsk"
}
id! {
    /// Names an API key.
    KeyId, "key"
}
id! {
    /// Names a webhook.
    WebhookId, "whk"
}
id! {
    /// Names a webhook message: the same in every try of its delivery.
    MessageId, "msg"
}
id! {
    /// Names a request in logs.
    RequestId, "req"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling_and_one_kind() {
        let id = JobId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_lowercase().parse::<JobId>().is_err());
        assert!(id.to_string().replace("job", "bat").parse::<JobId>().is_err());
        assert!("job_".parse::<JobId>().is_err());
        assert!("job_8ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<JobId>().is_err(), "past 128 bits");
    }
}

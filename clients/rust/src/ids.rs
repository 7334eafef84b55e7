//! Names that the gateway gives: opaque text, one type for each kind of thing.
//!
//! Not checked when made, so that an id of a newer gateway passes; what cannot stand in a path is refused when a call is
//! built (`call`).

/// Declares a newtype over text.
macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.escape_debug())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use text_id;

text_id! {
    /// A job's id.
    JobId
}

text_id! {
    /// A batch's id.
    BatchId
}

text_id! {
    /// SHA-256 of a model's ONNX file, `0x` and 64 lower-case digits.
    ModelDigest
}

text_id! {
    /// keccak256 of a statement's canonical bytes, `0x` and 64 lower-case digits.
    StatementId
}

text_id! {
    /// An API key's id, which is not the key.
    KeyId
}

text_id! {
    /// A webhook's id.
    WebhookId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_text_in_json() {
        let id = JobId::from("job_1");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""job_1""#);
        assert_eq!(serde_json::from_str::<JobId>(r#""job_1""#).unwrap(), id);
    }

    #[test]
    fn debug_text_of_a_hostile_id_has_no_control_characters() {
        assert_eq!(format!("{:?}", JobId::from("a\u{1b}[2J")), r"JobId(a\u{1b}[2J)");
    }
}

//! Enumerations that a newer gateway may extend.
//!
//! Owns the macro that gives each a variant for names it does not know, so that an old client can still read a new
//! gateway's answers and hand on what it read.

/// Declares an enumeration whose JSON is a name, with `Other` for every name that is not listed.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A name that this version of the client does not know.
            Other(String),
        }

        impl $name {
            /// The name, as in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self::from(name.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, reason = "the macro is for types of the API")]

    open_enum! {
        /// For the test.
        Colour {
            /// Red.
            Red = "red",
        }
    }

    #[test]
    fn unknown_name_is_kept() {
        for (json, colour) in [(r#""red""#, Colour::Red), (r#""blue""#, Colour::Other("blue".into()))] {
            assert_eq!(serde_json::from_str::<Colour>(json).unwrap(), colour);
            assert_eq!(serde_json::to_string(&colour).unwrap(), json);
        }
        assert_eq!(format!("{:5}|", Colour::Red), "red  |");
    }
}

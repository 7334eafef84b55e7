//! Strictness that serde's derive has no attribute for.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a struct from an object only. A derived `Deserialize` also takes an array of the fields in their order, which
/// would be a second JSON form of the same value. Binary formats have no objects and keep the derived form.
pub(crate) fn from_object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    if !deserializer.is_human_readable() {
        return T::deserialize(deserializer);
    }
    deserializer.deserialize_map(Object(PhantomData))
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, SeqDeserializer};
    use serde::forward_to_deserialize_any;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        a: u8,
        b: u8,
    }

    /// Reads a struct as its fields in order, as postcard and other binary formats do.
    struct Binary([u8; 2]);

    impl<'de> Deserializer<'de> for Binary {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_seq(SeqDeserializer::new(self.0.into_iter()))
        }

        fn is_human_readable(&self) -> bool {
            false
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    fn from_json(json: &str) -> Result<Pair, serde_json::Error> {
        from_object(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn array_form_is_rejected() {
        assert_eq!(from_json(r#"{"b": 2, "a": 1}"#).unwrap(), Pair { a: 1, b: 2 });
        assert!(serde_json::from_str::<Pair>("[1, 2]").is_ok(), "the derive alone takes an array");
        assert!(from_json("[1, 2]").unwrap_err().to_string().contains("expected an object"));
    }

    #[test]
    fn binary_formats_keep_the_derived_form() {
        assert_eq!(from_object::<_, Pair>(Binary([1, 2])).unwrap(), Pair { a: 1, b: 2 });
    }
}

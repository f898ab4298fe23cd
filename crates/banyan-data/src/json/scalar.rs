//! A scalar of a JSON document on its way to a value of a leaf.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::lexical::JsonScalar;

/// Hands the scalar that comes next to a function; its answer is what is read.
pub(super) struct Scalar<F>(pub(super) F);

impl<'de, T, F> DeserializeSeed<'de> for Scalar<F>
where
    F: for<'s> FnOnce(JsonScalar<'s>) -> Result<T, String>,
{
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F> Visitor<'de> for Scalar<F>
where
    F: for<'s> FnOnce(JsonScalar<'s>) -> Result<T, String>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, true, false or [null]")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        self.0(JsonScalar::String(text)).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.0(JsonScalar::Unsigned(number)).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.0(JsonScalar::Signed(number)).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.0(JsonScalar::Float(number)).map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        self.0(JsonScalar::Bool(value)).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        // RFC 7951 6.9: the value of type empty.
        let null: Option<()> = items.next_element()?;
        let end: Option<de::IgnoredAny> = items.next_element()?;
        if null.is_none() || end.is_some() {
            return Err(de::Error::custom("a leaf takes no array but [null]"));
        }
        self.0(JsonScalar::EmptyArray).map_err(de::Error::custom)
    }
}

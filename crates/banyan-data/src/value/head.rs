//! The beginning of a value as a number, so that most comparisons need not read the value.

use super::Value;

/// Bytes of a string that have room beside the type.
const BYTES: usize = 15;

impl Value {
    /// A number that never orders two values the other way round than [`Ord`] does: equal heads say nothing,
    /// different ones all. The type comes first, then a number as a whole, or the first fifteen bytes of a string.
    pub(crate) fn head(&self) -> u128 {
        let signed = |number: i64| u128::from(number.cast_unsigned() ^ (1 << 63));
        let content = match self {
            Value::Empty | Value::InstanceId(_) => 0,
            Value::Bool(value) => u128::from(*value),
            Value::Int(value) => signed(*value),
            Value::Uint(value) => u128::from(*value),
            Value::Decimal { scaled, .. } => signed(*scaled),
            Value::Enum(value) => signed(i64::from(*value)),
            Value::Bits(positions) => {
                let mut positions = positions.slice.iter();
                (0..3).fold(0, |head, _| {
                    head << 32 | u128::from(positions.next().copied().unwrap_or(0))
                })
            }
            Value::Identity(id) => u128::from(id.0),
            Value::Binary(bytes) => beginning(&bytes.slice),
            Value::Union(union) => u128::from(union.member) << 104 | union.value.head() >> 24,
            Value::ShortString { .. } | Value::LongString(_) => {
                beginning(self.string_bytes().unwrap_or_default())
            }
        };
        u128::from(self.rank()) << (8 * BYTES) | content
    }
}

fn beginning(bytes: &[u8]) -> u128 {
    let mut first = [0; 16];
    let length = bytes.len().min(BYTES);
    first[1..=length].copy_from_slice(&bytes[..length]);
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::super::UnionValue;
    use super::*;
    use banyan_yang::schema::IdentityId;
    use proptest::prelude::*;
    use triomphe::{Arc, ThinArc};

    fn value() -> impl Strategy<Value = Value> {
        let bytes =
            || prop::collection::vec(prop_oneof![Just(0u8), Just(b'a'), any::<u8>()], 0..20);
        let leaf = prop_oneof![
            Just(Value::Empty),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-2i64..3).prop_map(Value::Int),
            any::<u64>().prop_map(Value::Uint),
            (any::<i64>(), 1u8..19).prop_map(|(scaled, digits)| Value::Decimal { scaled, digits }),
            any::<i32>().prop_map(Value::Enum),
            prop::collection::btree_set(0u32..5, 0..5).prop_map(|positions| {
                let positions: Vec<u32> = positions.into_iter().collect();
                Value::Bits(ThinArc::from_header_and_slice((), &positions))
            }),
            (0u32..9).prop_map(|id| Value::Identity(IdentityId(id))),
            "[a-b]{0,18}".prop_map(|text| Value::string(&text)),
            "(ethernet-slot-1){0,1}[0-9]{0,3}".prop_map(|text| Value::string(&text)),
            any::<String>().prop_map(|text| Value::string(&text)),
            bytes().prop_map(|bytes| Value::Binary(ThinArc::from_header_and_slice((), &bytes))),
        ];
        leaf.prop_recursive(2, 4, 1, |inner| {
            (0u16..3, inner)
                .prop_map(|(member, value)| Value::Union(Arc::new(UnionValue { member, value })))
        })
    }

    proptest! {
        #[test]
        fn heads_never_contradict_the_order(values in prop::collection::vec(value(), 2..40)) {
            let mut values = values;
            values.sort();
            for pair in values.windows(2) {
                prop_assert!(pair[0].head() <= pair[1].head(), "{:?} {:?}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn names_that_differ_in_their_first_fifteen_bytes_have_different_heads() {
        let head = |text: &str| Value::string(text).head();
        assert!(head("ethernet-000123") < head("ethernet-000124"));
        assert_eq!(head("ethernet-000123/1"), head("ethernet-000123/2"));
        assert_ne!(Value::Int(-1).head(), Value::Int(1).head());
    }
}

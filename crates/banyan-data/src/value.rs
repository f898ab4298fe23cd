//! A value of a leaf: typed, canonical, 16 bytes (RFC 7950 section 9).
//!
//! Values compare and sort as values, never as text. Ids in them (identities) belong to one schema.
//! Reading and writing text is the business of `lexical`.

mod head;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use banyan_yang::schema::IdentityId;
use triomphe::{Arc, ThinArc};

use crate::path::InstancePath;

/// The longest string that is kept inside the value.
const INLINE: usize = 14;

/// A typed value.
///
/// A leafref's value is one of its target's type. Sorting is by value within one type; across types
/// (the members of a union) it is by the order of the variants.
#[derive(Clone)]
pub enum Value {
    /// Type empty.
    Empty,
    /// Type boolean.
    Bool(bool),
    /// Types int8 to int64.
    Int(i64),
    /// Types uint8 to uint64.
    Uint(u64),
    /// Type decimal64.
    Decimal {
        /// The value times ten to the power of `digits`.
        scaled: i64,
        /// The type's fraction-digits.
        digits: u8,
    },
    /// Type enumeration: the assigned value of the enum.
    Enum(i32),
    /// Type bits: positions that are set, ascending.
    Bits(ThinArc<(), u32>),
    /// Type identityref.
    Identity(IdentityId),
    /// Type string, up to 14 bytes of UTF-8: made by [`Value::string`], read by [`Value::as_str`].
    ShortString {
        /// Bytes in use.
        len: u8,
        /// UTF-8.
        bytes: [u8; INLINE],
    },
    /// Type string, longer: made by [`Value::string`], read by [`Value::as_str`].
    LongString(ThinArc<(), u8>),
    /// Type binary.
    Binary(ThinArc<(), u8>),
    /// Type instance-identifier: names are kept, not prefixes.
    InstanceId(Arc<InstancePath>),
    /// Type union: the value and which member it took.
    Union(Arc<UnionValue>),
}

const _: () = assert!(size_of::<Value>() == 16);

/// A value of a union with the index of the member type that accepted it (RFC 7950 9.12).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UnionValue {
    /// Index into the union's members; nested unions nest values.
    pub member: u16,
    /// The member's value.
    pub value: Value,
}

impl Value {
    /// The place of the value's type in the order of types.
    fn rank(&self) -> u8 {
        match self {
            Value::Empty => 0,
            Value::Bool(_) => 1,
            Value::Int(_) => 2,
            Value::Uint(_) => 3,
            Value::Decimal { .. } => 4,
            Value::Enum(_) => 5,
            Value::Bits(_) => 6,
            Value::Identity(_) => 7,
            Value::ShortString { .. } | Value::LongString(_) => 8,
            Value::Binary(_) => 9,
            Value::InstanceId(_) => 10,
            Value::Union(_) => 11,
        }
    }

    fn string_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::ShortString { len, bytes } => Some(&bytes[..usize::from(*len)]),
            Value::LongString(shared) => Some(&shared.slice),
            _ => None,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
            // Values of one type have the same number of digits.
            (
                Value::Decimal {
                    scaled: a,
                    digits: x,
                },
                Value::Decimal {
                    scaled: b,
                    digits: y,
                },
            ) => (a, x).cmp(&(b, y)),
            (Value::Enum(a), Value::Enum(b)) => a.cmp(b),
            (Value::Bits(a), Value::Bits(b)) => a.slice.cmp(&b.slice),
            (Value::Identity(a), Value::Identity(b)) => a.cmp(b),
            (Value::Binary(a), Value::Binary(b)) => a.slice.cmp(&b.slice),
            (Value::InstanceId(a), Value::InstanceId(b)) => a.cmp(b),
            (Value::Union(a), Value::Union(b)) => a.cmp(b),
            _ => match (self.string_bytes(), other.string_bytes()) {
                // UTF-8 sorts by bytes as by characters, so text need not be decoded to be compared.
                (Some(a), Some(b)) => a.cmp(b),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Value::Empty => {}
            Value::Bool(value) => value.hash(state),
            Value::Int(value) => value.hash(state),
            Value::Uint(value) => value.hash(state),
            Value::Decimal { scaled, digits } => (scaled, digits).hash(state),
            Value::Enum(value) => value.hash(state),
            Value::Bits(positions) => positions.slice.hash(state),
            Value::Identity(id) => id.hash(state),
            Value::ShortString { .. } | Value::LongString(_) => self.string_bytes().hash(state),
            Value::Binary(bytes) => bytes.slice.hash(state),
            Value::InstanceId(path) => path.hash(state),
            Value::Union(union) => union.hash(state),
        }
    }
}

impl Value {
    /// A string value.
    pub fn string(text: &str) -> Self {
        if text.len() <= INLINE {
            let mut bytes = [0; INLINE];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            Value::ShortString {
                len: text.len() as u8,
                bytes,
            }
        } else {
            Value::LongString(ThinArc::from_header_and_slice((), text.as_bytes()))
        }
    }

    /// A value of type instance-identifier.
    pub fn instance(path: InstancePath) -> Self {
        Value::InstanceId(Arc::new(path))
    }

    /// The value without the union around it.
    pub fn innermost(&self) -> &Value {
        match self {
            Value::Union(union) => union.value.innermost(),
            value => value,
        }
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        // The bytes come from a &str, so decoding cannot fail.
        self.innermost()
            .string_bytes()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Empty => f.write_str("empty"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}u"),
            Value::Decimal { scaled, digits } => write!(f, "{scaled}e-{digits}"),
            Value::Enum(value) => write!(f, "enum {value}"),
            Value::Bits(positions) => write!(f, "bits {:?}", &positions.slice),
            Value::Identity(id) => write!(f, "identity {}", id.0),
            Value::ShortString { .. } | Value::LongString(_) => {
                write!(f, "{:?}", self.as_str().unwrap_or_default())
            }
            Value::Binary(bytes) => write!(f, "binary of {} octets", bytes.slice.len()),
            Value::InstanceId(path) => write!(f, "{path:?}"),
            Value::Union(union) => write!(f, "{:?}", union.value),
        }
    }
}

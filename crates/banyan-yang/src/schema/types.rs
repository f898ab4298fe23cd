//! Types of leaves, with all restrictions of their typedef chain merged (RFC 7950 section 9).

use std::fmt;
use std::sync::Arc;

use super::{Expression, IdentityId, ModuleId, SchemaId};
use crate::pattern::Pattern;

/// A resolved type.
#[derive(Clone, Debug)]
pub struct Type {
    /// The base type with its restrictions.
    pub kind: TypeKind,
    /// The typedef that the leaf names, for messages and tree diagrams: defining module and name.
    pub typedef: Option<(ModuleId, Arc<str>)>,
}

/// A built-in type with what restricts it. Lists are shared by the types of a chain of typedefs.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// int8 to int64 (RFC 7950 9.2).
    Int(IntWidth, Restriction<i64>),
    /// uint8 to uint64 (RFC 7950 9.2).
    Uint(IntWidth, Restriction<u64>),
    /// RFC 7950 9.3. Bounds are scaled by ten to the power of `fraction_digits`.
    Decimal64 {
        /// 1 to 18.
        fraction_digits: u8,
        /// The range, in units of the last digit.
        range: Restriction<i64>,
    },
    /// RFC 7950 9.4. All patterns must hold.
    String {
        /// In characters.
        length: Restriction<u64>,
        /// Of the whole typedef chain.
        patterns: Patterns,
    },
    /// RFC 7950 9.5.
    Boolean,
    /// RFC 7950 9.6, without the disabled ones; in schema order.
    Enumeration(Arc<[EnumItem]>),
    /// RFC 7950 9.7, by ascending position.
    Bits(Arc<[Bit]>),
    /// RFC 7950 9.8. Length in octets.
    Binary(Restriction<u64>),
    /// RFC 7950 9.9.
    Leafref {
        /// The `path` argument.
        path: Expression,
        /// The leaf or leaf-list that it names.
        target: SchemaId,
        /// The type of the target, chains followed: the type of the value.
        resolved: Arc<Type>,
        /// RFC 7950 9.9.3.
        require_instance: bool,
    },
    /// RFC 7950 9.10: the value must be derived from all of these.
    IdentityRef(Arc<[IdentityId]>),
    /// RFC 7950 9.11.
    Empty,
    /// RFC 7950 9.12: the members, in order.
    Union(Arc<[Arc<Type>]>),
    /// RFC 7950 9.13.
    InstanceIdentifier {
        /// RFC 7950 9.13.1.
        require_instance: bool,
    },
}

/// The width of an integer type, in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntWidth {
    /// 8 bits.
    W8,
    /// 16 bits.
    W16,
    /// 32 bits.
    W32,
    /// 64 bits; a string in JSON (RFC 7951 6.1).
    W64,
}

/// An inclusive interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range<T> {
    /// The least value.
    pub min: T,
    /// The greatest value.
    pub max: T,
}

/// A `range` or `length`: disjoint ascending intervals; empty means unrestricted
/// (beyond what the base type itself allows).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restriction<T> {
    /// The intervals; shared with derived types that do not narrow them.
    pub parts: Arc<[Range<T>]>,
    /// Its `error-message`.
    pub error_message: Option<Arc<str>>,
    /// Its `error-app-tag`.
    pub error_app_tag: Option<Arc<str>>,
}

impl<T> Default for Restriction<T> {
    fn default() -> Self {
        Restriction {
            parts: Arc::default(),
            error_message: None,
            error_app_tag: None,
        }
    }
}

impl<T: Copy + PartialOrd> Restriction<T> {
    /// Whether `value` lies in one of the intervals, or nothing is restricted. O(log n).
    pub fn allows(&self, value: T) -> bool {
        let first = self.parts.partition_point(|part| part.max < value);
        self.parts.is_empty() || self.parts.get(first).is_some_and(|part| part.min <= value)
    }
}

/// The patterns of a chain of typedefs: each one's are shared with all types that are derived from it.
#[derive(Clone, Default)]
pub struct Patterns(Vec<Arc<[PatternRestriction]>>);

impl Patterns {
    /// All of them, those of the first typedef first.
    pub fn iter(&self) -> impl Iterator<Item = &PatternRestriction> {
        self.0.iter().flat_map(|own| own.iter())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|own| own.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These and those of a derived type.
    pub(crate) fn and(&self, own: Vec<PatternRestriction>) -> Self {
        let mut all = self.clone();
        if !own.is_empty() {
            all.0.push(own.into());
        }
        all
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl From<Vec<PatternRestriction>> for Patterns {
    fn from(own: Vec<PatternRestriction>) -> Self {
        Patterns::default().and(own)
    }
}

/// A `pattern` (RFC 7950 9.4.5).
#[derive(Clone, Debug)]
pub struct PatternRestriction {
    /// The compiled expression.
    pub pattern: Arc<Pattern>,
    /// `modifier invert-match`: the value must not match.
    pub invert_match: bool,
    /// Its `error-message`.
    pub error_message: Option<Arc<str>>,
    /// Its `error-app-tag`.
    pub error_app_tag: Option<Arc<str>>,
}

/// An `enum` (RFC 7950 9.6.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnumItem {
    /// The name.
    pub name: Arc<str>,
    /// The assigned value: unique, and kept by restrictions.
    pub value: i32,
}

/// A `bit` (RFC 7950 9.7.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bit {
    /// The name.
    pub name: Arc<str>,
    /// The position: unique, and kept by restrictions.
    pub position: u32,
}

impl Type {
    /// The type itself, or what a leafref stands for (RFC 7950 9.9).
    pub fn resolved(&self) -> &Type {
        match &self.kind {
            TypeKind::Leafref { resolved, .. } => resolved.resolved(),
            _ => self,
        }
    }

    /// The name of the built-in type.
    pub fn builtin_name(&self) -> &'static str {
        use IntWidth::*;
        match &self.kind {
            TypeKind::Int(W8, _) => "int8",
            TypeKind::Int(W16, _) => "int16",
            TypeKind::Int(W32, _) => "int32",
            TypeKind::Int(W64, _) => "int64",
            TypeKind::Uint(W8, _) => "uint8",
            TypeKind::Uint(W16, _) => "uint16",
            TypeKind::Uint(W32, _) => "uint32",
            TypeKind::Uint(W64, _) => "uint64",
            TypeKind::Decimal64 { .. } => "decimal64",
            TypeKind::String { .. } => "string",
            TypeKind::Boolean => "boolean",
            TypeKind::Enumeration(_) => "enumeration",
            TypeKind::Bits(_) => "bits",
            TypeKind::Binary(_) => "binary",
            TypeKind::Leafref { .. } => "leafref",
            TypeKind::IdentityRef(_) => "identityref",
            TypeKind::Empty => "empty",
            TypeKind::Union(_) => "union",
            TypeKind::InstanceIdentifier { .. } => "instance-identifier",
        }
    }
}

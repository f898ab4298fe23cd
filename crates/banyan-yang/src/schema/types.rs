//! Types of leaves, with all restrictions of their typedef chain merged (RFC 7950 section 9).

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

/// A built-in type with what restricts it.
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
        patterns: Vec<PatternRestriction>,
    },
    /// RFC 7950 9.5.
    Boolean,
    /// RFC 7950 9.6, without the disabled ones; in schema order.
    Enumeration(Vec<EnumItem>),
    /// RFC 7950 9.7, by ascending position.
    Bits(Vec<Bit>),
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
    IdentityRef(Vec<IdentityId>),
    /// RFC 7950 9.11.
    Empty,
    /// RFC 7950 9.12: the members, in order.
    Union(Vec<Arc<Type>>),
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
    /// The intervals.
    pub parts: Vec<Range<T>>,
    /// Its `error-message`.
    pub error_message: Option<Arc<str>>,
    /// Its `error-app-tag`.
    pub error_app_tag: Option<Arc<str>>,
}

impl<T> Default for Restriction<T> {
    fn default() -> Self {
        Restriction {
            parts: Vec::new(),
            error_message: None,
            error_app_tag: None,
        }
    }
}

impl<T: Copy + PartialOrd> Restriction<T> {
    /// Whether `value` lies in one of the intervals, or nothing is restricted.
    pub fn allows(&self, value: T) -> bool {
        self.parts.is_empty()
            || self
                .parts
                .iter()
                .any(|part| part.min <= value && value <= part.max)
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

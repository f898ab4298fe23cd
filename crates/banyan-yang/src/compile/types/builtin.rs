//! The built-in types by name, and which substatements of `type` fit each.

use crate::schema::{IntWidth, Patterns, Restriction, TypeKind};
use crate::statement::Keyword;

/// The built-in types (RFC 7950 4.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Builtin {
    Int(IntWidth),
    Uint(IntWidth),
    Decimal64,
    String,
    Boolean,
    Enumeration,
    Bits,
    Binary,
    Leafref,
    IdentityRef,
    Empty,
    Union,
    InstanceIdentifier,
}

const BY_NAME: [(&str, Builtin); 19] = [
    ("int8", Builtin::Int(IntWidth::W8)),
    ("int16", Builtin::Int(IntWidth::W16)),
    ("int32", Builtin::Int(IntWidth::W32)),
    ("int64", Builtin::Int(IntWidth::W64)),
    ("uint8", Builtin::Uint(IntWidth::W8)),
    ("uint16", Builtin::Uint(IntWidth::W16)),
    ("uint32", Builtin::Uint(IntWidth::W32)),
    ("uint64", Builtin::Uint(IntWidth::W64)),
    ("decimal64", Builtin::Decimal64),
    ("string", Builtin::String),
    ("boolean", Builtin::Boolean),
    ("enumeration", Builtin::Enumeration),
    ("bits", Builtin::Bits),
    ("binary", Builtin::Binary),
    ("leafref", Builtin::Leafref),
    ("identityref", Builtin::IdentityRef),
    ("empty", Builtin::Empty),
    ("union", Builtin::Union),
    ("instance-identifier", Builtin::InstanceIdentifier),
];

impl Builtin {
    /// What only the built-in type itself can have, not a type derived from it.
    pub const ONLY_AT_BASE: [Keyword; 4] = [
        Keyword::FractionDigits,
        Keyword::Path,
        Keyword::Base,
        Keyword::Type,
    ];

    pub fn named(name: &str) -> Option<Self> {
        let found = BY_NAME.iter().find(|(known, _)| *known == name);
        found.map(|(_, builtin)| *builtin)
    }

    /// All their names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BY_NAME.iter().map(|(name, _)| *name)
    }

    /// The type by itself, if it needs no substatement.
    pub fn unrestricted(self) -> Option<TypeKind> {
        Some(match self {
            Builtin::Int(width) => TypeKind::Int(width, Restriction::default()),
            Builtin::Uint(width) => TypeKind::Uint(width, Restriction::default()),
            Builtin::String => TypeKind::String {
                length: Restriction::default(),
                patterns: Patterns::default(),
            },
            Builtin::Binary => TypeKind::Binary(Restriction::default()),
            Builtin::Boolean => TypeKind::Boolean,
            Builtin::Empty => TypeKind::Empty,
            Builtin::InstanceIdentifier => TypeKind::InstanceIdentifier {
                require_instance: true,
            },
            Builtin::Decimal64
            | Builtin::Enumeration
            | Builtin::Bits
            | Builtin::Leafref
            | Builtin::IdentityRef
            | Builtin::Union => return None,
        })
    }

    pub fn of(kind: &TypeKind) -> Self {
        match kind {
            TypeKind::Int(width, _) => Builtin::Int(*width),
            TypeKind::Uint(width, _) => Builtin::Uint(*width),
            TypeKind::Decimal64 { .. } => Builtin::Decimal64,
            TypeKind::String { .. } => Builtin::String,
            TypeKind::Boolean => Builtin::Boolean,
            TypeKind::Enumeration(_) => Builtin::Enumeration,
            TypeKind::Bits(_) => Builtin::Bits,
            TypeKind::Binary(_) => Builtin::Binary,
            TypeKind::Leafref { .. } => Builtin::Leafref,
            TypeKind::IdentityRef(_) => Builtin::IdentityRef,
            TypeKind::Empty => Builtin::Empty,
            TypeKind::Union(_) => Builtin::Union,
            TypeKind::InstanceIdentifier { .. } => Builtin::InstanceIdentifier,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Builtin::Int(_) | Builtin::Uint(_) => "integer",
            Builtin::Decimal64 => "decimal64",
            Builtin::String => "string",
            Builtin::Boolean => "boolean",
            Builtin::Enumeration => "enumeration",
            Builtin::Bits => "bits",
            Builtin::Binary => "binary",
            Builtin::Leafref => "leafref",
            Builtin::IdentityRef => "identityref",
            Builtin::Empty => "empty",
            Builtin::Union => "union",
            Builtin::InstanceIdentifier => "instance-identifier",
        }
    }

    /// The substatements that fit (RFC 7950 9).
    pub fn restrictions(self) -> &'static [Keyword] {
        use Keyword::*;
        match self {
            Builtin::Int(_) | Builtin::Uint(_) => &[Range],
            Builtin::Decimal64 => &[FractionDigits, Range],
            Builtin::String => &[Length, Pattern],
            Builtin::Binary => &[Length],
            Builtin::Enumeration => &[Enum],
            Builtin::Bits => &[Bit],
            Builtin::Leafref => &[Path, RequireInstance],
            Builtin::IdentityRef => &[Base],
            Builtin::Union => &[Type],
            Builtin::InstanceIdentifier => &[RequireInstance],
            Builtin::Boolean | Builtin::Empty => &[],
        }
    }
}

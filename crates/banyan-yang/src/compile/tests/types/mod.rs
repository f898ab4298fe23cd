//! Types: the rules 29 to 40 of the test plan, as far as a schema decides them.

mod defaults;
mod leafrefs;
mod names;
mod numbers;
mod patterns;
mod typedefs;
mod unions;

use crate::schema::TypeKind;

fn parts(kind: &TypeKind) -> Vec<(i128, i128)> {
    match kind {
        TypeKind::Int(_, range) | TypeKind::Decimal64 { range, .. } => range
            .parts
            .iter()
            .map(|part| (part.min.into(), part.max.into()))
            .collect(),
        TypeKind::Uint(_, range)
        | TypeKind::String { length: range, .. }
        | TypeKind::Binary(range) => range
            .parts
            .iter()
            .map(|part| (part.min.into(), part.max.into()))
            .collect(),
        _ => panic!("no range"),
    }
}

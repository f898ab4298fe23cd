//! Comparisons of leaves with texts that no value of theirs has: legal, false whatever the data are, and a slip of the
//! pen (XPath 1.0 has no types that would tell).

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, Schema, SchemaId, Type, TypeKind};
use banyan_yang::xpath::{CompareOp, PlanExpr, PlanStep, PlanTest};

use super::step::values_of_text;

/// What there is to say of each `=` and `!=` with a literal that none of the leaves can have.
pub(super) fn never_equal(schema: &Schema, expr: &PlanExpr) -> Vec<String> {
    let mut found = Vec::new();
    look(schema, expr, &mut found);
    found.sort();
    found.dedup();
    found
}

/// Recurses as deep as the expression, which its parser has limited.
fn look(schema: &Schema, expr: &PlanExpr, found: &mut Vec<String>) {
    match expr {
        PlanExpr::Or(operands)
        | PlanExpr::And(operands)
        | PlanExpr::Union(operands)
        | PlanExpr::Call { args: operands, .. } => {
            for operand in operands {
                look(schema, operand, found);
            }
        }
        PlanExpr::Compare(op, left, right) => {
            look(schema, left, found);
            look(schema, right, found);
            if matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
                match (&**left, &**right) {
                    (path, PlanExpr::Literal(text)) | (PlanExpr::Literal(text), path) => {
                        let leaves = leaves(path);
                        found.extend(warning(schema, &leaves, text));
                    }
                    _ => {}
                }
            }
        }
        PlanExpr::Arith(_, left, right) => {
            look(schema, left, found);
            look(schema, right, found);
        }
        PlanExpr::Negate(inner) => look(schema, inner, found),
        PlanExpr::DerivedFrom { nodes, .. } => look(schema, nodes, found),
        PlanExpr::Once { expr, .. } => look(schema, expr, found),
        PlanExpr::Path { steps, .. } => in_steps(schema, steps, found),
        PlanExpr::Filter {
            primary,
            predicates,
            steps,
        } => {
            look(schema, primary, found);
            for predicate in predicates {
                look(schema, &predicate.expr, found);
            }
            in_steps(schema, steps, found);
        }
        PlanExpr::Number(_) | PlanExpr::Literal(_) | PlanExpr::Variable(_) => {}
    }
}

fn in_steps(schema: &Schema, steps: &[PlanStep], found: &mut Vec<String>) {
    for step in steps {
        for predicate in &step.predicates {
            look(schema, &predicate.expr, found);
        }
        let Some(lookup) = &step.lookup else { continue };
        for (key, expr) in schema.node(lookup.list).keys().iter().zip(&lookup.keys) {
            match expr {
                PlanExpr::Literal(text) => found.extend(warning(schema, &[*key], text)),
                expr => look(schema, expr, found),
            }
        }
    }
}

/// The leaves that a path can lead to; none where that is not known.
fn leaves(path: &PlanExpr) -> Vec<SchemaId> {
    let steps = match path {
        PlanExpr::Path { steps, .. } | PlanExpr::Filter { steps, .. } => steps,
        PlanExpr::Once { expr, .. } => return leaves(expr),
        _ => return Vec::new(),
    };
    match steps.last().map(|step| &step.test) {
        Some(PlanTest::Name(name)) => name.nodes.to_vec(),
        _ => Vec::new(),
    }
}

fn warning(schema: &Schema, leaves: &[SchemaId], text: &str) -> Option<String> {
    let mut allowed: Vec<String> = Vec::new();
    for leaf in leaves {
        let node = schema.node(*leaf);
        let ty = node.ty.as_ref()?;
        if !matches!(node.kind, NodeKind::Leaf | NodeKind::LeafList) || is_open(ty) {
            return None;
        }
        let mut values = Vec::new();
        values_of_text(schema, ty, text, &mut values);
        if !values.is_empty() {
            return None;
        }
        names(schema, ty, &mut allowed);
    }
    let first = *leaves.first()?;
    let local = text.rsplit(':').next().unwrap_or(text);
    let is_local = |name: &&String| name.rsplit(':').next() == Some(local);
    let near = allowed.iter().find(is_local).map(String::as_str);
    let near = near.or_else(|| nearest(text, allowed.iter().map(String::as_str)));
    let help = match near {
        Some(near) => format!("; did you mean '{near}'?"),
        None if !allowed.is_empty() && allowed.len() <= 8 => {
            format!("; its values are {}", allowed.join(", "))
        }
        None => String::new(),
    };
    Some(format!(
        "no value of {} is '{text}', so that the comparison with it is always the same{help}",
        schema.path(first)
    ))
}

/// Whether a type has values that are not told from its definition alone.
fn is_open(ty: &Type) -> bool {
    match &ty.resolved().kind {
        TypeKind::Union(members) => members.iter().any(|member| is_open(member)),
        TypeKind::InstanceIdentifier { .. } => true,
        _ => false,
    }
}

/// The values of a type that have names.
fn names(schema: &Schema, ty: &Type, found: &mut Vec<String>) {
    match &ty.resolved().kind {
        TypeKind::Enumeration(items) => {
            found.extend(items.iter().map(|item| item.name.to_string()));
        }
        TypeKind::Boolean => found.extend(["true".to_owned(), "false".to_owned()]),
        TypeKind::IdentityRef(bases) => {
            let is_derived = |id| bases.iter().all(|base| schema.is_derived_from(id, *base));
            let derived = schema.identities().filter(|(id, _)| is_derived(*id));
            found.extend(derived.map(|(_, identity)| {
                format!("{}:{}", schema.module(identity.module).name, identity.name)
            }));
        }
        TypeKind::Union(members) => {
            for member in members.iter() {
                names(schema, member, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::outline;
    use crate::xpath::{Names, compile};
    use banyan_yang::xpath::Extent;

    fn warnings(text: &str) -> Vec<String> {
        let schema = outline(
            "list l key=k\n  leaf k type=uint32\n  leaf level type=enum\n  leaf kind type=identity\n  leaf on type=boolean\n  leaf s",
        );
        let compiled = compile(&schema, text, Names::Modules, SchemaId::ROOT, Extent::Value);
        compiled.unwrap().warnings
    }

    #[test]
    fn a_text_that_no_value_has_is_told() {
        for (text, words) in [
            ("/l[level='hihg']", "did you mean 'high'?"),
            ("/l/level = 'LOW' or true()", "is 'LOW'"),
            ("/l[k='x']/s", "no value of /t:l/k is 'x'"),
            ("//on != 'yes'", "its values are true, false"),
            ("count(/l[not(kind = 'wolf')])", "no value of /t:l/kind"),
        ] {
            let found = warnings(text);
            assert!(
                found.iter().any(|it| it.contains(words)),
                "{text}: {found:?}"
            );
        }
        for text in [
            "/l[level='high']",
            "/l/s = 'anything'",
            "/l[k='7']",
            "/l/kind = 't:dog'",
            "/l[level=../l/s]",
        ] {
            assert_eq!(warnings(text), Vec::<String>::new(), "{text}");
        }
    }
}

//! Random values of a type: few for each type, so that data meet each other.

use banyan_data::lexical::{ModuleNames, parse};
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Tree, Value};
use banyan_yang::schema::{Schema, SchemaId, Type, TypeKind};
use triomphe::Arc;

use crate::dice::Dice;

/// A value of the leaf or leaf-list, if one of those that are tried is of its type.
pub(crate) fn value(tree: &Tree, leaf: SchemaId, dice: &mut Dice) -> Option<Value> {
    let schema = tree.schema();
    let node = schema.node(leaf);
    let ty = node.ty.as_deref()?;
    if let TypeKind::InstanceIdentifier { .. } = ty.resolved().kind {
        let mut steps = Vec::new();
        descend(schema, tree.root(), dice, &mut steps);
        return (!steps.is_empty()).then(|| Value::InstanceId(Arc::new(InstancePath { steps })));
    }
    let prefixes = ModuleNames {
        default: Some(node.module),
    };
    let texts = texts(schema, ty, dice);
    let first = dice.below(texts.len());
    let tried = texts.iter().cycle().skip(first).take(texts.len());
    tried
        .filter_map(|text| parse(schema, ty, text, &prefixes).ok())
        .next()
}

/// Texts that may be of the type.
fn texts(schema: &Schema, ty: &Type, dice: &mut Dice) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match &ty.resolved().kind {
        TypeKind::Int(..) | TypeKind::Uint(..) => words(&["0", "1", "2", "3", "-1"]),
        TypeKind::Decimal64 { .. } => words(&["0", "1.5", "2"]),
        TypeKind::String { .. } => words(&["a", "b", "ab", ""]),
        TypeKind::Boolean => words(&["true", "false"]),
        TypeKind::Enumeration(items) => items.iter().map(|item| item.name.to_string()).collect(),
        TypeKind::Bits(bits) => {
            let names = bits.iter().map(|bit| bit.name.to_string());
            names.chain([String::new()]).collect()
        }
        TypeKind::IdentityRef(bases) => {
            let is_derived = |id| bases.iter().all(|base| schema.is_derived_from(id, *base));
            let derived = schema.identities().filter(|(id, _)| is_derived(*id));
            derived
                .map(|(_, identity)| {
                    format!("{}:{}", schema.module(identity.module).name, identity.name)
                })
                .collect()
        }
        TypeKind::Union(members) => {
            let member = dice.pick(members);
            member.map_or_else(Vec::new, |member| texts(schema, member, dice))
        }
        TypeKind::Binary(_) | TypeKind::Empty => vec![String::new()],
        TypeKind::Leafref { .. } | TypeKind::InstanceIdentifier { .. } => Vec::new(),
    }
}

/// The way to some instance below `node`.
fn descend(schema: &Schema, node: &Node, dice: &mut Dice, steps: &mut Vec<PathStep>) {
    let Some(slot) = dice.pick(node.slots()) else {
        return;
    };
    let step = |select| PathStep {
        node: slot.id,
        select,
    };
    let deeper = match &slot.content {
        Content::List(list) => {
            let Some(entry) = list.nth(dice.below(list.len())) else {
                return;
            };
            let keys = entry.keys(list.key_count()).cloned().collect();
            steps.push(step(Select::Keys(keys)));
            Some(entry)
        }
        Content::LeafList(values) => {
            let value = values.nth(dice.below(values.len()));
            steps.extend(value.map(|value| step(Select::Value(value.clone()))));
            None
        }
        Content::Container(inner) => {
            steps.push(step(Select::None));
            Some(inner)
        }
        Content::Leaf(_) if schema.node(slot.id).is_key => None,
        Content::Leaf(_) | Content::Any(_) | Content::Mount(_) => {
            steps.push(step(Select::None));
            None
        }
    };
    if let Some(inner) = deeper.filter(|_| dice.chance(60)) {
        descend(schema, inner, dice, steps);
    }
}

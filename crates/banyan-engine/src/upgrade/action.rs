//! What a rule does at the instances that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::untyped::{Document, Element, KnownModules};
use banyan_yang::schema::NodeKind;

use super::locate::{Nodes, found_at, keys_of, path_of};
use super::migration::Migrating;
use super::path::{RulePath, Step};
use super::report::Finding;

/// One thing to do.
#[derive(Debug)]
pub(super) enum Action {
    /// Another name, perhaps of another module.
    Rename {
        module: Option<Arc<str>>,
        name: Arc<str>,
    },
    /// To another place, which the path's last step names.
    Move(RulePath),
    /// Away.
    Delete,
    /// A leaf with this value in every parent that lacks it.
    Default(String),
    /// Values by other values; `*` for all that are not named.
    Map(BTreeMap<String, String>),
    /// These below each instance, as far as they are not there.
    Insert(Vec<Element>),
}

impl Action {
    /// The word of the file.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Rename { .. } => "rename",
            Action::Move(_) => "move",
            Action::Delete => "delete",
            Action::Default(_) => "default",
            Action::Map(_) => "map",
            Action::Insert(_) => "insert",
        }
    }
}

/// Does it at all instances of the path.
///
/// # Errors
/// It cannot be done at one of them.
pub(super) fn apply(
    action: &Action,
    at: &RulePath,
    data: &mut Migrating<'_>,
) -> Result<(), String> {
    match action {
        Action::Default(value) => return default(value, at, data),
        Action::Move(to) => return relocate(at, to, data),
        _ => {}
    }
    // From the last to the first, so that places of those that follow stay what they are.
    let mut done = Vec::new();
    for places in at.instances(data.document).into_iter().rev() {
        let mut finding = note(data, &places, String::new());
        finding.message = match action {
            Action::Delete => {
                remove(data.document, &places);
                "deleted".to_owned()
            }
            _ => {
                let Document { root, modules, .. } = &mut *data.document;
                let mut element = root;
                let mut nodes = Nodes::root(data.schemas);
                for place in &places {
                    element = &mut element.children[*place];
                    nodes = nodes.child(modules, element);
                }
                match change(action, element, &nodes, modules) {
                    Some(message) => message,
                    None => continue,
                }
            }
        };
        done.push(finding);
    }
    data.done.extend(done.into_iter().rev());
    Ok(())
}

/// What can be done in place; `None` if there was nothing to do.
fn change(
    action: &Action,
    element: &mut Element,
    nodes: &Nodes<'_>,
    modules: &KnownModules,
) -> Option<String> {
    match action {
        Action::Rename { module, name } => {
            if let Some(module) = module {
                let old = std::mem::replace(&mut element.module, module.clone());
                belong(element, &old);
            }
            element.name = name.clone();
            Some(format!("renamed to {name}"))
        }
        Action::Map(values) => {
            // A value that the map leads to is new already.
            let others = || match values.values().any(|new| *new == element.text) {
                true => None,
                false => values.get("*"),
            };
            let new = values.get(&element.text).or_else(others)?;
            if *new == element.text {
                return None;
            }
            let old = std::mem::replace(&mut element.text, new.clone());
            Some(format!("changed from {old:?} to {new:?}"))
        }
        Action::Insert(content) => {
            let mut names = Vec::new();
            for new in content {
                let mut new = new.clone();
                inherit(&mut new, &element.module, modules);
                insert(new, element, nodes, modules, &mut names);
            }
            (!names.is_empty()).then(|| format!("inserted {}", names.join(", ")))
        }
        Action::Move(_) | Action::Delete | Action::Default(_) => None,
    }
}

/// Adds what is not there. A container and an entry of a list that are there get what they lack, an entry of a leaf-list
/// goes behind the others.
fn insert(
    new: Element,
    parent: &mut Element,
    around: &Nodes<'_>,
    modules: &KnownModules,
    names: &mut Vec<String>,
) {
    let nodes = around.child(modules, &new);
    let known = nodes
        .known(&new)
        .map(|(schema, node)| (schema, node, schema.node(node).kind));
    let keys = match known {
        Some((schema, node, NodeKind::List)) => keys_of(schema, node),
        _ => Vec::new(),
    };
    let value = |element: &Element, key: &str| {
        let mut children = element.children.iter();
        let key = children.find(|child| *child.name == *key)?;
        Some(key.text.clone())
    };
    let is_there = |old: &Element| {
        old.is(&new.module, &new.name)
            && match known.map(|(_, _, kind)| kind) {
                Some(NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml) => true,
                Some(NodeKind::LeafList) => old.text == new.text,
                Some(NodeKind::Container) => true,
                Some(NodeKind::List) if !keys.is_empty() => {
                    keys.iter().all(|key| value(old, key) == value(&new, key))
                }
                Some(_) => same(old, &new),
                // Nobody knows what it is.
                None => (old.children.is_empty() && new.children.is_empty()) || same(old, &new),
            }
    };
    let has_inside = match known {
        Some((_, _, NodeKind::Container)) => true,
        Some((_, _, NodeKind::List)) => !keys.is_empty(),
        _ => false,
    };
    match parent.children.iter_mut().find(|old| is_there(old)) {
        Some(old) if has_inside => {
            for child in new.children {
                insert(child, old, &nodes, modules, names);
            }
        }
        Some(_) => {}
        None => {
            names.push(new.name.to_string());
            parent.children.push(new);
        }
    }
}

/// What was of the same module below goes along.
fn belong(element: &mut Element, old: &Arc<str>) {
    let new = element.module.clone();
    for child in &mut element.children {
        if child.module == *old {
            child.module = new.clone();
            belong(child, old);
        }
    }
}

/// Whether two elements say the same, wherever they stand.
fn same(one: &Element, other: &Element) -> bool {
    one.is(&other.module, &other.name)
        && one.text == other.text
        && one.children.len() == other.children.len()
        && one
            .children
            .iter()
            .zip(&other.children)
            .all(|(one, other)| same(one, other))
}

/// Names without a module have that of the element around them. Positions in a rule are not positions in a file.
fn inherit(element: &mut Element, module: &Arc<str>, modules: &KnownModules) {
    element.position = None;
    element.module = match element.module.is_empty() {
        true => module.clone(),
        false => modules.module(&element.module),
    };
    let module = element.module.clone();
    for child in &mut element.children {
        inherit(child, &module, modules);
    }
}

fn default(value: &str, at: &RulePath, data: &mut Migrating<'_>) -> Result<(), String> {
    let Some((parents, leaf)) = at.split_last() else {
        return Ok(());
    };
    for places in parents.instances(data.document) {
        let Some(parent) = data.document.at_mut(&places) else {
            continue;
        };
        if parent.child(&leaf.module, &leaf.name).is_some() {
            continue;
        }
        parent.children.push(leaf.made().with_text(value));
        let mut made = places.clone();
        made.push(parent.children.len() - 1);
        let finding = note(data, &made, format!("set to {value:?}"));
        data.done.push(finding);
    }
    Ok(())
}

fn relocate(at: &RulePath, to: &RulePath, data: &mut Migrating<'_>) -> Result<(), String> {
    let Some((parent, last)) = to.split_last() else {
        return Err("the target of a move has no name".to_owned());
    };
    // The instance itself is never a parent of its new place.
    let shared = at
        .shared_with(&parent)
        .min(at.steps.len().saturating_sub(1));
    // Each move may shift places, so the first that is left is taken, as often as there are any: what has been moved
    // is marked by being taken out first.
    let mut moved = Vec::new();
    for places in at.instances(data.document).into_iter().rev() {
        let finding = note(data, &places, String::new());
        let Some(element) = remove(data.document, &places) else {
            continue;
        };
        moved.push((places[..shared].to_vec(), element, finding));
    }
    for (anchor, mut element, mut finding) in moved.into_iter().rev() {
        let mut places = anchor;
        for step in &parent.steps[shared..] {
            descend(data.document, &mut places, step);
        }
        let old = std::mem::replace(&mut element.module, last.module.clone());
        belong(&mut element, &old);
        element.name = last.name.clone();
        for predicate in &last.predicates {
            let key = (&predicate.module, &predicate.name);
            if element.child(key.0, key.1).is_none() {
                let key = Element::new(key.0.clone(), key.1.clone());
                element
                    .children
                    .insert(0, key.with_text(predicate.value.clone()));
            }
        }
        let Some(parent) = data.document.at_mut(&places) else {
            return Err("the target of a move is gone".to_owned());
        };
        parent.children.push(element);
        places.push(parent.children.len() - 1);
        finding.message = format!("moved to {}", path_of(data.document, &places, data.schemas));
        data.done.push(finding);
    }
    Ok(())
}

/// Goes to the child that a step names, which is made if there is none.
fn descend(document: &mut Document, places: &mut Vec<usize>, step: &Step) {
    let Some(parent) = document.at_mut(places) else {
        return;
    };
    let place = match parent.children.iter().position(|child| step.fits(child)) {
        Some(place) => place,
        None => {
            parent.children.push(step.made());
            parent.children.len() - 1
        }
    };
    places.push(place);
}

/// Takes an element out.
pub(super) fn remove(document: &mut Document, places: &[usize]) -> Option<Element> {
    let (place, parent) = places.split_last()?;
    let parent = document.at_mut(parent)?;
    (*place < parent.children.len()).then(|| parent.children.remove(*place))
}

fn note(data: &Migrating<'_>, places: &[usize], message: String) -> Finding {
    found_at(data.document, places, data.schemas, data.file, message)
}

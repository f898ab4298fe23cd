//! What of a document fits a schema: the rest is taken out, piece by piece, and kept aside.
//!
//! The typed readers decide; the document is printed for them, so that a line of what they say leads to an element.

use std::sync::Arc;

use banyan_data::document::{Holds, Limits, ParseOptions};
use banyan_data::untyped::{Document, Element};
use banyan_data::{DataError, ErrorKind, Tree, xml};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::action::remove;
use super::locate::{found_at, keys_of, node_of, places_of};
use super::report::Finding;
use crate::bind::{self, SharedMounts};

/// What does not fit.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// What it is and why, in the order in which it was found.
    pub left_out: Vec<Finding>,
    /// The data, with the keys of the list entries around them.
    pub data: Document,
}

impl Aside {
    /// Nothing yet, of this document.
    pub fn of(document: &Document) -> Aside {
        Aside {
            left_out: Vec::new(),
            data: Document {
                modules: document.modules.clone(),
                ..Document::default()
            },
        }
    }

    /// Takes what is wrong out of the document, and keeps it. Gives whether there was any.
    fn take(
        &mut self,
        document: &mut Document,
        schema: &Schema,
        file: &str,
        mut wrong: Vec<(Vec<usize>, &DataError)>,
    ) -> bool {
        // In document order, what is around something before it; the first that was said of an element counts.
        wrong.sort_by(|a, b| a.0.cmp(&b.0));
        wrong.dedup_by(|a, b| a.0.starts_with(&b.0));
        if wrong.first().is_none_or(|(places, _)| places.is_empty()) {
            return false;
        }
        for (places, error) in &wrong {
            let found = found_at(document, places, &[schema], file, said(error));
            self.left_out.push(found);
            keep(document, schema, places, &mut self.data);
        }
        for (places, _) in wrong.iter().rev() {
            remove(document, places);
        }
        true
    }
}

/// Takes out of the document what the schema does not have, until the rest can be read.
///
/// # Errors
/// What stays wrong, and is about no part that could be taken out.
pub(crate) fn fit(
    document: &mut Document,
    schema: &Arc<Schema>,
    mounts: &SharedMounts,
    file: &str,
    aside: &mut Aside,
) -> Result<Tree, Vec<DataError>> {
    let options = ParseOptions {
        limits: Limits {
            errors: 10_000,
            ..Limits::default()
        },
        holds: Holds::Config,
        mounts: Some(&**mounts),
        ..ParseOptions::default()
    };
    loop {
        let printed = document.print();
        let errors = match xml::parse_data(schema, printed.text.as_bytes(), &options) {
            Ok(tree) => return Ok(tree),
            Err(errors) => errors,
        };
        let wrong = errors.iter().filter_map(|error| {
            let places = printed.element_at(error.position?.line)?;
            Some((whole(document, schema, places), error))
        });
        let wrong = wrong.collect();
        if !aside.take(document, schema, file, wrong) {
            return Err(errors);
        }
    }
}

/// Takes out what a validation has found to depend on what is not there: data whose `when` is false, and references
/// without their instance. Gives whether there was any.
pub(crate) fn take_dependent(
    document: &mut Document,
    schema: &Schema,
    errors: &[DataError],
    file: &str,
    aside: &mut Aside,
) -> bool {
    let dependent = errors.iter().filter(|error| {
        matches!(
            error.kind,
            ErrorKind::WhenViolation | ErrorKind::InstanceRequired
        )
    });
    let wrong = dependent
        .map(|error| {
            let places = places_of(document, schema, &error.path.0);
            (whole(document, schema, places), error)
        })
        .filter(|(places, _)| !places.is_empty())
        .collect();
    aside.take(document, schema, file, wrong)
}

/// The message without the place in what was printed for the readers.
pub(super) fn said(error: &DataError) -> String {
    match &error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message.clone(),
    }
}

/// The part that goes with what is wrong: an entry of a list is nothing without its keys.
fn whole(document: &Document, schema: &Schema, mut places: Vec<usize>) -> Vec<usize> {
    let Some(nodes) = nodes_along(document, schema, &places) else {
        return places;
    };
    if let [.., parent, node] = nodes[..]
        && schema.node(parent).kind == NodeKind::List
        && schema.node(parent).keys().contains(&node)
    {
        places.pop();
    }
    places
}

/// The schema nodes of the elements that places lead through; `None` if one has none.
fn nodes_along(document: &Document, schema: &Schema, places: &[usize]) -> Option<Vec<SchemaId>> {
    let mut nodes = Vec::new();
    let mut element = &document.root;
    let mut node = SchemaId::ROOT;
    for place in places {
        element = element.children.get(*place)?;
        node = node_of(&document.modules, schema, node, element)?;
        nodes.push(node);
    }
    Some(nodes)
}

/// Copies an element aside, inside of copies of what is around it.
pub(super) fn keep(document: &Document, schema: &Schema, places: &[usize], aside: &mut Document) {
    let Some((last, around)) = places.split_last() else {
        return;
    };
    let mut from = &document.root;
    let mut to = &mut aside.root;
    let mut node = Some(SchemaId::ROOT);
    for place in around {
        let Some(element) = from.children.get(*place) else {
            return;
        };
        node = node.and_then(|node| node_of(&document.modules, schema, node, element));
        let shell = shell(element, schema, node);
        let same = |known: &Element| {
            known.is(&shell.module, &shell.name) && known.position == shell.position
        };
        let place = to.children.iter().position(same).unwrap_or_else(|| {
            to.children.push(shell);
            to.children.len() - 1
        });
        to = &mut to.children[place];
        from = element;
    }
    if let Some(element) = from.children.get(*last) {
        to.children.push(element.clone());
    }
}

/// An element without what is in it but its keys.
fn shell(element: &Element, schema: &Schema, node: Option<SchemaId>) -> Element {
    let keys = node.map_or_else(Vec::new, |node| keys_of(schema, node));
    let is_key = |child: &&Element| keys.contains(&&*child.name);
    Element {
        children: element.children.iter().filter(is_key).cloned().collect(),
        attributes: element.attributes.clone(),
        position: element.position,
        ..Element::new(element.module.clone(), element.name.clone())
    }
}

/// A file of data that were left out: what and why as comments, then the data.
pub(crate) fn quarantine(aside: &Aside) -> String {
    let mut text = String::from(
        "<!-- Data that did not fit the modules that were loaded, and why. Nothing reads this file: correct what it\n\
         \x20    holds, load it into the candidate, and remove it.\n",
    );
    for finding in &aside.left_out {
        // Two hyphens end a comment (XML 1.0 2.5).
        let line = finding.to_string().replace("--", "- -").replace('\n', " ");
        text.push_str(&format!("     {line}\n"));
    }
    text.push_str("-->\n");
    text.push_str(&aside.data.print().text);
    text
}

/// Validates a whole tree, for paths of which the document knows the places.
pub(crate) fn validate(
    tree: &Tree,
    document: Option<&Document>,
    file: &str,
) -> Result<(), (Vec<DataError>, Vec<Finding>)> {
    let errors = bind::invalid(tree);
    if errors.is_empty() {
        return Ok(());
    }
    let schema = tree.schema();
    let findings = errors
        .iter()
        .map(|error| {
            let places = document.map(|it| places_of(it, schema, &error.path.0));
            let place = places
                .zip(document)
                .map(|(places, document)| found_at(document, &places, &[], file, String::new()))
                .and_then(|found| found.place);
            Finding {
                path: error.path.to_string(),
                place,
                message: explained(error, schema),
            }
        })
        .collect();
    Err((errors, findings))
}

/// With the rule and what it read.
fn explained(error: &DataError, schema: &Schema) -> String {
    let mut text = said(error);
    let rule = error.yang.map(|span| schema.sources().location(span));
    if let Some(constraint) = &error.constraint {
        text.push_str(&format!(" [{} \"{}\"", constraint.keyword, constraint.text));
        if let Some(rule) = &rule {
            text.push_str(&format!(" at {rule}"));
        }
        if !constraint.values.is_empty() {
            text.push_str(&format!(", with {constraint}"));
        }
        text.push(']');
    } else if let Some(rule) = rule {
        text.push_str(&format!(" [{rule}]"));
    }
    text
}

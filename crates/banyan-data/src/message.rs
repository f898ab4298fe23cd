//! Notifications in their places: what filters look at.
//!
//! A notification's content is a tree of its own ([`Invocation`]). Filters select from the data tree in which it stands:
//! the way down to it, and it (RFC 5277 3.6, RFC 7950 7.16.2). Lives here: that tree, and the tests of expressions.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::cursor::Cursor;
use crate::document::Limits;
use crate::error::DataError;
use crate::input;
use crate::list::List;
use crate::node::{Content, Node, Slot, Tree};
use crate::operation::Invocation;
use crate::path::{PathStep, Select};
use crate::view::View;
use crate::xml::scanner::{Scanner, Token};
use crate::xpath::{self, Context, Expression, Variables};

/// The data tree that holds a notification and the way to it, and nothing else. The notification stands in it as a
/// container would. `schema` is the one in which the path begins.
pub fn in_place(schema: &Arc<Schema>, message: &Invocation) -> Tree {
    let root = message.content.root().clone();
    let slot = Slot {
        id: message.id,
        content: Content::Container(root),
    };
    around(schema, message, Some(slot))
}

/// The way down to a notification, without it: the containers and entries around it. Empty for one of the top level.
pub fn way(schema: &Arc<Schema>, message: &Invocation) -> Tree {
    around(schema, message, None)
}

/// The way to the notification in a tree that was made by [`in_place`], and selected from: its content there, unless it
/// was left out.
pub fn content_of(tree: &Tree, message: &Invocation) -> Option<Tree> {
    let schema = message.content.schema();
    let parent = match message.path.steps.is_empty() {
        true => tree.root(),
        false => tree.node_at(&message.path)?,
    };
    match parent.get(message.id)? {
        Content::Container(node) => Some(Tree::new(schema.clone(), node.clone())),
        _ => None,
    }
}

/// The way to a notification, with this at its end.
fn around(schema: &Arc<Schema>, message: &Invocation, end: Option<Slot>) -> Tree {
    let inner = message.content.schema();
    let at_mount = |step: &PathStep| schema.node(step.node).mount_point().is_some();
    // Behind a mount point the path goes on in the schema of the content.
    let mount = message.path.steps.iter().position(at_mount);
    let mut below = end;
    for (index, step) in message.path.steps.iter().enumerate().rev() {
        let schema = match mount {
            Some(mount) if index > mount => inner,
            _ => schema,
        };
        let content = match mount {
            Some(mount) if index == mount => {
                let root = Node::new(SchemaId::ROOT, Vec::from_iter(below.take()));
                Content::Mount(Arc::new(Tree::new(inner.clone(), root)))
            }
            _ => step_content(schema, step, below.take()),
        };
        below = Some(Slot {
            id: step.node,
            content,
        });
    }
    let root = Node::new(SchemaId::ROOT, Vec::from_iter(below));
    Tree::new(schema.clone(), root)
}

fn step_content(schema: &Schema, step: &PathStep, below: Option<Slot>) -> Content {
    let definition = schema.node(step.node);
    if definition.kind != NodeKind::List {
        return Content::Container(Node::new(step.node, Vec::from_iter(below)));
    }
    let values: &[_] = match &step.select {
        Select::Keys(keys) => keys,
        _ => &[],
    };
    let keys = definition.keys().iter().zip(values);
    let mut slots: Vec<Slot> = keys
        .map(|(id, value)| Slot {
            id: *id,
            content: Content::Leaf(value.clone()),
        })
        .chain(below)
        .collect();
    slots.sort_by_key(|slot| slot.id);
    let entry = Node::new(step.node, slots);
    Content::List(List::of(
        entry,
        definition.keys().len(),
        definition.ordered_by,
    ))
}

/// Whether an expression ([`xpath::compile_for_message`]) is true for a notification, as XPath converts to boolean: a
/// node-set is when it has a node. The context is the root, of which the notification is a child, or a descendant where it
/// is tied to data; beside it there is nothing.
///
/// # Errors
/// The evaluation fails, or takes more steps than it may.
pub fn holds(
    schema: &Arc<Schema>,
    message: &Invocation,
    expression: &Expression,
) -> Result<bool, DataError> {
    let way = way(schema, message);
    let view = View::of(&way).with_operation(&message.content, &message.path);
    let variables = Variables::default();
    let context = Context::at(Cursor::root(&view), &variables);
    Ok(xpath::evaluate(expression, &context)?.to_boolean())
}

/// What the start tag of an element says: attributes and namespaces, which are no data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StartTag {
    /// Namespace (`None`: without a prefix), name and value of its attributes.
    pub attributes: Vec<(Option<String>, String, String)>,
    /// Prefixes in scope with their namespaces; the empty prefix is the default.
    pub namespaces: Vec<(String, String)>,
}

impl StartTag {
    /// The value of the attribute without a prefix, or of that name in `namespace`.
    pub fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let is = |(of, local, _): &&(Option<String>, String, String)| {
            local == name && of.as_deref().is_none_or(|of| of == namespace)
        };
        let found = self.attributes.iter().find(is);
        found.map(|(_, _, value)| value.as_str())
    }
}

/// The start tag of the first element with that way down from the top of an XML document, by local names.
///
/// ```
/// use banyan_data::message::start_tag;
///
/// let xml = br#"<a xmlns:p="urn:p"><c><b/></c><b type="xpath" select="/p:c"/></a>"#;
/// let tag = start_tag(xml, &["a", "b"]).unwrap();
/// assert_eq!(tag.attribute("urn:nc", "select"), Some("/p:c"));
/// assert_eq!(tag.namespaces, [("p".to_owned(), "urn:p".to_owned())]);
/// assert!(start_tag(xml, &["a", "d"]).is_none());
/// ```
pub fn start_tag(bytes: &[u8], way: &[&str]) -> Option<StartTag> {
    let limits = Limits::default();
    let text = input::decode(bytes, &limits).ok()?;
    let mut scanner = Scanner::new(text, limits);
    let mut found = 0;
    loop {
        match scanner.next().ok()? {
            Token::Open(open) => {
                let depth = scanner.depth() as usize;
                if depth == found + 1 && way.get(found) == Some(&open.local) {
                    found += 1;
                }
                if found == way.len() && depth == found {
                    return Some(tag_of(&scanner));
                }
            }
            Token::Close => found = found.min(scanner.depth() as usize),
            Token::Text(_) => {}
            Token::End => return None,
        }
    }
}

fn tag_of(scanner: &Scanner<'_>) -> StartTag {
    let namespaces = scanner.namespaces.in_scope();
    let attributes = scanner.attributes.iter().map(|attribute| {
        let prefix = attribute.prefix;
        let namespace = prefix.map(|prefix| {
            let uri = scanner.namespaces.uri(Some(prefix));
            uri.unwrap_or_default().to_owned()
        });
        (
            namespace,
            attribute.local.to_owned(),
            attribute.value.clone().into_owned(),
        )
    });
    StartTag {
        attributes: attributes.collect(),
        namespaces: namespaces
            .filter(|(_, uri)| !uri.is_empty())
            .map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()))
            .collect(),
    }
}

//! A subtree filter, bound to the schema: from XML to names that are ids and matches that are values.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::{ParseOptions, Strictness};
use crate::error::DataError;
use crate::input::{self, Broken};
use crate::lexical;
use crate::value::Value;
use crate::xml::namespaces::ValuePrefixes;
use crate::xml::scanner::{Open, Scanner, Token};
use crate::xml::verbatim;

/// The namespace of `<filter>`.
const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// A subtree filter (RFC 6241 section 6). Made once, it selects from any tree of its schema.
#[derive(Clone, Debug)]
pub struct Subtree {
    pub(super) nodes: Vec<FilterNode>,
}

/// An element of a filter, for one schema node: one without a namespace may stand for several.
#[derive(Clone, Debug)]
pub(super) struct FilterNode {
    pub(super) id: SchemaId,
    pub(super) wants: Wants,
}

/// What an element of a filter asks for.
#[derive(Clone, Debug)]
pub(super) enum Wants {
    /// RFC 6241 6.2.4, a selection node: all of it.
    All,
    /// RFC 6241 6.2.5, a content match node; `None` matches nothing, because it is no value of the type.
    Match(Option<Value>),
    /// RFC 6241 6.2.3, a containment node. Empty when the schema has none of the names inside: nothing.
    Inside(Vec<FilterNode>),
    /// A containment node at a mount point: its content, bound to each schema that is found there.
    Mounted(Arc<str>),
}

impl Subtree {
    /// Reads the element `<filter>` or its content. Names that the schema does not have select nothing;
    /// elements without a namespace stand for nodes of any module (RFC 6241 6.2.1). Attributes are ignored.
    ///
    /// # Errors
    /// The document is not well-formed, or passes a limit.
    pub fn parse(
        schema: &Arc<Schema>,
        bytes: &[u8],
        options: &ParseOptions<'_>,
    ) -> Result<Subtree, Vec<DataError>> {
        Subtree::parse_as(schema, bytes, options, false)
    }

    /// As [`Subtree::parse`], for notifications: they are named like data nodes, and the filter selects from the tree of
    /// [`message::in_place`](crate::message::in_place).
    ///
    /// # Errors
    /// As [`Subtree::parse`].
    pub fn parse_for_messages(
        schema: &Arc<Schema>,
        bytes: &[u8],
        options: &ParseOptions<'_>,
    ) -> Result<Subtree, Vec<DataError>> {
        Subtree::parse_as(schema, bytes, options, true)
    }

    fn parse_as(
        schema: &Arc<Schema>,
        bytes: &[u8],
        options: &ParseOptions<'_>,
        messages: bool,
    ) -> Result<Subtree, Vec<DataError>> {
        let broken = |broken: Broken| vec![broken.into_error(bytes)];
        let text = input::decode(bytes, &options.limits).map_err(broken)?;
        let mut binder = Binder {
            scanner: Scanner::new(text, options.limits),
            strictness: options.strictness,
            messages,
        };
        let nodes = binder.document(schema).map_err(broken)?;
        Ok(Subtree { nodes })
    }
}

/// Binds the content of a filter at a mount point.
pub(super) fn bind_mounted(schema: &Arc<Schema>, content: &str) -> Vec<FilterNode> {
    let mut binder = Binder {
        scanner: Scanner::new(content, Default::default()),
        strictness: Strictness::Strict,
        // Where none are, naming one selects nothing.
        messages: true,
    };
    // The content was well-formed where it was cut out.
    binder.document(schema).unwrap_or_default()
}

struct Binder<'a> {
    scanner: Scanner<'a>,
    strictness: Strictness,
    /// Whether names may be those of notifications.
    messages: bool,
}

impl<'a> Binder<'a> {
    fn document(&mut self, schema: &Arc<Schema>) -> Result<Vec<FilterNode>, Broken> {
        let mut nodes = Vec::new();
        loop {
            match self.scanner.next()? {
                Token::Open(open) if self.is_filter(&open) => {
                    self.children(schema, SchemaId::ROOT, &mut nodes)?;
                }
                Token::Open(open) => self.child(schema, SchemaId::ROOT, &open, &mut nodes)?,
                Token::End => return Ok(nodes),
                Token::Close | Token::Text(_) => {}
            }
        }
    }

    fn is_filter(&self, open: &Open<'a>) -> bool {
        open.local == "filter"
            && self.scanner.depth() == 1
            && matches!(
                self.scanner.namespaces.uri(open.prefix),
                None | Some(NETCONF)
            )
    }

    fn children(
        &mut self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        nodes: &mut Vec<FilterNode>,
    ) -> Result<(), Broken> {
        loop {
            match self.scanner.next()? {
                Token::Open(open) => self.child(schema, parent, &open, nodes)?,
                Token::Close | Token::End => return Ok(()),
                Token::Text(_) => {}
            }
        }
    }

    /// The nodes under `parent` that an element names. The base namespace of NETCONF counts as none: it is what
    /// an element without a declaration of its own inherits from the message around it.
    fn named(&self, schema: &Schema, parent: SchemaId, open: &Open<'a>) -> Vec<SchemaId> {
        let namespaces = &self.scanner.namespaces;
        let module = namespaces.module(schema, open.prefix);
        let exact = module.and_then(|module| {
            let message = || {
                schema
                    .schema_child(parent, module, open.local)
                    .filter(|child| self.is_message(schema, *child))
            };
            schema
                .data_child(parent, module, open.local)
                .or_else(message)
        });
        let anywhere = matches!(namespaces.uri(open.prefix), None | Some(NETCONF))
            || self.strictness == Strictness::Lenient;
        match exact {
            Some(id) => vec![id],
            None if !anywhere => Vec::new(),
            None => {
                let children = schema.data_children(parent).iter().copied();
                let all = schema.children(parent).iter().copied();
                let messages = all.filter(|child| self.is_message(schema, *child));
                children
                    .chain(messages)
                    .filter(|child| *schema.node(*child).name == *open.local)
                    .collect()
            }
        }
    }

    fn is_message(&self, schema: &Schema, id: SchemaId) -> bool {
        self.messages && schema.node(id).kind == NodeKind::Notification
    }

    fn child(
        &mut self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        open: &Open<'a>,
        nodes: &mut Vec<FilterNode>,
    ) -> Result<(), Broken> {
        let ids = self.named(schema, parent, open);
        let Some(first) = ids.first().copied() else {
            return self.scanner.skip();
        };
        let definition = schema.node(first);
        let is_mount = definition.kind == NodeKind::Container && definition.mount_point().is_some();
        if is_mount || matches!(definition.kind, NodeKind::AnyData | NodeKind::AnyXml) {
            let content = verbatim::capture(&mut self.scanner)?;
            let wants = match content.trim() {
                "" => Wants::All,
                // What is inside of anydata has no schema to select by.
                _ if !is_mount => Wants::All,
                _ => Wants::Mounted(content.into()),
            };
            nodes.extend(ids.into_iter().map(|id| FilterNode {
                id,
                wants: wants.clone(),
            }));
            return Ok(());
        }
        let mut text = String::new();
        let mut elements = false;
        let mut inside: Vec<Vec<FilterNode>> = ids.iter().map(|_| Vec::new()).collect();
        loop {
            match self.scanner.next()? {
                Token::Text(more) => text.push_str(&more),
                Token::Close | Token::End => break,
                Token::Open(child) => {
                    elements = true;
                    // With several modules of one name only the first is searched deeper: they cannot share
                    // one pass over the document, and a filter that means another one names it.
                    match inside.first_mut() {
                        Some(inside) => self.child(schema, first, &child, inside)?,
                        None => self.scanner.skip()?,
                    }
                }
            }
        }
        // RFC 6241 6.2.5: blanks around the text do not count.
        let text = text.trim();
        for (id, inside) in ids.into_iter().zip(inside) {
            let wants = if elements {
                Wants::Inside(inside)
            } else if text.is_empty() {
                Wants::All
            } else {
                Wants::Match(self.value(schema, id, text))
            };
            nodes.push(FilterNode { id, wants });
        }
        Ok(())
    }

    fn value(&self, schema: &Schema, id: SchemaId, text: &str) -> Option<Value> {
        let definition = schema.node(id);
        let prefixes = ValuePrefixes {
            namespaces: &self.scanner.namespaces,
            lenient: true,
            own: Some(definition.module),
        };
        lexical::parse(schema, definition.ty.as_ref()?, text, &prefixes).ok()
    }
}

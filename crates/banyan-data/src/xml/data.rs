//! XML straight into a tree: each element is bound to the schema as it is read, each node built when its
//! element ends. Nothing is kept of the document but the tree and the errors.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::edit::NETCONF;
use super::expression::{by_module_names, is_path};
use super::linked::Store;
use super::namespaces::ValuePrefixes;
use super::scanner::{Open, Scanner, Token, is_blank};
use super::verbatim;
use crate::any::AnyData;
use crate::document::ParseOptions;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::known::KnownChildren;
use crate::lexical;
use crate::meta::Annotated;
use crate::node::{Content, Node, Tree};
use crate::reading::{Reading, Stop};
use crate::value::Value;

/// Reads data nodes from a scanner.
pub(crate) struct DataReader<'o, 'a> {
    pub(crate) scanner: Scanner<'a>,
    pub(crate) reading: Reading<'o, 'a>,
    known: KnownChildren<'a>,
    /// What a datastore's file may hold beside data; `None` for other documents.
    pub(super) store: Option<Store<'a>>,
}

impl<'o, 'a> DataReader<'o, 'a> {
    pub(crate) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> DataReader<'o, 'a> {
        DataReader {
            scanner: Scanner::new(input, options.limits),
            reading: Reading::new(schema, input, options),
            known: KnownChildren::default(),
            store: None,
        }
    }

    /// The rest of the document as children of `root`; wrapper elements that `is_wrapper` knows are looked through.
    pub(crate) fn document(
        &mut self,
        schema: &Arc<Schema>,
        root: SchemaId,
        is_wrapper: impl Fn(&Scanner<'a>, &Open<'a>) -> bool,
    ) -> Result<Node, Stop> {
        self.reading.place.push(root);
        loop {
            match self.token()? {
                Token::Open(open) if is_wrapper(&self.scanner, &open) => {
                    self.wrapper_annotations(schema, open.offset)?;
                }
                Token::Open(open) => self.child(schema, open)?,
                Token::Text(text) => self.only_blank(schema, &text)?,
                Token::Close => {}
                Token::End => break,
            }
        }
        self.reading.pop(schema, root)
    }

    /// The children of the element that was opened last, as children of `root`.
    pub(crate) fn element(&mut self, schema: &Arc<Schema>, root: SchemaId) -> Result<Node, Stop> {
        self.reading.place.push(root);
        self.children(schema)?;
        self.reading.pop(schema, root)
    }

    /// The next token.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Stop> {
        self.scanner
            .next()
            .map_err(|broken| self.reading.stop(broken))
    }

    /// Passes over the element that was opened last.
    pub(crate) fn skip(&mut self) -> Result<(), Stop> {
        self.scanner
            .skip()
            .map_err(|broken| self.reading.stop(broken))
    }

    pub(super) fn only_blank(&mut self, schema: &Schema, text: &str) -> Result<(), Stop> {
        if is_blank(text) {
            return Ok(());
        }
        let here = schema.node(self.reading.place.id());
        let what = match here {
            node if node.name.is_empty() => "outside of any element".to_owned(),
            node => format!("inside of the {} {}", node.kind.keyword(), node.name),
        };
        let shown: String = text.trim().chars().take(40).collect();
        let offset = self.scanner.offset();
        self.reading.fail(
            ErrorKind::Malformed,
            None,
            format!("the text {shown:?} stands {what}, where only elements may stand"),
            offset,
        )
    }

    /// The children of the element that was opened last, up to its end tag, into the innermost level.
    pub(crate) fn children(&mut self, schema: &Arc<Schema>) -> Result<(), Stop> {
        loop {
            match self.token()? {
                Token::Open(open) if self.wraps_part(schema, &open) => {}
                Token::Open(open) => self.child(schema, open)?,
                Token::Close if self.closes_wrapper() => {}
                Token::Close | Token::End => return Ok(()),
                Token::Text(text) => self.only_blank(schema, &text)?,
            }
        }
    }

    pub(super) fn child(&mut self, schema: &Arc<Schema>, open: Open<'a>) -> Result<(), Stop> {
        if self.keeps_module_state(&open)? {
            return Ok(());
        }
        let parent = self.reading.place.id();
        let Some(id) = self.find(schema, parent, &open) else {
            let error = unknown_element(
                schema,
                parent,
                &self.scanner,
                &open,
                self.reading.place.path_of(None),
            );
            self.reading.report(error, open.offset)?;
            return self.skip();
        };
        self.bound(schema, id, &open)
    }

    /// The data node that an element names under `parent`.
    pub(crate) fn find(
        &mut self,
        schema: &Schema,
        parent: SchemaId,
        open: &Open<'a>,
    ) -> Option<SchemaId> {
        let module = self.scanner.namespaces.module(schema, open.prefix);
        let found = module.and_then(|module| {
            self.known.child(schema, parent, module, open.local, || {
                schema.data_child(parent, module, open.local)
            })
        });
        if found.is_none() && self.reading.options.lenient() {
            return schema.data_child_any_module(parent, open.local);
        }
        found
    }

    /// Reads the element that was opened last, an instance of `id`, into the innermost level.
    pub(crate) fn bound(
        &mut self,
        schema: &Arc<Schema>,
        id: SchemaId,
        open: &Open<'a>,
    ) -> Result<(), Stop> {
        let definition = schema.node(id);
        if !self.reading.may_come(schema, id, open.offset)? {
            return self.skip();
        }
        match definition.kind {
            NodeKind::Leaf => {
                let annotations = self.annotations(schema, Some(id), open.offset)?;
                let value = self.leaf(schema, id, open.offset)?;
                let top = self.reading.place.top();
                match value {
                    Some(value) => {
                        top.put(id, Content::Leaf(value));
                        top.annotate(Annotated::Child(id), annotations);
                    }
                    None => top.note_unstored(id),
                }
            }
            NodeKind::LeafList => {
                let annotations = self.entry_annotations(schema, id, open.offset)?;
                if let Some(value) = self.leaf(schema, id, open.offset)? {
                    let top = self.reading.place.top();
                    top.annotate(Annotated::Entry(id, value.clone()), annotations);
                    top.value_entry(id, value, open.offset);
                }
            }
            NodeKind::Container if definition.mount_point().is_some() => {
                self.mount(id, open.offset)?;
            }
            NodeKind::Container => {
                self.reading.place.push(id);
                let part = self.linked(schema, open.offset)?;
                self.children(schema)?;
                self.reading.pop_container(schema, id)?;
                self.come_back(part);
            }
            NodeKind::List => self.entry(schema, id, open.offset)?,
            NodeKind::AnyData | NodeKind::AnyXml => {
                if definition.kind == NodeKind::AnyXml {
                    self.leave_out_unknown_attributes(schema);
                }
                let annotations = self.annotations(schema, Some(id), open.offset)?;
                let original = self.original(id, open.offset)?;
                let any = match original {
                    Some(any) => any,
                    None => Some(AnyData::Xml(self.verbatim()?.into())),
                };
                let top = self.reading.place.top();
                let Some(any) = any else {
                    top.note_unstored(id);
                    return Ok(());
                };
                top.put(id, Content::Any(Arc::new(any)));
                top.annotate(Annotated::Child(id), annotations);
            }
            // Data children are of the kinds above.
            _ => self.skip()?,
        }
        Ok(())
    }

    fn entry(&mut self, schema: &Arc<Schema>, id: SchemaId, offset: usize) -> Result<(), Stop> {
        self.reading.place.push(id);
        let part = self.linked(schema, offset)?;
        self.children(schema)?;
        let missing = self.reading.place.top().missing_keys(schema, id);
        // RFC 7950 7.8.2: all keys must be there.
        let complete = self.reading.place.top().has_keys(schema, id);
        for key in missing {
            let message = format!(
                "the entry of {} has no {key}, its key",
                schema.node(id).name
            );
            let error = DataError::new(
                ErrorKind::MissingElement,
                self.reading.place.path_of(None),
                message,
            )
            .with_culprit(key.clone())
            .with_help(format!("add <{key}>"));
            self.reading.report(error, offset)?;
        }
        let node = self.reading.pop(schema, id)?;
        self.come_back(part);
        if complete {
            self.reading.place.top().entry(id, node, offset);
        }
        Ok(())
    }

    pub(super) fn verbatim(&mut self) -> Result<String, Stop> {
        verbatim::capture(&mut self.scanner).map_err(|broken| self.reading.stop(broken))
    }

    fn mount(&mut self, id: SchemaId, offset: usize) -> Result<(), Stop> {
        self.reading.place.push(id);
        if self.reading.place.first_missing_key().is_some() {
            let error = DataError::new(
                ErrorKind::MissingElement,
                self.reading.place.path_of(None),
                "which data are mounted here cannot be known before the keys of all lists around it",
            );
            self.reading
                .report(error.with_help("put the keys of an entry first"), offset)?;
            self.reading.place.discard();
            return self.skip();
        }
        let known = self.reading.mounted_schema();
        if let Some(any) = self.original(id, offset)? {
            let content = match any {
                Some(any) => self.bound_original(any, known, offset)?,
                None => None,
            };
            self.reading.place.discard();
            if let Some(content) = content {
                self.reading.place.top().put(id, content);
            }
            return Ok(());
        }
        let content = match known {
            Some(inner) => {
                self.reading.place.enter_mount(inner.clone());
                let part = self.linked(&inner, offset)?;
                self.children(&inner)?;
                let node = self.reading.pop(&inner, SchemaId::ROOT)?;
                self.come_back(part);
                self.reading.place.leave_mount();
                // An empty tree is stored too: it says under which schema the mount point is.
                Some(Content::Mount(Arc::new(Tree::new(inner, node))))
            }
            None => {
                let text = match self.verbatim_part(offset)? {
                    Some(text) => text,
                    None => self.verbatim()?,
                };
                let stored = !is_blank(&text);
                stored.then(|| Content::Any(Arc::new(AnyData::Xml(text.into()))))
            }
        };
        self.reading.place.discard();
        if let Some(content) = content {
            self.reading.place.top().put(id, content);
        }
        Ok(())
    }

    /// The text of the element that was opened last, which has no children; `None` (and an error) if it has.
    pub(super) fn text(&mut self, id: SchemaId) -> Result<Option<Cow<'a, str>>, Stop> {
        let mut text = match self.token()? {
            Token::Close | Token::End => return Ok(Some(Cow::Borrowed(""))),
            Token::Text(text) => text,
            Token::Open(open) => return self.child_of_leaf(id, &open),
        };
        loop {
            match self.token()? {
                Token::Close | Token::End => return Ok(Some(text)),
                Token::Text(more) => text.to_mut().push_str(&more),
                Token::Open(open) => return self.child_of_leaf(id, &open),
            }
        }
    }

    fn child_of_leaf(
        &mut self,
        id: SchemaId,
        open: &Open<'a>,
    ) -> Result<Option<Cow<'a, str>>, Stop> {
        let error = DataError::new(
            ErrorKind::UnknownElement,
            self.reading.place.path_of(Some(id)),
            format!("the element <{}> stands where a value should", open.local),
        );
        self.reading
            .report(error.with_culprit(open.local), open.offset)?;
        self.skip()?;
        self.skip()?;
        Ok(None)
    }

    /// The value of the element that was opened last.
    pub(crate) fn leaf(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        offset: usize,
    ) -> Result<Option<Value>, Stop> {
        let Some(text) = self.text(id)? else {
            return Ok(None);
        };
        match self.value(schema, id, &text) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let path = self.reading.place.path_of(Some(id));
                let culprit = schema.node(id).name.clone();
                self.reading
                    .report(error.at(path).with_culprit(culprit), offset)?;
                Ok(None)
            }
        }
    }

    /// `text` as a value of the leaf `id`, with the prefixes in scope.
    pub(crate) fn value(
        &self,
        schema: &Schema,
        id: SchemaId,
        text: &str,
    ) -> Result<Value, lexical::ValueError> {
        let definition = schema.node(id);
        let Some(ty) = &definition.ty else {
            return Err(lexical::ValueError::new("the node has no type"));
        };
        let prefixes = self.prefixes(schema, id);
        let by_names = match is_path(ty) {
            true => by_module_names(schema, prefixes.namespaces, text),
            false => Cow::Borrowed(text),
        };
        let text = &*by_names;
        let refused = match lexical::parse(schema, ty, text, &prefixes) {
            Ok(value) => return Ok(value),
            Err(refused) => refused,
        };
        let trimmed = text.trim();
        if self.reading.options.lenient() && trimmed.len() < text.len() {
            return lexical::parse(schema, ty, trimmed, &prefixes);
        }
        Err(refused)
    }

    /// What prefixes in a value of `id` mean here.
    pub(super) fn prefixes(&self, schema: &Schema, id: SchemaId) -> ValuePrefixes<'_, 'a> {
        ValuePrefixes {
            namespaces: &self.scanner.namespaces,
            lenient: self.reading.options.lenient(),
            own: Some(schema.node(id).module),
        }
    }
}

/// The error for an element that the schema does not have under `parent`, with the likeliest remedy.
pub(crate) fn unknown_element(
    schema: &Schema,
    parent: SchemaId,
    scanner: &Scanner<'_>,
    open: &Open<'_>,
    path: ErrorPath,
) -> DataError {
    let name = open.local;
    let siblings = schema.data_children(parent).iter();
    let parent = schema.node(parent);
    let place = match parent.kind {
        NodeKind::Root => "at the top level".to_owned(),
        kind => format!("in the {} {}", kind.keyword(), parent.name),
    };
    let namesake = siblings
        .clone()
        .map(|child| schema.node(*child))
        .find(|child| *child.name == *name)
        .map(|child| schema.module(child.module));
    let error = match scanner.namespaces.uri(open.prefix) {
        None => DataError::new(
            ErrorKind::UnknownNamespace,
            path,
            format!("the element <{name}> has no namespace"),
        )
        .with_namespace(""),
        Some(uri) => match schema.module_by_namespace(uri) {
            None => DataError::new(
                ErrorKind::UnknownNamespace,
                path,
                format!("<{name}> is in the namespace {uri:?}, which no module of the schema has"),
            )
            .with_namespace(uri),
            Some(module) => DataError::new(
                ErrorKind::UnknownElement,
                path,
                format!(
                    "module {} has no node {name} {place}",
                    schema.module(module).name
                ),
            ),
        },
    }
    .with_culprit(name);
    if let Some(module) = namesake {
        return error.with_help(format!(
            "module {} has it: write xmlns=\"{}\"",
            module.name, module.namespace
        ));
    }
    let help = match (scanner.namespaces.uri(open.prefix), name) {
        (Some(NETCONF), "rpc-error" | "ok") => "the reply holds no data",
        (Some(NETCONF), "rpc" | "rpc-reply" | "edit-config" | "get-config" | "get" | "hello") => {
            "leave out the NETCONF message around the data"
        }
        (Some(_), _) if error.kind == ErrorKind::UnknownNamespace => {
            "add the module of that namespace to the set, or correct the namespace"
        }
        _ => "",
    };
    match nearest(name, siblings.map(|child| &*schema.node(*child).name)) {
        Some(close) => error.with_help(format!("did you mean <{close}>?")),
        None if help.is_empty() => error,
        None => error.with_help(help),
    }
}

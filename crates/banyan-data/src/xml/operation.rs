//! Calls of rpcs and actions, and notifications, as elements: down to the operation, then its parameters.

use std::io;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use super::data::{DataReader, unknown_element};
use super::edit::YANG;
use super::print::print_inside;
use super::scanner::{Open, Token};
use super::tags::Tags;
use crate::document::{ParseOptions, PrintOptions};
use crate::error::{DataError, ErrorKind};
use crate::node::Tree;
use crate::operation::{Invocation, input};
use crate::path::Select;
use crate::reading::Stop;

/// Reads the way to an operation and its parameters.
pub(super) struct OperationReader<'o, 'a> {
    pub(super) reader: DataReader<'o, 'a>,
    wanted: NodeKind,
    found: Option<Invocation>,
}

impl<'o, 'a> OperationReader<'o, 'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        wanted: NodeKind,
        options: &'o ParseOptions<'o>,
    ) -> Self {
        OperationReader {
            reader: DataReader::new(schema, input, options),
            wanted,
            found: None,
        }
    }

    /// The whole document; `None` when it has errors.
    pub(super) fn document(&mut self, schema: &Arc<Schema>) -> Result<Option<Invocation>, Stop> {
        self.reader.reading.place.push(SchemaId::ROOT);
        loop {
            match self.reader.token()? {
                Token::Open(open) if self.is_action_element(&open) => {
                    self.way(schema, SchemaId::ROOT)?;
                }
                Token::Open(open) => self.step(schema, SchemaId::ROOT, &open)?,
                Token::Text(text) => self.reader.only_blank(schema, &text)?,
                Token::Close => {}
                Token::End => break,
            }
        }
        if self.found.is_none() && self.reader.reading.errors.is_empty() {
            let message = format!("the document names no {}", self.wanted.keyword());
            let end = self.reader.scanner.offset();
            self.reader
                .reading
                .fail(ErrorKind::MissingElement, None, message, end)?;
        }
        Ok(self.found.take())
    }

    fn is_action_element(&self, open: &Open<'a>) -> bool {
        self.wanted == NodeKind::Action
            && open.local == "action"
            && self.reader.scanner.depth() == 1
            && self.reader.scanner.namespaces.uri(open.prefix) == Some(YANG)
    }

    /// The children of the element that was opened last: keys, and one that leads on.
    fn way(&mut self, schema: &Arc<Schema>, parent: SchemaId) -> Result<(), Stop> {
        loop {
            match self.reader.token()? {
                Token::Open(open) => self.step(schema, parent, &open)?,
                Token::Close | Token::End => return Ok(()),
                Token::Text(text) => self.reader.only_blank(schema, &text)?,
            }
        }
    }

    fn step(
        &mut self,
        schema: &Arc<Schema>,
        parent: SchemaId,
        open: &Open<'a>,
    ) -> Result<(), Stop> {
        let module = self.reader.scanner.namespaces.module(schema, open.prefix);
        let operation = module
            .and_then(|module| schema.schema_child(parent, module, open.local))
            .filter(|id| schema.node(*id).kind == self.wanted);
        if let Some(id) = operation {
            return self.operation(schema, id, open.offset);
        }
        let data = self.reader.find(schema, parent, open);
        let kind = data.map(|id| (id, schema.node(id).kind));
        match kind {
            Some((id, NodeKind::Leaf)) if schema.node(id).is_key => {
                if let Some(value) = self.reader.leaf(schema, id, open.offset)? {
                    self.reader.reading.place.note_key(id, &value);
                }
                Ok(())
            }
            // An rpc stands at the top: no data lead to it.
            Some((id, NodeKind::Container | NodeKind::List)) if self.wanted != NodeKind::Rpc => {
                self.reader.reading.place.push(id);
                let mounted = schema.node(id).mount_point();
                match mounted.and_then(|_| self.reader.reading.mounted_schema()) {
                    Some(inner) => {
                        self.reader.reading.place.enter_mount(inner.clone());
                        self.way(&inner, SchemaId::ROOT)?;
                        self.reader.reading.place.discard();
                        self.reader.reading.place.leave_mount();
                    }
                    None => self.way(schema, id)?,
                }
                self.reader.reading.place.discard();
                Ok(())
            }
            Some((id, _)) => {
                let message = format!(
                    "{} does not lead to a {}: only keys and the nodes around it may stand here",
                    schema.node(id).name,
                    self.wanted.keyword()
                );
                self.reader.reading.fail(
                    ErrorKind::UnknownElement,
                    Some(id),
                    message,
                    open.offset,
                )?;
                self.reader.skip()
            }
            None => {
                let error = self.unknown(schema, parent, module, open);
                self.reader.reading.report(error, open.offset)?;
                self.reader.skip()
            }
        }
    }

    fn unknown(
        &self,
        schema: &Schema,
        parent: SchemaId,
        module: Option<ModuleId>,
        open: &Open<'a>,
    ) -> DataError {
        let path = self.reader.reading.place.path_of(None);
        let keyword = self.wanted.keyword();
        let is_message = parent == SchemaId::ROOT && matches!(open.local, "rpc" | "notification");
        let around = || format!("leave out the message around the {keyword}");
        let Some(module) = module else {
            let error = unknown_element(schema, parent, &self.reader.scanner, open, path);
            return match is_message {
                true => error.with_help(around()),
                false => error,
            };
        };
        let message = format!(
            "module {} has no {keyword} {} here",
            schema.module(module).name,
            open.local
        );
        let error =
            DataError::new(ErrorKind::UnknownElement, path, message).with_culprit(open.local);
        // The module of NETCONF has this namespace, and no such operation.
        if is_message {
            return error.with_help(around());
        }
        let children = &schema.children(parent);
        let operations = children
            .iter()
            .map(|child| schema.node(*child))
            .filter(|child| child.kind == self.wanted || child.kind.is_data());
        match nearest(open.local, operations.map(|child| &*child.name)) {
            Some(close) => error.with_help(format!("did you mean <{close}>?")),
            None => error,
        }
    }

    fn operation(&mut self, schema: &Arc<Schema>, id: SchemaId, offset: usize) -> Result<(), Stop> {
        if self.found.is_some() {
            let message = format!("the document names a second {}", self.wanted.keyword());
            self.reader
                .reading
                .fail(ErrorKind::Duplicate, Some(id), message, offset)?;
            return self.reader.skip();
        }
        if let Some(key) = self.reader.reading.place.first_missing_key() {
            let message = format!(
                "the key {key} must stand before the {}",
                self.wanted.keyword()
            );
            let error = DataError::new(
                ErrorKind::MissingElement,
                self.reader.reading.place.path_of(None),
                message,
            )
            .with_culprit(key.clone())
            .with_help(format!("add <{key}>"));
            self.reader.reading.report(error, offset)?;
            return self.reader.skip();
        }
        let path = self.reader.reading.place.instance_path();
        let root = match self.wanted {
            NodeKind::Notification => Some(id),
            _ => input(schema, id),
        };
        let Some(root) = root else {
            return self.reader.skip();
        };
        let node = if root == id {
            self.reader.element(schema, root)?
        } else {
            self.reader.reading.place.push(id);
            let node = self.reader.element(schema, root)?;
            self.reader.reading.place.discard();
            node
        };
        self.found = Some(Invocation {
            path,
            id,
            content: Tree::new(schema.clone(), node),
        });
        Ok(())
    }
}

/// Prints the way to an operation, and its parameters inside.
pub(crate) fn print_invocation(
    around: &Schema,
    invocation: &Invocation,
    options: &PrintOptions<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut tags = Tags::new(out, options.layout);
    let inner = invocation.content.schema();
    let is_action = inner.node(invocation.id).kind == NodeKind::Action;
    if is_action {
        tags.begin_named("action", YANG)?;
        tags.end_open()?;
    }
    let mut schema = around;
    let mut outer = None;
    let mut open: Vec<&str> = Vec::new();
    for step in &invocation.path.steps {
        let definition = schema.node(step.node);
        tags.begin(schema, step.node, outer)?;
        tags.end_open()?;
        outer = Some(definition.module);
        open.push(&definition.name);
        if let Select::Keys(keys) = &step.select {
            for (id, value) in definition.keys().iter().zip(keys) {
                let key = schema.node(*id);
                tags.begin(schema, *id, outer)?;
                tags.declare(schema, [value], None)?;
                match &key.ty {
                    Some(ty) => tags.value(schema, ty, &key.name, value)?,
                    None => tags.end_empty()?,
                }
            }
        }
        // Behind a mount point the path goes on in the schema of the content.
        if definition.mount_point().is_some() {
            (schema, outer) = (inner, None);
        }
    }
    print_inside(
        &mut tags,
        &invocation.content,
        invocation.id,
        outer,
        options,
    )?;
    for name in open.into_iter().rev() {
        tags.close(name)?;
    }
    if is_action {
        tags.close("action")?;
    }
    tags.finish()
}

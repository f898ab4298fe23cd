//! The `fields` expression of RESTCONF (RFC 8040 4.8.3), bound to the schema as a subtree filter.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::subtree::{FilterNode, Subtree, Wants};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::known;
use crate::path::{InstancePath, Select};

/// Parentheses inside each other.
const DEPTH: usize = 64;

impl Subtree {
    /// Reads a `fields` expression, as `a;b/c(d;e)`, about the instances at `target`: what it names is selected, with all
    /// below it and the keys of the entries around it. A name has its module's in front where that is not the parent's.
    ///
    /// # Errors
    /// The text is no such expression, or has a name that the schema does not have; the message says where in the text.
    /// The target is inside of a mount point, or a field leads into one.
    pub fn fields(
        schema: &Arc<Schema>,
        target: &InstancePath,
        expression: &str,
    ) -> Result<Subtree, DataError> {
        let mut inner = SchemaId::ROOT;
        for step in &target.steps {
            if schema.node(inner).mount_point().is_some() {
                return Err(DataError::new(
                    ErrorKind::Expression,
                    ErrorPath::default(),
                    "fields cannot be selected inside of what is mounted",
                )
                .with_help("read the target whole"));
            }
            inner = step.node;
        }
        let mut fields = Fields {
            schema,
            text: expression,
            at: 0,
        };
        let mut nodes = fields.list(inner, 0)?;
        if fields.at < expression.len() {
            return Err(fields.wrong("';', '/' or the end is expected"));
        }
        for (index, step) in target.steps.iter().enumerate().rev() {
            if let Select::Keys(keys) = &step.select {
                let ids = schema.node(step.node).keys().iter();
                nodes.extend(ids.zip(keys).map(|(id, key)| FilterNode {
                    id: *id,
                    wants: Wants::Match(Some(key.clone())),
                }));
            }
            let is_last = index + 1 == target.steps.len();
            let wants = match &step.select {
                Select::Value(value) if is_last => Wants::Match(Some(value.clone())),
                _ => Wants::Inside(nodes),
            };
            nodes = vec![FilterNode {
                id: step.node,
                wants,
            }];
        }
        Ok(Subtree { nodes })
    }
}

struct Fields<'a> {
    schema: &'a Arc<Schema>,
    text: &'a str,
    at: usize,
}

impl Fields<'_> {
    /// Paths with semicolons between them. Recurses with parentheses, whose depth is limited.
    fn list(&mut self, parent: SchemaId, depth: usize) -> Result<Vec<FilterNode>, DataError> {
        let mut nodes = vec![self.path(parent, depth)?];
        while self.takes(';') {
            nodes.push(self.path(parent, depth)?);
        }
        Ok(nodes)
    }

    /// `a/b/c` or `a/b(...)`, and whatever RFC 8040 lets follow the parentheses: nothing.
    fn path(&mut self, parent: SchemaId, depth: usize) -> Result<FilterNode, DataError> {
        let mut way = vec![self.name(parent)?];
        let mut wants = Wants::All;
        loop {
            let inner = way[way.len() - 1];
            if self.takes('/') {
                way.push(self.name(inner)?);
            } else if self.takes('(') {
                if depth == DEPTH {
                    return Err(self.wrong("the parentheses are too deep"));
                }
                wants = Wants::Inside(self.list(inner, depth + 1)?);
                if !self.takes(')') {
                    return Err(self.wrong("')' is expected"));
                }
                break;
            } else {
                break;
            }
        }
        let node = |wants, id| FilterNode { id, wants };
        let mut way = way.into_iter().rev();
        let last = way.next().unwrap_or(parent);
        Ok(way.fold(node(wants, last), |inner, id| {
            node(Wants::Inside(vec![inner]), id)
        }))
    }

    /// The next name, which must be that of a child of `parent`.
    fn name(&mut self, parent: SchemaId) -> Result<SchemaId, DataError> {
        let definition = self.schema.node(parent);
        let has_children = !self.schema.data_children(parent).is_empty();
        if definition.mount_point().is_some() && !has_children {
            return Err(self.wrong("fields cannot be selected inside of what is mounted here"));
        }
        if !has_children && definition.kind != NodeKind::Root {
            return Err(self.wrong(&format!("{} has no nodes inside", definition.name)));
        }
        let rest = &self.text[self.at..];
        let end = rest.find([';', '/', '(', ')']).unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() {
            return Err(self.wrong("a name is expected"));
        }
        let found = known::find(self.schema, parent, name, false).or_else(|| {
            // RFC 8040 4.8.3 wants the module's name only where it differs; at the top there is none to differ from.
            (parent == SchemaId::ROOT && !name.contains(':'))
                .then(|| self.schema.data_child_any_module(parent, name))?
        });
        let Some(id) = found else {
            let path = ErrorPath(self.schema.path(parent).into());
            let mut error = known::unknown_child(self.schema, parent, ("field", name), path);
            error.message = format!("{}: {}", self.place(), error.message);
            return Err(error);
        };
        self.at += end;
        Ok(id)
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.text[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn place(&self) -> String {
        format!(
            "in the fields {:?}, at character {}",
            self.text,
            self.text[..self.at].chars().count() + 1
        )
    }

    fn wrong(&self, why: &str) -> DataError {
        DataError::new(
            ErrorKind::Expression,
            ErrorPath::default(),
            format!("{}: {why}", self.place()),
        )
        .with_help("write names with '/' between levels and ';' between siblings, as in a;b/c(d;e)")
    }
}

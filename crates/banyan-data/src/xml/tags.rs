//! Start and end tags with their namespace declarations: a default namespace where the module changes,
//! prefixes only for the values and attributes that use them.

use std::io;
use std::sync::Arc;

use banyan_yang::schema::{ModuleId, Schema, SchemaId, Type};

use super::escape;
use crate::document::Layout;
use crate::lexical::{Style, canonical, modules_in};
use crate::sink::Sink;
use crate::store::{CLIXON_LIB, Splits};
use crate::value::Value;

/// Writes elements.
pub(super) struct Tags<'w> {
    pub(super) sink: Sink<'w>,
    layout: Layout,
    depth: usize,
    /// Nothing has been written: no line break before the first element.
    first: bool,
    /// Where parts are, and the names of those that are still to come.
    links: Option<(&'w Splits, std::slice::Iter<'w, String>)>,
}

impl<'w> Tags<'w> {
    pub(super) fn new(out: &'w mut dyn io::Write, layout: Layout) -> Self {
        Tags {
            sink: Sink::new(out),
            layout,
            depth: 0,
            first: true,
            links: None,
        }
    }

    /// The same, with links in the place of parts.
    pub(super) fn with_links(mut self, links: Option<(&'w Splits, &'w [String])>) -> Self {
        self.links = links.map(|(splits, names)| (splits, names.iter()));
        self
    }

    /// The name of the part that holds the content of `id`, an instance with children whose tag has begun.
    pub(super) fn link(&mut self, schema: &Arc<Schema>, id: SchemaId) -> Option<&'w str> {
        let (splits, names) = self.links.as_mut()?;
        if !splits.splits(schema, id) {
            return None;
        }
        names.next().map(String::as_str)
    }

    /// The end of a tag whose element has its content in a part.
    pub(super) fn end_linked(&mut self, name: &str) -> io::Result<()> {
        self.attribute("xmlns:cl", CLIXON_LIB)?;
        self.attribute("cl:link", name)?;
        self.end_empty()
    }

    /// An element without a namespace of its own that holds a text.
    pub(super) fn text_element(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.wrap(name)?;
        if text.is_empty() {
            return self.end_empty();
        }
        self.sink.put(">")?;
        self.sink.put(&escape::text(text))?;
        self.end_tag(name)
    }

    /// The end of the document: its last line break.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.first && self.layout != Layout::Compact {
            self.sink.put("\n")?;
        }
        self.sink.finish()
    }

    fn line(&mut self) -> io::Result<()> {
        if let Layout::Indented(width) = self.layout
            && !self.first
        {
            self.sink.line(usize::from(width) * self.depth)?;
        }
        self.first = false;
        Ok(())
    }

    /// `<name`, with the namespace if it is not that of `outer`. Attributes may follow, then one of the ends.
    pub(super) fn begin(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        self.line()?;
        let node = schema.node(id);
        self.sink.put("<")?;
        self.sink.put(&node.name)?;
        if outer != Some(node.module) {
            self.attribute("xmlns", &schema.module(node.module).namespace)?;
        }
        Ok(())
    }

    /// `<name xmlns="...">` of an element that is not of the schema, as [`Tags::begin`].
    pub(super) fn begin_named(&mut self, name: &str, namespace: &str) -> io::Result<()> {
        self.line()?;
        self.sink.put("<")?;
        self.sink.put(name)?;
        self.attribute("xmlns", namespace)
    }

    /// `<name` of an element around the data, without a namespace, as [`Tags::begin`].
    pub(super) fn wrap(&mut self, name: &str) -> io::Result<()> {
        self.line()?;
        self.sink.put("<")?;
        self.sink.put(name)
    }

    /// ` name="value"`, in a tag that has begun.
    pub(super) fn attribute(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.sink.put(" ")?;
        self.sink.put(name)?;
        self.sink.put("=\"")?;
        self.sink.put(&escape::attribute(value))?;
        self.sink.put("\"")
    }

    /// The declarations of the prefixes that values use, in a tag that has begun.
    pub(super) fn declare<'v>(
        &mut self,
        schema: &Schema,
        values: impl IntoIterator<Item = &'v Value>,
        also: impl IntoIterator<Item = ModuleId>,
    ) -> io::Result<()> {
        let mut modules = Vec::new();
        for value in values {
            modules_in(schema, value, &mut modules);
        }
        for module in also {
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
        for module in modules {
            let name = format!("xmlns:{}", schema.xml_prefix(module));
            self.attribute(&name, &schema.module(module).namespace)?;
        }
        Ok(())
    }

    /// The end of a tag whose element has no content.
    pub(super) fn end_empty(&mut self) -> io::Result<()> {
        self.sink.put("/>")
    }

    /// The end of a tag whose element has children: they follow, then [`Tags::close`].
    pub(super) fn end_open(&mut self) -> io::Result<()> {
        self.depth += 1;
        self.sink.put(">")
    }

    /// The end tag of an element with children.
    pub(super) fn close(&mut self, name: &str) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.line()?;
        self.end_tag(name)
    }

    fn end_tag(&mut self, name: &str) -> io::Result<()> {
        self.sink.put("</")?;
        self.sink.put(name)?;
        self.sink.put(">")
    }

    /// The rest of an element whose tag has begun and whose content is a value; its prefixes are declared.
    pub(super) fn value(
        &mut self,
        schema: &Schema,
        ty: &Type,
        name: &str,
        value: &Value,
    ) -> io::Result<()> {
        let text = canonical(schema, ty, value, Style::Xml);
        if text.is_empty() {
            return self.end_empty();
        }
        self.sink.put(">")?;
        self.sink.put(&escape::text(&text))?;
        self.end_tag(name)
    }

    /// The rest of an element whose tag has begun and whose content is XML already.
    pub(super) fn verbatim(&mut self, name: &str, inside: &str) -> io::Result<()> {
        if inside.is_empty() {
            return self.end_empty();
        }
        self.sink.put(">")?;
        self.sink.put(inside)?;
        self.end_tag(name)
    }
}

//! A tree as JSON, written piece by piece (RFC 7951, RFC 7952).

use std::fmt::Write as _;
use std::io;

use banyan_yang::schema::{ModuleId, Schema, SchemaId, Type};

use crate::any::{AnyData, ORIGINAL};
use crate::document::{Encoding, Layout, PrintOptions};
use crate::lexical::{JsonForm, Style, canonical, json_form};
use crate::list::LeafList;
use crate::meta::{Annotations, Meta, defined_ones};
use crate::modules::ModuleState;
use crate::node::{Content, Node, Tree};
use crate::shown::{Shown, ShownChild};
use crate::sink::Sink;
use crate::value::Value;

/// Prints the children of the tree's root as one object, each member with its module's name.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, options: &PrintOptions<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut json = Json::new(out, options.layout);
    let mut shown = Shown::new(tree, options);
    object(&mut json, &mut shown, tree.root(), None)?;
    json.finish()
}

/// Prints a datastore's file: one member, `config`, with all data, and with the modules behind them if they are given.
pub(crate) fn print_store(
    tree: &Tree,
    options: &PrintOptions<'_>,
    modules: Option<&ModuleState>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut json = Json::new(out, options.layout);
    let mut shown = Shown::new(tree, options);
    json.open("{")?;
    json.member("config")?;
    json.open("{")?;
    members(&mut json, &mut shown, tree.root(), None)?;
    if let Some(modules) = modules {
        module_state(&mut json, modules)?;
    }
    json.close("}")?;
    json.close("}")?;
    json.finish()
}

/// The modules that a datastore is written with, in the brief form of RFC 8525.
fn module_state(json: &mut Json<'_>, state: &ModuleState) -> io::Result<()> {
    json.member("ietf-yang-library:yang-library")?;
    json.open("{")?;
    json.member("module-set")?;
    json.open("[")?;
    json.next()?;
    json.open("{")?;
    json.text_member("name", Some("top"))?;
    json.member("module")?;
    json.open("[")?;
    for module in &state.modules {
        json.next()?;
        json.open("{")?;
        json.text_member("name", Some(&module.name))?;
        json.text_member("revision", module.revision.as_deref())?;
        json.text_member("namespace", Some(&module.namespace))?;
        if !module.submodules.is_empty() {
            json.member("submodule")?;
            json.open("[")?;
            for (name, revision) in &module.submodules {
                json.next()?;
                json.open("{")?;
                json.text_member("name", Some(name))?;
                json.text_member("revision", revision.as_deref())?;
                json.close("}")?;
            }
            json.close("]")?;
        }
        json.close("}")?;
    }
    json.close("]")?;
    json.close("}")?;
    json.close("]")?;
    json.text_member("content-id", Some(&state.content_id))?;
    json.close("}")
}

/// Prints an object with one member, named after the schema node `id`, that holds the children of the root.
pub(crate) fn print_named(
    tree: &Tree,
    id: SchemaId,
    options: &PrintOptions<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut json = Json::new(out, options.layout);
    let mut shown = Shown::new(tree, options);
    let schema = tree.schema();
    json.open("{")?;
    json.name("", schema, id, None)?;
    object(
        &mut json,
        &mut shown,
        tree.root(),
        Some(schema.node(id).module),
    )?;
    json.close("}")?;
    json.finish()
}

/// Writes the marks of JSON: commas, line breaks, quotes.
struct Json<'w> {
    sink: Sink<'w>,
    layout: Layout,
    depth: usize,
    /// Nothing stands yet in the innermost object or array.
    first: bool,
}

impl<'w> Json<'w> {
    fn new(out: &'w mut dyn io::Write, layout: Layout) -> Self {
        Json {
            sink: Sink::new(out),
            layout,
            depth: 0,
            first: true,
        }
    }

    fn finish(mut self) -> io::Result<()> {
        if self.layout != Layout::Compact {
            self.sink.put("\n")?;
        }
        self.sink.finish()
    }

    fn open(&mut self, bracket: &str) -> io::Result<()> {
        self.sink.put(bracket)?;
        self.depth += 1;
        self.first = true;
        Ok(())
    }

    fn close(&mut self, bracket: &str) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if !self.first {
            self.line()?;
        }
        self.first = false;
        self.sink.put(bracket)
    }

    fn line(&mut self) -> io::Result<()> {
        match self.layout {
            Layout::Compact => Ok(()),
            Layout::Indented(width) => self.sink.line(usize::from(width) * self.depth),
        }
    }

    /// Before each member and element.
    fn next(&mut self) -> io::Result<()> {
        if !self.first {
            self.sink.put(",")?;
        }
        self.first = false;
        self.line()
    }

    fn colon(&mut self) -> io::Result<()> {
        self.sink.put(match self.layout {
            Layout::Compact => ":",
            Layout::Indented(_) => ": ",
        })
    }

    /// The name of a member that is not of the schema.
    fn member(&mut self, name: &str) -> io::Result<()> {
        self.next()?;
        self.string(name)?;
        self.colon()
    }

    /// A member that is a string, unless there is none.
    fn text_member(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        let Some(text) = text else { return Ok(()) };
        self.member(name)?;
        self.string(text)
    }

    /// The name of a member, with the module's name unless it is that of `outer` (RFC 7951 4).
    fn name(
        &mut self,
        mark: &str,
        schema: &Schema,
        id: SchemaId,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        let node = schema.node(id);
        self.next()?;
        self.sink.put("\"")?;
        self.sink.put(mark)?;
        if outer != Some(node.module) {
            self.sink.put(&schema.module(node.module).name)?;
            self.sink.put(":")?;
        }
        self.sink.put(&node.name)?;
        self.sink.put("\"")?;
        self.colon()
    }

    fn string(&mut self, text: &str) -> io::Result<()> {
        self.sink.put("\"")?;
        let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        let mut rest = text;
        while let Some(at) = rest.bytes().position(special) {
            self.sink.put(&rest[..at])?;
            match rest.as_bytes()[at] {
                b'"' => self.sink.put("\\\"")?,
                b'\\' => self.sink.put("\\\\")?,
                b'\n' => self.sink.put("\\n")?,
                b'\r' => self.sink.put("\\r")?,
                b'\t' => self.sink.put("\\t")?,
                byte => {
                    let mut escape = String::new();
                    let _ = write!(escape, "\\u{byte:04x}");
                    self.sink.put(&escape)?;
                }
            }
            rest = &rest[at + 1..];
        }
        self.sink.put(rest)?;
        self.sink.put("\"")
    }

    fn value(&mut self, schema: &Schema, id: SchemaId, value: &Value) -> io::Result<()> {
        match &schema.node(id).ty {
            Some(ty) => self.value_of_type(schema, ty, value),
            None => self.sink.put("null"),
        }
    }

    fn value_of_type(&mut self, schema: &Schema, ty: &Type, value: &Value) -> io::Result<()> {
        match json_form(ty, value) {
            JsonForm::EmptyArray => self.sink.put("[null]"),
            JsonForm::Bare => self.sink.put(&canonical(schema, ty, value, Style::Json)),
            JsonForm::String => self.string(&canonical(schema, ty, value, Style::Json)),
        }
    }

    /// The object of annotations, its name written.
    fn annotations(&mut self, schema: &Schema, annotations: &Annotations) -> io::Result<()> {
        self.object_of_annotations(schema, Some(annotations), None)
    }

    /// The same, with content of the other encoding.
    fn object_of_annotations(
        &mut self,
        schema: &Schema,
        annotations: Option<&Annotations>,
        original: Option<&AnyData>,
    ) -> io::Result<()> {
        self.open("{")?;
        if let Some(any) = original {
            self.text_member(&format!("{ORIGINAL}:xml"), Some(any.text()))?;
        }
        for (definition, value) in defined_ones(schema, annotations) {
            let (module, name) = &definition.name;
            self.next()?;
            self.string(&format!("{module}:{name}"))?;
            self.colon()?;
            self.value_of_type(schema, definition.ty, value)?;
        }
        self.close("}")
    }
}

fn object(
    json: &mut Json<'_>,
    shown: &mut Shown<'_>,
    node: &Node,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    json.open("{")?;
    members(json, shown, node, outer)?;
    json.close("}")
}

fn members(
    json: &mut Json<'_>,
    shown: &mut Shown<'_>,
    node: &Node,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    if let Some(own) = node.meta().and_then(Meta::own) {
        json.next()?;
        json.sink.put("\"@\"")?;
        json.colon()?;
        json.annotations(shown.schema(), own)?;
    }
    for child in shown.children(node) {
        print_child(json, shown, &child, node.meta(), outer)?;
    }
    Ok(())
}

fn inner_object(json: &mut Json<'_>, shown: &mut Shown<'_>, node: &Node) -> io::Result<()> {
    let module = shown.schema().node(node.id()).module;
    shown.enter(node);
    let done = object(json, shown, node, Some(module));
    shown.leave();
    done
}

fn print_child(
    json: &mut Json<'_>,
    shown: &mut Shown<'_>,
    child: &ShownChild<'_>,
    meta: Option<&Meta>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let id = child.slot.id;
    json.name("", schema, id, outer)?;
    match &child.slot.content {
        Content::Leaf(value) => json.value(schema, id, value)?,
        Content::LeafList(list) => {
            json.open("[")?;
            for value in list.iter() {
                json.next()?;
                json.value(schema, id, value)?;
            }
            json.close("]")?;
            return print_entry_annotations(json, schema, child, list, meta, outer);
        }
        Content::Container(node) => inner_object(json, shown, node)?,
        Content::List(list) => {
            json.open("[")?;
            for entry in list.iter() {
                json.next()?;
                inner_object(json, shown, entry)?;
            }
            json.close("]")?;
        }
        Content::Any(any) if shown.is_exact() && any.encoding() == Encoding::Xml => {
            json.sink.put("{}")?;
            json.name("@", schema, id, outer)?;
            let annotations = child.annotations(meta, None);
            let annotations = annotations.as_deref();
            return json.object_of_annotations(schema, annotations, Some(any));
        }
        Content::Any(any) => json.sink.put(&any.to_json(schema))?,
        Content::Mount(tree) => object(json, &mut shown.mounted(tree), tree.root(), None)?,
    }
    match child.annotations(meta, None) {
        Some(annotations) => {
            json.name("@", schema, id, outer)?;
            json.annotations(schema, &annotations)
        }
        None => Ok(()),
    }
}

/// RFC 7952 5.2.3: one element for each entry, up to the last that is annotated.
fn print_entry_annotations(
    json: &mut Json<'_>,
    schema: &Schema,
    child: &ShownChild<'_>,
    list: &LeafList,
    meta: Option<&Meta>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let id = child.slot.id;
    let stored = meta.is_some_and(|meta| meta.at(id).next().is_some());
    if !stored && !child.tagged {
        return Ok(());
    }
    let entries: Vec<_> = list
        .iter()
        .map(|value| child.annotations(meta, Some(value)))
        .collect();
    let Some(last) = entries.iter().rposition(Option::is_some) else {
        return Ok(());
    };
    json.name("@", schema, id, outer)?;
    json.open("[")?;
    for annotations in entries.iter().take(last + 1) {
        json.next()?;
        match annotations {
            Some(annotations) => json.annotations(schema, annotations)?,
            None => json.sink.put("null")?,
        }
    }
    json.close("]")
}

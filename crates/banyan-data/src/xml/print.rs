//! A tree as XML, written piece by piece.

use std::io;

use banyan_yang::schema::{ModuleId, Schema, SchemaId};

use super::tags::Tags;
use crate::any::NAMESPACE;
use crate::document::{Encoding, PrintOptions};
use crate::lexical::{Style, canonical};
use crate::list::List;
use crate::meta::{Annotations, DEFAULT_NAMESPACE, Meta, defined_ones};
use crate::modules::{LIBRARY, ModuleState};
use crate::node::{Content, Node, Tree};
use crate::shown::{Shown, ShownChild};
use crate::store::Splits;
use crate::value::Value;

/// Prints the children of the tree's root, one element after the other: the content of `<config>`, `<data>`,
/// or of an operation. Keys come first (RFC 7950 7.8.5), then schema order; each top-level element declares its
/// namespace.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, options: &PrintOptions<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut tags = Tags::new(out, options.layout);
    let mut shown = Shown::new(tree, options);
    children(&mut tags, &mut shown, tree.root(), None)?;
    tags.finish()
}

/// Prints a datastore's file: as [`print`], inside of `<config>`, which has the annotations of the root; then the
/// modules, if they are given. Parts are left out, and linked to.
pub(crate) fn print_store(
    tree: &Tree,
    options: &PrintOptions<'_>,
    modules: Option<&ModuleState>,
    links: Option<(&Splits, &[String])>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    const WRAPPER: &str = "config";
    let mut tags = Tags::new(out, options.layout).with_links(links);
    let mut shown = Shown::new(tree, options);
    tags.wrap(WRAPPER)?;
    own_annotations(&mut tags, tree)?;
    if tree.root().slots().is_empty() && modules.is_none() {
        tags.end_empty()?;
        return tags.finish();
    }
    tags.end_open()?;
    children(&mut tags, &mut shown, tree.root(), None)?;
    if let Some(modules) = modules {
        module_state(&mut tags, modules)?;
    }
    tags.close(WRAPPER)?;
    tags.finish()
}

/// Prints the children of the root, an instance of a module that `outer` is, whose element is somewhere else.
pub(crate) fn print_children(
    tree: &Tree,
    outer: Option<ModuleId>,
    options: &PrintOptions<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut tags = Tags::new(out, options.layout);
    let mut shown = Shown::new(tree, options);
    children(&mut tags, &mut shown, tree.root(), outer)?;
    tags.finish()
}

/// The modules that a datastore is written with, in the brief form of RFC 8525.
fn module_state(tags: &mut Tags<'_>, state: &ModuleState) -> io::Result<()> {
    tags.begin_named("yang-library", LIBRARY)?;
    tags.end_open()?;
    tags.wrap("module-set")?;
    tags.end_open()?;
    tags.text_element("name", "top")?;
    for module in &state.modules {
        tags.wrap("module")?;
        tags.end_open()?;
        tags.text_element("name", &module.name)?;
        if let Some(revision) = &module.revision {
            tags.text_element("revision", revision)?;
        }
        tags.text_element("namespace", &module.namespace)?;
        for (name, revision) in &module.submodules {
            tags.wrap("submodule")?;
            tags.end_open()?;
            tags.text_element("name", name)?;
            if let Some(revision) = revision {
                tags.text_element("revision", revision)?;
            }
            tags.close("submodule")?;
        }
        tags.close("module")?;
    }
    tags.close("module-set")?;
    tags.text_element("content-id", &state.content_id)?;
    tags.close("yang-library")
}

/// Prints a tree inside of an element: that of `id`, the operation or notification whose content the tree is.
pub(super) fn print_inside(
    tags: &mut Tags<'_>,
    tree: &Tree,
    id: SchemaId,
    outer: Option<ModuleId>,
    options: &PrintOptions<'_>,
) -> io::Result<()> {
    let mut shown = Shown::new(tree, options);
    tags.begin(tree.schema(), id, outer)?;
    inside(tags, &mut shown, id, tree.root())
}

/// The children of `node`, each in the namespace of its module unless that is `outer`.
fn children(
    tags: &mut Tags<'_>,
    shown: &mut Shown<'_>,
    node: &Node,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    for child in shown.children(node) {
        print_child(tags, shown, &child, node.meta(), outer)?;
    }
    Ok(())
}

fn print_child(
    tags: &mut Tags<'_>,
    shown: &mut Shown<'_>,
    child: &ShownChild<'_>,
    meta: Option<&Meta>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let id = child.slot.id;
    let definition = schema.node(id);
    match &child.slot.content {
        Content::Leaf(value) => {
            let annotated = child.annotations(meta, None);
            leaf(tags, schema, id, value, annotated.as_deref(), outer)
        }
        Content::LeafList(list) => list.iter().try_for_each(|value| {
            let annotated = child.annotations(meta, Some(value));
            leaf(tags, schema, id, value, annotated.as_deref(), outer)
        }),
        Content::Container(node) => {
            tags.begin(schema, id, outer)?;
            linked_or_entered(tags, shown, node)
        }
        Content::List(list) => entries(tags, shown, list, outer),
        Content::Any(any) => {
            let annotated = child.annotations(meta, None);
            tags.begin(schema, id, outer)?;
            annotations(tags, schema, None, annotated.as_deref())?;
            if shown.is_exact() && any.encoding() == Encoding::Json {
                tags.attribute("xmlns:banyan-any", NAMESPACE)?;
                tags.attribute("banyan-any:json", any.text())?;
                return tags.end_empty();
            }
            let text = any.to_xml(schema);
            match text.trim().is_empty() {
                false => match tags.link(schema, id) {
                    Some(name) => tags.end_linked(name),
                    None => tags.verbatim(&definition.name, &text),
                },
                true => tags.verbatim(&definition.name, &text),
            }
        }
        Content::Mount(tree) => {
            tags.begin(schema, id, outer)?;
            own_annotations(tags, tree)?;
            if tree.root().slots().is_empty() {
                return tags.end_empty();
            }
            if let Some(name) = tags.link(schema, id) {
                return tags.end_linked(name);
            }
            tags.end_open()?;
            children(tags, &mut shown.mounted(tree), tree.root(), None)?;
            tags.close(&definition.name)
        }
    }
}

fn entries(
    tags: &mut Tags<'_>,
    shown: &mut Shown<'_>,
    list: &List,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    for entry in list.iter() {
        tags.begin(shown.schema(), entry.id(), outer)?;
        linked_or_entered(tags, shown, entry)?;
    }
    Ok(())
}

/// The rest of a container or entry whose tag has begun: its content, or the link to it.
fn linked_or_entered(tags: &mut Tags<'_>, shown: &mut Shown<'_>, node: &Node) -> io::Result<()> {
    let schema = shown.schema();
    if !node.slots().is_empty()
        && let Some(name) = tags.link(schema, node.id())
    {
        let own = node.meta().and_then(Meta::own);
        annotations(tags, schema, None, own)?;
        return tags.end_linked(name);
    }
    enter(tags, shown, node)
}

/// A container or entry whose tag has begun.
fn enter(tags: &mut Tags<'_>, shown: &mut Shown<'_>, node: &Node) -> io::Result<()> {
    shown.enter(node);
    let done = inside(tags, shown, node.id(), node);
    shown.leave();
    done
}

/// The rest of the element of `id`, whose tag has begun, with what is in `node`.
fn inside(tags: &mut Tags<'_>, shown: &mut Shown<'_>, id: SchemaId, node: &Node) -> io::Result<()> {
    let schema = shown.schema();
    let own = node.meta().and_then(Meta::own);
    annotations(tags, schema, None, own)?;
    let shown_children = shown.children(node);
    if shown_children.is_empty() {
        return tags.end_empty();
    }
    tags.end_open()?;
    let definition = schema.node(id);
    for child in &shown_children {
        print_child(tags, shown, child, node.meta(), Some(definition.module))?;
    }
    tags.close(&definition.name)
}

fn leaf(
    tags: &mut Tags<'_>,
    schema: &Schema,
    id: SchemaId,
    value: &Value,
    annotated: Option<&Annotations>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let definition = schema.node(id);
    tags.begin(schema, id, outer)?;
    annotations(tags, schema, Some(value), annotated)?;
    match &definition.ty {
        Some(ty) => tags.value(schema, ty, &definition.name, value),
        None => tags.end_empty(),
    }
}

/// The annotations of a tree's root, on the element around.
fn own_annotations(tags: &mut Tags<'_>, tree: &Tree) -> io::Result<()> {
    let own = tree.root().meta().and_then(Meta::own);
    annotations(tags, tree.schema(), None, own)
}

/// The declarations of the prefixes that a value and the names and values of annotations use, and the annotations as
/// attributes (RFC 7952 5.1), in a tag that has begun. The prefix of `default` is declared with it.
fn annotations(
    tags: &mut Tags<'_>,
    schema: &Schema,
    value: Option<&Value>,
    annotations: Option<&Annotations>,
) -> io::Result<()> {
    let values = annotations.into_iter().flatten().map(|(_, value)| value);
    let modules = defined_ones(schema, annotations).filter_map(|(definition, _)| definition.module);
    tags.declare(schema, value.into_iter().chain(values), modules)?;
    for (definition, value) in defined_ones(schema, annotations) {
        let text = canonical(schema, definition.ty, value, Style::Xml);
        match definition.module {
            Some(module) => {
                let prefix = schema.xml_prefix(module);
                let (_, name) = &definition.name;
                tags.attribute(&format!("{prefix}:{name}"), &text)?;
            }
            // RFC 6243 6.
            None => {
                tags.attribute("xmlns:wd", DEFAULT_NAMESPACE)?;
                tags.attribute("wd:default", &text)?;
            }
        }
    }
    Ok(())
}

//! A datastore's file, written piece by piece.

use std::io;

use super::split::{Content, Part, Splits};
use crate::document::{Encoding, Layout, PrintOptions};
use crate::modules::ModuleState;
use crate::node::Tree;
use crate::{json, xml};

/// What a file looks like.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    /// XML or JSON.
    pub encoding: Encoding,
    /// Compact, or three blanks a level.
    pub layout: Layout,
    /// The modules that are named at the end.
    pub modules: Option<&'a ModuleState>,
    /// Which nodes are in parts of their own, and the names of these parts in the order of the document. In XML only.
    pub links: Option<(&'a Splits, &'a [String])>,
}

impl Form<'_> {
    fn options(&self) -> PrintOptions<'static> {
        PrintOptions {
            layout: self.layout,
            exact: true,
            ..PrintOptions::default()
        }
    }
}

/// Prints a datastore: what clients have set, no defaults, inside of `config`; links in the place of parts.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, form: &Form<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    match form.encoding {
        Encoding::Xml => xml::print_store(tree, &form.options(), form.modules, form.links, out),
        Encoding::Json => json::print_store(tree, &form.options(), form.modules, out),
    }
}

/// Prints a part: the children of its node, one after the other, without anything around them. Namespaces are declared
/// where they are not that of the node.
///
/// # Errors
/// Those of the writer.
pub fn print_part(part: &Part, layout: Layout, out: &mut dyn io::Write) -> io::Result<()> {
    let options = PrintOptions {
        layout,
        exact: true,
        ..PrintOptions::default()
    };
    match &part.content {
        Content::Node(node) => {
            let tree = Tree::new(part.schema.clone(), node.clone());
            let outer = part.schema.node(node.id()).module;
            xml::print_children(&tree, Some(outer), &options, out)
        }
        Content::Mount(tree) => xml::print_children(tree, None, &options, out),
        Content::Any(any) => {
            let text = any.to_xml(&part.schema);
            out.write_all(text.as_bytes())?;
            if !text.ends_with('\n') && layout != Layout::Compact {
                out.write_all(b"\n")?;
            }
            Ok(())
        }
    }
}

//! Files of datastores: what they look like, and trees from them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::{Encoding, Holds, Layout};
use banyan_data::store::{self, Delta, Form, ModuleState, Part, Splits, Stored};
use banyan_yang::schema::Schema;
use sha1::{Digest, Sha1};

use super::document::reading;
use super::report::{data_error, data_errors};
use super::{SharedMounts, hex};
use crate::backend::Result;
use crate::files::{Format, StoreOptions};

/// How the datastores of an engine are written.
pub(crate) struct FileForm {
    options: StoreOptions,
    modules: Option<ModuleState>,
    splits: Splits,
}

impl FileForm {
    /// As the options say; the modules are those of the schema.
    pub fn new(options: StoreOptions, schema: &Schema) -> FileForm {
        let modules = options
            .module_state
            .then(|| ModuleState::of(schema, &options.content_id));
        FileForm {
            options,
            modules,
            splits: Splits::default(),
        }
    }

    /// What an operator chose.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    fn layout(&self) -> Layout {
        match self.options.pretty {
            true => Layout::Indented(3),
            false => Layout::Compact,
        }
    }

    fn form<'a>(&'a self, links: Option<&'a [String]>) -> Form<'a> {
        Form {
            encoding: match self.options.format {
                Format::Xml => Encoding::Xml,
                Format::Json => Encoding::Json,
            },
            layout: self.layout(),
            modules: self.modules.as_ref(),
            links: links.map(|names| (&self.splits, names)),
        }
    }

    /// Prints a datastore as one file.
    pub fn print(&self, tree: &Tree, out: &mut dyn Write) -> io::Result<()> {
        store::print(tree, &self.form(None), out)
    }

    /// Prints the main file of a split datastore; `links` are the names of all its parts, in their order.
    pub fn print_main(&self, tree: &Tree, links: &[String], out: &mut dyn Write) -> io::Result<()> {
        store::print(tree, &self.form(Some(links)), out)
    }

    /// Prints a part of a split datastore.
    pub fn print_part(&self, part: &Part, out: &mut dyn Write) -> io::Result<()> {
        store::print_part(part, self.layout(), out)
    }

    /// What differs from the tree that was written last.
    pub fn delta(&self, old: &Tree, new: &Tree) -> Delta {
        store::delta(&self.splits, old, new)
    }

    /// The names of all parts, in the order of the document.
    pub fn part_names(&self, tree: &Tree) -> Vec<String> {
        let all = self.delta(&Tree::empty(tree.schema().clone()), tree);
        let names = all.changed.iter();
        names.map(|part| part_name(&part.xpath)).collect()
    }
}

/// The file that holds the part of a node: the SHA-1 of its path.
pub(crate) fn part_name(xpath: &str) -> String {
    format!("{}.xml", hex(&Sha1::digest(xpath.as_bytes())))
}

/// Whether a document holds nothing: blanks, comments, an XML declaration at most.
pub(crate) fn is_blank(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            rest if rest.starts_with("<!--") => "-->",
            rest if rest.starts_with("<?") => "?>",
            rest => return rest.is_empty(),
        };
        match rest.find(end) {
            Some(at) => rest = rest[at + end.len()..].trim_start(),
            // What is not closed is not well-formed: that is for who reads it to say.
            None => return false,
        }
    }
}

/// Reads a datastore from its file, XML or JSON, and its parts. Which member of a union takes a value may depend on the
/// rest of it.
///
/// # Errors
/// All that is wrong in them.
pub(crate) fn parse_file(
    schema: &Arc<Schema>,
    main: &[u8],
    parts: &BTreeMap<String, Vec<u8>>,
    mounts: &SharedMounts,
) -> Result<Stored> {
    let options = reading(Holds::Config, mounts);
    let stored =
        store::read(schema, main, parts, &options).map_err(|errors| data_errors(schema, errors))?;
    Ok(Stored {
        tree: super::resolved(&stored.tree),
        ..stored
    })
}

/// The parts that a file links to.
///
/// # Errors
/// It is not well-formed, or a link is no plain file name.
pub(crate) fn part_links(schema: &Schema, main: &[u8]) -> Result<Vec<String>> {
    store::links(main, &Default::default()).map_err(|error| data_error(schema, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_names_that_clixon_gives_them() {
        for (path, name) in [
            (
                "/top/mylist[name=\"x\"]/root",
                "9121a04a6f67ca5ac2184286236d42f3b7301e97.xml",
            ),
            (
                "/s/e[n=\"k1\"]/root",
                "73337a05acbeeddad838d82afff5bdcb335fb5ad.xml",
            ),
            (
                "/s/e[n=\"o'x\"]/root",
                "3acfed8cc04ec30672753aeac5df2f02566a0ef1.xml",
            ),
        ] {
            assert_eq!(part_name(path), name, "{path}");
        }
    }
}

//! The forms of data in files: which one a text is in, and reading and printing whichever it is.
//!
//! Must not know how a form is written: that is its module's business.

use std::io;
use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::document::{ParseOptions, PrintOptions};
use crate::edit::{Edit, Operation};
use crate::error::DataError;
use crate::node::Tree;
use crate::{json, set, text, xml};

/// A form of data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// RFC 7950.
    Xml,
    /// RFC 7951.
    Json,
    /// Curly braces.
    Text,
    /// `set` lines.
    Set,
}

impl Form {
    /// The form of a text, by its first character or word that is neither blank nor comment. A text without one is
    /// taken for XML, in which it means no data.
    pub fn of(bytes: &[u8]) -> Form {
        let mut rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        loop {
            rest = rest.trim_ascii_start();
            match rest.first() {
                None | Some(b'<') => return Form::Xml,
                Some(b'{' | b'[') => return Form::Json,
                Some(b'#') => {
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    rest = &rest[end.unwrap_or(rest.len())..];
                }
                // Names at the top of curly braces have a module before them, so they are none of these words.
                Some(_) => {
                    let end = rest.iter().position(u8::is_ascii_whitespace);
                    return match &rest[..end.unwrap_or(rest.len())] {
                        b"set" | b"delete" | b"insert" | b"annotate" => Form::Set,
                        _ => Form::Text,
                    };
                }
            }
        }
    }

    /// Reads data.
    ///
    /// # Errors
    /// What is wrong with them, with line and column.
    pub fn parse_data(
        self,
        schema: &Arc<Schema>,
        bytes: &[u8],
        options: &ParseOptions<'_>,
    ) -> Result<Tree, Vec<DataError>> {
        match self {
            Form::Xml => xml::parse_data(schema, bytes, options),
            Form::Json => json::parse_data(schema, bytes, options),
            Form::Text => text::parse_data(schema, bytes, options),
            Form::Set => set::parse_data(schema, bytes, options),
        }
    }

    /// Reads an edit: XML with operations as attributes, or lines, which say themselves what they do. Data in JSON or
    /// curly braces are an edit whose every node has the default operation.
    ///
    /// # Errors
    /// What is wrong with it, with line and column.
    pub fn parse_edit(
        self,
        schema: &Arc<Schema>,
        bytes: &[u8],
        default_operation: Operation,
        options: &ParseOptions<'_>,
    ) -> Result<Edit, Vec<DataError>> {
        match self {
            Form::Xml => xml::parse_edit(schema, bytes, default_operation, options),
            Form::Set => set::parse_edit(schema, bytes, options),
            Form::Json => json::parse_edit(schema, bytes, default_operation, options),
            Form::Text => {
                let tree = text::parse_data(schema, bytes, options)?;
                Ok(Edit::of_tree(&tree, default_operation))
            }
        }
    }

    /// Prints data.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn print(
        self,
        tree: &Tree,
        options: &PrintOptions<'_>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self {
            Form::Xml => xml::print(tree, options, out),
            Form::Json => json::print(tree, options, out),
            Form::Text => text::print(tree, options, out),
            Form::Set => set::print(tree, options, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_seen_from_the_beginning() {
        for (text, form) in [
            ("", Form::Xml),
            (" \n<a/>", Form::Xml),
            ("\u{feff}{}", Form::Json),
            ("# a\n  # b\nset a:b c", Form::Set),
            ("delete a:b", Form::Set),
            ("# a\nset:set a;", Form::Text),
            ("settle", Form::Text),
            ("#", Form::Xml),
        ] {
            assert_eq!(Form::of(text.as_bytes()), form, "{text:?}");
        }
    }
}

//! Data in curly braces: a line for each leaf, a block for each container and list entry, for people to read and write.
//!
//! An entry stands behind its list's name and keys. A name of another module than its parent's has that module's name
//! before it, as in JSON (RFC 7951). Read straight into a [`Tree`], printed straight into a writer.

mod print;
pub(crate) mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema};
use serde::de::IgnoredAny;

use crate::any::AnyData;
use crate::document::{Limits, ParseOptions};
use crate::error::{DataError, ErrorKind};
use crate::input;
use crate::node::Tree;
use crate::words::Word;
use crate::xml::scanner::{Scanner, Token};
pub use print::print;
use read::TextReader;

/// Reads data: the children of the root, one statement after the other.
///
/// # Errors
/// All that is wrong, with line and column, in the order in which it was found; at most [`Limits::errors`]. A text whose
/// words or braces are wrong ends with that error.
pub fn parse_data(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let text =
        input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    let mut reader = TextReader::new(schema, text, options);
    match reader.document(schema) {
        Ok(root) if reader.reading.errors.is_empty() => Ok(Tree::new(schema.clone(), root)),
        _ => Err(reader.reading.errors),
    }
}

/// What is kept verbatim: the word `xml` or `json`, and the text, which must be well-formed.
pub(crate) fn verbatim(
    form: &Word<'_>,
    text: &Word<'_>,
    kind: NodeKind,
    limits: &Limits,
) -> Result<AnyData, (ErrorKind, String)> {
    let malformed = |reason: String| (ErrorKind::Malformed, reason);
    match &*form.text {
        "json" => {
            let read = serde_json::from_str::<IgnoredAny>(&text.text);
            read.map_err(|error| malformed(format!("the text is not JSON: {error}")))?;
            AnyData::json(&text.text, kind, limits)
        }
        "xml" => {
            let mut scanner = Scanner::new(&text.text, *limits);
            loop {
                match scanner.next() {
                    Ok(Token::End) => return Ok(AnyData::Xml(text.text.as_ref().into())),
                    Ok(_) => {}
                    Err(broken) => {
                        let message = format!("the text is not XML: {}", broken.message);
                        return Err((broken.kind, message));
                    }
                }
            }
        }
        other => Err(malformed(format!(
            "{other:?} is no form of verbatim data: write xml or json"
        ))),
    }
}

//! Datastore files, read: XML or JSON, whatever the options for writing say.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::{CLIXON_LIB, LINK};
use crate::document::{Encoding, ParseOptions};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::input::{self, Broken};
use crate::modules::ModuleState;
use crate::node::Tree;
use crate::xml::scanner::{Scanner, Token};
use crate::{json, xml};

/// What a datastore's files hold.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The data.
    pub tree: Tree,
    /// The modules that they were written with, where the file says so.
    pub modules: Option<ModuleState>,
}

/// The encoding of a file: JSON begins with a brace.
fn encoding(document: &[u8]) -> Encoding {
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    match document.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Encoding::Json,
        _ => Encoding::Xml,
    }
}

/// Reads a datastore, which may be empty or blank. `parts` has the parts that [`links`] has named, by their names.
///
/// # Errors
/// All that is wrong, with line and column; what is wrong in a part begins with its name.
pub fn read(
    schema: &Arc<Schema>,
    document: &[u8],
    parts: &BTreeMap<String, Vec<u8>>,
    options: &ParseOptions<'_>,
) -> Result<Stored, Vec<DataError>> {
    let (tree, modules) = match encoding(document) {
        Encoding::Json => json::read_store(schema, document, options)?,
        Encoding::Xml => xml::read_store(schema, document, parts, options)?,
    };
    let modules = match modules {
        Some(text) => Some(ModuleState::read(text.as_bytes()).map_err(|error| vec![*error])?),
        None => None,
    };
    Ok(Stored { tree, modules })
}

/// The modules that a file says it was written with: needs no schema, so it can be asked before one is chosen.
///
/// # Errors
/// The file is not well-formed.
pub fn stated(
    document: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Option<ModuleState>, DataError> {
    let whole = |broken: Broken| broken.into_error(document);
    let text = input::decode(document, &options.limits).map_err(whole)?;
    let found = match encoding(document) {
        Encoding::Json => json::modules_of_store(text),
        Encoding::Xml => xml::modules_of_store(text, options).map_err(whole)?,
    };
    match found {
        Some(found) => ModuleState::read(found.as_bytes())
            .map(Some)
            .map_err(|error| *error),
        None => Ok(None),
    }
}

/// The names of the parts that a file links to, in its order.
///
/// # Errors
/// The file is not well-formed, a link is no plain file name (`[a-z0-9]+.xml`), or two are the same.
pub fn links(document: &[u8], options: &ParseOptions<'_>) -> Result<Vec<String>, DataError> {
    if encoding(document) == Encoding::Json {
        return Ok(Vec::new());
    }
    let whole = |broken: Broken| broken.into_error(document);
    let text = input::decode(document, &options.limits).map_err(whole)?;
    let mut scanner = Scanner::new(text, options.limits);
    let mut found: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    loop {
        match scanner.next().map_err(whole)? {
            Token::End => return Ok(found),
            Token::Open(open) => {
                let Some(link) = link_of(&scanner) else {
                    continue;
                };
                let wrong = match is_file_name(&link) {
                    false => Some(format!(
                        "the link {link:?} is no name of a part: lower-case letters and digits, then .xml"
                    )),
                    true => (!known.insert(link.clone()))
                        .then(|| format!("two nodes link to {link}; each part belongs to one")),
                };
                if let Some(message) = wrong {
                    let position = input::position(document, open.offset);
                    let error = DataError::new(ErrorKind::Malformed, ErrorPath::default(), message);
                    return Err(error.with_position(position));
                }
                found.push(link);
            }
            Token::Close | Token::Text(_) => {}
        }
    }
}

/// The link among the attributes of the element that was opened last.
pub(crate) fn link_of(scanner: &Scanner<'_>) -> Option<String> {
    let namespace = |prefix: Option<&str>| scanner.namespaces.uri(Some(prefix?)).map(str::to_owned);
    let link = scanner.attributes.iter().find(|attribute| {
        attribute.local == LINK && namespace(attribute.prefix).as_deref() == Some(CLIXON_LIB)
    })?;
    Some(link.value.clone().into_owned())
}

/// Whether it is a name of a part: nothing that leads out of the directory.
fn is_file_name(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    link.strip_suffix(".xml")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(plain))
}

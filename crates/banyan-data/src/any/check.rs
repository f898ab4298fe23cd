//! What JSON must be to be kept verbatim: readable by every parser, and expressible as YANG data where it is anydata.

use std::collections::HashSet;

use banyan_yang::schema::NodeKind;

use super::convert::{decoded, is_name};
use crate::error::ErrorKind;
use crate::json::tokens::{Token, Tokens};

/// An object or array that is open, with the names that have come and the last of them.
struct Open {
    names: HashSet<String>,
    name: String,
}

/// See [`super::AnyData::json`]. `text` is well-formed. O(its length).
pub(super) fn json(text: &str, kind: NodeKind, depth: usize) -> Result<(), (ErrorKind, String)> {
    let invalid = |message: String| Err((ErrorKind::InvalidValue, message));
    let mut tokens = Tokens::new(text);
    let mut open: Vec<Open> = Vec::new();
    let (mut first, mut is_object) = (true, false);
    loop {
        let (token, _) = tokens
            .next()
            .map_err(|broken| (ErrorKind::Malformed, broken.message))?;
        is_object |= std::mem::take(&mut first) && token == Token::Object;
        match token {
            Token::Object | Token::Array => {
                open.push(Open {
                    names: HashSet::new(),
                    name: String::new(),
                });
                if open.len() > depth {
                    let message = format!("objects and arrays are nested deeper than {depth}");
                    return Err((ErrorKind::TooBig, message));
                }
            }
            Token::Close => drop(open.pop()),
            Token::Name(raw) => {
                let name = decoded(raw);
                let place = place(&open);
                if kind == NodeKind::AnyData && !is_yang_name(&name) {
                    return invalid(format!(
                        "the member {name:?}{place} is no name of YANG data, which is an identifier, behind a module's \
                         name and a colon where it needs one (RFC 7951 4, 5.5)"
                    ));
                }
                characters(&name, &place)?;
                if let Some(object) = open.last_mut() {
                    object.name.clone_from(&name);
                    // RFC 7493 2.3
                    if !object.names.insert(name) {
                        return Err((
                            ErrorKind::Duplicate,
                            format!("the member {:?}{place} is given twice", object.name),
                        ));
                    }
                }
            }
            Token::Scalar(raw) => {
                let inside = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
                if let Some(raw) = inside {
                    characters(&decoded(raw), &place(&open))?;
                }
            }
            // RFC 7951 5.5
            Token::End if kind == NodeKind::AnyData && !is_object => {
                return invalid("anydata holds an object (RFC 7951 5.5)".to_owned());
            }
            Token::End => return Ok(()),
        }
    }
}

/// An identifier (RFC 7950 6.2) with or without a module's name, or metadata of one (RFC 7952 5.2).
fn is_yang_name(name: &str) -> bool {
    let name = match name.strip_prefix('@') {
        Some("") => return true,
        Some(annotated) => annotated,
        None => name,
    };
    let identifier = |name: &str| name.is_ascii() && is_name(name);
    match name.split_once(':') {
        Some((module, local)) => identifier(module) && identifier(local),
        None => identifier(name),
    }
}

fn characters(text: &str, place: &str) -> Result<(), (ErrorKind, String)> {
    match text.chars().find(|it| !crate::xml::escape::can_hold(*it)) {
        None => Ok(()),
        Some(wrong) => Err((
            ErrorKind::InvalidValue,
            format!(
                "a text{place} holds the character U+{:04X}, which XML cannot hold",
                wrong as u32
            ),
        )),
    }
}

/// Where in the value the names lead to.
fn place(open: &[Open]) -> String {
    let names: Vec<&str> = open
        .iter()
        .map(|open| &*open.name)
        .filter(|name| !name.is_empty())
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" at {}", names.join("/")),
    }
}

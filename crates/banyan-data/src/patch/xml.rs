//! A YANG Patch in XML: its edits, their values still as text.

use banyan_yang::nearest::nearest;

use super::PatchOperation;
use super::read::PatchEdit;
use crate::document::Limits;
use crate::error::ErrorKind;
use crate::input::Broken;
use crate::xml::scanner::{Open, Scanner, Token, is_blank};
use crate::xml::verbatim::capture;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-patch";

/// Whether the first element is that of a YANG Patch.
pub(super) fn is_yang_patch(text: &str) -> bool {
    let mut scanner = Scanner::new(text, Limits::default());
    loop {
        match scanner.next() {
            Ok(Token::Open(open)) => return is_root(&scanner, &open),
            Ok(Token::Text(text)) if is_blank(&text) => {}
            _ => return false,
        }
    }
}

fn is_root(scanner: &Scanner<'_>, open: &Open<'_>) -> bool {
    open.local == "yang-patch" && scanner.namespaces.uri(open.prefix) == Some(NAMESPACE)
}

/// What an `edit` element has said so far.
#[derive(Default)]
struct Parts {
    id: Option<String>,
    operation: Option<PatchOperation>,
    target: Option<String>,
    point: Option<String>,
    place: Option<String>,
    value: Option<String>,
}

/// The edits of a patch.
///
/// # Errors
/// The document is not well-formed, or not a YANG Patch.
pub(super) fn edits(text: &str, limits: &Limits) -> Result<Vec<PatchEdit<'static>>, Broken> {
    let mut scanner = Scanner::new(text, *limits);
    let mut edits = Vec::new();
    loop {
        match scanner.next()? {
            Token::Open(open) if scanner.depth() == 1 => {
                if !is_root(&scanner, &open) {
                    let message = format!("<{}> is not the element of a YANG Patch", open.local);
                    return Err(broken(open.offset, message));
                }
            }
            Token::Open(open) if open.local == "edit" => edits.push(edit(&mut scanner, &open)?),
            // The patch-id and the comment are for people.
            Token::Open(open) if matches!(open.local, "patch-id" | "comment") => scanner.skip()?,
            Token::Open(open) => return Err(unknown(&open, ["patch-id", "comment", "edit"])),
            Token::Text(_) | Token::Close => {}
            Token::End => return Ok(edits),
        }
    }
}

fn edit(scanner: &mut Scanner<'_>, around: &Open<'_>) -> Result<PatchEdit<'static>, Broken> {
    let mut parts = Parts::default();
    loop {
        let open = match scanner.next()? {
            Token::Open(open) => open,
            Token::Text(_) => continue,
            Token::Close | Token::End => break,
        };
        match open.local {
            "edit-id" => parts.id = Some(text(scanner)?),
            "operation" => parts.operation = Some(operation(scanner, &open)?),
            "target" => parts.target = Some(text(scanner)?),
            "point" => parts.point = Some(text(scanner)?),
            "where" => parts.place = Some(text(scanner)?),
            "value" => parts.value = Some(capture(scanner)?),
            _ => {
                let names = ["edit-id", "operation", "target", "point", "where", "value"];
                return Err(unknown(&open, names));
            }
        }
    }
    let missing = |name: &str| broken(around.offset, format!("the edit has no <{name}>"));
    let mut edit = PatchEdit::new(
        parts.id.ok_or_else(|| missing("edit-id"))?,
        parts.operation.ok_or_else(|| missing("operation"))?,
        parts.target.ok_or_else(|| missing("target"))?,
    );
    edit.point = parts.point.map(Into::into);
    edit.place = parts.place.map(Into::into);
    edit.xml = parts.value;
    Ok(edit)
}

fn operation(scanner: &mut Scanner<'_>, open: &Open<'_>) -> Result<PatchOperation, Broken> {
    let name = text(scanner)?;
    let mut all = PatchOperation::ALL.into_iter();
    all.find(|operation| operation.name() == name)
        .ok_or_else(|| {
            let near = nearest(&name, PatchOperation::ALL.map(PatchOperation::name));
            Broken {
                help: near.map(|near| format!("did you mean {near}?")),
                ..broken(
                    open.offset,
                    format!("{name:?} is no operation of a YANG Patch"),
                )
            }
        })
}

/// The text of the element that was opened last.
fn text(scanner: &mut Scanner<'_>) -> Result<String, Broken> {
    let mut text = String::new();
    loop {
        match scanner.next()? {
            Token::Text(more) => text.push_str(&more),
            Token::Open(open) => {
                let message = format!("the element <{}> stands where a value should", open.local);
                return Err(broken(open.offset, message));
            }
            Token::Close | Token::End => return Ok(text.trim().to_owned()),
        }
    }
}

fn unknown<'n>(open: &Open<'_>, names: impl IntoIterator<Item = &'n str>) -> Broken {
    let near = nearest(open.local, names);
    Broken {
        help: near.map(|near| format!("did you mean <{near}>?")),
        ..broken(
            open.offset,
            format!("a YANG Patch has no <{}> here", open.local),
        )
    }
}

fn broken(offset: usize, message: String) -> Broken {
    Broken {
        kind: ErrorKind::Malformed,
        offset,
        message,
        help: None,
    }
}

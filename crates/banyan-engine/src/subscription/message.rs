//! The notifications of subscriptions, as documents.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::Layout;
use banyan_data::in_use::InUse;
use banyan_data::patch::OneEdit;
use banyan_yang::schema::Schema;
use serde_json::{Value, json};

use super::Terms;
use super::refusal::{PUSH, SUBSCRIBED};
use crate::backend::{Document, Encoding, Result, WithDefaults};
use crate::bind;
use crate::error::{BackendError, ErrorTag};

/// Data under the name of their parameter; all defaults that are to be there are in the tree.
fn printed(tree: &Tree, encoding: Encoding, out: &mut Vec<u8>) -> Result<()> {
    let (shown, layout) = (WithDefaults::Explicit, Layout::Compact);
    bind::print(tree, &InUse, encoding, shown, true, layout, out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// `push-update` with data that are printed already (RFC 8641 3.7).
pub(super) fn push_update_of(
    id: u32,
    contents: &[u8],
    incomplete: bool,
    encoding: Encoding,
) -> Document {
    let mut out = Vec::with_capacity(contents.len() + 200);
    if encoding == Encoding::Json {
        let contents: &[u8] = match contents.is_empty() {
            true => b"{}",
            false => contents,
        };
        out.extend_from_slice(
            format!("{{\"ietf-yang-push:push-update\":{{\"id\":{id},\"datastore-contents\":")
                .as_bytes(),
        );
        out.extend_from_slice(contents);
        if incomplete {
            out.extend_from_slice(b",\"incomplete-update\":[null]");
        }
        out.extend_from_slice(b"}}");
        return Document::json(out);
    }
    let start = format!("<push-update xmlns=\"{PUSH}\"><id>{id}</id><datastore-contents>");
    out.extend_from_slice(start.as_bytes());
    out.extend_from_slice(contents);
    out.extend_from_slice(b"</datastore-contents>");
    if incomplete {
        out.extend_from_slice(b"<incomplete-update/>");
    }
    out.extend_from_slice(b"</push-update>");
    Document::xml(out)
}

/// `push-update`: all that is selected.
///
/// # Errors
/// The data cannot be printed.
pub(super) fn push_update(id: u32, contents: &Tree, encoding: Encoding) -> Result<Document> {
    let mut bytes = Vec::new();
    printed(contents, encoding, &mut bytes)?;
    Ok(push_update_of(id, &bytes, false, encoding))
}

/// `push-change-update`: edits in an order in which each can be applied after those before it.
///
/// # Errors
/// The data cannot be printed.
pub(super) fn push_change_update(
    id: u32,
    patch: u64,
    edits: &[OneEdit],
    encoding: Encoding,
) -> Result<Document> {
    let mut out = Vec::new();
    match encoding {
        Encoding::Json => {
            out.extend_from_slice(
                format!(
                    "{{\"ietf-yang-push:push-change-update\":{{\"id\":{id},\"datastore-changes\":\
                     {{\"yang-patch\":{{\"patch-id\":\"{patch}\",\"edit\":["
                )
                .as_bytes(),
            );
            for (index, edit) in edits.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                json_edit(index + 1, edit, &mut out)?;
            }
            out.extend_from_slice(b"]}}}}");
            Ok(Document::json(out))
        }
        _ => {
            out.extend_from_slice(
                format!(
                    "<push-change-update xmlns=\"{PUSH}\"><id>{id}</id><datastore-changes><yang-patch>\
                     <patch-id>{patch}</patch-id>"
                )
                .as_bytes(),
            );
            for (index, edit) in edits.iter().enumerate() {
                xml_edit(index + 1, edit, &mut out)?;
            }
            out.extend_from_slice(b"</yang-patch></datastore-changes></push-change-update>");
            Ok(Document::xml(out))
        }
    }
}

fn json_edit(number: usize, edit: &OneEdit, out: &mut Vec<u8>) -> Result<()> {
    let mut members = json!({
        "edit-id": number.to_string(),
        "operation": edit.operation,
        "target": edit.target,
    });
    match &edit.point {
        None => {}
        Some(None) => members["where"] = "first".into(),
        Some(Some(point)) => {
            members["point"] = point.as_str().into();
            members["where"] = "after".into();
        }
    }
    if let Some(value) = &edit.value {
        let mut bytes = Vec::new();
        printed(value, Encoding::Json, &mut bytes)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
            BackendError::new(
                ErrorTag::OperationFailed,
                format!("a value cannot be told as JSON: {error}"),
            )
        })?;
        members["value"] = value;
    }
    out.extend_from_slice(members.to_string().as_bytes());
    Ok(())
}

fn xml_edit(number: usize, edit: &OneEdit, out: &mut Vec<u8>) -> Result<()> {
    let (operation, target) = (edit.operation, escaped(&edit.target));
    out.extend_from_slice(
        format!("<edit><edit-id>{number}</edit-id><operation>{operation}</operation><target>{target}</target>")
            .as_bytes(),
    );
    match &edit.point {
        None => {}
        Some(None) => out.extend_from_slice(b"<where>first</where>"),
        Some(Some(point)) => out.extend_from_slice(
            format!("<point>{}</point><where>after</where>", escaped(point)).as_bytes(),
        ),
    }
    if let Some(value) = &edit.value {
        out.extend_from_slice(b"<value>");
        printed(value, Encoding::Xml, out)?;
        out.extend_from_slice(b"</value>");
    }
    out.extend_from_slice(b"</edit>");
    Ok(())
}

/// Why a subscription ended or pauses, as an identity of ietf-subscribed-notifications.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    NoSuchSubscription,
    FilterUnavailable,
    UnsupportableVolume,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::NoSuchSubscription => "no-such-subscription",
            Reason::FilterUnavailable => "filter-unavailable",
            Reason::UnsupportableVolume => "unsupportable-volume",
        }
    }
}

/// A notification about a subscription itself (RFC 8639 2.7), with a reason where it has one.
fn about(name: &str, id: u32, reason: Option<Reason>, encoding: Encoding) -> Document {
    let reason = reason.map(Reason::name);
    if encoding == Encoding::Json {
        let mut members = json!({ "id": id });
        if let Some(reason) = reason {
            members["reason"] = reason.into();
        }
        let document = json!({ format!("ietf-subscribed-notifications:{name}"): members });
        return Document::json(document.to_string());
    }
    // The identity is of the module of the element, whose namespace is the default one here.
    let reason = reason.map(|reason| format!("<reason>{reason}</reason>"));
    let reason = reason.unwrap_or_default();
    Document::xml(format!(
        "<{name} xmlns=\"{SUBSCRIBED}\"><id>{id}</id>{reason}</{name}>"
    ))
}

/// All events of the past were sent.
pub(super) fn replay_completed(id: u32, encoding: Encoding) -> Document {
    about("replay-completed", id, None, encoding)
}

/// There was more than could be sent.
pub(super) fn suspended(id: u32, encoding: Encoding) -> Document {
    let reason = Some(Reason::UnsupportableVolume);
    about("subscription-suspended", id, reason, encoding)
}

/// It goes on.
pub(super) fn resumed(id: u32, encoding: Encoding) -> Document {
    about("subscription-resumed", id, None, encoding)
}

/// It is over: the stop time has come.
pub(super) fn completed(id: u32, encoding: Encoding) -> Document {
    about("subscription-completed", id, None, encoding)
}

/// It is over before its time.
pub(super) fn terminated(id: u32, reason: Reason, encoding: Encoding) -> Document {
    about("subscription-terminated", id, Some(reason), encoding)
}

/// It goes on under other terms.
///
/// # Errors
/// The schema has another idea of the notification than the standard.
pub(super) fn modified(
    schema: &Arc<Schema>,
    id: u32,
    terms: &Terms,
    encoding: Encoding,
) -> Result<Document> {
    let mut members = terms.described(schema);
    members.insert("id".to_owned(), id.into());
    let document = json!({ "ietf-subscribed-notifications:subscription-modified": members });
    bind::notification_from_json(schema, &document, encoding)
}

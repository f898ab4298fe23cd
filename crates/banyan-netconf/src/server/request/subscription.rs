//! `create-subscription` as clients send it.

use banyan_engine::backend::Document;

use crate::names::{BASE, NOTIFICATION};
use crate::xml::Fragment;

/// The prefix of a filter that is brought into its namespace.
const PREFIX: &str = "banyan-filter";

/// The operation, with its filter in the namespace of RFC 5277: ncclient has that of RFC 6241.
pub(super) fn of_clients(operation: &Fragment) -> Document {
    let of_base = |child: &Fragment| child.is(BASE, "filter");
    if !operation.children().any(|child| of_base(&child)) {
        return Document::xml(operation.document());
    }
    let mut out = format!("<create-subscription xmlns=\"{NOTIFICATION}\">");
    for child in operation.children() {
        let document = child.document();
        let text = String::from_utf8_lossy(&document);
        match of_base(&child) {
            true => out.push_str(&renamed(&text, child.qualified_name())),
            false => out.push_str(&text),
        }
    }
    out.push_str("</create-subscription>");
    Document::xml(out)
}

/// An element of that name as the filter of RFC 5277; what is in it, and declared, stays.
fn renamed(element: &str, name: &str) -> String {
    let open = format!("<{name}");
    let rest = element.strip_prefix(&open).unwrap_or(element);
    let start = format!("<{PREFIX}:filter xmlns:{PREFIX}=\"{NOTIFICATION}\"");
    // The end tag is the last thing that begins with `</`; an element that is empty may have none.
    match rest.rfind("</") {
        Some(end) => format!("{start}{}</{PREFIX}:filter>", &rest[..end]),
        None => format!("{start}{rest}"),
    }
}

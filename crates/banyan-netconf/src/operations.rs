//! The operations of RFC 6241, RFC 6022 and Banyan's additions as a client writes them. The server's
//! reader is the inverse; a test holds the two together.

use banyan_engine::backend::{
    CommitParameters, Datastore, DefaultOperation, EditRequest, Filter, Origin, TestOption,
    WithDefaults,
};

use crate::names::{BANYAN, MONITORING};
use crate::names::{WITH_DEFAULTS, YANG_ACTION};
use crate::xml::{escape_attribute, push_declaration, push_element};

/// `<get>` (RFC 6241 7.7).
pub fn get(filter: Option<&Filter>, with_defaults: WithDefaults) -> String {
    let mut out = String::from("<get>");
    push_filter(filter, &mut out);
    push_with_defaults(with_defaults, &mut out);
    out.push_str("</get>");
    out
}

/// `<get-config>` (RFC 6241 7.1).
pub fn get_config(
    source: Datastore,
    filter: Option<&Filter>,
    with_defaults: WithDefaults,
) -> String {
    let mut out = format!("<get-config><source><{}/></source>", source.name());
    push_filter(filter, &mut out);
    push_with_defaults(with_defaults, &mut out);
    out.push_str("</get-config>");
    out
}

/// What an `<edit-config>` says about errors (RFC 6241 7.2, `error-option`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Nothing: the server stops at the first error, and what was done before stays.
    Unstated,
    /// Nothing of the edit stays; only for servers with `:rollback-on-error`.
    Rollback,
}

/// `<edit-config>` (RFC 6241 7.2).
pub fn edit_config(edit: &EditRequest, on_error: OnError) -> String {
    let mut out = format!("<edit-config><target><{}/></target>", edit.target.name());
    match edit.default_operation {
        DefaultOperation::Merge => {}
        DefaultOperation::Replace => push_element("default-operation", "replace", &mut out),
        DefaultOperation::None => push_element("default-operation", "none", &mut out),
    }
    match edit.test_option {
        // The default; and only servers with :validate know the element.
        TestOption::TestThenSet => {}
        TestOption::Set => push_element("test-option", "set", &mut out),
        TestOption::TestOnly => push_element("test-option", "test-only", &mut out),
    }
    if on_error == OnError::Rollback {
        push_element("error-option", "rollback-on-error", &mut out);
    }
    out.push_str("<config>");
    push_bytes(&edit.edit.bytes, &mut out);
    out.push_str("</config></edit-config>");
    out
}

/// `<copy-config>` (RFC 6241 7.3).
pub fn copy_config(from: &Origin, to: Datastore) -> String {
    let mut out = format!("<copy-config><target><{}/></target>", to.name());
    push_origin(from, &mut out);
    out.push_str("</copy-config>");
    out
}

/// `<delete-config>` (RFC 6241 7.4).
pub fn delete_config(target: Datastore) -> String {
    with_target("delete-config", target)
}

/// `<lock>` (RFC 6241 7.5).
pub fn lock(target: Datastore) -> String {
    with_target("lock", target)
}

/// `<unlock>` (RFC 6241 7.6).
pub fn unlock(target: Datastore) -> String {
    with_target("unlock", target)
}

/// `<validate>` (RFC 6241 8.6.4.1).
pub fn validate(what: &Origin) -> String {
    let mut out = String::from("<validate>");
    push_origin(what, &mut out);
    out.push_str("</validate>");
    out
}

/// `<commit>` (RFC 6241 8.3.4.1 and 8.4.5), with Banyan's own parameters where they are given.
pub fn commit(parameters: &CommitParameters) -> String {
    let mut out = String::from("<commit>");
    if let Some(confirmed) = &parameters.confirmed {
        out.push_str("<confirmed/>");
        push_element("confirm-timeout", &confirmed.timeout.to_string(), &mut out);
        if let Some(persist) = &confirmed.persist {
            push_element("persist", persist, &mut out);
        }
    }
    if let Some(id) = &parameters.persist_id {
        push_element("persist-id", id, &mut out);
    }
    let own = |name: &str, text: Option<&str>, out: &mut String| {
        out.push_str(&format!("<{name} xmlns=\"{BANYAN}\">"));
        out.push_str(&crate::xml::escape_text(text.unwrap_or("")));
        out.push_str(&format!("</{name}>"));
    };
    if let Some(comment) = &parameters.comment {
        own("comment", Some(comment), &mut out);
    }
    if let Some(label) = &parameters.label {
        own("label", Some(label), &mut out);
    }
    if parameters.no_networking {
        own("no-networking", None, &mut out);
    }
    if parameters.debug_kicker {
        own("debug", Some("kicker"), &mut out);
    }
    if let Some(format) = parameters.dry_run {
        own("dry-run", Some(format.name()), &mut out);
    }
    out.push_str("</commit>");
    out
}

/// A `<commit>` whose reply tells what the commit did ([`crate::client::CommitReport`]); for
/// Banyan's server only.
pub fn commit_with_report(parameters: &CommitParameters) -> String {
    let mut out = commit(parameters);
    out.truncate(out.len() - "</commit>".len());
    out.push_str(&format!("<report xmlns=\"{BANYAN}\"/></commit>"));
    out
}

/// `<cancel-commit>` (RFC 6241 8.4.4.1).
pub fn cancel_commit(persist_id: Option<&str>) -> String {
    let mut out = String::from("<cancel-commit>");
    if let Some(id) = persist_id {
        push_element("persist-id", id, &mut out);
    }
    out.push_str("</cancel-commit>");
    out
}

/// `<get-schema>` for YANG text (RFC 6022 3.1).
pub fn get_schema(name: &str, revision: Option<&str>) -> String {
    let mut out = format!("<get-schema xmlns=\"{MONITORING}\">");
    push_element("identifier", name, &mut out);
    if let Some(revision) = revision {
        push_element("version", revision, &mut out);
    }
    out.push_str("<format>yang</format></get-schema>");
    out
}

/// `<kill-session>` (RFC 6241 7.9).
pub fn kill_session(id: u32) -> String {
    format!("<kill-session><session-id>{id}</session-id></kill-session>")
}

/// `<action>` around the data nodes that lead to an action (RFC 7950 7.15.2).
pub fn action(path_and_input: &[u8]) -> String {
    let mut out = format!("<action xmlns=\"{YANG_ACTION}\">");
    push_bytes(path_and_input, &mut out);
    out.push_str("</action>");
    out
}

fn with_target(operation: &str, target: Datastore) -> String {
    let name = target.name();
    format!("<{operation}><target><{name}/></target></{operation}>")
}

fn push_origin(origin: &Origin, out: &mut String) {
    out.push_str("<source>");
    match origin {
        Origin::Store(store) => out.push_str(&format!("<{}/>", store.name())),
        Origin::Inline(document) => {
            out.push_str("<config>");
            push_bytes(&document.bytes, out);
            out.push_str("</config>");
        }
    }
    out.push_str("</source>");
}

/// `filter` (RFC 6241 6.1), in the namespace of the element around it.
pub(crate) fn push_filter(filter: Option<&Filter>, out: &mut String) {
    match filter {
        None => {}
        Some(Filter::Subtree(document)) => {
            out.push_str("<filter type=\"subtree\">");
            push_bytes(&document.bytes, out);
            out.push_str("</filter>");
        }
        Some(Filter::XPath { select, namespaces }) => {
            out.push_str("<filter");
            for (prefix, uri) in namespaces.iter().filter(|(p, _)| !p.is_empty()) {
                push_declaration(prefix, uri, out);
            }
            out.push_str(" type=\"xpath\" select=\"");
            out.push_str(&escape_attribute(select));
            out.push_str("\"/>");
        }
    }
}

/// RFC 6243 4.5.
fn push_with_defaults(with_defaults: WithDefaults, out: &mut String) {
    let mode = match with_defaults {
        WithDefaults::Explicit => return,
        WithDefaults::ReportAll => "report-all",
        WithDefaults::ReportAllTagged => "report-all-tagged",
        WithDefaults::Trim => "trim",
    };
    out.push_str(&format!(
        "<with-defaults xmlns=\"{WITH_DEFAULTS}\">{mode}</with-defaults>"
    ));
}

/// Appends a payload. It is the caller's: if it is not UTF-8, the server will say so.
fn push_bytes(bytes: &[u8], out: &mut String) {
    out.push_str(&String::from_utf8_lossy(bytes));
}

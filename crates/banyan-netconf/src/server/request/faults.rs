//! Errors that many operations have in common (RFC 6241 appendix A).

use super::namespace;
use crate::limits::Compat;
use crate::rpc_error::{ErrorInfo, ErrorTag, ErrorType, RpcError};
use crate::xml::Fragment;

/// RFC 6241 appendix A `unknown-attribute`: Clixon's own processes say `content` and `depth` so, and whoever copies that
/// must not get all in silence.
pub(super) fn unknown_attribute(operation: &Fragment, name: &str) -> RpcError {
    let remedy = match name {
        "content" => "; use <get-config>, or <get-data> with <config-filter> (RFC 8526)",
        "depth" => "; use <get-data> with <max-depth> (RFC 8526)",
        _ => "",
    };
    let message = format!(
        "<{}> has no attribute \"{name}\"{remedy}",
        operation.local()
    );
    RpcError::new(ErrorType::Protocol, ErrorTag::UnknownAttribute, message)
        .with_info(ErrorInfo::BadAttribute(name.to_owned()))
        .with_info(ErrorInfo::BadElement(operation.local().to_owned()))
}

/// RFC 6241 appendix A `unknown-namespace`: an element of the protocol that is in another namespace than its own, or in
/// none, as scripts write it that build `<config>` by hand.
pub(super) fn wrong_namespace(element: &Fragment, compat: Compat, expected: &str) -> RpcError {
    let (name, found) = (element.local(), namespace(element, compat));
    let found_text = match found {
        "" => "it has none".to_owned(),
        other => format!("it is in \"{other}\""),
    };
    let remedy = match found {
        "" => "; the option compat.lenient accepts elements of NETCONF without one",
        _ => "",
    };
    let message = format!(
        "<{name}> must be in the namespace \"{expected}\", but {found_text}: write <{name} xmlns=\"{expected}\">{remedy}"
    );
    RpcError::new(ErrorType::Protocol, ErrorTag::UnknownNamespace, message)
        .with_info(ErrorInfo::BadElement(name.to_owned()))
        .with_info(ErrorInfo::BadNamespace(found.to_owned()))
}

/// RFC 7950 8.3.1: a leaf of an operation that does not match its type.
pub(super) fn invalid_value(name: &str, value: &str) -> RpcError {
    let mut message = format!("\"{value}\" is not a value of <{name}>");
    if let Some(values) = values_of(name) {
        message.push_str("; write ");
        message.push_str(values);
    }
    RpcError::new(ErrorType::Protocol, ErrorTag::InvalidValue, message)
        .with_info(ErrorInfo::BadElement(name.to_owned()))
}

/// What a leaf of an operation may be, for people; `None` where the operation's own words say it.
fn values_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "confirmed" => "<confirmed/>: it has no content",
        "confirm-timeout" => "seconds, from 1 to 4294967295",
        "config-filter" => "true or false",
        "datastore" => "running, candidate, startup, intended or operational of ietf-datastores",
        "debug" => "kicker",
        "default-operation" => "merge, replace or none",
        "dry-run" => "text, xml, json or set, or nothing",
        "error-option" => "stop-on-error or rollback-on-error",
        "format" => "yang of ietf-netconf-monitoring",
        "lock-id" | "session-id" => "a number, from 1 to 4294967295",
        "max-depth" => "a number from 1 to 65535, or unbounded",
        "test-option" => "test-then-set, set or test-only",
        "with-defaults" => "explicit, report-all, report-all-tagged or trim",
        _ => return None,
    })
}

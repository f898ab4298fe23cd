//! The engine's errors as `<rpc-error>` elements.

use banyan_engine::BackendError;
use banyan_engine::error::{ErrorLayer, Report, Structure};

use crate::names::{BANYAN, PRIVATE_CANDIDATE_MODULE, YANG_ACTION};
use crate::rpc_error::{ErrorInfo, ErrorPath, ErrorTag, ErrorType, RpcError};
use crate::xml::{escape_text, push_declaration, push_element};

/// The app-tag of a conflict between a candidate and running.
const CONFLICT: &str = "conflict";
/// The facts that stand in `<conflict>`, in their order.
const VALUES: [&str; 2] = ["candidate-value", "running-value"];

/// All reports of an error, in their order.
pub fn rpc_errors(error: &BackendError) -> Vec<RpcError> {
    error.reports.iter().map(rpc_error).collect()
}

fn rpc_error(report: &Report) -> RpcError {
    let error_type = match report.layer {
        ErrorLayer::Transport => ErrorType::Transport,
        ErrorLayer::Rpc => ErrorType::Rpc,
        ErrorLayer::Protocol => ErrorType::Protocol,
        ErrorLayer::Application => ErrorType::Application,
    };
    let tag = ErrorTag::from(report.tag.names().0);
    RpcError {
        app_tag: report.app_tag.as_deref().map(str::to_owned),
        path: report.path.as_deref().map(|path| {
            let namespaces = report.path_namespaces.iter();
            Box::new(ErrorPath {
                expression: qualify(path),
                namespaces: namespaces
                    .map(|(prefix, uri)| (prefix.to_string(), uri.to_string()))
                    .collect(),
            })
        }),
        info: infos(report),
        ..RpcError::new(error_type, tag, report.message.clone())
    }
}

fn infos(report: &Report) -> Vec<ErrorInfo> {
    let is_conflict = report.app_tag.as_deref() == Some(CONFLICT);
    let apart = |name: &str| is_conflict && VALUES.contains(&name);
    let facts = report.info.iter().filter(|(name, _)| !apart(name));
    let facts = facts.map(|(name, value)| error_info(name, value));
    let conflict = is_conflict.then(|| ErrorInfo::Other(conflict(report)));
    let structure = report.structure.as_deref().map(structure);
    conflict.into_iter().chain(facts).chain(structure).collect()
}

/// A structure that a module defines for error-info (RFC 8640 7).
fn structure(structure: &Structure) -> ErrorInfo {
    let mut out = format!("<{} xmlns=\"{}\"", structure.name, structure.namespace);
    for (prefix, uri) in &structure.prefixes {
        push_declaration(prefix, uri, &mut out);
    }
    out.push('>');
    for (name, value) in &structure.leaves {
        push_element(name, value, &mut out);
    }
    out.push_str(&format!("</{}>", structure.name));
    ErrorInfo::Other(out)
}

/// Where a candidate and running conflict, and the values of both sides as far as they have one. The draft wants
/// conflicts reported by XPath and values, and does not say how; the element itself is what other servers send.
fn conflict(report: &Report) -> String {
    let mut out = format!("<conflict xmlns=\"{PRIVATE_CANDIDATE_MODULE}\">");
    if let Some(path) = &report.path {
        out.push_str("<xpath");
        for (prefix, uri) in &report.path_namespaces {
            push_declaration(prefix, uri, &mut out);
        }
        out.push('>');
        out.push_str(&escape_text(&qualify(path)));
        out.push_str("</xpath>");
    }
    for name in VALUES {
        if let Some((_, value)) = report.info.iter().find(|(known, _)| &**known == name) {
            push_element(name, value, &mut out);
        }
    }
    out.push_str("</conflict>");
    out
}

fn error_info(name: &str, value: &str) -> ErrorInfo {
    match name {
        "bad-attribute" => ErrorInfo::BadAttribute(value.to_owned()),
        "bad-element" => ErrorInfo::BadElement(value.to_owned()),
        "bad-namespace" => ErrorInfo::BadNamespace(value.to_owned()),
        // A holder that is no NETCONF session is session 0 (RFC 6241 7.5).
        "session-id" => ErrorInfo::SessionId(value.parse().unwrap_or(0)),
        _ => {
            // RFC 7950 15.1 and 15.6 put theirs into YANG's namespace.
            let namespace = match name {
                "non-unique" | "missing-choice" => YANG_ACTION,
                _ => BANYAN,
            };
            let value = escape_text(value);
            ErrorInfo::Other(format!("<{name} xmlns=\"{namespace}\">{value}</{name}>"))
        }
    }
}

/// Rewrites a path from the form of RFC 7951 6.11, in which a name without a prefix is in the module
/// of its parent, to that of RFC 7950 9.13, in which every name has its prefix.
fn qualify(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 32);
    let mut module = "";
    let (mut rest, mut in_predicate) = (path, false);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let closing = rest[1..].find(first).map_or(rest.len(), |end| end + 2);
                out.push_str(&rest[..closing]);
                closing
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || "_-.:".contains(c)))
                    .unwrap_or(rest.len());
                let name = &rest[..end];
                match name.split_once(':') {
                    Some((prefix, _)) if !in_predicate => module = prefix,
                    Some(_) => {}
                    None if module.is_empty() => {}
                    // concat(), which stands for a value with both quotes.
                    None if in_predicate && rest[end..].starts_with('(') => {}
                    None => {
                        out.push_str(module);
                        out.push(':');
                    }
                }
                out.push_str(name);
                end
            }
            other => {
                in_predicate = match other {
                    '[' => true,
                    ']' => false,
                    _ => in_predicate,
                };
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_engine::error::ErrorTag as Tag;

    #[test]
    fn every_name_of_a_path_gets_its_prefix() {
        for (json, xml) in [
            ("/m:a/b/n:c/d", "/m:a/m:b/n:c/n:d"),
            (
                "/m:a/l[k='x/y:z'][o:k2=\"it's\"]/v",
                "/m:a/m:l[m:k='x/y:z'][o:k2=\"it's\"]/m:v",
            ),
            ("/m:ll[.='é']", "/m:ll[.='é']"),
            (
                "/m:l[k=concat('o',\"'\",'\"x')]/v",
                "/m:l[m:k=concat('o',\"'\",'\"x')]/m:v",
            ),
            ("/m:l[1]/x", "/m:l[1]/m:x"),
            ("/m:l[k='unclosed", "/m:l[m:k='unclosed"),
            ("", ""),
        ] {
            assert_eq!(qualify(json), xml);
        }
    }

    #[test]
    fn every_tag_of_the_engine_is_one_of_the_rfc() {
        for tag in [
            Tag::InUse,
            Tag::InvalidValue,
            Tag::TooBig,
            Tag::MissingAttribute,
            Tag::BadAttribute,
            Tag::UnknownAttribute,
            Tag::MissingElement,
            Tag::BadElement,
            Tag::UnknownElement,
            Tag::UnknownNamespace,
            Tag::AccessDenied,
            Tag::LockDenied,
            Tag::ResourceDenied,
            Tag::RollbackFailed,
            Tag::DataExists,
            Tag::DataMissing,
            Tag::OperationNotSupported,
            Tag::OperationFailed,
            Tag::MalformedMessage,
        ] {
            let mapped = ErrorTag::from(tag.names().0);
            assert!(!matches!(mapped, ErrorTag::Other(_)), "{tag:?}");
        }
    }

    #[test]
    fn a_report_keeps_all_its_facts() {
        let mut report = Report::new(ErrorLayer::Protocol, Tag::LockDenied, "locked by anna")
            .with_info("session-id", "17")
            .with_info("non-unique", "/a<b");
        report.app_tag = Some("x".into());
        report.path = Some("/m:a/b".into());
        report.path_namespaces = vec![("m".into(), "urn:m".into())];
        let errors = rpc_errors(&report.into());
        let mut text = String::new();
        errors[0].print(&mut text);
        assert_eq!(
            text,
            "<rpc-error xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><error-type>protocol</error-type>\
             <error-tag>lock-denied</error-tag><error-severity>error</error-severity>\
             <error-app-tag>x</error-app-tag><error-path xmlns:m=\"urn:m\">/m:a/m:b</error-path>\
             <error-message xml:lang=\"en\">locked by anna</error-message><error-info>\
             <session-id>17</session-id>\
             <non-unique xmlns=\"urn:ietf:params:xml:ns:yang:1\">/a&lt;b</non-unique>\
             </error-info></rpc-error>"
        );
    }

    #[test]
    fn a_structure_of_a_module_is_an_element_of_its_own() {
        let mut report = Report::new(ErrorLayer::Application, Tag::InvalidValue, "too short");
        report.structure = Some(Box::new(Structure {
            namespace: "urn:m",
            name: "hints",
            leaves: vec![
                ("reason", "m:<why>".to_owned()),
                ("period-hint", "10".to_owned()),
            ],
            prefixes: vec![("m", "urn:m")],
        }));
        let error = rpc_errors(&report.into()).remove(0);
        assert_eq!(
            error.info,
            [ErrorInfo::Other(
                "<hints xmlns=\"urn:m\" xmlns:m=\"urn:m\"><reason>m:&lt;why&gt;</reason>\
                 <period-hint>10</period-hint></hints>"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn a_conflict_has_its_place_and_both_values() {
        let mut report = Report::new(ErrorLayer::Application, Tag::OperationFailed, "x")
            .with_info("mine", "set to 1")
            .with_info("candidate-value", "1")
            .with_info("running-value", "<2>");
        report.app_tag = Some("conflict".into());
        report.path = Some("/m:a/b".into());
        report.path_namespaces = vec![("m".into(), "urn:m".into())];
        let error = rpc_errors(&report.into()).remove(0);
        assert_eq!(
            error.info,
            [
                ErrorInfo::Other(
                    "<conflict xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-private-candidate\">\
                     <xpath xmlns:m=\"urn:m\">/m:a/m:b</xpath><candidate-value>1</candidate-value>\
                     <running-value>&lt;2&gt;</running-value></conflict>"
                        .into()
                ),
                ErrorInfo::Other("<mine xmlns=\"urn:banyan:system\">set to 1</mine>".into()),
            ]
        );
    }
}

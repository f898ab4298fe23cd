//! `<rpc-error>` (RFC 6241 4.3, appendix A): the typed form, its parser and its printer.

use std::fmt;

use crate::names::BASE;
use crate::xml::{Declarations, Fragment, XmlError, push_declaration, push_element};

/// The layer in which an error arose (RFC 6241 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Secure transport.
    Transport,
    /// Messages.
    Rpc,
    /// Operations.
    Protocol,
    /// Content.
    Application,
}

/// Whether the operation failed (RFC 6241 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It failed.
    Error,
    /// It was done, with a remark.
    Warning,
}

macro_rules! error_tags {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The `error-tag` values of RFC 6241 appendix A.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorTag {
            $($(#[$doc])* $variant,)*
            /// A tag that the RFC does not know, as some devices send.
            Other(String),
        }

        impl ErrorTag {
            /// The tag as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(ErrorTag::$variant => $text,)*
                    ErrorTag::Other(text) => text,
                }
            }
        }

        impl From<&str> for ErrorTag {
            fn from(text: &str) -> Self {
                match text {
                    $($text => ErrorTag::$variant,)*
                    other => ErrorTag::Other(other.to_owned()),
                }
            }
        }
    };
}

// A macro, because each tag stands in three places that must agree.
error_tags! {
    /// Already in use.
    InUse = "in-use",
    /// An unacceptable value.
    InvalidValue = "invalid-value",
    /// Larger than the implementation can handle.
    TooBig = "too-big",
    /// An expected attribute is missing.
    MissingAttribute = "missing-attribute",
    /// An attribute's value is wrong.
    BadAttribute = "bad-attribute",
    /// An unexpected attribute.
    UnknownAttribute = "unknown-attribute",
    /// An expected element is missing.
    MissingElement = "missing-element",
    /// An element's value is wrong.
    BadElement = "bad-element",
    /// An unexpected element.
    UnknownElement = "unknown-element",
    /// An unexpected namespace.
    UnknownNamespace = "unknown-namespace",
    /// The user may not do this.
    AccessDenied = "access-denied",
    /// The lock is held by another session.
    LockDenied = "lock-denied",
    /// Not enough resources.
    ResourceDenied = "resource-denied",
    /// The rollback could not be done.
    RollbackFailed = "rollback-failed",
    /// The data exist already.
    DataExists = "data-exists",
    /// The data do not exist.
    DataMissing = "data-missing",
    /// The implementation does not support this.
    OperationNotSupported = "operation-not-supported",
    /// Failed for a reason that no other tag covers.
    OperationFailed = "operation-failed",
    /// Some parts were done (obsolete).
    PartialOperation = "partial-operation",
    /// Not a message; only for sessions with base:1.1.
    MalformedMessage = "malformed-message",
}

impl ErrorType {
    /// The value as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorType::Transport => "transport",
            ErrorType::Rpc => "rpc",
            ErrorType::Protocol => "protocol",
            ErrorType::Application => "application",
        }
    }
}

/// Where an error is: an XPath, with the declarations of the prefixes that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPath {
    /// The absolute XPath expression (an instance-identifier).
    pub expression: String,
    /// Prefix and namespace URI of each prefix in it.
    pub namespaces: Declarations,
}

/// One element of `<error-info>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorInfo {
    /// The attribute that is wrong, missing or unexpected.
    BadAttribute(String),
    /// The element that is wrong, missing or unexpected.
    BadElement(String),
    /// The namespace that is unexpected.
    BadNamespace(String),
    /// The session that holds the lock; 0 for a holder that is no NETCONF session.
    SessionId(u32),
    /// Anything else: one element as a self-contained XML document.
    Other(String),
}

/// One `<rpc-error>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The layer.
    pub error_type: ErrorType,
    /// What kind of error it is.
    pub tag: ErrorTag,
    /// Error or warning.
    pub severity: Severity,
    /// A finer kind, specific to the data model or implementation.
    pub app_tag: Option<String>,
    /// Where in the data it is.
    pub path: Option<Box<ErrorPath>>,
    /// The text for people.
    pub message: Option<String>,
    /// Details for programs.
    pub info: Vec<ErrorInfo>,
}

impl RpcError {
    /// An error of severity `error`, with a message for people.
    pub fn new(error_type: ErrorType, tag: ErrorTag, message: impl Into<String>) -> Self {
        RpcError {
            error_type,
            tag,
            severity: Severity::Error,
            app_tag: None,
            path: None,
            message: Some(message.into()),
            info: Vec::new(),
        }
    }

    /// The same error with one more element of `<error-info>`.
    #[must_use]
    pub fn with_info(mut self, info: ErrorInfo) -> Self {
        self.info.push(info);
        self
    }

    /// A mandatory element of an operation is missing (RFC 6241 appendix A, `missing-element`).
    pub fn missing_element(name: &str) -> Self {
        let message = format!("the element <{name}> is missing");
        RpcError::new(ErrorType::Protocol, ErrorTag::MissingElement, message)
            .with_info(ErrorInfo::BadElement(name.to_owned()))
    }

    /// An element of an operation has a wrong value (RFC 6241 appendix A, `bad-element`).
    pub fn bad_element(name: &str, message: impl Into<String>) -> Self {
        RpcError::new(ErrorType::Protocol, ErrorTag::BadElement, message)
            .with_info(ErrorInfo::BadElement(name.to_owned()))
    }

    /// An element that the operation does not have (RFC 6241 appendix A, `unknown-element`).
    pub fn unknown_element(name: &str, message: impl Into<String>) -> Self {
        RpcError::new(ErrorType::Protocol, ErrorTag::UnknownElement, message)
            .with_info(ErrorInfo::BadElement(name.to_owned()))
    }

    /// A message that is not XML as NETCONF permits it (RFC 6241 3 and appendix A).
    pub fn not_xml(error: &XmlError) -> Self {
        let tag = match error {
            XmlError::TooDeep { .. } => ErrorTag::TooBig,
            _ => ErrorTag::MalformedMessage,
        };
        RpcError::new(ErrorType::Rpc, tag, error.to_string())
    }

    /// The error as a session without base:1.1 may receive it: `malformed-message` is new in
    /// base:1.1 and must not be sent to old clients (RFC 6241 appendix A).
    #[must_use]
    pub fn for_base_1_0(mut self) -> Self {
        if self.tag == ErrorTag::MalformedMessage {
            self.tag = ErrorTag::OperationFailed;
        }
        self
    }

    /// Appends the element. It declares the base namespace itself, so it can stand anywhere.
    pub fn print(&self, out: &mut String) {
        out.push_str("<rpc-error xmlns=\"");
        out.push_str(BASE);
        out.push_str("\">");
        push_element("error-type", self.error_type.as_str(), out);
        push_element("error-tag", self.tag.as_str(), out);
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        push_element("error-severity", severity, out);
        if let Some(app_tag) = &self.app_tag {
            push_element("error-app-tag", app_tag, out);
        }
        if let Some(path) = &self.path {
            out.push_str("<error-path");
            for (prefix, uri) in path.namespaces.iter().filter(|(p, _)| !p.is_empty()) {
                push_declaration(prefix, uri, out);
            }
            out.push('>');
            out.push_str(&crate::xml::escape_text(&path.expression));
            out.push_str("</error-path>");
        }
        if let Some(message) = &self.message {
            out.push_str("<error-message xml:lang=\"en\">");
            out.push_str(&crate::xml::escape_text(message));
            out.push_str("</error-message>");
        }
        if !self.info.is_empty() {
            out.push_str("<error-info>");
            for info in &self.info {
                match info {
                    ErrorInfo::BadAttribute(name) => push_element("bad-attribute", name, out),
                    ErrorInfo::BadElement(name) => push_element("bad-element", name, out),
                    ErrorInfo::BadNamespace(uri) => push_element("bad-namespace", uri, out),
                    ErrorInfo::SessionId(id) => push_element("session-id", &id.to_string(), out),
                    ErrorInfo::Other(xml) => out.push_str(xml),
                }
            }
            out.push_str("</error-info>");
        }
        out.push_str("</rpc-error>");
    }

    /// Reads an `<rpc-error>`. Devices leave out or misspell much of it, so nothing is refused:
    /// what is missing gets the value that says least.
    pub fn read(element: &Fragment) -> RpcError {
        let mut error = RpcError {
            error_type: ErrorType::Application,
            tag: ErrorTag::OperationFailed,
            severity: Severity::Error,
            app_tag: None,
            path: None,
            message: None,
            info: Vec::new(),
        };
        for child in element.children() {
            let text = child.text().trim().to_owned();
            match child.local() {
                "error-type" => {
                    error.error_type = match text.as_str() {
                        "transport" => ErrorType::Transport,
                        "rpc" => ErrorType::Rpc,
                        "protocol" => ErrorType::Protocol,
                        _ => ErrorType::Application,
                    }
                }
                "error-tag" => error.tag = ErrorTag::from(text.as_str()),
                "error-severity" if text == "warning" => error.severity = Severity::Warning,
                "error-app-tag" => error.app_tag = Some(text),
                "error-path" => {
                    let mut namespaces = child.declarations();
                    namespaces.retain(|(prefix, _)| !prefix.is_empty());
                    error.path = Some(Box::new(ErrorPath {
                        expression: text,
                        namespaces,
                    }));
                }
                "error-message" => error.message = Some(text),
                "error-info" => error.info = child.children().map(|i| read_info(&i)).collect(),
                _ => {}
            }
        }
        error
    }
}

fn read_info(element: &Fragment) -> ErrorInfo {
    let text = element.text().trim().to_owned();
    match (element.namespace(), element.local()) {
        (BASE, "bad-attribute") => ErrorInfo::BadAttribute(text),
        (BASE, "bad-element") => ErrorInfo::BadElement(text),
        (BASE, "bad-namespace") => ErrorInfo::BadNamespace(text),
        (BASE, "session-id") if text.parse::<u32>().is_ok() => {
            ErrorInfo::SessionId(text.parse().unwrap_or(0))
        }
        _ => ErrorInfo::Other(String::from_utf8_lossy(&element.document()).into_owned()),
    }
}

impl fmt::Display for RpcError {
    /// One line: the message (or the tag), then where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{message} ({})", self.tag.as_str())?,
            None => f.write_str(self.tag.as_str())?,
        }
        if let Some(path) = &self.path {
            write!(f, " at {}", path.expression)?;
        }
        for info in &self.info {
            match info {
                ErrorInfo::SessionId(id) => write!(f, ", session {id}")?,
                ErrorInfo::BadElement(name) if self.message.is_none() => write!(f, " <{name}>")?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl std::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn read(text: &str) -> RpcError {
        let root = Fragment::parse(Bytes::copy_from_slice(text.as_bytes()), 16, None).unwrap();
        RpcError::read(&root)
    }

    #[test]
    fn what_is_printed_is_read_back_equal() {
        let error = RpcError {
            app_tag: Some("must-violation".into()),
            path: Some(Box::new(ErrorPath {
                expression: "/if:interfaces/if:interface[if:name='a<b']".into(),
                namespaces: vec![("if".into(), "urn:if".into())],
            })),
            ..RpcError::new(
                ErrorType::Application,
                ErrorTag::OperationFailed,
                "mtu & more]]>]]>",
            )
        }
        .with_info(ErrorInfo::BadElement("mtu".into()))
        .with_info(ErrorInfo::SessionId(7))
        .with_info(ErrorInfo::Other("<x xmlns=\"urn:x\">1</x>".into()));
        let mut text = String::new();
        error.print(&mut text);
        assert!(!text.contains("]]>"));
        assert_eq!(read(&text), error);
    }

    #[test]
    fn the_example_of_rfc_6241_4_3_is_read() {
        let error = read(
            r#"<rpc-error xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
                 <error-type>application</error-type>
                 <error-tag>invalid-value</error-tag>
                 <error-severity>error</error-severity>
                 <error-path xmlns:t="http://example.com/schema/1.2/config">
                   /t:top/t:interface[t:name="Ethernet1/0"]/t:address/t:name
                 </error-path>
                 <error-message xml:lang="en">Invalid IP address for interface Ethernet1/0</error-message>
               </rpc-error>"#,
        );
        assert_eq!(error.tag, ErrorTag::InvalidValue);
        let path = error.path.as_ref().unwrap();
        assert_eq!(
            path.expression,
            "/t:top/t:interface[t:name=\"Ethernet1/0\"]/t:address/t:name"
        );
        assert_eq!(
            path.namespaces,
            [(
                "t".to_owned(),
                "http://example.com/schema/1.2/config".to_owned()
            )]
        );
        assert_eq!(
            error.to_string(),
            "Invalid IP address for interface Ethernet1/0 (invalid-value) at \
             /t:top/t:interface[t:name=\"Ethernet1/0\"]/t:address/t:name"
        );
    }

    #[test]
    fn a_sloppy_error_of_a_device_is_still_an_error() {
        let error = read("<rpc-error><error-tag>vendor-thing</error-tag></rpc-error>");
        assert_eq!(error.tag, ErrorTag::Other("vendor-thing".into()));
        assert_eq!(error.severity, Severity::Error);
        assert_eq!(error.to_string(), "vendor-thing");
    }
}

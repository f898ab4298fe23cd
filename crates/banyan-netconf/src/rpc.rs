//! `<rpc>` (RFC 6241 4.1) as it is received, and the envelope of the reply to it.

use crate::limits::Compat;
use crate::names::{BANYAN, BASE, CLIXON_LIB, NOTIFICATION};
use crate::rpc_error::{ErrorInfo, ErrorTag, ErrorType, RpcError};
use crate::xml::{Fragment, RootTag, escape_attribute, push_element};

/// A request.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// The envelope of its reply.
    pub envelope: ReplyEnvelope,
    /// Missing only in lenient sessions.
    pub message_id: Option<String>,
    /// The operation: the one child element, with all namespace declarations in scope.
    pub operation: Fragment,
    /// The sender asks for progress notifications (`progress="true"` in Banyan's namespace).
    pub wants_progress: bool,
    /// The user for whom the sender says that it acts (`username` in the namespace of Clixon's library).
    pub acting_for: Option<String>,
}

/// A request that is answered with an error without being looked at further.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The envelope of the reply, with what could be read of the request's attributes.
    pub envelope: ReplyEnvelope,
    /// The error to be sent.
    pub error: Box<RpcError>,
}

/// The start and end tag of an `<rpc-reply>`, which carry the attributes of the request unchanged,
/// "xmlns" ones included (RFC 6241 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyEnvelope {
    prefix: String,
    attributes: String,
}

impl ReplyEnvelope {
    /// The reply to a request whose attributes are not known.
    pub fn anonymous() -> Self {
        ReplyEnvelope {
            prefix: String::new(),
            attributes: format!(" xmlns=\"{BASE}\""),
        }
    }

    /// The reply to a request of which no more than the root's start tag may have been readable.
    pub fn answering(root: &RootTag, declares_base: bool) -> Self {
        let prefix = match root.name.split_once(':') {
            Some((prefix, _)) => format!("{prefix}:"),
            None => String::new(),
        };
        let attributes = if declares_base {
            root.attributes.clone()
        } else {
            // Lenient: the request had no namespace; ours has.
            format!(" xmlns=\"{BASE}\"{}", root.attributes)
        };
        ReplyEnvelope { prefix, attributes }
    }

    /// Adds the request's message-id to an envelope that carries none of its attributes.
    pub fn set_message_id(&mut self, id: &str) {
        let id = escape_attribute(id);
        self.attributes.push_str(&format!(" message-id=\"{id}\""));
    }

    /// The start tag.
    pub fn open(&self) -> String {
        format!("<{}rpc-reply{}>", self.prefix, self.attributes)
    }

    /// The end tag.
    pub fn close(&self) -> String {
        format!("</{}rpc-reply>", self.prefix)
    }

    /// The start tag of a child element in the base namespace, without `<` and `>`.
    pub fn child(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{name} xmlns=\"{BASE}\"")
        }
    }

    /// A whole reply: `<ok/>` (RFC 6241 4.4).
    pub fn ok(&self) -> String {
        format!("{}<{}/>{}", self.open(), self.child("ok"), self.close())
    }

    /// A whole reply with errors (RFC 6241 4.3).
    pub fn errors<'a>(&self, errors: impl IntoIterator<Item = &'a RpcError>) -> String {
        let mut out = self.open();
        for error in errors {
            error.print(&mut out);
        }
        out.push_str(&self.close());
        out
    }
}

/// A progress line as a notification.
pub(crate) fn progress(message_id: &str, line: &str) -> String {
    let mut out = format!("<notification xmlns=\"{NOTIFICATION}\">");
    push_element("eventTime", &jiff::Timestamp::now().to_string(), &mut out);
    out.push_str(&format!("<progress xmlns=\"{BANYAN}\">"));
    push_element("message-id", message_id, &mut out);
    push_element("line", line, &mut out);
    out.push_str("</progress></notification>");
    out
}

impl Rpc {
    /// Reads an `<rpc>` element that stands in the base namespace.
    ///
    /// # Errors
    /// No message-id (in a strict session), or not exactly one operation.
    pub fn read(root: &Fragment, compat: Compat) -> Result<Rpc, Refused> {
        let tag = RootTag {
            name: root.qualified_name().to_owned(),
            attributes: root.attributes_text().to_owned(),
        };
        let declares_base =
            !root.prefix().is_empty() || root.attribute("xmlns").as_deref() == Some(BASE);
        let envelope = ReplyEnvelope::answering(&tag, declares_base);
        let refuse = |error: RpcError| Refused {
            envelope: envelope.clone(),
            error: Box::new(error),
        };
        let message_id = root.attribute("message-id");
        if message_id.is_none() && compat == Compat::Strict {
            // RFC 6241 4.3, the first example.
            let error = RpcError::new(
                ErrorType::Rpc,
                ErrorTag::MissingAttribute,
                "the attribute message-id of <rpc> is missing (RFC 6241 4.1)",
            )
            .with_info(ErrorInfo::BadAttribute("message-id".into()))
            .with_info(ErrorInfo::BadElement("rpc".into()));
            return Err(refuse(error));
        }
        let mut operations = root.children();
        let operation = match (operations.next(), operations.next()) {
            (Some(operation), None) => operation,
            (None, _) => {
                let error = RpcError::new(
                    ErrorType::Protocol,
                    ErrorTag::MissingElement,
                    "<rpc> holds no operation",
                )
                .with_info(ErrorInfo::BadElement("rpc".into()));
                return Err(refuse(error));
            }
            (Some(_), Some(second)) => {
                let message = format!(
                    "<rpc> holds more than one operation: <{}> is one too many",
                    second.local()
                );
                return Err(refuse(RpcError::unknown_element(second.local(), message)));
            }
        };
        Ok(Rpc {
            message_id,
            operation,
            wants_progress: root.attribute_in(BANYAN, "progress").as_deref() == Some("true"),
            acting_for: root.attribute_in(CLIXON_LIB, "username"),
            envelope,
        })
    }
}

/// The start of an `<rpc>` as a client sends it; the operation and `</rpc>` follow.
pub fn open_rpc(message_id: &str, wants_progress: bool, acting_for: Option<&str>) -> String {
    let mut open = format!(
        "<rpc xmlns=\"{BASE}\" message-id=\"{}\"",
        escape_attribute(message_id)
    );
    if wants_progress {
        open.push_str(&format!(
            " xmlns:banyan=\"{BANYAN}\" banyan:progress=\"true\""
        ));
    }
    if let Some(user) = acting_for {
        let user = escape_attribute(user);
        open.push_str(&format!(
            " xmlns:cl=\"{CLIXON_LIB}\" cl:username=\"{user}\""
        ));
    }
    open.push('>');
    open
}

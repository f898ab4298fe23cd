//! `<rpc-reply>` (RFC 6241 4.2) and `<notification>` (RFC 5277 4) as a client receives them.

use bytes::Bytes;

#[cfg(doc)]
use crate::names::JSON_NOTIFICATIONS;
use crate::names::{BANYAN, BASE};
use crate::rpc_error::{RpcError, Severity};
use crate::xml::Fragment;

/// A reply.
#[derive(Clone, Debug)]
pub struct RpcReply {
    /// Which request it answers; a server that could not read the request's leaves it out.
    pub message_id: Option<String>,
    /// The `<rpc-error>` elements of severity `error`.
    pub errors: Vec<RpcError>,
    /// The `<rpc-error>` elements of severity `warning`.
    pub warnings: Vec<RpcError>,
    elements: Vec<Fragment>,
}

impl RpcReply {
    /// Reads an `<rpc-reply>` element.
    pub fn read(element: &Fragment) -> RpcReply {
        let (mut errors, mut warnings, mut elements) = (Vec::new(), Vec::new(), Vec::new());
        for child in element.children() {
            if child.local() != "rpc-error" {
                elements.push(child);
                continue;
            }
            let error = RpcError::read(&child);
            match error.severity {
                Severity::Error => errors.push(error),
                Severity::Warning => warnings.push(error),
            }
        }
        RpcReply {
            message_id: element.attribute("message-id"),
            errors,
            warnings,
            elements,
        }
    }

    /// Does it hold `<ok/>`?
    pub fn is_ok(&self) -> bool {
        self.elements().any(|e| e.is(BASE, "ok"))
    }

    /// The `<data>` element (of get, get-config, get-schema) as a document of its own.
    pub fn data(&self) -> Option<Bytes> {
        Some(self.data_element()?.document())
    }

    /// The `<data>` element, in whatever namespace.
    pub fn data_element(&self) -> Option<&Fragment> {
        self.elements().find(|e| e.local() == "data")
    }

    /// The content without `<rpc-error>` elements: for an RPC or action, its output.
    pub fn elements(&self) -> impl Iterator<Item = &Fragment> {
        self.elements.iter()
    }

    /// The content without `<ok/>` and `<rpc-error>` as XML, each element self-contained.
    pub fn output(&self) -> Bytes {
        let elements: Vec<&Fragment> = self.elements().filter(|e| !e.is(BASE, "ok")).collect();
        match elements[..] {
            [only] => only.document(),
            _ => {
                let all: Vec<u8> = elements.iter().flat_map(|e| e.document()).collect();
                Bytes::from(all)
            }
        }
    }
}

/// An event.
#[derive(Clone, Debug)]
pub struct Notification {
    /// `<eventTime>` as sent (RFC 3339).
    pub event_time: String,
    /// The element that describes the event.
    pub event: Fragment,
}

impl Notification {
    /// Reads a `<notification>` element; `None` if it holds no event.
    pub fn read(element: &Fragment) -> Option<Notification> {
        let time = element.children().find(|c| c.local() == "eventTime");
        let event = element.children().find(|c| c.local() != "eventTime")?;
        Some(Notification {
            event_time: time.map_or_else(String::new, |t| t.text().trim().to_owned()),
            event,
        })
    }

    /// The event as JSON, an object of one member, if the client has offered [`JSON_NOTIFICATIONS`] and the server is Banyan.
    pub fn json(&self) -> Option<String> {
        self.event.is(BANYAN, "json").then(|| self.event.text())
    }
}

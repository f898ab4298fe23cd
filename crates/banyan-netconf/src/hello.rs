//! `<hello>` (RFC 6241 8.1): what each side says first, and what follows from it.

use crate::framing::Framing;
use crate::names::{BASE, BASE_1_0, BASE_1_1};
use crate::rpc_error::{ErrorTag, ErrorType, RpcError};
use crate::xml::{Fragment, push_element};

/// A `<hello>` message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The capability URIs, with their parameters.
    pub capabilities: Vec<String>,
    /// Sent by servers only, never 0.
    pub session_id: Option<u32>,
}

impl Hello {
    /// What a client says: both versions of the protocol.
    pub fn client() -> Self {
        Hello {
            capabilities: vec![BASE_1_0.to_owned(), BASE_1_1.to_owned()],
            session_id: None,
        }
    }

    /// What a server says: both versions of the protocol, its other capabilities, the session.
    pub fn server(capabilities: impl IntoIterator<Item = String>, session_id: u32) -> Self {
        let mut hello = Hello {
            session_id: Some(session_id),
            ..Hello::client()
        };
        for capability in capabilities {
            if !hello.capabilities.contains(&capability) {
                hello.capabilities.push(capability);
            }
        }
        hello
    }

    /// Is the capability offered? Parameters after `?` do not count.
    pub fn offers(&self, uri: &str) -> bool {
        self.capabilities
            .iter()
            .any(|c| c.split('?').next() == Some(uri))
    }

    /// The framing after this hello exchange: chunked if both sides have base:1.1 (RFC 6242 4.1),
    /// or `None` if the sides have no version in common (RFC 6241 8.1).
    pub fn framing_with(&self, peer: &Hello) -> Option<Framing> {
        let both = |uri| self.offers(uri) && peer.offers(uri);
        if both(BASE_1_1) {
            Some(Framing::Chunked)
        } else if both(BASE_1_0) {
            Some(Framing::EndOfMessage)
        } else {
            None
        }
    }

    /// The message.
    pub fn print(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hello xmlns=\"");
        out.push_str(BASE);
        out.push_str("\"><capabilities>");
        for capability in &self.capabilities {
            push_element("capability", capability, &mut out);
        }
        out.push_str("</capabilities>");
        if let Some(id) = self.session_id {
            push_element("session-id", &id.to_string(), &mut out);
        }
        out.push_str("</hello>");
        out
    }

    /// Reads a `<hello>` element.
    ///
    /// # Errors
    /// `<capabilities>` is missing, or the session-id is not a number from 1.
    pub fn read(element: &Fragment) -> Result<Hello, RpcError> {
        let ns = element.namespace();
        let capabilities = element
            .child(ns, "capabilities")
            .ok_or_else(|| RpcError::missing_element("capabilities"))?;
        let session_id = match element.child(ns, "session-id") {
            None => None,
            Some(id) => match id.text().trim().parse::<u32>() {
                Ok(id) if id > 0 => Some(id),
                _ => {
                    return Err(RpcError::new(
                        ErrorType::Protocol,
                        ErrorTag::BadElement,
                        "the session-id in <hello> is not a number from 1 to 4294967295",
                    ));
                }
            },
        };
        Ok(Hello {
            capabilities: capabilities
                .children()
                .filter(|c| c.is(ns, "capability"))
                .map(|c| c.text().trim().to_owned())
                .collect(),
            session_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_hello_is_read_back_as_printed() {
        let hello = Hello::server(
            [
                "urn:x?module=x&revision=2020-01-01".to_owned(),
                BASE_1_0.to_owned(),
            ],
            4,
        );
        let root = Fragment::parse(Bytes::from(hello.print()), 16, None).unwrap();
        let again = Hello::read(&root).unwrap();
        assert_eq!(again, hello);
        assert_eq!(again.capabilities.len(), 3);
        assert!(again.offers("urn:x"));
        assert!(!again.offers("urn:y"));
    }

    #[test]
    fn chunks_are_used_only_when_both_offer_base_1_1() {
        let old = Hello {
            capabilities: vec![BASE_1_0.into()],
            session_id: None,
        };
        let none = Hello {
            capabilities: vec!["urn:x".into()],
            session_id: None,
        };
        let new = Hello::client();
        assert_eq!(new.framing_with(&new), Some(Framing::Chunked));
        assert_eq!(new.framing_with(&old), Some(Framing::EndOfMessage));
        assert_eq!(new.framing_with(&none), None);
    }
}

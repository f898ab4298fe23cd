//! The four messages of NETCONF, told apart by their root element (RFC 6241 3.1, 4, 8.1).

use bytes::Bytes;

use crate::hello::Hello;
use crate::limits::{Compat, Limits};
use crate::names::{BASE, NOTIFICATION};
use crate::reply::{Notification, RpcReply};
use crate::rpc::{Refused, ReplyEnvelope, Rpc};
use crate::rpc_error::{ErrorInfo, ErrorTag, ErrorType, RpcError};
use crate::xml::{Fragment, RootTag};

/// A message.
#[derive(Clone, Debug)]
pub enum Message {
    /// The first message of each side.
    Hello(Hello),
    /// A request.
    Rpc(Box<Rpc>),
    /// The reply to a request.
    Reply(Box<RpcReply>),
    /// An event.
    Notification(Notification),
}

/// Reads one message. Costs one pass over it, and no copy of it.
///
/// # Errors
/// The error that RFC 6241 asks for, with the envelope in which a server sends it.
pub fn read(message: Bytes, limits: &Limits, compat: Compat) -> Result<Message, Refused> {
    let default = match compat {
        Compat::Strict => None,
        Compat::Lenient => Some(BASE),
    };
    let root =
        Fragment::parse(message, limits.depth, default).map_err(|(error, root)| Refused {
            envelope: root.map_or_else(ReplyEnvelope::anonymous, |root| {
                envelope_of(&root, limits, default)
            }),
            error: Box::new(RpcError::not_xml(&error)),
        })?;
    match (root.namespace(), root.local()) {
        (BASE, "rpc") => Ok(Message::Rpc(Box::new(Rpc::read(&root, compat)?))),
        (BASE, "hello") => Hello::read(&root).map(Message::Hello).map_err(refused),
        (BASE, "rpc-reply") => Ok(Message::Reply(Box::new(RpcReply::read(&root)))),
        (NOTIFICATION, "notification") => Notification::read(&root)
            .map(Message::Notification)
            .ok_or_else(|| refused(RpcError::missing_element("notification"))),
        (namespace, name @ ("rpc" | "hello" | "rpc-reply" | "notification")) => {
            let expected = if name == "notification" {
                NOTIFICATION
            } else {
                BASE
            };
            let message = format!(
                "<{name}> must be in the namespace \"{expected}\" (RFC 6241 3.1), not in \"{namespace}\"; \
                 the option compat.lenient accepts messages without one"
            );
            let error = RpcError::new(ErrorType::Protocol, ErrorTag::UnknownNamespace, message)
                .with_info(ErrorInfo::BadElement(name.to_owned()))
                .with_info(ErrorInfo::BadNamespace(namespace.to_owned()));
            // The message-id helps the sender to find its mistake.
            let mut refused = refused(error);
            if let Some(id) = root.attribute("message-id") {
                refused.envelope.set_message_id(&id);
            }
            Err(refused)
        }
        (_, name) => Err(refused(RpcError::unknown_element(
            name,
            format!("<{name}> is no NETCONF message: <hello> and then <rpc> are expected"),
        ))),
    }
}

fn refused(error: RpcError) -> Refused {
    Refused {
        envelope: ReplyEnvelope::anonymous(),
        error: Box::new(error),
    }
}

/// The envelope of the reply to a message of which the start tag alone can be read.
fn envelope_of(root: &RootTag, limits: &Limits, default: Option<&str>) -> ReplyEnvelope {
    let tag = format!("<{}{}/>", root.name, root.attributes);
    let is_rpc = |default| {
        Fragment::parse(Bytes::from(tag.clone()), limits.depth, default)
            .is_ok_and(|tag| (tag.namespace(), tag.local()) == (BASE, "rpc"))
    };
    if is_rpc(None) {
        ReplyEnvelope::answering(root, true)
    } else if is_rpc(default) {
        ReplyEnvelope::answering(root, false)
    } else {
        ReplyEnvelope::anonymous()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_text(text: &str, compat: Compat) -> Result<Message, Refused> {
        read(
            Bytes::copy_from_slice(text.as_bytes()),
            &Limits::default(),
            compat,
        )
    }

    fn rpc(text: &str) -> Rpc {
        match read_text(text, Compat::Strict) {
            Ok(Message::Rpc(rpc)) => *rpc,
            other => panic!("{other:?}"),
        }
    }

    fn refusal(text: &str) -> Refused {
        read_text(text, Compat::Strict).unwrap_err()
    }

    #[test]
    fn a_front_end_says_for_whom_it_acts() {
        let text = format!(
            "{}<get/></rpc>",
            crate::rpc::open_rpc("1", true, Some("a\"b"))
        );
        let read = rpc(&text);
        assert_eq!(read.acting_for.as_deref(), Some("a\"b"));
        assert!(read.wants_progress);
        // As Clixon's front ends write it; another namespace's attribute of that name is none of our business.
        let from_clixon = r#"<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:cl="http://clicon.org/lib" cl:username="bob" message-id="1"><get/></rpc>"#;
        assert_eq!(rpc(from_clixon).acting_for.as_deref(), Some("bob"));
        let other = from_clixon.replace("clicon.org/lib", "example.net");
        assert_eq!(rpc(&other).acting_for, None);
    }

    #[test]
    fn attributes_of_the_request_come_back_unchanged_in_the_reply() {
        // RFC 6241 4.1, the example.
        let rpc = rpc(r#"<rpc message-id="101"
     xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"
     xmlns:ex="http://example.net/content/1.0"
     ex:user-id='f"red'><get/></rpc>"#);
        assert_eq!(rpc.message_id.as_deref(), Some("101"));
        assert_eq!(
            rpc.envelope.ok(),
            r#"<rpc-reply message-id="101"
     xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"
     xmlns:ex="http://example.net/content/1.0"
     ex:user-id='f"red'><ok/></rpc-reply>"#
        );
    }

    #[test]
    fn a_request_with_a_prefix_gets_its_reply_with_the_same_prefix() {
        let rpc = rpc(
            r#"<nc:rpc xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns="urn:x" message-id="a&amp;b"><nc:get/></nc:rpc>"#,
        );
        assert!(rpc.operation.is(BASE, "get"));
        let reply = rpc.envelope.ok();
        assert_eq!(
            reply,
            r#"<nc:rpc-reply xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns="urn:x" message-id="a&amp;b"><ok xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"/></nc:rpc-reply>"#
        );
        let Ok(Message::Reply(reply)) = read_text(&reply, Compat::Strict) else {
            panic!()
        };
        assert!(reply.is_ok());
        assert_eq!(reply.message_id.as_deref(), Some("a&b"));
    }

    #[test]
    fn each_wrong_envelope_gets_the_error_of_the_rfc() {
        let base = "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
        for (text, tag, part) in [
            (
                "<rpc message-id='1'><get/></rpc>".to_owned(),
                "unknown-namespace",
                "<bad-namespace></bad-namespace>",
            ),
            (
                "<rpc xmlns='urn:x' message-id='1'><get/></rpc>".to_owned(),
                "unknown-namespace",
                "message-id=\"1\"",
            ),
            (
                format!("<rpc {base}><get/></rpc>"),
                "missing-attribute",
                "<bad-attribute>message-id</bad-attribute>",
            ),
            (
                format!("<rpc {base} message-id='1'/>"),
                "missing-element",
                "message-id='1'",
            ),
            (
                format!("<rpc {base} message-id='1'><a/><b/></rpc>"),
                "unknown-element",
                "<bad-element>b</bad-element>",
            ),
            (
                format!("<foo {base}/>"),
                "unknown-element",
                "<bad-element>foo</bad-element>",
            ),
            (
                format!("<rpc {base} message-id='1'><get></rpc>"),
                "malformed-message",
                "message-id='1'",
            ),
            ("garbage".to_owned(), "malformed-message", "<rpc-reply"),
            (
                format!("<!DOCTYPE rpc><rpc {base} message-id='1'><get/></rpc>"),
                "malformed-message",
                "document type",
            ),
            (
                format!("<rpc {base} message-id='7'>{}", "<a>".repeat(10_000)),
                "too-big",
                "message-id='7'",
            ),
        ] {
            let refused = refusal(&text);
            let reply = refused.envelope.errors([&*refused.error]);
            assert_eq!(refused.error.tag.as_str(), tag, "{reply}");
            assert!(reply.contains(part), "{reply}");
            let Ok(Message::Reply(parsed)) = read_text(&reply, Compat::Strict) else {
                panic!("{reply}")
            };
            assert_eq!(parsed.errors, [*refused.error]);
        }
    }

    #[test]
    fn lenient_reads_what_the_manuals_show() {
        let text = "<rpc><create-subscription xmlns=\"urn:ietf:params:xml:ns:netmod:notification\"><stream>EXAMPLE</stream></create-subscription></rpc>";
        assert_eq!(refusal(text).error.tag, ErrorTag::UnknownNamespace);
        let Ok(Message::Rpc(rpc)) = read_text(text, Compat::Lenient) else {
            panic!()
        };
        assert_eq!(rpc.message_id, None);
        assert_eq!(
            rpc.operation.namespace(),
            "urn:ietf:params:xml:ns:netmod:notification"
        );
        let Ok(Message::Reply(reply)) = read_text(&rpc.envelope.ok(), Compat::Strict) else {
            panic!()
        };
        assert!(reply.is_ok());
        let Ok(Message::Rpc(rpc)) = read_text(
            "<rpc><get-config><source><running/></source></get-config></rpc>",
            Compat::Lenient,
        ) else {
            panic!()
        };
        assert!(rpc.operation.is(BASE, "get-config"));
    }

    #[test]
    fn the_reply_to_half_a_message_is_in_the_namespace_of_netconf() {
        let base = "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
        for (start, expected) in [
            (
                "<rpc xmlns=''><rpc".to_owned(),
                format!("<rpc-reply {base}>"),
            ),
            (
                "<rpc xmlns:x='urn:x'><rpc".to_owned(),
                format!("<rpc-reply {base}>"),
            ),
            (
                format!("<rpc {base} message-id='7'><rpc"),
                format!("<rpc-reply {base} message-id='7'>"),
            ),
        ] {
            let Err(refused) = read_text(&start, Compat::Strict) else {
                panic!("{start} is accepted")
            };
            assert_eq!(refused.envelope.open(), expected, "{start}");
        }
    }

    #[test]
    fn warnings_are_no_errors() {
        let Ok(Message::Reply(reply)) = read_text(
            "<rpc-reply xmlns='urn:ietf:params:xml:ns:netconf:base:1.0' message-id='1'><rpc-error><error-severity>warning</error-severity><error-message>hm</error-message></rpc-error><ok/></rpc-reply>",
            Compat::Strict,
        ) else {
            panic!()
        };
        assert!(reply.errors.is_empty() && reply.is_ok());
        assert_eq!(reply.warnings[0].message.as_deref(), Some("hm"));
    }

    #[test]
    fn a_notification_gives_its_event_as_a_document() {
        let Ok(Message::Notification(event)) = read_text(
            "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"><eventTime>2019-01-02T10:20:05Z</eventTime><event xmlns=\"urn:e\">x</event></notification>",
            Compat::Strict,
        ) else {
            panic!()
        };
        assert_eq!(event.event_time, "2019-01-02T10:20:05Z");
        assert_eq!(event.event.document(), "<event xmlns=\"urn:e\">x</event>");
    }

    proptest! {
        #[test]
        fn every_refusal_is_itself_a_readable_reply(
            parts in prop::collection::vec(prop_oneof![
                Just("<rpc"), Just("<nc:rpc xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'"),
                Just(" xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'"), Just(" xmlns=''"), Just(" message-id='1'"),
                Just(" a='\"&lt;'"), Just(">"), Just("/>"), Just("<get/>"), Just("<x>"), Just("</x>"), Just("</rpc>"),
                Just("</nc:rpc>"), Just("<hello>"), Just("text"), Just("\u{0}"),
            ], 0..12),
            lenient in any::<bool>(),
        ) {
            let compat = if lenient { Compat::Lenient } else { Compat::Strict };
            let reply = match read_text(&parts.concat(), compat) {
                Err(refused) => refused.envelope.errors([&*refused.error]),
                Ok(Message::Rpc(rpc)) => rpc.envelope.ok(),
                Ok(_) => return Ok(()),
            };
            let parsed = read_text(&reply, Compat::Strict);
            prop_assert!(matches!(parsed, Ok(Message::Reply(_))), "{} gives {reply}", parts.concat());
        }
    }
}

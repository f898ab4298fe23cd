//! What a client subscribes to, as it writes it: streams of events (RFC 5277) and datastores (RFC 8639, RFC 8641).

use banyan_engine::backend::Filter;

use crate::names::{DATASTORES, NOTIFICATION, SUBSCRIBED, YANG_PUSH};
use crate::operations::push_filter;
use crate::xml::{escape_text, push_declaration, push_element};

/// `<create-subscription>` (RFC 5277 2.1.1). Times are of RFC 3339.
#[derive(Clone, Debug, Default)]
pub struct Events<'a> {
    /// Which stream; `None`: the one that has all events, `NETCONF`.
    pub stream: Option<&'a str>,
    /// Which events; `None`: all.
    pub filter: Option<&'a Filter>,
    /// Replay from then on; `None`: only what happens from now on.
    pub start: Option<&'a str>,
    /// End then. Only together with a start.
    pub stop: Option<&'a str>,
}

impl Events<'_> {
    /// The operation.
    pub fn operation(&self) -> String {
        let mut out = format!("<create-subscription xmlns=\"{NOTIFICATION}\">");
        if let Some(stream) = self.stream {
            push_element("stream", stream, &mut out);
        }
        push_filter(self.filter, &mut out);
        if let Some(start) = self.start {
            push_element("startTime", start, &mut out);
        }
        if let Some(stop) = self.stop {
            push_element("stopTime", stop, &mut out);
        }
        out.push_str("</create-subscription>");
        out
    }
}

/// When a datastore's subscriber hears of it (RFC 8641 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    /// When something changes: what has changed.
    OnChange {
        /// At first all that there is.
        sync_on_start: bool,
    },
    /// Every so many hundredths of a second: all that there is.
    Every(u32),
}

/// `<establish-subscription>` of a datastore (RFC 8641 4.4.1).
#[derive(Clone, Debug)]
pub struct Data<'a> {
    /// Which one: its name in RFC 8342.
    pub datastore: &'a str,
    /// Which part; `None`: all.
    pub filter: Option<&'a Filter>,
    /// End then.
    pub stop: Option<&'a str>,
    /// When to tell.
    pub updates: Updates,
}

impl Data<'_> {
    /// The operation.
    pub fn operation(&self) -> String {
        let mut out = format!("<establish-subscription xmlns=\"{SUBSCRIBED}\">");
        if let Some(stop) = self.stop {
            push_element("stop-time", stop, &mut out);
        }
        out.push_str(&format!(
            "<datastore xmlns=\"{YANG_PUSH}\" xmlns:ds=\"{DATASTORES}\">ds:{}</datastore>",
            escape_text(self.datastore)
        ));
        self.push_selection(&mut out);
        match self.updates {
            Updates::OnChange { sync_on_start } => out.push_str(&format!(
                "<on-change xmlns=\"{YANG_PUSH}\"><sync-on-start>{sync_on_start}</sync-on-start></on-change>"
            )),
            Updates::Every(period) => out.push_str(&format!(
                "<periodic xmlns=\"{YANG_PUSH}\"><period>{period}</period></periodic>"
            )),
        }
        out.push_str("</establish-subscription>");
        out
    }

    fn push_selection(&self, out: &mut String) {
        match self.filter {
            None => {}
            Some(Filter::Subtree(document)) => out.push_str(&format!(
                "<datastore-subtree-filter xmlns=\"{YANG_PUSH}\">{}</datastore-subtree-filter>",
                String::from_utf8_lossy(&document.bytes)
            )),
            Some(Filter::XPath { select, namespaces }) => {
                out.push_str(&format!("<datastore-xpath-filter xmlns=\"{YANG_PUSH}\""));
                for (prefix, uri) in namespaces.iter().filter(|(p, _)| !p.is_empty()) {
                    push_declaration(prefix, uri, out);
                }
                let select = escape_text(select);
                out.push_str(&format!(">{select}</datastore-xpath-filter>"));
            }
        }
    }
}

/// `<delete-subscription>` (RFC 8639 2.4.4).
pub fn delete(id: u32) -> String {
    format!("<delete-subscription xmlns=\"{SUBSCRIBED}\"><id>{id}</id></delete-subscription>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xpath(select: &str) -> Filter {
        Filter::XPath {
            select: select.to_owned(),
            namespaces: vec![("a".to_owned(), "urn:a".to_owned())],
        }
    }

    #[test]
    fn a_stream_is_subscribed_to_with_all_that_is_said() {
        assert_eq!(
            Events::default().operation(),
            "<create-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"></create-subscription>"
        );
        let filter = xpath("/a:up[b < 1]");
        let events = Events {
            stream: Some("S&T"),
            filter: Some(&filter),
            start: Some("2026-11-28T00:00:00Z"),
            stop: Some("2026-11-28T01:00:00Z"),
        };
        assert_eq!(
            events.operation(),
            "<create-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"><stream>S&amp;T</stream>\
             <filter xmlns:a=\"urn:a\" type=\"xpath\" select=\"/a:up[b &lt; 1]\"/>\
             <startTime>2026-11-28T00:00:00Z</startTime><stopTime>2026-11-28T01:00:00Z</stopTime></create-subscription>"
        );
    }

    #[test]
    fn a_datastore_is_subscribed_to_with_all_that_is_said() {
        let filter = xpath("/a:b[c < 1]");
        let mut data = Data {
            datastore: "operational",
            filter: Some(&filter),
            stop: Some("2026-11-28T01:00:00Z"),
            updates: Updates::OnChange {
                sync_on_start: false,
            },
        };
        let push = "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\"";
        let start = "<establish-subscription xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\">";
        let store = format!(
            "<datastore {push} xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\">ds:operational</datastore>"
        );
        assert_eq!(
            data.operation(),
            format!(
                "{start}<stop-time>2026-11-28T01:00:00Z</stop-time>{store}\
                 <datastore-xpath-filter {push} xmlns:a=\"urn:a\">/a:b[c &lt; 1]</datastore-xpath-filter>\
                 <on-change {push}><sync-on-start>false</sync-on-start></on-change></establish-subscription>"
            )
        );
        data = Data {
            filter: None,
            stop: None,
            updates: Updates::Every(150),
            ..data
        };
        assert_eq!(
            data.operation(),
            format!(
                "{start}{store}<periodic {push}><period>150</period></periodic></establish-subscription>"
            )
        );
    }
}

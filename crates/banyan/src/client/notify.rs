//! `banyan notify`: tells the daemon's subscribers that something has happened.

use std::path::Path;

use banyan_netconf::names::NOTIFICATION;
use banyan_netconf::reply::Notification;
use banyan_netconf::xml::{Fragment, push_element};
use serde_json::{Map, Value, json};

use super::change::document_of;
use super::history::moment;
use super::{CommandError, SYSTEM, call, open};
use crate::args::Notify;

/// The deepest nesting of elements in a notification.
const DEPTH: usize = 256;

/// `banyan notify`
///
/// # Errors
/// The document cannot be read, or the daemon knows no such notification.
pub async fn notify(notify: Notify) -> Result<(), CommandError> {
    let given = notify.document.trim_start();
    let text = match given.starts_with(['{', '<']) {
        true => notify.document.clone(),
        false => document_of(Some(Path::new(&notify.document)))?,
    };
    let mut event = match text.trim_start().starts_with('<') {
        true => of_xml(text)?,
        false => of_json(&text)?,
    };
    if let Some(time) = &notify.time {
        event.time = Some(moment(time)?);
    }
    let client = open(&notify.connect).await?;
    match event.document {
        Document::Xml(document) => {
            let mut body = format!("<send-notification xmlns=\"{SYSTEM}\">");
            if let Some(stream) = &notify.stream {
                push_element("stream", stream, &mut body);
            }
            if let Some(time) = &event.time {
                push_element("event-time", time, &mut body);
            }
            body.push_str(&format!(
                "<notification>{document}</notification></send-notification>"
            ));
            client.rpc(body).await?;
        }
        Document::Json(object) => {
            let mut input = Map::new();
            if let Some(stream) = notify.stream {
                input.insert("stream".to_owned(), stream.into());
            }
            if let Some(time) = event.time {
                input.insert("event-time".to_owned(), time.into());
            }
            input.insert("notification".to_owned(), Value::Object(object));
            let leaves = [
                ("operation", Some("banyan:send-notification".to_owned())),
                ("input", Some(Value::Object(input).to_string())),
            ];
            call(&client, "call", &leaves).await?;
        }
    }
    Ok(())
}

/// What is to be sent.
#[derive(Debug, PartialEq)]
struct Event {
    /// When it happened, if the document says so.
    time: Option<String>,
    document: Document,
}

#[derive(Debug, PartialEq)]
enum Document {
    /// An element.
    Xml(String),
    /// An object of one member.
    Json(Map<String, Value>),
}

/// Reads an element: the event, or a `<notification>` around it (RFC 5277 4), as `banyan watch` prints it.
fn of_xml(text: String) -> Result<Event, CommandError> {
    let element = Fragment::parse(text.into(), DEPTH, None).map_err(|(error, _)| {
        CommandError::Usage(format!("the notification is no XML: {error}"))
    })?;
    let written = |element: &Fragment| {
        let document = element.document();
        Document::Xml(String::from_utf8_lossy(&document).into_owned())
    };
    if !element.is(NOTIFICATION, "notification") {
        return Ok(Event {
            time: None,
            document: written(&element),
        });
    }
    let inside = Notification::read(&element)
        .ok_or_else(|| CommandError::Usage("there is no event in <notification>".to_owned()))?;
    Ok(Event {
        time: Some(inside.event_time).filter(|time| !time.is_empty()),
        document: written(&inside.event),
    })
}

/// Reads an object of one member, or of two if one is `eventTime`, as `banyan watch` prints it.
fn of_json(text: &str) -> Result<Event, CommandError> {
    let mut object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        CommandError::Usage(format!("the notification is no JSON object: {error}"))
    })?;
    let time = object.remove("eventTime");
    let time = time.as_ref().and_then(Value::as_str).map(str::to_owned);
    match object.len() {
        1 => Ok(Event {
            time,
            document: Document::Json(object),
        }),
        _ => {
            let example = json!({"acme-net:link-down": {"name": "eth0"}});
            Err(CommandError::Usage(format!(
                "a notification is an object of one member, named module:notification, as {example}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_watch_prints_can_be_sent_again() {
        let down = "<down xmlns=\"urn:a\"><port>7</port></down>";
        let alone = of_xml(format!("<?xml version=\"1.0\"?>\n{down}\n")).unwrap();
        assert_eq!(
            (alone.time, alone.document),
            (None, Document::Xml(down.to_owned()))
        );
        let whole = of_xml(format!(
            "<notification xmlns=\"{NOTIFICATION}\"><eventTime>2026-11-28T01:02:03Z</eventTime>{down}</notification>"
        ))
        .unwrap();
        assert_eq!(whole.time.as_deref(), Some("2026-11-28T01:02:03Z"));
        assert_eq!(whole.document, Document::Xml(down.to_owned()));
        let whole =
            of_json("{\"eventTime\":\"2026-11-28T01:02:03Z\",\"a:down\":{\"port\":7}}").unwrap();
        assert_eq!(whole.time.as_deref(), Some("2026-11-28T01:02:03Z"));
        let Document::Json(object) = whole.document else {
            panic!()
        };
        assert_eq!(Value::Object(object), json!({"a:down": {"port": 7}}));
    }

    #[test]
    fn what_is_no_notification_is_told() {
        for (said, part) in [
            (of_xml("<a><b></a>".to_owned()), "no XML"),
            (of_json("{"), "no JSON object"),
            (of_json("{}"), "one member"),
            (of_json("{\"a:b\":{},\"a:c\":{}}"), "one member"),
        ] {
            let said = said.unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
    }
}

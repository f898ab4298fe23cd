//! The operations of RFC 8639 and RFC 8641: their input as terms, and their output.

use std::time::Duration;

use banyan_data::any::AnyData;
use banyan_data::node::Content;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Request;
use crate::backend::{Document, Encoding, Filter, Result};
use crate::bind;
use crate::error::{BackendError, ErrorTag};
use crate::subscription::{
    About, Data, Events, Modified, OnChange, Periodic, Refusal, Store, Target, Terms, Trigger, Why,
};

/// `establish-subscription`
pub(super) async fn establish(request: Request) -> Result<Value> {
    let terms = Terms {
        target: target(&request)?,
        stop: time(&request, "stop-time")?,
    };
    let encoding = match request.text("encoding") {
        None => None,
        Some(name) => Some(encoding(name)?),
    };
    let call = &request.call.call;
    let made = request.engine().establish(call, terms, encoding).await?;
    let mut output = json!({ "ietf-subscribed-notifications:id": made.id });
    if let Some(from) = made.replay_from {
        output["ietf-subscribed-notifications:replay-start-time-revision"] =
            from.to_string().into();
    }
    Ok(output)
}

/// `modify-subscription`
pub(super) async fn modify(request: Request) -> Result<Value> {
    let on_change = request.leaf("on-change").map(dampening);
    let store = store(&request, About::ModifyData)?;
    let modified = Modified {
        store,
        filter: match store {
            Some(_) => filter(&request, About::ModifyData)?,
            None => stream_filter(&request, About::ModifyEvents)?,
        },
        periodic: request.leaf("periodic").map(periodic).transpose()?,
        on_change,
        stop: time(&request, "stop-time")?,
    };
    let call = &request.call.call;
    let engine = request.engine();
    engine
        .modify_subscription(call, id(&request), modified)
        .await?;
    Ok(json!({}))
}

/// `delete-subscription`
pub(super) async fn delete(request: Request) -> Result<Value> {
    let call = &request.call.call;
    request.engine().delete_subscription(call, id(&request))?;
    Ok(json!({}))
}

/// `kill-subscription`
pub(super) async fn kill(request: Request) -> Result<Value> {
    request.engine().kill_subscription(id(&request))?;
    Ok(json!({}))
}

/// `resync-subscription`
pub(super) async fn resync(request: Request) -> Result<Value> {
    let call = &request.call.call;
    request.engine().resync_subscription(call, id(&request))?;
    Ok(json!({}))
}

fn id(request: &Request) -> u32 {
    let id = request.number("id").unwrap_or_default();
    u32::try_from(id).unwrap_or_default()
}

fn target(request: &Request) -> Result<Target> {
    let about = About::EstablishData;
    let Some(store) = store(request, about)? else {
        return Ok(Target::Events(Events {
            stream: request.text("stream").unwrap_or_default().to_owned(),
            filter: stream_filter(request, About::EstablishEvents)?,
            replay_from: time(request, "replay-start-time")?,
        }));
    };
    let trigger = if let Some(given) = request.leaf("periodic") {
        Trigger::Periodic(periodic(given)?)
    } else if let Some(given) = request.leaf("on-change") {
        let excluded = bind::member(given, "excluded-change").and_then(Value::as_array);
        let excluded = excluded.into_iter().flatten().filter_map(Value::as_str);
        let sync = bind::member(given, "sync-on-start").and_then(Value::as_bool);
        Trigger::OnChange(OnChange {
            dampening: dampening(given),
            sync_on_start: sync.unwrap_or(true),
            excluded: excluded.map(str::to_owned).collect(),
        })
    } else {
        return Err(BackendError::new(
            ErrorTag::MissingElement,
            "a subscription to a datastore needs to say when updates are sent: periodic or on-change",
        ));
    };
    Ok(Target::Data(Data {
        store,
        filter: filter(request, about)?,
        trigger,
    }))
}

/// The datastore that is named; `None` without one.
fn store(request: &Request, about: About) -> Result<Option<Store>> {
    let Some(name) = request.text("datastore") else {
        return Ok(None);
    };
    let known = name.strip_prefix("ietf-datastores:").and_then(Store::named);
    known.map(Some).ok_or_else(|| {
        let message = format!(
            "{name} cannot be subscribed to; there are running, intended, startup, candidate (periodically) and operational"
        );
        Refusal::new(Why::DatastoreNotSubscribable, message).about(about)
    })
}

fn periodic(given: &Value) -> Result<Periodic> {
    let anchor = bind::member(given, "anchor-time").and_then(Value::as_str);
    Ok(Periodic {
        period: centiseconds(bind::member(given, "period")),
        anchor: anchor.map(|text| moment("anchor-time", text)).transpose()?,
    })
}

fn dampening(given: &Value) -> Duration {
    centiseconds(bind::member(given, "dampening-period"))
}

fn centiseconds(value: Option<&Value>) -> Duration {
    let count = value.and_then(Value::as_u64).unwrap_or_default();
    Duration::from_millis(count.saturating_mul(10))
}

fn time(request: &Request, name: &str) -> Result<Option<Timestamp>> {
    request
        .text(name)
        .map(|text| moment(name, text))
        .transpose()
}

fn moment(name: &str, text: &str) -> Result<Timestamp> {
    text.parse().map_err(|error| {
        let message = format!("{name} {text:?} is no time that can be reckoned with: {error}");
        BackendError::new(ErrorTag::InvalidValue, message)
    })
}

fn encoding(name: &str) -> Result<Encoding> {
    match name.rsplit(':').next() {
        Some("encode-xml") => Ok(Encoding::Xml),
        Some("encode-json") => Ok(Encoding::Json),
        _ => {
            let message = format!("notifications cannot be written as {name}; there is encode-xml");
            Err(Refusal::new(Why::EncodingUnsupported, message).about(About::EstablishData))
        }
    }
}

/// The filter of data, whichever of its forms is given.
fn filter(request: &Request, about: About) -> Result<Option<Filter>> {
    not_by_name(request, "selection-filter-ref", about)?;
    filter_of(
        request,
        "datastore-subtree-filter",
        "datastore-xpath-filter",
    )
}

/// The filter of events, whichever of its forms is given.
fn stream_filter(request: &Request, about: About) -> Result<Option<Filter>> {
    not_by_name(request, "stream-filter-name", about)?;
    filter_of(request, "stream-subtree-filter", "stream-xpath-filter")
}

fn not_by_name(request: &Request, name: &str, about: About) -> Result<()> {
    if request.leaf(name).is_none() {
        return Ok(());
    }
    let message =
        format!("{name}: filters cannot be named here; give the filter itself in the request");
    Err(Refusal::new(Why::FilterUnsupported, message).about(about))
}

/// The filter that one of two parameters holds.
fn filter_of(request: &Request, subtree: &str, xpath: &str) -> Result<Option<Filter>> {
    if let Some(select) = request.text(xpath) {
        // RFC 8639 2.2: prefixes are those in scope at the element.
        let (call, schema) = (&request.call, &request.call.schema);
        let operation = &*schema.node(call.node).name;
        let tag = call.start_tag(&[operation, xpath]).unwrap_or_default();
        let namespaces = tag.namespaces.into_iter();
        return Ok(Some(Filter::XPath {
            select: select.to_owned(),
            namespaces: namespaces
                .filter(|(prefix, _)| !prefix.is_empty())
                .collect(),
        }));
    }
    let input = &request.call.input;
    let schema = input.schema();
    let mut slots = input.root().slots().iter();
    let found = slots.find_map(|slot| match &slot.content {
        Content::Any(any) if *schema.node(slot.id).name == *subtree => Some(AnyData::clone(any)),
        _ => None,
    });
    Ok(found.map(|any| {
        let inside = any.to_xml(schema).into_owned();
        Filter::Subtree(Document::xml(inside.into_bytes()))
    }))
}

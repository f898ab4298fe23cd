//! The state of subscriptions: `/subscriptions` (RFC 8639 2.9, RFC 8641 3.9), made when a read asks for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use banyan_data::any::AnyData;
use banyan_yang::schema::Schema;
use serde_json::{Map, Value, json};

use super::terms::centiseconds;
use super::{Data, Subscription, Target, Terms, Trigger};
use crate::backend::{Encoding, Filter};
use crate::engine::Engine;

/// Where the state stands.
pub(crate) const PATH: &str = "/ietf-subscribed-notifications:subscriptions";

/// The state, an RFC 7951 object; empty when there is no subscription.
pub(crate) fn subscriptions(engine: &Engine) -> Value {
    let all = engine.0.subscriptions.all();
    let entries: Vec<Value> = all.iter().map(|one| entry(engine, one)).collect();
    match entries.is_empty() {
        true => json!({}),
        false => {
            json!({ "ietf-subscribed-notifications:subscriptions": { "subscription": entries } })
        }
    }
}

fn entry(engine: &Engine, subscription: &Arc<Subscription>) -> Value {
    let mut members = subscription.terms().described(engine.schema());
    members.insert("id".to_owned(), subscription.id.into());
    let encoding = match subscription.encoding {
        Encoding::Json => "encode-json",
        _ => "encode-xml",
    };
    // Which encodings there are is up to features.
    let schema = engine.schema();
    let known = schema
        .module_by_name("ietf-subscribed-notifications")
        .is_some_and(|module| schema.identity_by_name(module, encoding).is_some());
    if known {
        members.insert("encoding".to_owned(), encoding.into());
    }
    let receiver = json!({
        "name": format!(
            "session {} of {}",
            subscription.call.session,
            subscription.call.principal.effective()
        ),
        "sent-event-records": subscription.sent.load(Ordering::Relaxed).to_string(),
        "excluded-event-records": subscription.excluded.load(Ordering::Relaxed).to_string(),
        "state": "active",
    });
    members.insert("receivers".to_owned(), json!({ "receiver": [receiver] }));
    Value::Object(members)
}

impl Terms {
    /// What was agreed on, as the members of `subscription` and of `subscription-modified`.
    pub(super) fn described(&self, schema: &Arc<Schema>) -> Map<String, Value> {
        let mut members = Map::new();
        match &self.target {
            Target::Data(data) => data.describe(schema, &mut members),
            Target::Events(events) => {
                members.insert("stream".to_owned(), events.stream.as_str().into());
                let filter = events.filter.as_ref();
                if let Some((kind, filter)) = filter.and_then(|it| described(it, schema)) {
                    members.insert(format!("stream-{kind}-filter"), filter);
                }
                if let Some(from) = events.replay_from {
                    members.insert("replay-start-time".to_owned(), from.to_string().into());
                }
            }
        }
        if let Some(stop) = self.stop {
            members.insert("stop-time".to_owned(), stop.to_string().into());
        }
        members
    }
}

impl Data {
    fn describe(&self, schema: &Arc<Schema>, members: &mut Map<String, Value>) {
        let mut insert = |name: &str, value: Value| {
            members.insert(format!("ietf-yang-push:{name}"), value);
        };
        let datastore = format!("ietf-datastores:{}", self.store.name());
        insert("datastore", datastore.into());
        if let Some((kind, filter)) = self.filter.as_ref().and_then(|it| described(it, schema)) {
            insert(&format!("datastore-{kind}-filter"), filter);
        }
        match &self.trigger {
            Trigger::Periodic(periodic) => {
                let mut inside = json!({ "period": centiseconds(periodic.period) });
                if let Some(anchor) = periodic.anchor {
                    inside["anchor-time"] = anchor.to_string().into();
                }
                insert("periodic", inside);
            }
            Trigger::OnChange(on_change) => {
                let mut inside = json!({
                    "dampening-period": centiseconds(on_change.dampening),
                    "sync-on-start": on_change.sync_on_start,
                });
                if !on_change.excluded.is_empty() {
                    inside["excluded-change"] = json!(on_change.excluded);
                }
                insert("on-change", inside);
            }
        }
    }
}

/// A filter, and which kind it is.
fn described(filter: &Filter, schema: &Arc<Schema>) -> Option<(&'static str, Value)> {
    match filter {
        Filter::XPath { select, .. } => Some(("xpath", select.as_str().into())),
        Filter::Subtree(document) => {
            let text = std::str::from_utf8(&document.bytes).ok()?;
            let any = AnyData::Xml(text.into());
            Some(("subtree", serde_json::from_str(&any.to_json(schema)).ok()?))
        }
    }
}

//! `create-subscription` (RFC 5277 2.1.1): a session gets the events of a stream until it ends, or a stop time comes.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::operation::output;
use banyan_data::{Content, Node, Tree};
use jiff::Timestamp;
use serde_json::json;

use super::{Counts, Cursor, Event, EventFilter, NETCONF, Next, Passes, notice};
use crate::backend::{BoxFuture, Call, Cancel, Document, Filter, Result};
use crate::blocking::on_pool;
use crate::clock::Clock;
use crate::engine::WeakEngine;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::notice::Mailbox;
use crate::number::SessionId;
use crate::operation::{Operation, OperationCall};
use crate::session::age;

/// Where the operation is bound.
pub(crate) const PATH: &str = "/notifications:create-subscription";

/// The namespace of the attributes of a filter.
const BASE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// The subscriptions of RFC 5277: at most one for each session.
#[derive(Clone, Default)]
pub(crate) struct Subscribed(Arc<Mutex<HashMap<SessionId, Since>>>);

/// What a session is subscribed to, and since when.
#[derive(Clone)]
struct Since {
    stream: Arc<str>,
    since: Timestamp,
}

impl Subscribed {
    fn table(&self) -> MutexGuard<'_, HashMap<SessionId, Since>> {
        // Every change is a single insert or remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.table().len()
    }

    /// Notes the subscription of a session.
    ///
    /// # Errors
    /// It has one: RFC 5277 leaves no way to have two.
    fn add(&self, session: SessionId, stream: Arc<str>, now: Timestamp) -> Result<Entry> {
        let mut table = self.table();
        if let Some(Since { stream, since }) = table.get(&session) {
            let message = format!(
                "this session has been subscribed to {stream} for {}; create-subscription has no second one and no end before its stop time: close the session, or open another one for this",
                age(*since, now)
            );
            return Err(
                Report::new(ErrorLayer::Protocol, ErrorTag::OperationFailed, message).into(),
            );
        }
        table.insert(session, Since { stream, since: now });
        Ok(Entry {
            all: self.clone(),
            session,
        })
    }
}

/// The entry of a session; goes when it is dropped.
struct Entry {
    all: Subscribed,
    session: SessionId,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.table().remove(&self.session);
    }
}

/// The operation.
pub(crate) struct CreateSubscription;

impl Operation for CreateSubscription {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            let node = output(&call.schema, call.node).unwrap_or(call.node);
            let empty = Tree::new(call.schema.clone(), Node::empty(node));
            create(call).await?;
            Ok(empty)
        })
    }
}

/// What is asked for.
struct Wanted {
    stream: String,
    filter: Option<Filter>,
    start: Option<Timestamp>,
    stop: Option<Timestamp>,
}

async fn create(call: OperationCall) -> Result<()> {
    let wanted = Wanted::of(&call)?;
    let engine = &call.engine;
    let core = &engine.0;
    let now = core.seams.clock.now();
    wanted.check_times(now)?;
    let filter = match wanted.filter {
        None => None,
        Some(filter) => {
            let engine = engine.clone();
            let bind = move || EventFilter::bind(&engine, &filter, Passes::Selection);
            Some(Arc::new(on_pool(bind).await??))
        }
    };
    let session = core.sessions.get(call.call.session);
    let (ended, mailbox) = match session {
        Some(session) => (session.ended, session.mailbox),
        None => (Cancel::default(), None),
    };
    let mailbox = mailbox.ok_or_else(|| {
        BackendError::new(
            ErrorTag::OperationNotSupported,
            "the front end of this session takes no notifications; subscribe in a session over NETCONF",
        )
    })?;
    let cursor = core.streams.cursor(&wanted.stream, wanted.start)?;
    let subscribed = &core.streams.subscribed;
    let entry = subscribed.add(call.call.session, wanted.stream.into(), now)?;
    let subscription = Subscription {
        engine: engine.downgrade(),
        clock: core.seams.clock.clone(),
        // Whose deadline is over, and who listened to its progress, has its answer.
        call: Call::new(call.call.session, call.call.principal.clone()),
        mailbox,
        cursor,
        filter,
        stop: wanted.stop,
        counts: core.streams.counts.clone(),
    };
    tokio::spawn(async move {
        let _entry = entry;
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            // Only what is told may be in the way: `Gone` is its end as well.
            _ = subscription.run() => {}
        }
    });
    Ok(())
}

impl Wanted {
    fn of(call: &OperationCall) -> Result<Wanted> {
        let stream = text(call, "stream").unwrap_or(NETCONF);
        Ok(Wanted {
            stream: stream.to_owned(),
            filter: filter(call)?,
            start: time(call, "startTime")?,
            stop: time(call, "stopTime")?,
        })
    }

    /// RFC 5277 2.1.1: the negative responses.
    fn check_times(&self, now: Timestamp) -> Result<()> {
        let wrong = |tag, element: &str, message: String| {
            let report = Report::new(ErrorLayer::Protocol, tag, message);
            Err(report.with_info("bad-element", element).into())
        };
        match (self.start, self.stop) {
            (None, Some(_)) => wrong(
                ErrorTag::MissingElement,
                "startTime",
                "a stopTime needs a startTime: it ends a replay, and what follows it".to_owned(),
            ),
            (Some(start), _) if start > now => wrong(
                ErrorTag::BadElement,
                "startTime",
                format!(
                    "the startTime {start} has not come yet, it is {now}; leave it out for events from now on"
                ),
            ),
            (Some(start), Some(stop)) if stop < start => wrong(
                ErrorTag::BadElement,
                "stopTime",
                format!("the stopTime {stop} is before the startTime {start}"),
            ),
            _ => Ok(()),
        }
    }
}

fn parameter<'c>(call: &'c OperationCall, name: &str) -> Option<&'c Content> {
    let root = call.input.root();
    let id = call.schema.data_child_any_module(root.id(), name)?;
    root.get(id)
}

fn text<'c>(call: &'c OperationCall, name: &str) -> Option<&'c str> {
    match parameter(call, name)? {
        Content::Leaf(value) => value.as_str(),
        _ => None,
    }
}

fn time(call: &OperationCall, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = text(call, name) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|error| {
        let message = format!("{text} is not a time: {error}");
        Report::new(ErrorLayer::Protocol, ErrorTag::InvalidValue, message)
            .with_info("bad-element", name)
            .into()
    })
}

/// The filter, as RFC 6241 writes it: its content, or an expression in attributes.
fn filter(call: &OperationCall) -> Result<Option<Filter>> {
    let Some(Content::Any(content)) = parameter(call, "filter") else {
        return Ok(None);
    };
    let tag = call
        .start_tag(&["create-subscription", "filter"])
        .unwrap_or_default();
    let attribute = |tag: ErrorTag, name: &str, message: String| {
        Report::new(ErrorLayer::Protocol, tag, message)
            .with_info("bad-attribute", name)
            .with_info("bad-element", "filter")
    };
    match tag.attribute(BASE, "type").unwrap_or("subtree") {
        "subtree" => {
            let content = content.to_xml(&call.schema).into_owned();
            Ok(Some(Filter::Subtree(Document::xml(content.into_bytes()))))
        }
        "xpath" => match tag.attribute(BASE, "select") {
            Some(select) => Ok(Some(Filter::XPath {
                select: select.to_owned(),
                namespaces: tag.namespaces.clone(),
            })),
            None => Err(attribute(
                ErrorTag::MissingAttribute,
                "select",
                "a filter of type xpath needs its expression in the attribute select".to_owned(),
            )
            .into()),
        },
        other => Err(attribute(
            ErrorTag::BadAttribute,
            "type",
            format!("a filter is of type subtree or xpath, not {other:?}"),
        )
        .into()),
    }
}

/// A subscription at work.
struct Subscription {
    engine: WeakEngine,
    clock: Arc<dyn Clock>,
    call: Call,
    mailbox: Mailbox,
    cursor: Cursor,
    filter: Option<Arc<EventFilter>>,
    stop: Option<Timestamp>,
    counts: Arc<Counts>,
}

/// Nobody takes what is sent, or nobody is left who makes it.
struct Gone;

impl Subscription {
    async fn run(mut self) -> std::result::Result<(), Gone> {
        let end = loop {
            let left = self.stop.map(|stop| until(self.clock.now(), stop));
            if left.is_some_and(|left| left.is_zero()) {
                // What comes from now on is after the stop time.
                break self.cursor.stream().end();
            }
            let stops = self.clock.sleep(left.unwrap_or_default());
            let next = tokio::select! {
                biased;
                () = self.mailbox.notices.closed() => return Err(Gone),
                next = self.cursor.next() => next,
                () = stops, if left.is_some() => continue,
            };
            self.deliver(next).await?;
        };
        while self.cursor.position() < end || self.cursor.replays() {
            let Some(next) = self.cursor.try_next() else {
                break;
            };
            self.deliver(next).await?;
        }
        self.say("nc-notifications", "notificationComplete", json!({}))
            .await
    }

    async fn deliver(&self, next: Next) -> std::result::Result<(), Gone> {
        match next {
            Next::Event(event) if self.stop.is_some_and(|stop| event.time() > stop) => Ok(()),
            Next::Event(event) => self.event(event).await,
            Next::ReplayComplete => {
                self.say("nc-notifications", "replayComplete", json!({}))
                    .await
            }
            Next::Missed(count) => {
                self.counts.missed.fetch_add(count, Ordering::Relaxed);
                let stream = &self.cursor.stream().name;
                tracing::warn!(
                    "the subscriber in session {} is too slow for the stream {stream}: {count} events have gone before it took them",
                    self.call.session
                );
                let content = json!({ "stream": &**stream, "count": count.to_string() });
                self.say("banyan", "notifications-missed", content).await
            }
        }
    }

    async fn event(&self, event: Arc<Event>) -> std::result::Result<(), Gone> {
        let engine = self.engine.upgrade().ok_or(Gone)?;
        let time = event.time();
        let rendered = notice::rendered(&engine, &self.call, &self.filter, &self.mailbox, event);
        let document = match rendered.await {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::warn!(
                    "an event of {time} cannot be sent to session {}: {error}",
                    self.call.session
                );
                return Ok(());
            }
        };
        // Held no longer: it may take long until there is room.
        drop(engine);
        self.send(time, document).await
    }

    /// What is said of the subscription itself: never filtered, never denied.
    async fn say(
        &self,
        module: &str,
        name: &str,
        content: serde_json::Value,
    ) -> std::result::Result<(), Gone> {
        let engine = self.engine.upgrade().ok_or(Gone)?;
        let encoding = self.mailbox.encoding;
        let document = match notice::of_the_server(&engine, module, name, &content, encoding) {
            Ok(Some(document)) => document,
            // The module is not loaded.
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::error!("{module}:{name} cannot be sent: {error}");
                return Ok(());
            }
        };
        drop(engine);
        self.send(self.clock.now(), document).await
    }

    async fn send(&self, time: Timestamp, document: Document) -> std::result::Result<(), Gone> {
        let sent = notice::send(&self.mailbox, time, document).await;
        sent.map_err(|_| Gone)?;
        self.counts.delivered.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// How long it is until then; zero when it has come.
fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

//! Requests: subscriptions are made, changed and ended.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use banyan_yang::schema::Schema;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::delivery::{Delivery, Feed};
use super::events::Reading;
use super::on_change::Changes;
use super::periodic::Readings;
use super::terms::{Data, Events, Modified, Periodic, Store, Target, Terms, Trigger, centiseconds};
use super::watch::Watch;
use super::{About, Bound, Order, Refusal, Subscription, Subscriptions, Why, locked};
use crate::backend::{Call, Encoding, Result};
use crate::bind::{self, Selection};
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::monitor;
use crate::notice::Mailbox;
use crate::stream::{EventFilter, Passes};

/// The shortest period: a hint when a shorter one is asked for.
const SHORTEST: Duration = Duration::from_millis(100);

/// A subscription that was made.
pub(crate) struct Established {
    pub id: u32,
    /// Replay begins then, not when it was asked for: what came before is not kept.
    pub replay_from: Option<Timestamp>,
}

impl Target {
    fn about_establishing(&self) -> About {
        match self {
            Target::Events(_) => About::EstablishEvents,
            Target::Data(_) => About::EstablishData,
        }
    }
}

impl Engine {
    /// Makes a subscription for the session of `call` and starts it; returns its number. `encoding` is that of its
    /// notifications, else it is the front end's.
    ///
    /// # Errors
    /// See RFC 8639 2.4.2 and RFC 8641 4.4.1: the identity is the error-app-tag.
    pub(crate) async fn establish(
        &self,
        call: &Call,
        terms: Terms,
        encoding: Option<Encoding>,
    ) -> Result<Established> {
        let core = &self.0;
        let about = terms.target.about_establishing();
        let (mailbox, ended) = self.receiver(call)?;
        let encoding = encoding.unwrap_or(mailbox.encoding);
        check_times(&terms, core.seams.clock.now())?;
        // Before the first look: no change is missed between them.
        let changed = core.announced.listen();
        let (feed, revised) = match &terms.target {
            Target::Data(data) => {
                let selection = self.usable(data, about).await?;
                (self.feed_of(call, data.clone(), selection).await?, None)
            }
            Target::Events(events) => self.feed_of_events(events).await?,
        };
        let (orders, taken) = mpsc::unbounded_channel();
        // Whoever waits for the answer to the request does not wait for the subscription.
        let call = Call::new(call.session, call.principal.clone());
        let session = call.session;
        let made = core.subscriptions.add(session, |id| Subscription {
            id,
            call,
            encoding,
            terms: Mutex::new(terms),
            sent: AtomicU64::new(0),
            excluded: AtomicU64::new(0),
            orders,
        });
        let Some(subscription) = made else {
            return Err(too_many(&core.subscriptions).about(about));
        };
        let id = subscription.id;
        let delivery = Delivery {
            subscription,
            subscriptions: core.subscriptions.clone(),
            engine: self.downgrade(),
            clock: core.seams.clock.clone(),
            ended,
            changed,
            orders: taken,
            notices: mailbox.notices,
            feed,
        };
        tokio::spawn(delivery.run());
        Ok(Established {
            id,
            replay_from: revised,
        })
    }

    /// Changes a subscription of the session; what is not named stays.
    ///
    /// # Errors
    /// It is not the session's, it is of another kind than what is to be changed, or the new terms cannot be kept.
    pub(crate) async fn modify_subscription(
        &self,
        call: &Call,
        id: u32,
        modified: Modified,
    ) -> Result<()> {
        let about = match modified.store {
            Some(_) => About::ModifyData,
            None => About::ModifyEvents,
        };
        let subscription = self
            .own_subscription(call, id)
            .map_err(|it| it.about(about))?;
        let mut terms = subscription.terms();
        if let Some(stop) = modified.stop {
            if stop <= self.0.seams.clock.now() {
                let message = "the stop time is over already; to end the subscription, delete it";
                return Err(BackendError::new(ErrorTag::InvalidValue, message));
            }
            terms.stop = Some(stop);
        }
        let filtered = modified.filter.is_some();
        modified.apply(id, &mut terms.target)?;
        let bound = match &terms.target {
            Target::Data(data) => Some(Bound::Selection(self.usable(data, about).await?)),
            Target::Events(events) => self.event_filter(events, about).await?.map(Bound::Events),
        };
        *locked(&subscription.terms) = terms.clone();
        subscription.order(Order::Modify(Box::new(terms), bound.filter(|_| filtered)));
        Ok(())
    }

    /// Ends a subscription of the session (RFC 8639 2.4.4).
    ///
    /// # Errors
    /// There is none of that number, or it is of another session.
    pub(crate) fn delete_subscription(&self, call: &Call, id: u32) -> Result<()> {
        let subscription = self.own_subscription(call, id);
        let subscription = subscription.map_err(|it| it.about(About::Delete))?;
        self.0.subscriptions.remove(id);
        subscription.order(Order::End { told: false });
        Ok(())
    }

    /// Ends anybody's subscription; its receiver is told (RFC 8639 2.4.5).
    ///
    /// # Errors
    /// There is none of that number.
    pub(crate) fn kill_subscription(&self, id: u32) -> Result<()> {
        let Some(subscription) = self.0.subscriptions.get(id) else {
            return Err(unknown(id).about(About::Delete));
        };
        self.0.subscriptions.remove(id);
        subscription.order(Order::End { told: true });
        Ok(())
    }

    /// Sends all there is once more (RFC 8641 4.4.5).
    ///
    /// # Errors
    /// There is none of that number, it is of another session, or it is not one to changes.
    pub(crate) fn resync_subscription(&self, call: &Call, id: u32) -> Result<()> {
        let as_resync = |refusal: Refusal| {
            Refusal {
                why: Why::NoSuchSubscriptionResync,
                ..refusal
            }
            .about(About::Resync)
        };
        let subscription = self.own_subscription(call, id).map_err(as_resync)?;
        let what = match subscription.terms().target {
            Target::Events(_) => Some("to a stream, which has no state"),
            Target::Data(Data {
                trigger: Trigger::Periodic(_),
                ..
            }) => Some("periodic: each of its updates has all there is"),
            Target::Data(_) => None,
        };
        if let Some(what) = what {
            let message = format!(
                "subscription {id} is {what}; resync is for those to changes of a datastore"
            );
            return Err(as_resync(Refusal::new(
                Why::NoSuchSubscriptionResync,
                message,
            )));
        }
        subscription.order(Order::Resync);
        Ok(())
    }

    /// Where the notices of the caller's session go, and its end.
    fn receiver(&self, call: &Call) -> Result<(Mailbox, crate::backend::Cancel)> {
        let session = self.0.sessions.get(call.session);
        let with_mailbox = session.and_then(|session| Some((session.mailbox?, session.ended)));
        with_mailbox.ok_or_else(|| {
            BackendError::new(
                ErrorTag::OperationNotSupported,
                "this session takes no notifications, so it cannot subscribe; subscribe over NETCONF",
            )
        })
    }

    fn own_subscription(
        &self,
        call: &Call,
        id: u32,
    ) -> std::result::Result<Arc<Subscription>, Refusal> {
        let known = self.0.subscriptions.get(id);
        known
            .filter(|subscription| subscription.session() == call.session)
            .ok_or_else(|| unknown(id))
    }

    /// The filter of a subscription to a datastore, bound; and whether all that is asked for can be done.
    async fn usable(&self, data: &Data, about: About) -> Result<Selection> {
        let core = &self.0;
        if let Trigger::Periodic(Periodic { period, .. }) = &data.trigger
            && *period < SHORTEST
        {
            let hint = centiseconds(SHORTEST);
            let message = format!(
                "a period of {} is too short; the shortest is {hint} hundredths of a second",
                centiseconds(*period)
            );
            let refusal = Refusal::new(Why::PeriodUnsupported, message);
            return Err(refusal.with_hint("period-hint", hint).about(about));
        }
        if let (Trigger::OnChange(_), Store::Candidate) = (&data.trigger, data.store) {
            let message =
                "changes of the candidate are not announced; subscribe to running, or periodically";
            return Err(Refusal::new(Why::OnChangeUnsupported, message).about(about));
        }
        let (schema, mounts) = (core.schema.clone(), core.mounts.clone());
        let filter = data.filter.clone();
        let selection = on_pool(move || Selection::of(&schema, filter.as_ref(), &mounts)).await?;
        let selection = selection.map_err(|error| Refusal::of_filter(&error).about(about))?;
        if let Some(reach) = selection.reach() {
            if never(&core.schema, data.store, reach) {
                let message = format!(
                    "the filter selects nothing that could ever be in {}; look at the names and namespaces in it",
                    data.store.name()
                );
                return Err(Refusal::new(Why::UnchangingSelection, message).about(about));
            }
            if let (Trigger::OnChange(_), Store::Operational) = (&data.trigger, data.store)
                && self.is_only_pulled(reach)
            {
                let message = "nobody announces changes of what the filter selects: it is asked for when it is read; \
                               subscribe periodically";
                return Err(Refusal::new(Why::OnChangeUnsupported, message).about(about));
            }
        }
        Ok(selection)
    }

    /// Whether all of these instances are known only when somebody asks for them.
    fn is_only_pulled(&self, reach: &[banyan_data::path::InstancePath]) -> bool {
        let own = [monitor::PATH, monitor::PENDING, super::PATH];
        let own: Vec<_> = own
            .iter()
            .filter_map(|path| bind::top_level(&self.0.schema, path))
            .collect();
        let covers = self.0.providers.iter().flat_map(|source| &source.covers);
        let covers: Vec<_> = covers.map(|cover| &cover.path).chain(&own).collect();
        let covered = |path| {
            covers
                .iter()
                .any(|cover| crate::provider::covers(cover, path))
        };
        reach.iter().all(covered)
    }

    /// What feeds a subscription to a datastore, as it is now.
    async fn feed_of(&self, call: &Call, data: Data, selection: Selection) -> Result<Feed> {
        match data.trigger.clone() {
            Trigger::Periodic(terms) => {
                let now = self.clock().now();
                Ok(Feed::Readings(Readings::new(data, terms, now)))
            }
            Trigger::OnChange(terms) => {
                let (engine, call, store) = (self.clone(), call.clone(), data.store);
                let watch =
                    on_pool(move || Watch::of(selection, store.now(&engine, &call)?)).await?;
                let watch = watch
                    .map_err(|error| Refusal::of_filter(&error).about(About::EstablishData))?;
                Ok(Feed::Changes(Changes::new(store, terms, watch)))
            }
        }
    }

    /// What feeds a subscription to a stream, and when its replay begins if that is not when it was asked for.
    async fn feed_of_events(&self, events: &Events) -> Result<(Feed, Option<Timestamp>)> {
        let about = About::EstablishEvents;
        let streams = &self.0.streams;
        let stream = streams.named(&events.stream)?;
        let mut revised = None;
        if let Some(from) = events.replay_from {
            if !stream.replays() {
                let message = format!(
                    "the stream {} keeps no past events; subscribe without replay-start-time, or let it keep some \
                     (stream.retention)",
                    events.stream
                );
                return Err(Refusal::new(Why::ReplayUnsupported, message).about(about));
            }
            let oldest = stream.aged().unwrap_or(stream.created);
            revised = Some(oldest).filter(|oldest| from < *oldest);
        }
        let filter = self.event_filter(events, about).await?;
        let cursor = streams.cursor(&events.stream, events.replay_from)?;
        Ok((Feed::Events(Reading::new(cursor, filter)), revised))
    }

    /// The filter of a subscription to a stream, bound.
    async fn event_filter(&self, events: &Events, about: About) -> Result<Option<EventFilter>> {
        let Some(filter) = events.filter.clone() else {
            return Ok(None);
        };
        let engine = self.clone();
        let bind = move || EventFilter::bind(&engine, &filter, Passes::Whole);
        let bound = on_pool(bind).await?;
        bound
            .map(Some)
            .map_err(|error| Refusal::of_filter(&error).about(about))
    }
}

/// RFC 8639 2.4.2: a replay begins in the past, and what ends in the past is a replay.
fn check_times(terms: &Terms, now: Timestamp) -> Result<()> {
    let from = match &terms.target {
        Target::Events(events) => events.replay_from,
        Target::Data(_) => None,
    };
    let wrong = |leaf: &str, message: &str| {
        let report = Report::new(ErrorLayer::Application, ErrorTag::InvalidValue, message);
        Err(report.with_info("bad-element", leaf).into())
    };
    if from.is_some_and(|from| from > now) {
        let message = "replay-start-time is still to come; only what is past can be replayed";
        return wrong("replay-start-time", message);
    }
    match (from, terms.stop) {
        (Some(from), Some(stop)) if stop < from => {
            wrong("stop-time", "the stop time is before replay-start-time")
        }
        (None, Some(stop)) if stop <= now => wrong(
            "stop-time",
            "the stop time is over already; give one that is to come, or none",
        ),
        _ => Ok(()),
    }
}

impl Modified {
    /// Puts what is named in the place of what was agreed on for subscription `id`.
    fn apply(self, id: u32, target: &mut Target) -> Result<()> {
        let other = |what: &str| {
            let message = format!(
                "subscription {id} is one to {what}; a modification cannot change that: delete it and establish another"
            );
            BackendError::new(ErrorTag::InvalidValue, message)
        };
        let data = match (target, self.store) {
            (Target::Events(events), None) => {
                events.filter = self.filter.or(events.filter.take());
                return Ok(());
            }
            (Target::Events(_), Some(_)) => return Err(other("a stream")),
            (Target::Data(data), Some(store)) if store == data.store => data,
            (Target::Data(data), _) => return Err(other(data.store.name())),
        };
        data.filter = self.filter.or(data.filter.take());
        match (&mut data.trigger, self.periodic, self.on_change) {
            (_, None, None) => {}
            (Trigger::Periodic(trigger), Some(periodic), _) => *trigger = periodic,
            (Trigger::OnChange(trigger), _, Some(dampening)) => trigger.dampening = dampening,
            (Trigger::Periodic(_), ..) => return Err(other("what there is at intervals")),
            (Trigger::OnChange(_), ..) => return Err(other("changes")),
        }
        Ok(())
    }
}

/// Whether nothing that a filter may look at can be in the datastore, whatever is written into it.
fn never(schema: &Schema, store: Store, reach: &[banyan_data::path::InstancePath]) -> bool {
    let configuration = |path: &banyan_data::path::InstancePath| {
        let last = path.steps.last();
        last.is_none_or(|step| schema.node(step.node).config)
    };
    reach.is_empty() || store != Store::Operational && !reach.iter().any(configuration)
}

fn unknown(id: u32) -> Refusal {
    Refusal::new(
        Why::NoSuchSubscription,
        format!(
            "this session has no subscription {id}; those that are open are in /ietf-subscribed-notifications:subscriptions"
        ),
    )
}

fn too_many(subscriptions: &Subscriptions) -> Refusal {
    Refusal::new(
        Why::InsufficientResources,
        format!(
            "a session may have {} subscriptions (subscription.max), and this one has them; delete one, or open another session",
            subscriptions.most
        ),
    )
}

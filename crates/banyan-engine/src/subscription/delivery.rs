//! The task of a subscription: waits for something to tell and for room in the session's mailbox, and puts it there.
//!
//! What is told is made when there is room for it, not before: so a slow subscriber gets what is the case then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::events::{Beside, Reading};
use super::message::{self, Reason};
use super::on_change::Changes;
use super::periodic::Readings;
use super::terms::{Target, Trigger};
use super::{Bound, Order, Subscription, Subscriptions, Terms};
use crate::backend::{Cancel, Document};
use crate::clock::Clock;
use crate::engine::WeakEngine;
use crate::error::BackendError;
use crate::notice::Notice;

/// What a feed has for its subscriber.
pub(super) enum Outcome {
    /// Nothing, after all.
    Nothing,
    /// A notification, with the time of what it tells.
    Send(Timestamp, Document),
    /// It cannot go on.
    Failed(BackendError),
}

/// What a subscription gets its notifications from.
pub(super) enum Feed {
    Changes(Changes),
    Readings(Readings),
    Events(Reading),
}

/// The task of a subscription.
pub(super) struct Delivery {
    pub subscription: Arc<Subscription>,
    pub subscriptions: Arc<Subscriptions>,
    pub engine: WeakEngine,
    pub clock: Arc<dyn Clock>,
    /// The end of the session.
    pub ended: Cancel,
    /// Tells of changes, and of the end of the engine.
    pub changed: watch::Receiver<()>,
    pub orders: mpsc::UnboundedReceiver<Order>,
    pub notices: mpsc::Sender<Notice>,
    pub feed: Feed,
}

/// What is left to be said of the subscription itself, before anything else.
#[derive(Default)]
struct Said {
    waiting: VecDeque<Document>,
    /// Nothing comes after it.
    over: bool,
}

impl Delivery {
    /// Runs until the subscription, its session or the engine ends.
    pub async fn run(mut self) {
        let mut said = Said::default();
        let notices = self.notices.clone();
        loop {
            let now = self.clock.now();
            self.stop_in_time(now, &mut said);
            if said.over && said.waiting.is_empty() {
                break;
            }
            let wants_room = !said.waiting.is_empty() || self.is_due(now);
            let timer = self.next(now).filter(|_| !said.over);
            let follows = matches!(self.feed, Feed::Changes(_));
            tokio::select! {
                biased;
                () = self.ended.cancelled() => break,
                order = self.orders.recv() => match order {
                    None | Some(Order::End { told: false }) => break,
                    Some(order) => self.obey(order, &mut said),
                },
                permit = notices.reserve(), if wants_room => {
                    // The front end takes no more.
                    let Ok(permit) = permit else { break };
                    if let Some(notice) = self.notice(&mut said).await {
                        permit.send(notice);
                    }
                }
                changed = change(follows, &mut self.changed) => match changed {
                    Ok(()) => self.woken(),
                    Err(_) => break,
                },
                beside = next_event(&mut self.feed), if !said.over => {
                    if let Some(beside) = beside {
                        self.tell_beside(beside, &mut said);
                    }
                }
                () = sleep(&*self.clock, timer), if timer.is_some() => {}
            }
        }
        self.subscriptions.remove(self.subscription.id);
    }

    /// Ends the subscription when its time has come, and all that happened before has been told.
    fn stop_in_time(&mut self, now: Timestamp, said: &mut Said) {
        let stop = self.subscription.terms().stop;
        let may_stop = !said.over && said.waiting.is_empty();
        let Some(stop) = stop.filter(|stop| may_stop && *stop <= now) else {
            return;
        };
        if let Feed::Events(feed) = &mut self.feed {
            match feed.is_spent(stop) {
                Ok(true) => {}
                Ok(false) => return,
                Err(beside) => return self.tell_beside(beside, said),
            }
        }
        let (id, encoding) = (self.subscription.id, self.subscription.encoding);
        said.end(message::completed(id, encoding));
    }

    /// Tells what a stream has beside events: it comes in its place among them.
    fn tell_beside(&self, beside: Beside, said: &mut Said) {
        let (id, encoding) = (self.subscription.id, self.subscription.encoding);
        match beside {
            Beside::ReplayCompleted => {
                said.waiting
                    .push_back(message::replay_completed(id, encoding));
            }
            // RFC 8639 2.7.3: what would have been sent meanwhile is lost, and the subscriber knows it.
            Beside::Missed(count) => {
                tracing::info!(subscription = id, "too slow, missed events: {count}");
                said.waiting.push_back(message::suspended(id, encoding));
                said.waiting.push_back(message::resumed(id, encoding));
            }
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        match &self.feed {
            Feed::Events(feed) => feed.is_due(),
            Feed::Changes(feed) => feed.is_due(now),
            Feed::Readings(feed) => feed.is_due(now),
        }
    }

    /// How long it takes until something may be due that is not, if time alone brings it.
    fn next(&self, now: Timestamp) -> Option<Duration> {
        let next = match &self.feed {
            Feed::Changes(feed) => feed.next(),
            Feed::Readings(feed) => Some(feed.next()),
            Feed::Events(_) => None,
        };
        let next = next.filter(|next| *next > now);
        let stop = self.subscription.terms().stop.filter(|stop| *stop > now);
        let first = next.into_iter().chain(stop).min()?;
        Some(Duration::try_from(first.duration_since(now)).unwrap_or_default())
    }

    fn woken(&mut self) {
        if let Feed::Changes(feed) = &mut self.feed {
            feed.woken();
        }
    }

    /// What comes next: something about the subscription itself, or what its feed has.
    async fn notice(&mut self, said: &mut Said) -> Option<Notice> {
        if let Some(document) = said.waiting.pop_front() {
            let time = self.clock.now();
            return Some(Notice { time, document });
        }
        let engine = self.engine.upgrade()?;
        // What changes from here on is seen by the next look at the latest.
        self.changed.borrow_and_update();
        let outcome = match &mut self.feed {
            Feed::Changes(feed) => feed.update(&engine, &self.subscription).await,
            Feed::Readings(feed) => feed.update(&engine, &self.subscription).await,
            Feed::Events(feed) => feed.update(&engine, &self.subscription).await,
        };
        match outcome {
            Outcome::Nothing => None,
            Outcome::Send(time, document) => {
                self.subscription.sent.fetch_add(1, Ordering::Relaxed);
                Some(Notice { time, document })
            }
            Outcome::Failed(error) => {
                self.fail(&error, said);
                None
            }
        }
    }

    fn fail(&self, error: &BackendError, said: &mut Said) {
        let (id, encoding) = (self.subscription.id, self.subscription.encoding);
        tracing::warn!(subscription = id, "a subscription cannot go on: {error}");
        said.end(message::terminated(id, Reason::FilterUnavailable, encoding));
    }

    fn obey(&mut self, order: Order, said: &mut Said) {
        let (id, encoding) = (self.subscription.id, self.subscription.encoding);
        match order {
            Order::End { .. } => {
                said.end(message::terminated(
                    id,
                    Reason::NoSuchSubscription,
                    encoding,
                ));
            }
            Order::Resync => {
                if let Feed::Changes(feed) = &mut self.feed {
                    feed.resync();
                }
            }
            Order::Modify(terms, filter) => {
                let Some(engine) = self.engine.upgrade() else {
                    return;
                };
                let modified = message::modified(engine.schema(), id, &terms, encoding);
                self.modify(*terms, filter);
                match modified {
                    Ok(modified) => said.waiting.push_back(modified),
                    Err(error) => self.fail(&error, said),
                }
            }
        }
    }

    fn modify(&mut self, terms: Terms, filter: Option<Bound>) {
        let now = self.clock.now();
        match (&mut self.feed, terms.target, filter) {
            (Feed::Changes(feed), Target::Data(data), filter) => {
                let selection = match filter {
                    Some(Bound::Selection(selection)) => Some(selection),
                    _ => None,
                };
                if let Trigger::OnChange(terms) = data.trigger {
                    feed.modify(terms, selection);
                }
            }
            (Feed::Readings(feed), Target::Data(data), _) => {
                if let Trigger::Periodic(terms) = data.trigger.clone() {
                    feed.modify(data, terms, now);
                }
            }
            (Feed::Events(feed), _, Some(Bound::Events(filter))) => feed.modify(filter),
            // One kind does not become the other.
            _ => {}
        }
    }
}

impl Said {
    /// The last word; what was not said yet is not said any more.
    fn end(&mut self, document: Document) {
        self.waiting.clear();
        self.waiting.push_back(document);
        self.over = true;
    }
}

async fn sleep(clock: &dyn Clock, time: Option<Duration>) {
    match time {
        Some(time) => clock.sleep(time).await,
        None => std::future::pending().await,
    }
}

/// What the stream has next, while no event of it is held.
async fn next_event(feed: &mut Feed) -> Option<Beside> {
    match feed {
        Feed::Events(feed) if !feed.is_due() => feed.next().await,
        _ => std::future::pending().await,
    }
}

/// A change, for who `follows` them; an error when the engine is gone.
async fn change(
    follows: bool,
    changed: &mut watch::Receiver<()>,
) -> std::result::Result<(), watch::error::RecvError> {
    loop {
        changed.changed().await?;
        if follows {
            return Ok(());
        }
    }
}

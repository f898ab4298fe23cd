//! Updates at intervals (RFC 8641 3.1): each is a read of the datastore as any other.

use jiff::{SignedDuration, Timestamp};

use super::Subscription;
use super::delivery::Outcome;
use super::message;
use super::terms::{Data, Periodic};
use crate::backend::{Body, Result};
use crate::engine::Engine;
use crate::nmda::{GetData, OnMissing, ReadFrom};
use banyan_data::document::Layout;

/// What feeds a periodic subscription.
pub(super) struct Readings {
    data: Data,
    terms: Periodic,
    /// When it was made: what counts as its anchor when it has none.
    since: Timestamp,
    /// When the next update is due.
    next: Timestamp,
}

/// The first time from `now` on that is a whole number of periods away from `anchor`.
fn aligned(anchor: Timestamp, period: std::time::Duration, now: Timestamp) -> Timestamp {
    let period = period.as_nanos() as i128;
    let away = now.as_nanosecond() - anchor.as_nanosecond();
    let late = match period {
        0 => 0,
        period => away.rem_euclid(period),
    };
    let wait = if late == 0 { 0 } else { period - late };
    let at = now.as_nanosecond() + wait;
    Timestamp::from_nanosecond(at).unwrap_or(Timestamp::MAX)
}

impl Readings {
    /// Without an anchor, the first one is due at once.
    pub fn new(data: Data, terms: Periodic, now: Timestamp) -> Readings {
        let anchor = terms.anchor.unwrap_or(now);
        Readings {
            next: aligned(anchor, terms.period, now),
            data,
            terms,
            since: now,
        }
    }

    /// Other terms, from now on.
    pub fn modify(&mut self, data: Data, terms: Periodic, now: Timestamp) {
        *self = Readings::new(data, terms, now);
    }

    /// Whether an update is due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next <= now
    }

    /// When the next one is.
    pub fn next(&self) -> Timestamp {
        self.next
    }

    /// The update that is due. Those that nobody had room for are not made up for.
    pub async fn update(&mut self, engine: &Engine, subscription: &Subscription) -> Outcome {
        let now = engine.clock().now();
        let anchor = self.terms.anchor.unwrap_or(self.since);
        let after = now.checked_add(SignedDuration::from_nanos(1));
        self.next = aligned(anchor, self.terms.period, after.unwrap_or(now));
        match self.read(engine, subscription).await {
            Ok(Some(document)) => Outcome::Send(now, document),
            Ok(None) => Outcome::Nothing,
            Err(error) => Outcome::Failed(error),
        }
    }

    async fn read(
        &self,
        engine: &Engine,
        subscription: &Subscription,
    ) -> Result<Option<crate::backend::Document>> {
        if !subscription.hears(engine, "push-update")? {
            return Ok(None);
        }
        let get = GetData {
            filter: self.data.filter.clone(),
            on_missing: OnMissing::Tell,
            encoding: subscription.encoding,
            ..GetData::of(self.data.store.read_from())
        };
        let tree = match get.from {
            ReadFrom::Store(store) => engine.tree_of(subscription.call.session, store),
            _ => engine.running().tree,
        };
        let call = &subscription.call;
        let data = engine.read_data(call, tree, get, Layout::Compact).await?;
        let contents = match data.body {
            Body::Whole(bytes) => bytes,
            stream => stream.collect().await?,
        };
        let incomplete = !data.missing.is_empty();
        Ok(Some(message::push_update_of(
            subscription.id,
            &contents,
            incomplete,
            subscription.encoding,
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn updates_come_at_whole_periods_from_the_anchor() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let period = Duration::from_millis(300);
        for (anchor, now, next) in [
            (0, 0, 0),
            (0, 1, 300),
            (0, 300, 300),
            (0, 301, 600),
            (1000, 0, 100),
            (1000, 100, 100),
            (1000, 101, 400),
        ] {
            assert_eq!(
                aligned(at(anchor), period, at(now)),
                at(next),
                "{anchor} {now}"
            );
        }
    }
}

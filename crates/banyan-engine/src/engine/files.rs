//! Writes files that follow, when commits pause: that of running, and those of stores that running was copied to.

use std::sync::Arc;
use std::time::Duration;

use super::{Core, Engine};
use crate::keeper::{Behind, Keeper};
use crate::number::Seq;

/// For how long no commit has come.
struct Quiet {
    /// The newest one.
    seq: Seq,
    /// Since when it is that; on the monotonic clock.
    since: Duration,
}

/// What is to be done next.
enum Next {
    /// Nothing, until a file falls behind.
    Rest,
    /// Look again after so long.
    Wait(Duration),
    /// Write these.
    Write(Vec<String>),
}

impl Quiet {
    /// What is to be done about these files now.
    fn next(&self, now: Duration, behind: Vec<Behind>) -> Next {
        let left = |file: &Behind| {
            let since = file.since.map_or(self.since, |since| since.max(self.since));
            (since + file.pause).saturating_sub(now)
        };
        let Some(soonest) = behind.iter().map(left).min() else {
            return Next::Rest;
        };
        if soonest > Duration::ZERO {
            return Next::Wait(soonest);
        }
        let due = behind.into_iter().filter(|file| left(file).is_zero());
        Next::Write(due.map(|file| file.store).collect())
    }
}

/// Writes files when commits pause, or when they are far behind. Does not keep the engine alive.
pub(super) fn keep(engine: &Engine) {
    let Some(keeper) = &engine.0.keeper else {
        return;
    };
    let behind = keeper.behind.clone();
    let idle = keeper.idle();
    let weak = engine.downgrade();
    let stopping = engine.0.stopping.clone();
    let clock = engine.0.seams.clock.clone();
    let mut quiet = Quiet {
        seq: engine.running().seq,
        since: clock.monotonic(),
    };
    tokio::spawn(async move {
        loop {
            let Some(Engine(core)) = weak.upgrade() else {
                return;
            };
            let Some(keeper) = &core.keeper else { return };
            let (now, seq) = (clock.monotonic(), core.running.load().seq);
            if seq != quiet.seq {
                quiet = Quiet { seq, since: now };
            }
            match quiet.next(now, keeper.files_behind(seq)) {
                Next::Rest => {
                    drop(core);
                    tokio::select! {
                        () = behind.notified() => {}
                        () = stopping.cancelled() => return,
                    }
                }
                Next::Wait(left) => {
                    drop(core);
                    tokio::select! {
                        () = clock.sleep(left) => {}
                        () = stopping.cancelled() => return,
                    }
                }
                Next::Write(stores) => {
                    let written = tokio::task::spawn_blocking(move || write(&core, &stores));
                    let whole = written.await.unwrap_or_else(|error| {
                        tracing::error!("writing files failed: {error}");
                        false
                    });
                    if !whole {
                        tokio::select! {
                            () = clock.sleep(idle * 10) => {}
                            () = stopping.cancelled() => return,
                        }
                    }
                }
            }
        }
    });
}

/// Writes these files; whether all could be written.
fn write(core: &Arc<Core>, stores: &[String]) -> bool {
    let one = |keeper: &Keeper, store: &str| match store {
        "running" => keeper.checkpoint(&core.running.load()),
        store => keeper.write_follower(store),
    };
    let Ok(_writing) = core.in_progress.write() else {
        // A stop has written them.
        return true;
    };
    let mut whole = true;
    for store in stores {
        let written = core.keeper.as_ref().map(|keeper| one(keeper, store));
        if let Some(Err(error)) = written {
            tracing::warn!("{error}; what was answered is safe in the log, trying again later");
            whole = false;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(pause: u64, since: Option<u64>) -> Behind {
        Behind {
            store: pause.to_string(),
            pause: Duration::from_millis(pause),
            since: since.map(Duration::from_millis),
        }
    }

    /// As text: when no commit has come since 100 ms, and it is so late now.
    fn next(now: u64, files: Vec<Behind>) -> String {
        let quiet = Quiet {
            seq: Seq(1),
            since: Duration::from_millis(100),
        };
        match quiet.next(Duration::from_millis(now), files) {
            Next::Rest => "rest".to_owned(),
            Next::Wait(left) => format!("wait {}", left.as_millis()),
            Next::Write(stores) => format!("write {}", stores.join(" ")),
        }
    }

    #[test]
    fn each_file_waits_for_its_own_pause_since_the_last_commit_and_since_it_fell_behind() {
        assert_eq!(next(100, vec![]), "rest");
        assert_eq!(
            next(100, vec![behind(50, None), behind(60, None)]),
            "wait 50"
        );
        assert_eq!(
            next(150, vec![behind(50, None), behind(60, None)]),
            "write 50"
        );
        assert_eq!(
            next(160, vec![behind(50, None), behind(60, None)]),
            "write 50 60"
        );
        // It was copied later than the last commit, or before it.
        assert_eq!(next(150, vec![behind(50, Some(130))]), "wait 30");
        assert_eq!(next(150, vec![behind(50, Some(20))]), "write 50");
        assert_eq!(next(100, vec![behind(0, None)]), "write 0");
    }
}

//! The span tree of a commit that is over: where its time went.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::stage::{CommitResult, Count, Stage};
use crate::number::{Seq, SessionId, Tid};

/// A measured part of a commit, with the parts that it consists of.
#[derive(Clone, PartialEq, Debug)]
pub struct Span {
    /// Which part.
    pub stage: Stage,
    /// The participant that was asked.
    pub participant: Option<Arc<str>>,
    /// When it began, from the commit's beginning.
    pub start: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Whether it is here that something was refused or failed.
    pub failed: bool,
    /// What was counted in it.
    pub counts: Vec<(Count, u64)>,
    /// Its parts, in the order in which they began.
    pub children: Vec<Span>,
}

impl Span {
    pub(super) fn new(stage: Stage, start: Duration) -> Span {
        Span {
            stage,
            participant: None,
            start,
            duration: Duration::ZERO,
            failed: false,
            counts: Vec::new(),
            children: Vec::new(),
        }
    }

    /// What it is called: its stage and, where one was asked, the participant.
    pub fn title(&self) -> String {
        match &self.participant {
            Some(participant) => format!("{participant}: {}", self.stage.name()),
            None => self.stage.name().to_owned(),
        }
    }

    /// The time that went to none of its parts.
    pub fn own(&self) -> Duration {
        let parts = self.children.iter().map(|child| child.duration).sum();
        self.duration.saturating_sub(parts)
    }

    /// Visits it and all below it, with the depth.
    pub fn walk<'a>(&'a self, depth: usize, visit: &mut impl FnMut(usize, &'a Span)) {
        visit(depth, self);
        for child in &self.children {
            child.walk(depth + 1, visit);
        }
    }
}

/// The timing of a commit.
#[derive(Clone, PartialEq, Debug)]
pub struct Timing {
    /// The attempt.
    pub tid: Tid,
    /// Its place in the log, if it was committed.
    pub seq: Option<Seq>,
    /// When it began.
    pub time: Timestamp,
    /// Whose session it was.
    pub session: SessionId,
    /// Who committed.
    pub user: Arc<str>,
    /// How he came in.
    pub source: String,
    /// What became of it.
    pub result: CommitResult,
    /// Why it was refused.
    pub message: Option<String>,
    /// How long it took, from the wish to the last participant's end.
    pub duration: Duration,
    /// Its parts.
    pub spans: Vec<Span>,
}

impl Timing {
    /// Visits all spans, parents first, with their depths.
    pub fn walk<'a>(&'a self, mut visit: impl FnMut(usize, &'a Span)) {
        for span in &self.spans {
            span.walk(0, &mut visit);
        }
    }

    /// The time that went to no part: waits for threads, on a machine that is busy.
    pub fn between(&self) -> Duration {
        let parts = self.spans.iter().map(|span| span.duration).sum();
        self.duration.saturating_sub(parts)
    }

    /// The parts with the most time of their own, added up by title, the slowest first.
    pub fn slowest(&self, limit: usize) -> Vec<(String, Duration)> {
        let mut parts = vec![("waits between phases".to_owned(), self.between())];
        self.walk(|_, span| {
            let title = span.title();
            match parts.iter_mut().find(|(known, _)| *known == title) {
                Some((_, sum)) => *sum += span.own(),
                None => parts.push((title, span.own())),
            }
        });
        parts.retain(|(_, sum)| !sum.is_zero());
        parts.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        parts.truncate(limit);
        parts
    }

    /// In one line: which attempt, and what became of it.
    pub fn headline(&self) -> String {
        let mut line = format!("transaction {} {}", self.tid, self.result.name());
        if let Some(seq) = self.seq {
            line.push_str(&format!(" as {seq}"));
        }
        line.push_str(&format!(" at {} by {}", self.time, self.user));
        if !self.source.is_empty() {
            line.push_str(&format!(" ({})", self.source));
        }
        line
    }
}

/// How far a level of the tree is indented.
const INDENT: usize = 2;

/// Milliseconds with microseconds.
fn milliseconds(duration: Duration) -> String {
    let microseconds = duration.as_micros();
    format!("{}.{:03}", microseconds / 1000, microseconds % 1000)
}

/// Tenths of a percent, rounded; of nothing, everything is nothing.
fn percent(part: Duration, whole: Duration) -> String {
    let tenths = match whole.as_micros() {
        0 => 0,
        whole => (part.as_micros() * 1000 + whole / 2) / whole,
    };
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl fmt::Display for Timing {
    /// A tree, with milliseconds, percentages of the whole, and what was counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if let Some(message) = &self.message {
            for line in message.lines() {
                writeln!(f, "  {line}")?;
            }
        }
        let mut width = "total".len();
        self.walk(|depth, span| {
            let title = (depth + 1) * INDENT + span.title().chars().count();
            width = width.max(title);
        });
        let line = |f: &mut fmt::Formatter<'_>, title: &str, time: Duration, rest: &str| {
            writeln!(
                f,
                "{title:<width$} {:>12} ms {:>6} %{rest}",
                milliseconds(time),
                percent(time, self.duration),
            )
        };
        line(f, "total", self.duration, "")?;
        let mut result = Ok(());
        self.walk(|depth, span| {
            if result.is_ok() {
                let title = format!("{}{}", " ".repeat((depth + 1) * INDENT), span.title());
                result = line(f, &title, span.duration, &remarks(span));
            }
        });
        result
    }
}

/// What stands behind a span's times.
fn remarks(span: &Span) -> String {
    let mut remarks: Vec<String> = span
        .counts
        .iter()
        .map(|(count, number)| format!("{} {number}", count.name()))
        .collect();
    if span.failed {
        remarks.push("failed".to_owned());
    }
    match remarks.is_empty() {
        true => String::new(),
        false => format!("  {}", remarks.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::participant::Phase;

    fn span(stage: Stage, start: u64, duration: u64) -> Span {
        Span {
            duration: Duration::from_micros(duration),
            ..Span::new(stage, Duration::from_micros(start))
        }
    }

    fn timing() -> Timing {
        let validate = Span {
            counts: vec![(Count::Considered, 12), (Count::Evaluated, 3)],
            ..span(Stage::Validate, 100, 900)
        };
        let prepare = Span {
            children: vec![span(Stage::Diff, 0, 100), validate],
            ..span(Stage::Prepare, 0, 1_250)
        };
        let ask = Span {
            participant: Some("devices".into()),
            failed: true,
            ..span(Stage::Ask(Phase::Commit), 1_250, 10_000)
        };
        let participants = Span {
            children: vec![ask],
            ..span(Stage::Participants, 1_250, 10_000)
        };
        Timing {
            tid: Tid(17),
            seq: None,
            time: Timestamp::from_second(1_800_000_000).unwrap(),
            session: SessionId(3),
            user: "alice".into(),
            source: "netconf ssh 192.0.2.1".to_owned(),
            result: CommitResult::Vetoed,
            message: Some("devices refused the commit in commit: www1 is down".to_owned()),
            duration: Duration::from_micros(12_500),
            spans: vec![prepare, participants],
        }
    }

    #[test]
    fn it_is_shown_as_a_tree_with_percentages() {
        insta::assert_snapshot!(timing(), @r"
        transaction 17 vetoed at 2027-01-15T08:00:00Z by alice (netconf ssh 192.0.2.1)
          devices refused the commit in commit: www1 is down
        total                     12.500 ms  100.0 %
          prepare                  1.250 ms   10.0 %
            diff                   0.100 ms    0.8 %
            validate               0.900 ms    7.2 %  considered 12, evaluated 3
          participants            10.000 ms   80.0 %
            devices: commit       10.000 ms   80.0 %  failed
        ");
    }

    #[test]
    fn the_slowest_parts_are_those_with_most_time_of_their_own() {
        let slowest = timing().slowest(2);
        let expected = [("devices: commit", 10_000), ("waits between phases", 1_250)];
        let expected = expected.map(|(name, time)| (name.to_owned(), Duration::from_micros(time)));
        assert_eq!(slowest, expected);
    }
}

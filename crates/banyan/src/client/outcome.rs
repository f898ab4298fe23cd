//! What a command says of a commit that it made: a line for people, an object for programs, or nothing.

use banyan_netconf::client::CommitReport;
use banyan_netconf::reply::RpcReply;
use banyan_netconf::xml::Fragment;
use serde_json::{Value, json};

use super::print;
use crate::args::Telling;
use crate::upgrade::ReportFormat;

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// Not at all.
    Nothing,
    /// As a line.
    Line,
    /// As a JSON object.
    Json,
}

impl From<Telling> for Tell {
    fn from(telling: Telling) -> Tell {
        match (telling.quiet, telling.format) {
            (true, _) => Tell::Nothing,
            (false, ReportFormat::Text) => Tell::Line,
            (false, ReportFormat::Json) => Tell::Json,
        }
    }
}

/// A commit that went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    tid: Option<u64>,
    /// Its place in the history; `None` when nothing had changed.
    seq: Option<u64>,
    changes: u64,
}

impl From<&CommitReport> for Outcome {
    fn from(report: &CommitReport) -> Outcome {
        Outcome {
            tid: report.tid.map(u64::from),
            seq: report.seq,
            changes: report.changes,
        }
    }
}

impl Outcome {
    /// The commit of an edit, where edits are committed at once.
    fn of_edit(reply: &RpcReply) -> Option<Outcome> {
        let committed = reply
            .elements()
            .find(|element| element.local() == "committed")?;
        let number = |name: &str| -> Option<u64> {
            let mut leaves = committed.children();
            let leaf: Fragment = leaves.find(|leaf| leaf.local() == name)?;
            leaf.text().parse().ok()
        };
        Some(Outcome {
            tid: number("tid"),
            seq: number("seq"),
            changes: number("changes").unwrap_or_default(),
        })
    }

    fn line(&self) -> String {
        let transaction = match self.tid {
            Some(tid) => format!(" (transaction {tid})"),
            None => String::new(),
        };
        match self.seq {
            Some(seq) => format!(
                "committed as {seq}{transaction}: {}",
                counted(self.changes, "change")
            ),
            None => "nothing to commit".to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "committed": self.seq.is_some(),
            "seq": self.seq,
            "tid": self.tid,
            "changes": self.changes,
        })
    }

    /// Says it. What else there is to say of the commit are `more` members of the object.
    pub fn tell(&self, tell: Tell, more: Vec<(&str, Value)>) {
        match tell {
            Tell::Nothing => {}
            Tell::Line => print(&self.line()),
            Tell::Json => {
                let mut object = self.json();
                for (name, value) in more {
                    object[name] = value;
                }
                print(&object.to_string());
            }
        }
    }
}

/// Says what became of an edit: its commit, where edits are committed at once. Else only programs hear that there is none.
/// Returns whether there is one.
pub(super) fn tell_edit(reply: &RpcReply, tell: Tell) -> bool {
    match Outcome::of_edit(reply) {
        Some(outcome) => {
            outcome.tell(tell, Vec::new());
            true
        }
        None => {
            if tell == Tell::Json {
                print(&json!({ "committed": false }).to_string());
            }
            false
        }
    }
}

/// `1 change`, `2 changes`.
pub(super) fn counted(count: u64, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        many => format!("{many} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_told_for_people_and_for_programs() {
        let outcome = |seq, changes| Outcome {
            tid: Some(17),
            seq,
            changes,
        };
        assert_eq!(
            outcome(Some(12), 3).line(),
            "committed as 12 (transaction 17): 3 changes"
        );
        assert_eq!(
            outcome(Some(12), 1).line(),
            "committed as 12 (transaction 17): 1 change"
        );
        assert_eq!(outcome(None, 0).line(), "nothing to commit");
        assert_eq!(
            outcome(None, 0).json(),
            json!({"committed": false, "seq": null, "tid": 17, "changes": 0})
        );
    }
}

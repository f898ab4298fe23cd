//! How the differences of two revisions are printed: grouped by what is to be done about them, or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use banyan_yang::source::{SourceMap, Span};
use banyan_yang::update::{Change, Comparison, Rule, Subject, Verdict};
use serde_json::{Value, json};

/// The texts of both sides.
pub struct Sides<'a> {
    /// Of the old schema.
    pub old: &'a SourceMap,
    /// Of the new schema.
    pub new: &'a SourceMap,
}

/// What is printed.
pub struct Report<'a> {
    /// What was found.
    pub comparison: &'a Comparison,
    /// For places.
    pub sides: Sides<'a>,
    /// Everything, or what a person needs at first.
    pub all: bool,
}

const GROUPS: [(Verdict, &str); 5] = [
    (Verdict::Forbidden, "Forbidden"),
    (
        Verdict::Unproven,
        "Not shown to be allowed (look at each; it is if it only relaxes what was there)",
    ),
    (Verdict::Allowed, "Allowed"),
    (Verdict::Unruled, "Left to the definition of the extension"),
    (Verdict::Editorial, "Text for people"),
];

impl Report<'_> {
    /// For people.
    pub fn text(&self, old: &str, new: &str) -> String {
        let mut text = format!("{old}\n  -> {new}\n");
        let changes = &self.comparison.changes;
        if changes.is_empty() {
            text.push_str("\nNothing changed.\n");
            return text;
        }
        for (verdict, title) in GROUPS {
            let group: Vec<&Change> = changes
                .iter()
                .filter(|change| change.verdict == verdict)
                .collect();
            if group.is_empty() {
                continue;
            }
            if verdict == Verdict::Editorial && !self.all {
                let _ = writeln!(text, "\n{title}: {} (--all shows them)", group.len());
                continue;
            }
            let _ = writeln!(text, "\n{title}:");
            for (change, uses) in self.shown(&group) {
                self.change(&mut text, change, &uses);
            }
        }
        let _ = write!(text, "\n{}", self.summary());
        text
    }

    /// Each change with its uses elsewhere, which are shown by themselves only if all is wanted.
    fn shown<'c>(&self, group: &[&'c Change]) -> Vec<(&'c Change, Vec<&'c Change>)> {
        let mut uses: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
        if !self.all {
            for change in group {
                if let Some(through) = &change.through {
                    uses.entry(key(through, change)).or_default().push(change);
                }
            }
        }
        let own = group
            .iter()
            .filter(|change| self.all || change.through.is_none());
        own.map(|change| {
            let uses = definition(change).and_then(|name| uses.get(&key(&name, change)));
            (*change, uses.cloned().unwrap_or_default())
        })
        .collect()
    }

    fn change(&self, text: &mut String, change: &Change, uses: &[&Change]) {
        let mark = match change.verdict {
            Verdict::Forbidden => "x",
            Verdict::Unproven => "?",
            Verdict::Allowed => "+",
            Verdict::Unruled | Verdict::Editorial => "~",
        };
        let subject = match (change.subject, change.kind) {
            (Subject::Node, Some(kind)) => kind.keyword(),
            (subject, _) => subject.name(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {subject} {}", change.path);
        let _ = writeln!(text, "    {}", what(change));
        if change.verdict.breaks() {
            let reason = match change.reason.is_empty() {
                true => String::new(),
                false => format!("{}: ", change.reason),
            };
            let _ = writeln!(
                text,
                "    {reason}{} ({})",
                change.rule.text(),
                change.section
            );
        } else if !change.reason.is_empty() {
            let _ = writeln!(text, "    {}", change.reason);
        }
        if let Some(places) = self.places(change) {
            let _ = writeln!(text, "    {places}");
        }
        if let Some(through) = &change.through {
            let _ = writeln!(text, "    through {through}");
        }
        if let Some(first) = uses.first() {
            let more = match uses.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            let _ = writeln!(text, "    used by {}{more}", first.path);
        }
    }

    fn places(&self, change: &Change) -> Option<String> {
        let old = place(self.sides.old, change.old_place);
        let new = place(self.sides.new, change.new_place);
        match (old, new) {
            (Some(old), Some(new)) => Some(format!("{old} -> {new}")),
            (old, new) => old.or(new),
        }
    }

    fn summary(&self) -> String {
        let count = |verdict: Verdict| {
            let changes = self.comparison.changes.iter();
            changes.filter(|change| change.verdict == verdict).count()
        };
        let mut parts: Vec<String> = GROUPS
            .iter()
            .map(|(verdict, _)| (count(*verdict), verdict.name()))
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if self.comparison.is_allowed() {
            parts.push("the update is allowed".to_owned());
        }
        format!("{}\n", parts.join(", "))
    }

    /// For programs: one object.
    pub fn json(&self, old: &str, new: &str) -> String {
        let changes: Vec<Value> = self
            .comparison
            .changes
            .iter()
            .filter(|change| self.all || change.verdict != Verdict::Editorial)
            .map(|change| self.change_json(change))
            .collect();
        let report = json!({
            "old": old,
            "new": new,
            "allowed": self.comparison.is_allowed(),
            "changes": changes,
        });
        format!("{report:#}\n")
    }

    fn change_json(&self, change: &Change) -> Value {
        let rule = (change.rule != Rule::None).then(|| change.rule.text());
        json!({
            "verdict": change.verdict.name(),
            "subject": change.subject.name(),
            "kind": change.kind.map(|kind| kind.keyword()),
            "path": change.path,
            "aspect": change.aspect.name(),
            "old": change.old,
            "new": change.new,
            "old-place": place(self.sides.old, change.old_place),
            "new-place": place(self.sides.new, change.new_place),
            "section": change.section,
            "rule": rule,
            "reason": change.reason,
            "through": change.through,
        })
    }
}

/// The definition that a change is the change of: what its uses name.
fn definition(change: &Change) -> Option<String> {
    let name = change
        .path
        .split('/')
        .next()
        .filter(|name| !name.is_empty())?;
    matches!(change.subject, Subject::Typedef | Subject::Grouping)
        .then(|| format!("{} {name}", change.subject.name()))
}

fn key(definition: &str, change: &Change) -> String {
    format!("{definition} {} {}", change.aspect, change.what())
}

/// `range: 1..5 -> 1..4`, `leaf removed`.
fn what(change: &Change) -> String {
    use banyan_yang::update::Aspect::*;
    match change.aspect {
        Definition => change.what(),
        aspect => format!("{aspect}: {}", change.what()),
    }
}

/// `file:line`.
fn place(sources: &SourceMap, span: Option<Span>) -> Option<String> {
    let span = span?;
    let name = sources.name(span.source);
    Some(format!("{name}:{}", sources.position(span).line))
}

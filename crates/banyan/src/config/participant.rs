//! `[[participant]]`: programs that take part in commits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use banyan_engine::participant::Phase;

use super::build::{many, one, required};
use super::key::{Key, Kind};
use super::problem::{Origin, Problem};
use super::settings::{Held, Row, Settings};
use super::table::in_table;

/// `[[participant]]`
#[derive(Debug, Clone)]
pub struct Participant {
    /// Its name in messages.
    pub name: String,
    /// The program; one with a slash is absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it is called for.
    pub phases: Vec<Phase>,
    /// The paths whose changes it gets; all when empty.
    pub paths: Vec<String>,
    /// How long it may take for a phase.
    pub timeout: Duration,
    /// The same for single phases.
    pub timeouts: BTreeMap<Phase, Duration>,
    /// Whether it gets both trees.
    pub trees: bool,
}

const PHASE: Kind = Kind::Choice(&[
    ("begin", "a transaction begins"),
    ("validate", "check the change"),
    ("complete", "all have validated"),
    ("commit", "go as far as can be undone"),
    ("commit_done", "the commit is durable; cannot be refused"),
    ("end", "it is over, and was committed; cannot be refused"),
    ("revert", "undo what commit did"),
    (
        "abort",
        "it is over, and was not committed; cannot be refused",
    ),
]);

const SECONDS: Kind = Kind::Integer {
    min: 1,
    max: 86_400,
};

pub(super) const PARTICIPANT: &[Key] = &[
    in_table(
        "name",
        Kind::Text,
        "",
        "Its name in messages and logs, unlike that of any other. It must be given.",
        "name = \"firewall\"",
    ),
    in_table(
        "exec",
        Kind::List(&Kind::Text),
        "",
        "Program and arguments; a program with a slash is relative to the file. It must be given.",
        "exec = [\"./firewall.sh\"]",
    ),
    in_table(
        "phases",
        Kind::List(&PHASE),
        "",
        "What it is called for, once each. It must be given.",
        "phases = [\"validate\", \"commit\", \"revert\"]",
    ),
    in_table(
        "paths",
        Kind::List(&Kind::Text),
        "",
        "It is called when something changes at, below or around these paths, and gets that part of the change. A list \
         without keys means all entries. A path may lead into mounted data, as `/devices/device/config/interfaces` does: \
         it means what has these names on whatever device. Without paths it gets every change.",
        "paths = [\"/acme-fw:rules\"]",
    ),
    in_table(
        "timeout",
        SECONDS,
        "30",
        "Seconds that it may take for a phase; then it is killed with all that it has started, which counts as a refusal.",
        "timeout = 10",
    ),
    in_table(
        "timeouts",
        Kind::Named(&SECONDS),
        "",
        "The same for single phases, by their names.",
        "timeouts = { validate = 5, commit = 60 }",
    ),
    in_table(
        "trees",
        Kind::Boolean,
        "false",
        "Whether it gets its part of the whole configuration before and after, too.",
        "trees = true",
    ),
];

/// One `[[participant]]`.
pub(super) fn participant(
    settings: &mut Settings,
    (origin, row): (Origin, Row),
) -> Option<Participant> {
    let name = required(settings, "participant", &origin, &row, "name").map(|word| word.text);
    let mut missing = |what: &str, remedy: &str| {
        let message = format!("this [[participant]] has no {what}");
        settings.problem(Problem::error(origin.clone(), message).remedy(remedy));
    };
    let exec = many(&row, "exec");
    if exec.is_empty() {
        missing(
            "program: exec is missing or empty",
            "add exec = [\"./program\", \"argument\"]",
        );
    }
    let phases: Vec<Phase> = many(&row, "phases")
        .iter()
        .filter_map(|word| Phase::named(&word.text))
        .collect();
    if phases.is_empty() {
        missing(
            "phases to be called for",
            "add phases = [\"validate\", \"commit\", \"revert\"]",
        );
    }
    let mut timeouts = BTreeMap::new();
    if let Some(Held::Named(names)) = row.get("timeouts") {
        for (name, word) in names {
            match Phase::named(name) {
                Some(phase) => {
                    timeouts.insert(phase, Duration::from_secs(word.text.parse().unwrap_or(30)));
                }
                None => {
                    let message = format!("participant timeouts: there is no phase {name:?}");
                    let problem = Problem::error(word.origin.clone(), message);
                    let names: Vec<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
                    settings.problem(problem.remedy(format!("phases are {}", names.join(", "))));
                }
            }
        }
    }
    let (program, arguments) = exec.split_first()?;
    Some(Participant {
        name: name?,
        // A name without a slash is looked for in PATH.
        program: match program.text.contains('/') {
            true => program.path(),
            false => PathBuf::from(&program.text),
        },
        arguments: arguments.iter().map(|word| word.text.clone()).collect(),
        phases,
        paths: many(&row, "paths")
            .iter()
            .map(|word| word.text.clone())
            .collect(),
        timeout: one(&row, "timeout")
            .and_then(|word| word.text.parse().ok())
            .map_or(banyan_engine::participant::DEADLINE, Duration::from_secs),
        timeouts,
        trees: one(&row, "trees").is_some_and(|word| word.text == "true"),
    })
}

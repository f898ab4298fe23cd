//! Random commits side by side, on a log that fails at random: what is answered ok is in the log and nothing else, the
//! log is one after the other, and running is what the log says.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::bind::{NoMounts, SharedMounts};

/// Milliseconds that a batch waits for others behind it.
const WHILE: u32 = 4;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Write),
        2 => Just(Fate::Refuse),
        1 => Just(Fate::WriteAndFail),
    ]
}

fn edit() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4, "[ab]")
            .prop_map(|(id, value)| format!("<item><id>{id}</id><value>{value}</value></item>")),
        (0..4).prop_map(|id| format!("<item nc:operation='remove'><id>{id}</id></item>")),
        (0..4, 0..4).prop_map(|(id, to)| format!("<ref><id>{id}</id><to>{to}</to></ref>")),
        (0..4).prop_map(|id| format!("<ref nc:operation='remove'><id>{id}</id></ref>")),
    ]
}

/// One client after the other edit; each commit has a user of its own.
async fn client(bench: Arc<Bench>, number: usize, edits: Vec<String>) -> Vec<(String, Outcome)> {
    let mut outcomes = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let user = format!("u{number}-{index}");
        let committed = bench.begin(&user, edit).await.unwrap();
        outcomes.push((user, committed.map(|committed| committed.seq)));
    }
    outcomes
}

type Outcome = crate::backend::Result<Option<Seq>>;

fn calls(bench: &Bench, user: &str) -> String {
    let calls = bench.witness.of(user).join(" ");
    calls.replace(&format!("{user}."), "")
}

/// Gives each append its fate when so many have queued behind it, or when no more come for a while: a disk that answers at
/// once would leave nobody above a batch that fails.
async fn decide(bench: Arc<Bench>, fates: Vec<(Fate, usize)>) {
    for (index, (fate, behind)) in fates.into_iter().enumerate() {
        bench.log.reached(index + 1).await;
        for _ in 0..WHILE {
            if bench.engine.0.queue.waiting() >= behind {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bench.log.give(&[fate]);
    }
    bench.log.open();
}

async fn run(clients: Vec<Vec<String>>, fates: Vec<(Fate, usize)>) {
    let bench = Arc::new(Bench::new().await);
    // It may have fates left when all commits are over.
    let deciding = tokio::spawn(decide(bench.clone(), fates));
    let tasks: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(number, edits)| tokio::spawn(client(bench.clone(), number, edits.clone())))
        .collect();
    let mut outcomes = BTreeMap::new();
    for task in tasks {
        outcomes.extend(task.await.unwrap());
    }
    deciding.abort();

    // The log holds what was answered ok, and each record does what its edit says to the state before it.
    let mounts: SharedMounts = Arc::new(NoMounts);
    let mut tree = Tree::empty(bench.engine.schema().clone());
    let mut states = vec![tree.clone()];
    let records = bench.log.read(Seq(1), usize::MAX).unwrap();
    for (record, place) in records.iter().zip(1..) {
        let user = &*record.head.user;
        assert_eq!(record.head.seq, Seq(place));
        assert_eq!(outcomes[user], Ok(Some(Seq(place))), "{user}");
        let (number, index) = user[1..].split_once('-').unwrap();
        let edit = &clients[number.parse::<usize>().unwrap()][index.parse::<usize>().unwrap()];
        let next = bind::apply_patch(&tree, &record.change, &mounts).unwrap();
        let difference = bind::diff(&edited(&tree, edit), &next);
        assert!(difference.is_empty(), "{user} {edit}: {difference}");
        bind::validate_full(&next).unwrap();
        states.push(next.clone());
        tree = next;
    }
    // Whoever took part in what was committed has acted on a state that there was.
    for (user, shown) in &*bench.witness.shown.lock().unwrap() {
        if matches!(outcomes[&**user], Ok(Some(_))) {
            let there_was = states.get(shown.seq.0 as usize);
            let same = there_was.is_some_and(|state| bind::diff(state, &shown.tree).is_empty());
            assert!(same, "{user} saw what has never been, on {}", shown.seq);
        }
    }
    let ok = outcomes.values().filter(|seq| matches!(seq, Ok(Some(_))));
    assert_eq!(ok.count(), records.len());
    bench.is_what_the_log_says().await;

    for (user, outcome) in &outcomes {
        let calls = calls(&bench, user);
        match outcome {
            Ok(Some(seq)) => assert_eq!(calls, format!("commit done {seq} end {seq}")),
            Ok(None) => assert_eq!(calls, ""),
            Err(_) => assert!(["", "commit revert abort"].contains(&&*calls), "{calls}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn concurrent_commits_on_a_failing_log_are_the_log_one_after_the_other(
        clients in vec(vec(edit(), 1..6), 2..7),
        fates in vec((fate(), 0..4_usize), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(clients, fates));
    }
}

//! The machine, or the process, stops after each step in turn.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use super::check::check;
use super::disk::{Disk, Image, Leaves, Moment};
use super::load::{CrashDisk, Form, Known, Player};

struct Case {
    image: Image,
    known: Known,
    when: String,
}

/// How many moments are checked beside those with another outcome for what is safe: more with `BANYAN_CRASH=more`.
fn torn() -> u64 {
    match std::env::var("BANYAN_CRASH") {
        Ok(more) if more == "more" => 12,
        _ => 1,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

async fn played(form: Form) -> CrashDisk {
    let (image, mut state) = form.beginning().await;
    let disk = Disk::of(image);
    for chapter in form.chapters() {
        let mut player = Player::start(disk.clone(), form, state).await;
        for act in *chapter {
            player.act(*act).await.unwrap();
        }
        state = player.stop().await.1;
    }
    disk
}

/// Hands on what differs from the case before with the same kind of crash.
fn hand_on(moment: &Moment<Known>, last: &mut [Option<(Image, Known)>], cases: &SyncSender<Case>) {
    let seeds = (0..torn()).map(|round| Leaves::Some(round * 100_000 + moment.after as u64));
    let kinds = [Leaves::Nothing, Leaves::Everything, Leaves::Names];
    for (kind, leaves) in kinds.into_iter().chain(seeds).enumerate() {
        let image = moment.image.after_crash(leaves);
        let same = last.get(kind).and_then(Option::as_ref);
        if same.is_some_and(|(was, known)| was.files() == image.files() && *known == moment.note) {
            continue;
        }
        if let Some(slot) = last.get_mut(kind) {
            *slot = Some((image.clone(), moment.note.clone()));
        }
        let when = format!("after step {} ({}), {leaves:?}", moment.after, moment.last);
        let known = moment.note.clone();
        // A worker that found a fault takes no more; the join says what it was.
        let _ = cases.send(Case { image, known, when });
    }
}

fn work(cases: &Mutex<Receiver<Case>>, form: Form) -> usize {
    let runtime = runtime();
    let mut checked = 0;
    loop {
        let Ok(case) = cases.lock().unwrap().recv() else {
            return checked;
        };
        runtime.block_on(check(case.image, &case.known, form, &case.when));
        checked += 1;
    }
}

fn no_stop_loses_anything(form: Form) {
    let disk = runtime().block_on(played(form));
    let (sender, receiver) = sync_channel(4);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut steps = 0;
    let checked: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                scope.spawn(move || work(&receiver, form))
            })
            .collect();
        drop(receiver);
        let mut last = [None, None, None];
        disk.moments(|moment| {
            hand_on(&moment, &mut last, &sender);
            steps = moment.after;
        });
        drop(sender);
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    println!("{form:?}: {steps} steps, {checked} restarts");
    assert!(
        steps > 100 && checked > steps,
        "{steps} steps, {checked} restarts"
    );
}

#[test]
fn no_stop_of_the_machine_loses_what_was_answered() {
    no_stop_loses_anything(Form::Single);
}

#[test]
fn no_stop_of_the_machine_loses_what_was_answered_of_split_datastores() {
    no_stop_loses_anything(Form::Split);
}

#[test]
fn no_stop_of_the_machine_loses_anything_while_the_history_is_imported_and_trimmed() {
    no_stop_loses_anything(Form::Trimmed);
}

#[test]
fn no_stop_of_the_machine_mixes_a_history_with_the_imported_one_that_takes_its_place() {
    no_stop_loses_anything(Form::Replaced);
}

#[test]
fn no_stop_of_the_machine_loses_a_running_that_only_the_log_and_the_base_of_the_history_have() {
    no_stop_loses_anything(Form::InMemory);
}

#[test]
fn no_stop_of_the_machine_loses_anything_while_a_large_file_is_written_beside_commits() {
    no_stop_loses_anything(Form::Large);
}

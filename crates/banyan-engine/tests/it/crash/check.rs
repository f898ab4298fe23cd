//! What a start must find after a crash.

use std::path::Path;

use banyan_data::Tree;
use banyan_data::document::PrintOptions;
use banyan_engine::backend::Datastore;
use banyan_engine::history::Past;
use banyan_engine::{Engine, Seq};

use super::disk::{Disk, Image};
use super::load::{Act, CrashDisk, Form, KEPT, Known, LOG, start};
use crate::fixture::Client;

/// A start from what a crash has left: what the client knew is there, with all of the history that is kept, the next
/// commit works, and after a clean stop the files say the same without the log, and the log without the files.
pub async fn check(image: Image, known: &Known, form: Form, when: &str) {
    let disk = Disk::of(image);
    let engine = match start(&disk, form).await {
        Ok((engine, _)) => engine,
        Err(error) => panic!("{when}: {error}\n{}", listed(&disk.image())),
    };
    let client = Client::open(&engine, "bob").await;
    let running = client.show(Datastore::Running).await;
    assert!(
        known.running.contains(&running),
        "{when}: running is {running}, and not one of {:?}\n{}",
        known.running,
        listed(&disk.image())
    );
    let startup = client.show(Datastore::Startup).await;
    assert!(
        known.startup.contains(&startup),
        "{when}: startup is {startup}, and not one of {:?}",
        known.startup
    );
    check_history(&engine, known, when).await;
    check_bases(base_of(&engine), &disk, when);
    let next = client.set(&Act::Note("after").edit()).await;
    let next = next.unwrap_or_else(|error| panic!("{when}: the next commit fails: {error}"));
    let running = client.show(Datastore::Running).await;
    let mut known = known.clone();
    known.past.insert(next.seq.unwrap().0, running.clone());
    if form.trims() {
        let trimmed = engine.trim_history().await;
        trimmed.unwrap_or_else(|error| panic!("{when}: trimming fails: {error}"));
        check_history(&engine, &known, when).await;
    }
    let base = base_of(&engine);
    let stopped = engine.stop().await;
    stopped.unwrap_or_else(|error| panic!("{when}: the stop fails: {error}"));
    check_files(base, &disk, when);
    drop((client, engine));
    let image = disk.image();
    for gone in [LOG, "/store/running_db"] {
        // What has no file is in the log alone; and where nothing was trimmed, the log is known to have it all.
        if (gone == LOG && form == Form::InMemory) || (gone != LOG && !form.trims()) {
            continue;
        }
        let mut image = image.clone();
        image.forget(Path::new(gone));
        let (engine, _) = start(&Disk::of(image), form).await.unwrap();
        let client = Client::open(&engine, "bob").await;
        for (store, expected) in [
            (Datastore::Running, &running),
            (Datastore::Startup, &startup),
        ] {
            let found = client.show(store).await;
            assert_eq!(found, *expected, "{when}: {store:?} without {gone}");
        }
    }
}

/// Every state that the history reaches can be had, and is what it was.
async fn check_history(engine: &Engine, known: &Known, when: &str) {
    let head = engine.running().seq;
    let tail = engine.log().tail().unwrap();
    let kept = engine.history(None, 1_000).await.unwrap();
    assert_eq!(kept.len() as u64, head.0 + 1 - tail.0, "{when}");
    assert!(kept.len() as u64 >= head.0.min(KEPT), "{when}: from {tail}");
    for seq in tail.0 - 1..=head.0 {
        let state = engine.past(Past::After(Seq(seq))).await;
        let state = state.unwrap_or_else(|error| panic!("{when}: commit {seq}: {error}"));
        if let Some(expected) = known.past.get(&seq) {
            assert_eq!(printed(&state.tree), *expected, "{when}: commit {seq}");
        }
    }
}

fn printed(tree: &Tree) -> String {
    let mut text = Vec::new();
    banyan_data::xml::print(tree, &PrintOptions::default(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The state that the history begins with.
fn base_of(engine: &Engine) -> u64 {
    engine.log().tail().unwrap().0 - 1
}

/// The history has the base that it begins with, and there is no other.
fn check_bases(base: u64, disk: &CrashDisk, when: &str) {
    let image = disk.image();
    for file in image.files().keys() {
        let name = file.file_name().unwrap().to_str().unwrap();
        let Some(rest) = name.strip_prefix("history-base") else {
            continue;
        };
        let needed = base > 0 && rest == format!(".{base}");
        assert!(needed, "{when}: {name} is left over\n{}", listed(&image));
    }
}

/// After a stop, when nothing is written any more: nothing is there that nobody needs.
fn check_files(base: u64, disk: &CrashDisk, when: &str) {
    check_bases(base, disk, when);
    let image = disk.image();
    for file in image.files().keys() {
        let unfinished = file.extension().is_some_and(|end| end == "new");
        assert!(
            !unfinished,
            "{when}: files are left over\n{}",
            listed(&image)
        );
    }
}

fn listed(image: &Image) -> String {
    let files = image.files();
    let lines = files.iter().map(|(name, content)| {
        let start = &content[..content.len().min(300)];
        let shown = match name.extension().is_some_and(|end| end == "redb") {
            true => String::new(),
            false => String::from_utf8_lossy(start).into_owned(),
        };
        format!("{} ({} bytes) {shown}\n", name.display(), content.len())
    });
    lines.collect()
}

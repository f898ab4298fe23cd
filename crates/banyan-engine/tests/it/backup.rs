//! Backups: of one moment, whole or refused, and back to exactly that commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use banyan_data::Tree;
use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{
    Backend, CommitParameters, Confirmed, Datastore, Document, Encoding, Origin,
};
use banyan_engine::backup::{About, Backup, RestoreError, Restoring};
use banyan_engine::engine::{EngineBuilder, StartError};
use banyan_engine::error::ErrorTag;
use banyan_engine::files::{Policy, StoreOptions};
use banyan_engine::history::{Past, Retention};
use banyan_engine::{BackendError, Engine, Seq};

use crate::fixture::{Client, in_memory, item, schema, schema_with_system};

type Members = Vec<(String, Vec<u8>)>;

/// All of a backup.
async fn taken(mut backup: Backup) -> Result<Members, BackendError> {
    let mut members: Members = Vec::new();
    let mut begins = true;
    loop {
        let piece = backup.next().await?;
        // Nobody holds more than a few pieces.
        assert!(piece.data.len() <= 256 << 10);
        if begins {
            members.push((piece.member.to_string(), Vec::new()));
        }
        let (name, content) = members.last_mut().unwrap();
        assert_eq!(*name, *piece.member);
        content.extend(&piece.data);
        begins = piece.last;
        if piece.completes() {
            return Ok(members);
        }
    }
}

async fn backup(client: &Client) -> (About, Members) {
    let backup = client.engine.backup(&client.call).await.unwrap();
    (backup.about.clone(), taken(backup).await.unwrap())
}

fn restored(members: &Members, mut restoring: Restoring) -> Result<About, RestoreError> {
    for (name, content) in members {
        restoring.member(name, &mut content.as_slice())?;
    }
    restoring.finish()
}

fn into_directory(members: &Members, directory: &Path) -> About {
    restored(members, Restoring::check()).unwrap();
    restored(members, Restoring::into_directory(directory).unwrap()).unwrap()
}

fn builder(directory: &Path) -> EngineBuilder {
    EngineBuilder::new(schema()).directory(directory)
}

async fn open(builder: impl Fn() -> EngineBuilder) -> (Engine, Client) {
    let engine = loop {
        match builder().open().await {
            Ok(engine) => break engine,
            // The one before is on its way out.
            Err(StartError::InUse { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    let client = Client::open(&engine, "alice").await;
    (engine, client)
}

async fn state_at(engine: &Engine, seq: u64) -> Tree {
    engine.past(Past::After(Seq(seq))).await.unwrap().tree
}

fn same(one: &Tree, other: &Tree) -> bool {
    banyan_data::change::diff(one, other).is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_taken_while_four_write_is_the_state_of_one_commit_and_all_before_it() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, copy) = (scratch.path().join("store"), scratch.path().join("copy"));
    let (engine, alice) = open(|| builder(&store)).await;
    let running = Origin::Store(Datastore::Running);
    // Of more than one piece.
    let first = item(900, &"first".repeat(100_000));
    alice.set(&first).await.unwrap();
    engine
        .copy(&alice.call, running, Datastore::Startup)
        .await
        .unwrap();
    let named = Document::xml(format!("<config>{}</config>", item(901, "named")).into_bytes());
    engine
        .stores()
        .load(&alice.call, "aside", named)
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let committed = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..4u32)
        .map(|writer| {
            let (engine, stop, committed) = (engine.clone(), stop.clone(), committed.clone());
            tokio::spawn(async move {
                let client = Client::open(&engine, "writer").await;
                let mut round = 0;
                while !stop.load(Ordering::SeqCst) {
                    round += 1;
                    let edit = item(writer * 100 + round % 7, &round.to_string());
                    // The candidate is shared, so another may have taken the change along.
                    client.set(&edit).await.unwrap();
                    committed.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let mut backups = Vec::new();
    for _ in 0..3 {
        let before = committed.load(Ordering::SeqCst);
        let begun = engine.backup(&alice.call).await.unwrap();
        // Commits go on before a byte is taken, and the backup does not see them.
        while committed.load(Ordering::SeqCst) < before + 40 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert!(engine.running().seq > begun.about.seq);
        let about = begun.about.clone();
        backups.push((about, taken(begun).await.unwrap()));
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    for (about, members) in backups {
        let found = into_directory(&members, &copy);
        assert_eq!(found, about);
        let (other, bob) = open(|| builder(&copy)).await;
        assert_eq!(
            other.running().seq,
            about.seq,
            "the start committed nothing"
        );
        for seq in 0..=about.seq.0 {
            let (here, there) = (state_at(&engine, seq).await, state_at(&other, seq).await);
            assert!(same(&here, &there), "commit {seq}");
        }
        let heads = |engine: &Engine| {
            let engine = engine.clone();
            async move { engine.history(Some(about.seq), 10_000).await.unwrap() }
        };
        assert_eq!(heads(&engine).await, heads(&other).await);
        let startup = bob.show(Datastore::Startup).await;
        assert_eq!(startup, first);
        let aside = other.stores().get("aside").await.unwrap();
        assert!(same(&aside, &engine.stores().get("aside").await.unwrap()));
        // It goes on as any other, also after another start.
        let next = bob.set(&item(950, "goes on")).await.unwrap();
        assert_eq!(next.seq, Some(Seq(about.seq.0 + 1)));
        assert!(Some(next.tid) > about.tid);
        other.stop().await.unwrap();
        drop((other, bob));
        let (other, bob) = open(|| builder(&copy)).await;
        assert!(bob.show(Datastore::Running).await.contains("goes on"));
        other.stop().await.unwrap();
        drop((other, bob));
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

#[tokio::test]
async fn a_backup_of_a_trimmed_history_begins_where_that_begins() {
    for policy in [Policy::FileInMemory, Policy::InMemory] {
        for split in [false, true] {
            let scratch = tempfile::tempdir().unwrap();
            let (store, copy) = (scratch.path().join("store"), scratch.path().join("copy"));
            let configured = |directory: &Path| {
                let policies = BTreeMap::from([("running".to_owned(), policy)]);
                let options = StoreOptions {
                    split,
                    policies,
                    ..StoreOptions::default()
                };
                let retention = Retention {
                    commits: Some(2),
                    ..Retention::default()
                };
                builder(directory).stores(options).retention(retention)
            };
            let (engine, alice) = open(|| configured(&store)).await;
            for value in 0..6 {
                alice.set(&item(1, &value.to_string())).await.unwrap();
            }
            engine.trim_history().await.unwrap();
            let begun = engine.backup(&alice.call).await.unwrap();
            // Nothing is trimmed that the backup still has to read.
            alice.set(&item(1, "later")).await.unwrap();
            alice.set(&item(1, "still later")).await.unwrap();
            assert_eq!(engine.trim_history().await.unwrap(), 0);
            let about = begun.about.clone();
            assert_eq!((about.tail, about.seq), (Seq(5), Seq(6)));
            let members = taken(begun).await.unwrap();
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.contains(&"history-base.4"), "{names:?}");
            assert_eq!(names.contains(&"running_db"), policy != Policy::InMemory);
            into_directory(&members, &copy);
            let (other, bob) = open(|| configured(&copy)).await;
            assert_eq!(other.running().seq, Seq(6));
            for seq in 4..=6 {
                let (here, there) = (state_at(&engine, seq).await, state_at(&other, seq).await);
                assert!(same(&here, &there), "commit {seq}");
            }
            bob.set(&item(2, "goes on")).await.unwrap();
            assert_eq!(other.trim_history().await.unwrap(), 1);
            // Now that the backup is over.
            assert_eq!(engine.trim_history().await.unwrap(), 2);
        }
    }
}

#[tokio::test]
async fn what_was_not_confirmed_is_taken_back_by_the_start_of_a_backup_as_by_any() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, copy) = (scratch.path().join("store"), scratch.path().join("copy"));
    let (_engine, alice) = open(|| builder(&store)).await;
    alice.set(&item(1, "sure")).await.unwrap();
    let sure = alice.show(Datastore::Running).await;
    alice.edit(&item(1, "trial")).await.unwrap();
    let confirmed = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: None,
        }),
        ..CommitParameters::default()
    };
    alice.commit_with(confirmed).await.unwrap();
    let (about, members) = backup(&alice).await;
    assert!(about.pending);
    into_directory(&members, &copy);
    let (_other, bob) = open(|| builder(&copy)).await;
    assert_eq!(bob.show(Datastore::Running).await, sure);
}

#[tokio::test]
async fn stores_that_cannot_be_used_or_that_somebody_put_there_are_in_a_backup() {
    for split in [false, true] {
        let scratch = tempfile::tempdir().unwrap();
        let (store, copy) = (scratch.path().join("store"), scratch.path().join("copy"));
        let options = StoreOptions {
            split,
            ..StoreOptions::default()
        };
        let file = |directory: &Path, store: &str| match split {
            true => directory.join(format!("{store}.d")).join("0.xml"),
            false => directory.join(format!("{store}_db")),
        };
        let with = |directory: &Path| builder(directory).stores(options.clone());
        let by_hand = [
            ("startup", "<config><bad/></config>".to_owned()),
            ("lab", "<config>an hour of work".to_owned()),
            ("failsafe", format!("<config>{}</config>", item(9, "safe"))),
        ];
        for (name, content) in &by_hand {
            let file = file(&store, name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        std::fs::write(store.join("running_db.damaged.2"), "<config>typo").unwrap();
        let (engine, alice) = open(|| with(&store)).await;
        alice.set(&item(1, "a")).await.unwrap();
        let listed = engine.stores().list().await.unwrap();
        for name in ["failsafe", "lab"] {
            assert!(listed.iter().any(|store| store.name == name), "{name}");
        }
        let (_, members) = backup(&alice).await;
        into_directory(&members, &copy);
        for (name, content) in &by_hand[..2] {
            let kept = std::fs::read_to_string(file(&copy, name)).unwrap();
            assert_eq!(kept, *content, "{name}, split: {split}");
        }
        let kept = std::fs::read_to_string(copy.join("running_db.damaged.2")).unwrap();
        assert_eq!(kept, "<config>typo");
        let (other, bob) = open(|| with(&copy)).await;
        other
            .stores()
            .copy(&bob.call, "failsafe", "candidate")
            .await
            .unwrap();
        assert!(bob.show(Datastore::Candidate).await.contains("safe"));
    }
}

#[tokio::test]
async fn an_empty_store_is_backed_up_too_and_one_without_a_directory_is_not() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, copy) = (scratch.path().join("store"), scratch.path().join("copy"));
    let (_engine, alice) = open(|| builder(&store)).await;
    let (about, members) = backup(&alice).await;
    assert_eq!((about.seq, about.tid), (Seq(0), None));
    into_directory(&members, &copy);
    let (_other, bob) = open(|| builder(&copy)).await;
    let next = bob.set(&item(1, "a")).await.unwrap();
    assert_eq!(next.seq, Some(Seq(1)));

    let passing = in_memory().await;
    let alice = Client::open(&passing, "alice").await;
    let error = passing.backup(&alice.call).await.err().unwrap();
    assert!(error.to_string().contains("memory"), "{error}");
}

#[tokio::test]
async fn what_is_cut_short_or_damaged_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (_engine, alice) = open(|| builder(&scratch.path().join("store"))).await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let (_, members) = backup(&alice).await;
    restored(&members, Restoring::check()).unwrap();
    // Without its last members, whichever.
    for length in 0..members.len() {
        let error = restored(&members[..length].to_vec(), Restoring::check()).unwrap_err();
        assert!(matches!(error, RestoreError::CutShort), "{length}: {error}");
    }
    // Without one in the middle, with one more, or with one twice.
    for gone in 0..members.len() - 1 {
        let mut less = members.clone();
        less.remove(gone);
        restored(&less, Restoring::check()).unwrap_err();
        let mut twice = members.clone();
        twice.insert(gone, members[gone].clone());
        restored(&twice, Restoring::check()).unwrap_err();
    }
    let mut more = members.clone();
    more.insert(1, ("extra".to_owned(), b"x".to_vec()));
    let error = restored(&more, Restoring::check()).unwrap_err();
    insta::assert_snapshot!(error, @"the backup is damaged: extra is not listed in SHA256SUMS; take another one, or use an older one");
    // With one byte changed, or the end of one missing.
    for damaged in 0..members.len() {
        let length = members[damaged].1.len();
        for at in [0, length / 2, length - 1] {
            let mut changed = members.clone();
            changed[damaged].1[at] ^= 1;
            let error = restored(&changed, Restoring::check()).unwrap_err();
            assert!(!error.to_string().is_empty());
            let mut shorter = members.clone();
            shorter[damaged].1.truncate(at);
            let error = restored(&shorter, Restoring::check()).unwrap_err();
            assert!(!error.to_string().is_empty());
        }
    }
    for name in [
        "../x",
        "/etc/x",
        "a/../b",
        "",
        "commits.redb",
        "banyan.lock",
    ] {
        let mut wrong = members.clone();
        wrong[1].0 = name.to_owned();
        let error = restored(&wrong, Restoring::check()).unwrap_err();
        assert!(error.to_string().contains("no name of a member"), "{error}");
    }
    let mut newer = members.clone();
    let about = String::from_utf8(newer[0].1.clone()).unwrap();
    newer[0].1 = about.replace("\"format\": 1", "\"format\": 2").into_bytes();
    let error = restored(&newer, Restoring::check()).unwrap_err();
    assert!(error.to_string().contains("has the format 2"), "{error}");
}

const NACM: &str = "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-acm\"";

/// Calls `backup` once.
async fn asked(engine: &Engine, user: &str, input: &str) -> Result<String, BackendError> {
    let client = Client::open(engine, user).await;
    let call = format!("<backup xmlns='urn:banyan:system'>{input}</backup>");
    let call = Document::xml(call.into_bytes());
    let answer = engine.invoke(&client.call, call, Encoding::Xml).await?;
    let bytes = answer.collect().await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn only_who_is_let_in_by_a_rule_and_may_read_everything_may_take_a_backup() {
    let scratch = tempfile::tempdir().unwrap();
    let options = AccessOptions {
        mode: Mode::Internal,
        first_admin: Some("root".into()),
        ..AccessOptions::default()
    };
    let builder = EngineBuilder::new(schema_with_system())
        .directory(scratch.path().join("store"))
        .access(options);
    let engine = builder.open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    let rules = format!(
        "<nacm {NACM}><groups><group><name>some</name><user-name>carol</user-name></group></groups>
         <rule-list><name>some</name><group>some</group><rule><name>backup</name><module-name>banyan</module-name>
         <rpc-name>backup</rpc-name><access-operations>exec</access-operations><action>permit</action></rule>
         </rule-list></nacm>"
    );
    root.set(&rules).await.unwrap();
    let answer = asked(&engine, "root", "").await.unwrap();
    assert!(answer.contains("backup.json"), "{answer}");
    let error = asked(&engine, "bob", "").await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied);
    assert!(!error.to_string().contains("holds all data"), "{error}");
    let error = asked(&engine, "carol", "").await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied);
    insta::assert_snapshot!(error, @"a backup holds all data, and not all of running is yours to read");
    let error = asked(&engine, "root", "<next>true</next>")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has begun no backup"), "{error}");
}

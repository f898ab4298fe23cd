//! `kill -9` in a loop: no commit that was answered is lost, wherever the daemon is killed, and the files are whole.
//!
//! One client commits over the Unix socket and notes each answer. The daemon is killed after a number of answers, and
//! some microseconds, that a seed decides; its files are written in the background all the time, in parts, as one, and
//! changing between both. Now and then running is copied to startup or to a named store: each holds what its last copy
//! that was answered gave it, or the one in flight. `BANYAN_KILLS` and `BANYAN_SEED` make the test longer, and another.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use banyan_engine::backend::{
    CommitParameters, Datastore, DefaultOperation, Document, EditRequest, TestOption, WithDefaults,
};
use banyan_netconf::client::{Client, ClientError, ClientOptions, CommitReport};
use banyan_netconf::operations::commit_with_report;
use banyan_netconf::transport::connect_unix;

use super::program::{Daemon, text};

const MODEL: &str = r#"module load {
  yang-version 1.1;
  namespace "urn:load";
  prefix l;
  import clixon-lib { prefix cl; }
  container load {
    leaf value { type uint32; }
    list part {
      key id;
      leaf id { type uint32; }
      container detail { cl:xmldb-split; leaf text { type string; } }
    }
  }
}"#;

const COMMITS: u32 = 1_000;
const KILLS: u32 = 48;
const PARTS: u32 = 40;

/// A small generator is enough to spread the kills.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn from_environment(name: &str, usual: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// What the commit of a number changes.
fn edit(number: u32) -> String {
    let id = number % PARTS;
    let gone = match number % 3 {
        0 => format!(
            "<part xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"remove\"><id>{}</id></part>",
            gone(number)
        ),
        _ => String::new(),
    };
    format!(
        "<load xmlns=\"urn:load\"><value>{number}</value><part><id>{id}</id><detail><text>as of {number}</text></detail></part>{gone}</load>"
    )
}

fn gone(number: u32) -> u32 {
    (number + PARTS / 2) % PARTS
}

/// Running after the commit of a number.
fn state(number: u32) -> String {
    let mut parts = BTreeMap::new();
    for number in 1..=number {
        parts.insert(number % PARTS, number);
        if number % 3 == 0 {
            parts.remove(&gone(number));
        }
    }
    if number == 0 {
        return String::new();
    }
    let mut text = format!("<load xmlns=\"urn:load\"><value>{number}</value>");
    for (id, number) in parts {
        let _ = write!(
            text,
            "<part><id>{id}</id><detail><text>as of {number}</text></detail></part>"
        );
    }
    text + "</load>"
}

async fn open(socket: &Path) -> Client {
    let transport = connect_unix(socket).await.expect("a connection");
    let opened = Client::open(transport, ClientOptions::default()).await;
    opened.expect("a session").0
}

/// Where running is copied to.
const STORES: [&str; 2] = ["startup", "golden"];

/// The container of our model in running.
async fn running(client: &Client) -> String {
    let data = client
        .get_config(Datastore::Running, None, WithDefaults::Explicit)
        .await
        .expect("running");
    load_in(std::str::from_utf8(&data).expect("text"))
}

/// The container of our model in a document, in one line.
fn load_in(text: &str) -> String {
    let text: String = text.lines().map(str::trim).collect();
    match (text.find("<load"), text.find("</load>")) {
        (Some(from), Some(to)) => text[from..to + "</load>".len()].to_owned(),
        _ => String::new(),
    }
}

/// Copies running to a store.
async fn copy(client: &Client, store: &str) -> Result<(), ClientError> {
    let request = format!(
        "<copy-store xmlns=\"urn:banyan:system\"><from>running</from><to>{store}</to></copy-store>"
    );
    client.rpc(request).await.map(drop)
}

/// Commits a number; its place in the history.
async fn commit(client: &Client, number: u32) -> Result<u64, ClientError> {
    let request = EditRequest {
        target: Datastore::Candidate,
        edit: Document::xml(edit(number).into_bytes()),
        default_operation: DefaultOperation::Merge,
        test_option: TestOption::TestThenSet,
    };
    client.edit_config(&request).await?;
    let parameters = CommitParameters {
        comment: Some(format!("number {number}")),
        ..CommitParameters::default()
    };
    let reply = client.rpc(commit_with_report(&parameters)).await?;
    let seq = CommitReport::read(&reply).seq;
    Ok(seq.expect("a commit that changes something has a place"))
}

/// The numbers in the history by their places.
fn history(daemon: &Daemon, limit: u32) -> BTreeMap<u64, u32> {
    let text = daemon.ok(&["history", "--limit", &limit.to_string()]);
    let numbers = text.lines().filter_map(|line| {
        let seq = line.split_whitespace().next()?.parse().ok()?;
        let (_, number) = line.split_once("\"number ")?;
        Some((seq, number.split('"').next()?.parse().ok()?))
    });
    numbers.collect()
}

struct Load {
    daemon: Daemon,
    dice: Dice,
    /// The last number whose commit was answered, and its place.
    answered: u32,
    at: u64,
    kills: u32,
    /// What was copied to each store last, as far as that was answered.
    copied: BTreeMap<&'static str, u32>,
    /// The store that the copy in flight was to, when the daemon was killed.
    copying: Option<&'static str>,
    /// How many copies were answered, and how many of those in flight were found.
    copies: (u32, u32),
}

impl Load {
    /// How files are kept in the next life.
    fn choose_form(&mut self) {
        let file = self.daemon.path().join("banyan.toml");
        let text = fs::read_to_string(&file).expect("a configuration");
        let kept = text.lines().filter(|line| !line.starts_with("store."));
        let kept: Vec<&str> = kept.collect();
        let (split, small) = match self.dice.below(4) {
            0 => (false, 1_048_576),
            1 => (false, 0),
            _ => (true, 0),
        };
        let text = format!(
            "store.directory = 'store'\nstore.split = {split}\nstore.small-file = {small}\nstore.idle = 3\n{}\n",
            kept.join("\n")
        );
        fs::write(file, text).expect("a configuration");
    }

    /// What a restart must find: the last answered commit, or that and the one in flight.
    async fn check(&mut self, client: &Client) {
        let found = running(client).await;
        let number = [self.answered, self.answered + 1]
            .into_iter()
            .find(|number| state(*number) == found)
            .unwrap_or_else(|| {
                panic!(
                    "after kill {}: number {} was answered, running is {found}\n{}",
                    self.kills,
                    self.answered,
                    self.daemon.log()
                )
            });
        let newest = history(&self.daemon, 3);
        if let Some((seq, last)) = newest.iter().next_back() {
            assert_eq!(*last, number, "after kill {}: the history", self.kills);
            let expected = self.at + u64::from(number - self.answered);
            assert!(self.at == 0 || *seq == expected, "{newest:?}: {expected}");
            self.at = *seq;
        }
        self.answered = number;
        self.check_stores();
    }

    /// Each store holds what its last answered copy gave it, or the one in flight.
    fn check_stores(&mut self) {
        for store in STORES {
            let found = self.store(store);
            let copied = self.copied.get(store).copied().unwrap_or_default();
            if found != state(copied) {
                assert!(
                    self.copying == Some(store) && found == state(self.answered),
                    "after kill {}: number {copied} was copied to {store}, which holds {found}\n{}",
                    self.kills,
                    self.daemon.log()
                );
                self.copied.insert(store, self.answered);
                self.copies.1 += 1;
            }
        }
        self.copying = None;
    }

    /// What a store holds; nothing before the first copy.
    fn store(&self, name: &str) -> String {
        let output = self.daemon.run(&["store", "show", name, "--format", "xml"]);
        match self.copied.contains_key(name) || output.status.success() {
            true => load_in(&text(&output)),
            false => String::new(),
        }
    }

    /// A store for the next copy.
    fn store_to_copy_to(&mut self) -> &'static str {
        STORES[self.dice.below(2) as usize]
    }

    /// One life of the daemon, to its kill after so many answers.
    async fn live(&mut self, answers: u32) {
        self.choose_form();
        self.daemon.start();
        let client = open(&self.daemon.socket()).await;
        self.check(&client).await;
        for _ in 0..answers {
            self.at = commit(&client, self.answered + 1)
                .await
                .expect("a commit while nobody kills");
            self.answered += 1;
            if self.dice.below(8) == 0 {
                let store = self.store_to_copy_to();
                copy(&client, store)
                    .await
                    .expect("a copy while nobody kills");
                self.copied.insert(store, self.answered);
                self.copies.0 += 1;
            }
            // Time for the files to be written, sometimes.
            if self.dice.below(4) == 0 {
                tokio::time::sleep(Duration::from_micros(self.dice.below(9_000))).await;
            }
        }
        // One in flight, and one kill.
        let copying = match self.answered > 0 && self.dice.below(3) == 0 {
            true => Some(self.store_to_copy_to()),
            false => None,
        };
        let number = self.answered + 1;
        let flying = tokio::spawn(async move {
            match copying {
                Some(store) => copy(&client, store).await.map(|()| None),
                None => commit(&client, number).await.map(Some),
            }
        });
        tokio::time::sleep(Duration::from_micros(self.dice.below(12_000))).await;
        self.daemon.kill();
        self.kills += 1;
        self.copying = copying;
        match flying.await {
            Ok(Ok(Some(seq))) => {
                self.answered = number;
                self.at = seq;
            }
            Ok(Ok(None)) => {
                self.copied
                    .extend(copying.map(|store| (store, self.answered)));
                self.copies.0 += 1;
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_commits_with_kill_9_at_random_moments() {
    let seed = from_environment("BANYAN_SEED", 7);
    let kills = from_environment("BANYAN_KILLS", KILLS);
    println!("BANYAN_SEED={seed} BANYAN_KILLS={kills}");
    let mut load = Load {
        daemon: Daemon::new(&[("load", MODEL)], &["load"], ""),
        dice: Dice(seed.into()),
        answered: 0,
        at: 0,
        kills: 0,
        copied: BTreeMap::new(),
        copying: None,
        copies: (0, 0),
    };
    for _ in 0..kills {
        let spread = u64::from(2 * COMMITS / KILLS);
        let answers = load.dice.below(spread) as u32;
        load.live(answers).await;
    }
    load.daemon.start();
    let client = open(&load.daemon.socket()).await;
    load.check(&client).await;
    while load.answered < COMMITS {
        load.at = commit(&client, load.answered + 1).await.expect("a commit");
        load.answered += 1;
    }
    assert_eq!(running(&client).await, state(load.answered));
    // Each number once, one after the other, and nothing between them.
    let history = history(&load.daemon, load.answered + 100);
    let numbers: Vec<u32> = history.values().copied().collect();
    assert_eq!(numbers, (1..=load.answered).collect::<Vec<u32>>());
    let places: Vec<u64> = history.keys().copied().collect();
    assert!(places.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    drop(client);
    let (answered, found) = load.copies;
    println!("{answered} copies were answered, and {found} others were found after a kill");
    assert!(STORES.iter().all(|store| load.copied.contains_key(store)));
    the_files_are_whole(&mut load).await;
}

/// After a clean stop the files alone are the whole configuration.
async fn the_files_are_whole(load: &mut Load) {
    load.daemon.stop();
    let store = load.daemon.path().join("store");
    let mut directories = vec![store.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            assert!(
                path.extension().is_none_or(|end| end != "new"),
                "{} is left over",
                path.display()
            );
            if path.is_dir() {
                directories.push(path);
            }
        }
    }
    fs::remove_file(store.join("commits.redb")).expect("the log");
    load.daemon.start();
    let client = open(&load.daemon.socket()).await;
    assert_eq!(running(&client).await, state(load.answered));
    load.check_stores();
}

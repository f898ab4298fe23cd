//! Subscriptions of RFC 8639 and RFC 8641: a subscriber as a front end has it, and what it makes of its updates.

mod data;
mod operations;
mod random;
mod streams;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use banyan_data::document::{Encoding as Form, Limits, ParseOptions};
use banyan_data::path::NoMounts;
use banyan_data::{Tree, json, operation, patch, xml};
use banyan_engine::backend::{Backend, Datastore, Document, Encoding, Filter, Get, WithDefaults};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::Report;
use banyan_engine::notice::{Notice, Notices};
use banyan_engine::{BackendError, Engine};
use banyan_yang::compile::{Compiler, Features, MemorySource};
use banyan_yang::schema::Schema;
use serde_json::Value;

use crate::fixture::Client;

const MODEL: &str = r#"
module p {
  yang-version 1.1;
  namespace "urn:p";
  prefix p;
  identity kind;
  identity fast { base kind; }
  container c {
    leaf name { type string; }
    leaf kind { type identityref { base kind; } }
    list port {
      key name;
      leaf name { type string; }
      leaf mtu { type uint16; }
      leaf-list alias { type string; }
      leaf up { config false; type boolean; }
      container counters { config false; leaf in { type uint32; } }
    }
    list rule {
      key id;
      ordered-by user;
      leaf id { type uint8; }
      leaf note { type string; }
    }
  }
  notification alarm { leaf text { type string; } }
  container clock { config false; leaf drift { type int32; } }
  container pulled { config false; leaf at { type string; } }
}
"#;

const SN: &str = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications";
const YP: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-push";
const DS: &str = "urn:ietf:params:xml:ns:yang:ietf-datastores";
const P: &str = "xmlns='urn:p'";

fn only(features: &[&str]) -> Features {
    let names: BTreeSet<String> = features.iter().map(|name| (*name).to_owned()).collect();
    Features::Only(names)
}

fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    let compile = || {
        let mut source = MemorySource::new();
        source.add(MODEL);
        for module in banyan_yang::embedded::MODULES {
            source.add(module.text);
        }
        let modules = [
            "p",
            "ietf-netconf",
            "ietf-netconf-acm",
            "ietf-origin",
            "ietf-datastores",
            "ietf-netconf-nmda",
            "ietf-subscribed-notifications",
            "ietf-yang-push",
            "banyan",
        ];
        let compiler = modules
            .iter()
            .fold(Compiler::new(&source), |compiler, name| {
                compiler.implement(name, None)
            });
        let compiler = compiler
            .features(
                "ietf-subscribed-notifications",
                only(&["encode-xml", "replay", "subtree", "xpath"]),
            )
            .features("ietf-yang-push", only(&["on-change"]));
        compiler.compile().unwrap().schema
    };
    SCHEMA.get_or_init(compile).clone()
}

async fn engine() -> Engine {
    EngineBuilder::new(schema()).open().await.unwrap()
}

/// A session that takes its notices, and what it knows of the datastore from them.
struct Subscriber {
    client: Client,
    notices: Notices,
    encoding: Encoding,
    tree: Tree,
    /// The names of the notifications, in their order.
    heard: Vec<String>,
}

impl Subscriber {
    async fn open(engine: &Engine, user: &str, encoding: Encoding) -> Subscriber {
        let client = Client::open(engine, user).await;
        let notices = engine.notices(client.session(), encoding).unwrap();
        Subscriber {
            client,
            notices,
            encoding,
            tree: Tree::empty(schema()),
            heard: Vec::new(),
        }
    }

    async fn call(&self, xml: &str) -> Result<String, BackendError> {
        let document = Document::xml(xml.as_bytes().to_vec());
        let engine = &self.client.engine;
        let body = engine
            .invoke(&self.client.call, document, Encoding::Xml)
            .await?;
        Ok(String::from_utf8(body.collect().await?.to_vec()).unwrap())
    }

    /// Subscribes to a datastore; `rest` is the filter and the trigger. Returns the number.
    async fn establish(&self, store: &str, rest: &str) -> Result<u32, BackendError> {
        let output = self.call(&establish(store, rest)).await?;
        let id = output.split(['<', '>']).find_map(|part| part.parse().ok());
        Ok(id.unwrap_or_else(|| panic!("{output}")))
    }

    /// The next notice; it must come.
    async fn next(&mut self) -> Notice {
        let next = tokio::time::timeout(Duration::from_secs(20), self.notices.recv());
        next.await
            .expect("a notice is missing")
            .expect("the session is over")
    }

    /// The next notice as text, which the models must allow.
    async fn text(&mut self) -> String {
        let notice = self.next().await;
        checked(&notice);
        String::from_utf8(notice.document.bytes.to_vec()).unwrap()
    }

    /// Takes in the next update.
    async fn hear(&mut self) {
        let notice = self.next().await;
        self.take(&notice);
    }

    /// Takes in what a notice tells. Each edit must fit what is known.
    fn take(&mut self, notice: &Notice) {
        let bytes = &notice.document.bytes;
        let text = std::str::from_utf8(bytes).unwrap();
        let (name, contents, patch) = match self.encoding {
            Encoding::Json => {
                let json: Value = serde_json::from_str(text).unwrap();
                let (name, content) = json.as_object().unwrap().iter().next().unwrap();
                let patch = &content["datastore-changes"]["yang-patch"];
                let patch = serde_json::json!({ "ietf-yang-patch:yang-patch": patch });
                let name = name.rsplit(':').next().unwrap().to_owned();
                (
                    name,
                    content["datastore-contents"].to_string(),
                    patch.to_string(),
                )
            }
            _ => {
                checked(notice);
                let name = text[1..].split(' ').next().unwrap().to_owned();
                let patch = inside(text, "yang-patch");
                let patch = format!(
                    "<yang-patch xmlns='urn:ietf:params:xml:ns:yang:ietf-yang-patch'>{patch}</yang-patch>"
                );
                (name, inside(text, "datastore-contents").to_owned(), patch)
            }
        };
        match name.as_str() {
            "push-update" => {
                let options = ParseOptions::default();
                let tree = match self.encoding {
                    Encoding::Json => json::parse_data(&schema(), contents.as_bytes(), &options),
                    _ => xml::parse_data(&schema(), contents.as_bytes(), &options),
                };
                self.tree = tree.unwrap();
            }
            "push-change-update" => {
                let limits = Limits::default();
                let edit = patch::from_document(&schema(), patch.as_bytes(), &limits, &NoMounts);
                let edit = edit.unwrap_or_else(|errors| panic!("{errors:?}\n{patch}"));
                let applied = edit.apply(&self.tree);
                self.tree = applied.unwrap_or_else(|error| panic!("{error}\n{patch}"));
            }
            _ => {}
        }
        self.heard.push(name);
    }

    /// Hears updates until none comes any more, and the datastore is known as it is.
    async fn hear_until(&mut self, expected: &Tree) {
        for _ in 0..600 {
            let more = tokio::time::timeout(Duration::from_millis(30), self.notices.recv()).await;
            match more {
                Ok(notice) => self.take(&notice.expect("the session is over")),
                Err(_) if self.tree == *expected => return,
                Err(_) => {}
            }
        }
        let (known, expected) = (printed(&self.tree), printed(expected));
        panic!("known: {known}\nexpected: {expected}");
    }

    /// Nothing more comes.
    async fn hears_nothing(&mut self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        let more = tokio::time::timeout(Duration::from_millis(30), self.notices.recv()).await;
        assert!(more.is_err(), "{more:?}");
    }

    /// What the user sees of running.
    async fn running(&self, filter: Option<Filter>) -> Tree {
        let get = Get {
            store: Datastore::Running,
            state: false,
            filter,
            with_defaults: WithDefaults::Explicit,
            encoding: Encoding::Xml,
        };
        let text = self.client.get(get).await.unwrap();
        xml::parse_data(&schema(), text.as_bytes(), &ParseOptions::default()).unwrap()
    }
}

fn establish(store: &str, rest: &str) -> String {
    format!(
        "<establish-subscription xmlns='{SN}' xmlns:yp='{YP}'>\
         <yp:datastore xmlns:ds='{DS}'>ds:{store}</yp:datastore>{rest}</establish-subscription>"
    )
}

fn subtree(filter: &str) -> String {
    format!("<yp:datastore-subtree-filter>{filter}</yp:datastore-subtree-filter>")
}

fn xpath(select: &str) -> String {
    format!("<yp:datastore-xpath-filter xmlns:q='urn:p'>{select}</yp:datastore-xpath-filter>")
}

const ON_CHANGE: &str = "<yp:on-change/>";

fn printed(tree: &Tree) -> String {
    let mut out = Vec::new();
    xml::print(tree, &Default::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What is inside of the first element of that name; nothing without one.
fn inside<'t>(text: &'t str, name: &str) -> &'t str {
    let inside = text.split_once(&format!("<{name}>"));
    let inside = inside.and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside.map_or("", |(inside, _)| inside)
}

/// Fails unless the models allow the notification.
fn checked(notice: &Notice) {
    let (form, bytes) = match notice.document.encoding {
        Encoding::Json => (Form::Json, &notice.document.bytes),
        _ => (Form::Xml, &notice.document.bytes),
    };
    let options = ParseOptions::default();
    let bound = operation::parse_notification(&schema(), form, bytes, &options);
    let text = String::from_utf8_lossy(bytes);
    let bound = bound.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let report = banyan_data::validate::full(
        &bound.content,
        &banyan_data::validate::Options {
            scope: banyan_data::view::Scope::All,
            ..Default::default()
        },
    );
    assert!(report.is_valid(), "{:?}\n{text}", report.errors);
}

fn port(name: &str, mtu: u16) -> String {
    ports(&[(name, mtu)])
}

fn ports(ports: &[(&str, u16)]) -> String {
    let entry =
        |(name, mtu): &(&str, u16)| format!("<port><name>{name}</name><mtu>{mtu}</mtu></port>");
    let entries: String = ports.iter().map(entry).collect();
    format!("<c {P}>{entries}</c>")
}

/// The identity that a refusal names, as error-app-tag and in its structure.
fn reason(error: &BackendError) -> (String, &'static str) {
    let Report {
        app_tag, structure, ..
    } = &error.reports[0];
    let structure = structure.as_ref().unwrap_or_else(|| panic!("{error}"));
    let identity = app_tag.as_deref().unwrap().split(':').nth(1).unwrap();
    let (leaf, told) = &structure.leaves[0];
    assert_eq!(*leaf, "reason");
    assert_eq!(told.split(':').nth(1).unwrap(), identity);
    (identity.to_owned(), structure.name)
}

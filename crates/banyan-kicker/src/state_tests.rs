//! Kickers that watch operational data.

use std::sync::Arc;

use banyan_data::document::ParseOptions;
use banyan_data::edit::Operation as EditOperation;
use banyan_data::xml::parse_edit;
use banyan_data::{Tree, json};
use banyan_engine::backend::{BoxFuture, Call, CommitParameters, Principal, Result, Source};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::nmda::Origin;
use banyan_engine::operation::{Operation, OperationCall};
use banyan_engine::participant::Options;
use banyan_engine::state::StateUpdate;
use banyan_engine::{Engine, SessionId};
use banyan_yang::compile::{Compiler, MemorySource};
use tokio::sync::mpsc;

use crate::Kickers;

const MODEL: &str = r#"
module m { yang-version 1.1; namespace urn:m; prefix m;
  list port { key name; leaf name { type string; }
    leaf up { config false; type boolean; }
    leaf load { config false; type uint8; }
  }
  container alarm { presence "It rings.";
    action ring { input { leaf kicker-id { type string; } leaf path { type string; } leaf tid { type uint32; } } }
  }
}"#;

const KICKERS: &str = "<alarm xmlns='urn:m'/><port xmlns='urn:m'><name>a</name></port>
<kickers xmlns='urn:banyan:kicker'>
  <data-kicker><id>down</id><monitor>/m:port/m:up</monitor><trigger-expr>. = 'false'</trigger-expr>
    <trigger-type>enter</trigger-type><kick-node>/m:alarm</kick-node><action-name>ring</action-name></data-kicker>
</kickers>";

/// Tells what it is called with.
struct Ring(mpsc::UnboundedSender<String>);

impl Operation for Ring {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        let mut input = Vec::new();
        json::print(&call.input, &Default::default(), &mut input).unwrap();
        let user = call.call.principal.user.to_string();
        let _ = self
            .0
            .send(format!("{user} {}", String::from_utf8_lossy(&input)));
        let output = banyan_data::operation::output(&call.schema, call.node).unwrap();
        let empty = Tree::new(call.schema.clone(), banyan_data::Node::empty(output));
        Box::pin(std::future::ready(Ok(empty)))
    }
}

async fn engine() -> (Engine, mpsc::UnboundedReceiver<String>) {
    let mut source = MemorySource::new();
    source.add(MODEL);
    for module in banyan_yang::embedded::MODULES {
        source.add(module.text);
    }
    let compiler = Compiler::new(&source)
        .implement("m", None)
        .implement("banyan-kicker", None);
    let schema = compiler.compile().unwrap().schema;
    let (rings, heard) = mpsc::unbounded_channel();
    let kickers = Kickers::new();
    let engine = EngineBuilder::new(schema)
        .participant(kickers.clone())
        .operation("/m:alarm/ring", Arc::new(Ring(rings)))
        .open()
        .await
        .unwrap();
    kickers.attach(&engine);
    let call = Call::new(SessionId(0), Principal::user("alice"));
    let set = |tree: &Tree| {
        let (merge, options) = (EditOperation::Merge, ParseOptions::default());
        let edit = parse_edit(tree.schema(), KICKERS.as_bytes(), merge, &options);
        Ok(edit.unwrap().apply(tree).unwrap())
    };
    let (parameters, options) = (CommitParameters::default(), Options::none());
    let from = Source {
        front_end: "test".into(),
        transport: "internal".into(),
        peer: None,
    };
    let committed = engine.change(&call, from, parameters, options, set);
    committed.await.unwrap();
    (engine, heard)
}

#[tokio::test]
async fn a_kicker_on_state_kicks_when_a_source_changes_it() {
    let (engine, mut heard) = engine().await;
    let ports = engine.state().source("ports", Origin::System);
    for (pushed, rings) in [
        (
            r#"{"m:port": [{"name": "a", "up": true, "load": 1}]}"#,
            false,
        ),
        // Not what is watched.
        (r#"{"m:port": [{"name": "a", "load": 2}]}"#, false),
        (r#"{"m:port": [{"name": "a", "up": false}]}"#, true),
        // It is down already.
        (
            r#"{"m:port": [{"name": "a", "up": false, "load": 3}]}"#,
            false,
        ),
    ] {
        ports
            .change(StateUpdate::new().put_json(pushed))
            .await
            .unwrap();
        if rings {
            assert_eq!(
                heard.recv().await.unwrap(),
                r#"ports {"m:kicker-id":"down","m:path":"/m:port[name='a']/up","m:tid":0}"#
            );
        }
    }
    // Kicks come in order: had there been one in between, it would come before this one.
    let update = StateUpdate::new()
        .remove("/m:port[name='a']/up")
        .put_json(r#"{"m:port": [{"name": "b", "up": false}]}"#);
    ports.change(update).await.unwrap();
    assert!(heard.recv().await.unwrap().contains("name='b'"));
}

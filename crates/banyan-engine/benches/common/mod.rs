//! What benchmarks of commits share: a schema from text, an engine without a disk, commits, and measuring.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::SessionId;
use banyan_engine::backend::{Call, CommitParameters, Principal, Result, Source};
use banyan_engine::engine::{Engine, EngineBuilder};
use banyan_engine::participant::Options;
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

/// The schema of one module.
pub fn schema(name: &str, text: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(text);
    match Compiler::new(&source).implement(name, None).compile() {
        Ok(compiled) => compiled.schema,
        Err(error) => panic!("the model does not compile: {error}"),
    }
}

/// An engine that keeps its log in memory.
pub async fn in_memory(schema: &Arc<Schema>) -> Engine {
    EngineBuilder::new(schema.clone())
        .in_memory()
        .open()
        .await
        .expect("an engine")
}

/// One commit.
pub async fn commit(
    engine: &Engine,
    edit: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
) -> Result<()> {
    let call = Call::new(SessionId(0), Principal::user("bench"));
    let source = Source {
        front_end: "bench".into(),
        transport: "internal".into(),
        peer: None,
    };
    engine
        .change(
            &call,
            source,
            CommitParameters::default(),
            Options::none(),
            edit,
        )
        .await
        .map(|_| ())
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Writes what was measured to `target/bench`.
pub fn write_summary(file: &str, summary: &serde_json::Value) {
    let target = std::env::var("CARGO_TARGET_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../target").to_owned());
    let directory = PathBuf::from(target).join("bench");
    std::fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join(file);
    std::fs::write(&file, format!("{summary:#}\n")).expect("the summary");
    println!("\nwritten to {}", file.display());
}

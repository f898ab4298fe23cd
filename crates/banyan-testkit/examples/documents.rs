//! `documents MODELS SEED`: random models with random data for juries in other languages, as JSON Lines: the text of a
//! module, then its documents, each with our verdict.

use std::sync::Arc;

use banyan_data::document::PrintOptions;
use banyan_data::view::Scope;
use banyan_data::{Tree, json, validate};
use banyan_testkit::{dice, edit, model};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || -> Result<u64, Box<dyn std::error::Error>> {
        Ok(arguments
            .next()
            .ok_or("usage: documents MODELS SEED")?
            .parse()?)
    };
    let (models, seed) = (number()?, number()?);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..models {
        let walk = (dice(10..250), proptest::collection::vec(dice(4..60), 1..16));
        let (mut model_dice, steps) = walk
            .new_tree(&mut runner)
            .map_err(|why| why.to_string())?
            .current();
        let text = model(&mut model_dice);
        let mut tree = Tree::empty(schema(&text)?);
        let mut documents = Vec::new();
        for mut step in steps {
            let Ok(edited) = edit(&tree, &mut step).apply(&tree) else {
                continue;
            };
            let report = validate::full(&edited, &options());
            let why = report.errors.first().map(ToString::to_string);
            documents.push(serde_json::json!({ "data": data(&edited)?, "why": why }));
            if report.is_valid() {
                tree = edited;
            }
        }
        println!(
            "{}",
            serde_json::json!({ "model": text, "documents": documents })
        );
    }
    Ok(())
}

fn schema(text: &str) -> Result<Arc<Schema>, Box<dyn std::error::Error>> {
    let mut source = MemorySource::new();
    source.add(text);
    Ok(Compiler::new(&source)
        .implement("m", None)
        .compile()?
        .schema)
}

fn options() -> validate::Options<'static> {
    validate::Options {
        scope: Scope::Config,
        ..validate::Options::default()
    }
}

fn data(tree: &Tree) -> Result<serde_json::Value, Box<dyn std::error::Error>> {
    let mut out = Vec::new();
    json::print(tree, &PrintOptions::default(), &mut out)?;
    Ok(serde_json::from_slice(&out)?)
}

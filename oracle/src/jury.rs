//! Random models and random data, judged by both: each document is valid for both or for neither.
//!
//! libyang crashes on some models, so that each handful is a process of its own. What it is known to judge wrongly is
//! counted and told (`docs/yang-ledger.md`); anything else is a failure.

use std::process::Command;
use std::sync::Arc;

use banyan_data::document::PrintOptions;
use banyan_data::view::Scope;
use banyan_data::{Tree, validate, xml};
use banyan_testkit::{Dice, dice, edit, model};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use yang5::context::{Context, ContextFlags, EmbeddedModuleKey, EmbeddedModules};
use yang5::data::{DataFormat, DataImplicitFlags, DataParserFlags, DataTree, DataValidationFlags};

/// Models of one process.
const HANDFUL: u64 = 20;
/// Edits that make the documents of one model.
const WALK: usize = 30;

/// A document that the two judge differently.
struct Dissent {
    model: String,
    document: String,
    ours: String,
    theirs: String,
}

/// Judges the documents of so many handfuls of models, each from a seed of its own, the first of which is `first`.
pub fn all(handfuls: &str, first: &str) -> Result<(), String> {
    let (handfuls, first) = (number(handfuls)?, number(first)?);
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut sums = [0; 5];
    for seed in first..first + handfuls {
        let child = Command::new(&program)
            .args(["jury", "handful", &seed.to_string()])
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&child.stdout);
        let Some(code) = child.status.code() else {
            sums[4] += 1;
            continue;
        };
        let (counts, dissents) = text.split_once('\n').unwrap_or_default();
        if code != 0 && counts.is_empty() {
            return Err(String::from_utf8_lossy(&child.stderr).into_owned());
        }
        for (sum, count) in sums.iter_mut().zip(counts.split(' ')) {
            *sum += number(count)?;
        }
        if !dissents.is_empty() {
            println!("seed {seed}\n{dissents}");
        }
    }
    let [valid, invalid, known, dissents, crashes] = sums;
    println!(
        "{} documents of {} models: {valid} valid, {invalid} not; {known} judged differently as the ledger says, \
         {dissents} otherwise; libyang crashed on {crashes} of {handfuls} handfuls of models",
        valid + invalid,
        handfuls * HANDFUL
    );
    match dissents {
        0 => Ok(()),
        _ => Err("the two disagree".to_owned()),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// Judges the documents of the models of one seed, and prints the counts, then what the two judge differently.
pub fn handful(seed: &str) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number(seed)?.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tally = Tally::default();
    for _ in 0..HANDFUL {
        let walk = (
            dice(10..250),
            proptest::collection::vec(dice(4..60), 1..WALK),
        );
        let walk = walk.new_tree(&mut runner).map_err(|why| why.to_string())?;
        let (model_dice, steps) = walk.current();
        judge(model_dice, steps, &mut tally)?;
    }
    let Tally {
        valid,
        invalid,
        known,
        dissents,
    } = tally;
    println!("{valid} {invalid} {known} {}", dissents.len());
    for dissent in &dissents {
        println!(
            "{}\n{}\nours: {}\ntheirs: {}\n",
            dissent.model, dissent.document, dissent.ours, dissent.theirs
        );
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
    known: usize,
    dissents: Vec<Dissent>,
}

fn judge(mut model_dice: Dice, steps: Vec<Dice>, tally: &mut Tally) -> Result<(), String> {
    let text = model(&mut model_dice);
    let schema = ours(&text)?;
    let context =
        theirs(&text).map_err(|why| format!("libyang refuses the model: {why}\n{text}"))?;
    let mut tree = Tree::empty(schema.clone());
    for mut step in steps {
        let Ok(edited) = edit(&tree, &mut step).apply(&tree) else {
            continue;
        };
        let document = xml_of(&edited)?;
        let ours = validity(&edited);
        let theirs = read(&context, &document);
        let agree = ours.is_ok() == theirs.is_ok();
        if ours.is_ok() {
            tally.valid += 1;
            tree = edited;
        } else {
            tally.invalid += 1;
        }
        if !agree && is_known(&context, &document, &ours, &theirs) {
            tally.known += 1;
        } else if !agree {
            let told =
                |verdict: Result<(), String>| verdict.err().unwrap_or_else(|| "valid".to_owned());
            tally.dissents.push(Dissent {
                model: text.clone(),
                document,
                ours: told(ours),
                theirs: told(theirs.map(|_| ())),
            });
            return Ok(());
        }
    }
    Ok(())
}

fn ours(text: &str) -> Result<Arc<Schema>, String> {
    let mut source = MemorySource::new();
    source.add(text);
    let compiled = Compiler::new(&source).implement("m", None).compile();
    Ok(compiled.map_err(|error| error.to_string())?.schema)
}

fn theirs(text: &str) -> Result<Context, String> {
    let failed = |error: yang5::Error| format!("{error:?}");
    let flags = ContextFlags::NO_YANGLIBRARY | ContextFlags::DISABLE_SEARCHDIR_CWD;
    let mut context = Context::new(flags).map_err(failed)?;
    // The crate wants texts that live as long as the program; they are small.
    let text: &'static str = String::from(text).leak();
    let modules: EmbeddedModules = [(EmbeddedModuleKey::new("m", None, None, None), text)].into();
    context.set_embedded_modules(&modules);
    context.load_module("m", None, &[]).map_err(failed)?;
    Ok(context)
}

fn xml_of(tree: &Tree) -> Result<String, String> {
    let mut out = Vec::new();
    xml::print(tree, &PrintOptions::default(), &mut out).map_err(|error| error.to_string())?;
    String::from_utf8(out).map_err(|error| error.to_string())
}

fn validity(tree: &Tree) -> Result<(), String> {
    let options = validate::Options {
        scope: Scope::Config,
        ..validate::Options::default()
    };
    let report = validate::full(tree, &options);
    match report.errors.first() {
        None => Ok(()),
        Some(error) => Err(error.to_string()),
    }
}

fn read<'a>(context: &'a Context, document: &str) -> Result<DataTree<'a>, String> {
    let options = DataParserFlags::STRICT | DataParserFlags::NO_STATE;
    let validation = DataValidationFlags::NO_STATE;
    DataTree::parse_string(context, document, DataFormat::XML, options, validation)
        .map_err(|error| format!("{error:?}"))
}

/// Whether it is one of libyang's faults that are in the ledger.
fn is_known(
    context: &Context,
    document: &str,
    ours: &Result<(), String>,
    theirs: &Result<DataTree<'_>, String>,
) -> bool {
    match (ours, theirs) {
        (Ok(()), Err(why)) if why.contains("which has not been evaluated") => true,
        // The `must` of a default that is in use is not always evaluated. Names are unique in a random model.
        (Err(why), Ok(_)) if why.contains("must constraint") => {
            let path = why.split(": ").next().unwrap_or_default();
            let name = path.rsplit(['/', ':']).next().unwrap_or_default();
            !document.contains(&format!("<{name}"))
        }
        _ => ours.is_ok() == read_with_defaults(context, document).is_ok(),
    }
}

/// In the order that makes libyang see the defaults of top-level nodes where it checks references and `when`.
fn read_with_defaults<'a>(context: &'a Context, document: &str) -> Result<DataTree<'a>, String> {
    let failed = |error: yang5::Error| format!("{error:?}");
    let options =
        DataParserFlags::STRICT | DataParserFlags::NO_STATE | DataParserFlags::NO_VALIDATION;
    let none = DataValidationFlags::empty();
    let mut tree = DataTree::parse_string(context, document, DataFormat::XML, options, none)
        .map_err(failed)?;
    tree.add_implicit(DataImplicitFlags::NO_STATE)
        .map_err(failed)?;
    tree.validate(DataValidationFlags::NO_STATE)
        .map_err(failed)?;
    Ok(tree)
}

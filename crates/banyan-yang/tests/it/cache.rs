//! A compiled set that is read from its file is the one that was written, or it is a miss.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use banyan_yang::cache::{Miss, Storage, decode, encode};
use banyan_yang::compile::{
    Compiled, Compiler, Features, MemorySource, Mode, ModuleSource, ModuleText,
};
use banyan_yang::dump::dump;
use banyan_yang::embedded::{EmbeddedModules, MODULES};
use banyan_yang::schema::{Schema, SchemaId, SchemaNode};
use banyan_yang::statement::Keyword;

use crate::shared;

/// Compiles, writes and reads; both must be alike in all that can be asked.
fn round_trip(source: &dyn ModuleSource, ask: impl Fn(Compiler<'_>) -> Compiler<'_>) -> Compiled {
    let compiler = ask(Compiler::new(source));
    let key = compiler.cache_key();
    let written = compiler.compile_recorded();
    let (written, lookups) = written.unwrap_or_else(|error| panic!("{error}"));
    let bytes = encode(&written, &key, &lookups).expect("it is made of what was asked");
    let read = decode(&bytes, &key, source).unwrap_or_else(|miss| panic!("{miss}"));
    assert_same(&written, &read);
    read
}

fn assert_same(written: &Compiled, read: &Compiled) {
    assert_eq!(written.diagnostics, read.diagnostics);
    let (one, other) = (&*written.schema, &*read.schema);
    assert_eq!(one.digest(), other.digest());
    assert!(dump(one) == dump(other), "the dumps differ");
    let (ours, theirs) = (nodes(one), nodes(other));
    assert_eq!(ours.len(), theirs.len());
    for ((id, before), (_, after)) in ours.iter().zip(&theirs) {
        assert_eq!(one.path(*id), other.path(*id));
        // Types, constraints, expressions, prefixes, targets and spans.
        assert_eq!(debug(before), debug(after));
        assert_eq!(
            one.sources().location(before.span),
            other.sources().location(after.span)
        );
        assert_eq!(one.description(*id), other.description(*id));
        assert_eq!(one.children(*id), other.children(*id));
        assert_eq!(one.data_children(*id), other.data_children(*id));
    }
    for ((_, before), (_, after)) in one.modules().zip(other.modules()) {
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }
    for ((_, before), (_, after)) in one.identities().zip(other.identities()) {
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }
    let annotations = |schema: &Schema| format!("{:?}", schema.annotations());
    assert_eq!(annotations(one), annotations(other));
}

/// Links that name nothing are as good as none.
fn debug(node: &SchemaNode) -> String {
    let nothing = "Some(NodeLinks { keys: [], uniques: [], default_case: None })";
    format!("{node:?}").replacen(nothing, "None", 1)
}

/// All nodes, those of structures too.
fn nodes(schema: &Schema) -> Vec<(SchemaId, &SchemaNode)> {
    let mut pending: Vec<SchemaId> = schema.structures().map(|(_, _, id)| id).collect();
    let mut all: Vec<_> = schema.nodes().collect();
    while let Some(id) = pending.pop() {
        all.push((id, schema.node(id)));
        pending.extend(schema.children(id));
    }
    all
}

#[test]
fn every_embedded_module_is_the_same_when_it_is_read_back() {
    for module in MODULES {
        for features in [Features::All, Features::none()] {
            round_trip(&EmbeddedModules, |compiler| {
                compiler
                    .implement(module.name, None)
                    .default_features(features.clone())
            });
        }
    }
    let all = round_trip(&EmbeddedModules, |compiler| {
        let names = MODULES.iter().map(|module| module.name);
        names.fold(compiler, |compiler, name| compiler.implement(name, None))
    });
    assert!(all.schema.structures().next().is_some());
    assert!(!all.schema.annotations().is_empty());
}

#[test]
fn the_openconfig_modules_are_the_same_when_they_are_read_back() {
    let Some(models) = shared::models("the_openconfig_modules_are_the_same") else {
        return;
    };
    let source = shared::source(Path::new(&models), &["openconfig", "ietf", "iana"]);
    let texts = shared::texts(&models, &["openconfig"]);
    let read = round_trip(&source, |mut compiler| {
        for (_, text) in &texts {
            let head = banyan_yang::head::Head::of(text);
            if let Some(head) = head.filter(|head| head.keyword == Keyword::Module) {
                compiler = compiler.implement(&head.name, None);
            }
        }
        compiler.mode(Mode::Lenient)
    });
    assert!(read.schema.nodes().len() > 10_000);
}

const A: &str = "module a { namespace urn:a; prefix a; import b { prefix b; } include s; \
    feature f; leaf x { type b:t; must \". != 'no'\"; } leaf y { if-feature f; type leafref { path ../x; } } }";
const B: &str =
    "module b { namespace urn:b; prefix b; typedef t { type string { pattern '[a-z]*'; } } }";
const S: &str = "submodule s { belongs-to a { prefix a; } leaf z { type int8; default 300; } }";

/// In memory, and counts.
#[derive(Default)]
struct Memory {
    files: RefCell<HashMap<String, Vec<u8>>>,
    written: RefCell<usize>,
    misses: RefCell<Vec<Miss>>,
}

impl Storage for Memory {
    fn read(&self, key: &str) -> Option<Vec<u8>> {
        self.files.borrow().get(key).cloned()
    }

    fn write(&self, key: &str, bytes: &[u8]) {
        *self.written.borrow_mut() += 1;
        self.files
            .borrow_mut()
            .insert(key.to_owned(), bytes.to_vec());
    }

    fn missed(&self, _: &str, miss: &Miss) {
        self.misses.borrow_mut().push(miss.clone());
    }
}

fn source(texts: &[&str]) -> MemorySource {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(*text);
    }
    source
}

/// Lenient, because the default of `z` is out of range.
fn asked(source: &MemorySource) -> Compiler<'_> {
    let compiler = Compiler::new(source).mode(Mode::Lenient);
    compiler.implement("a", None).import_only("missing", None)
}

fn digest(compiled: &Compiled) -> [u8; 32] {
    *compiled.schema.digest()
}

/// Compiles through a storage that holds what these texts give, and tells whether that was good for the other texts.
fn misses(before: &[&str], after: &[&str]) -> Vec<Miss> {
    let memory = Memory::default();
    let before = source(before);
    asked(&before).compile_through(&memory).expect("lenient");
    let after = source(after);
    let through = asked(&after).compile_through(&memory).expect("lenient");
    assert_same(&asked(&after).compile().expect("lenient"), &through);
    memory.misses.take()
}

#[test]
fn an_unchanged_set_is_not_compiled_again_and_its_errors_are_still_told() {
    let memory = Memory::default();
    let source = source(&[A, B, S]);
    let first = asked(&source).compile_through(&memory).expect("lenient");
    assert!(first.diagnostics.iter().any(|found| found.is_error()));
    let second = asked(&source).compile_through(&memory).expect("lenient");
    assert_same(&first, &second);
    assert_eq!(*memory.written.borrow(), 1);
    assert!(memory.misses.borrow().is_empty());
}

#[test]
fn a_changed_text_is_a_miss_be_it_of_a_module_an_import_or_a_submodule() {
    let changed = |name: &str| vec![Miss::Changed(name.to_owned())];
    let (a, b, s) = (
        A.replace("leaf x", "leaf w"),
        B.replace("[a-z]", "[a-y]"),
        S.replace("300", "301"),
    );
    assert_eq!(misses(&[A, B, S], &[A, B, S]), vec![]);
    assert_eq!(misses(&[A, B, S], &[&a, B, S]), changed("a"));
    assert_eq!(misses(&[A, B, S], &[A, &b, S]), changed("b"));
    assert_eq!(misses(&[A, B, S], &[A, B, &s]), changed("s"));
}

#[test]
fn a_module_that_was_missing_or_is_now_missing_is_a_miss() {
    let missing = "module missing { namespace urn:missing; prefix m; }";
    let changed = |name: &str| vec![Miss::Changed(name.to_owned())];
    assert_eq!(misses(&[A, B, S], &[A, B, S, missing]), changed("missing"));
    assert_eq!(misses(&[A, B, S, missing], &[A, B, S]), changed("missing"));
    assert_eq!(misses(&[A, B, S], &[A, S]), changed("b"));
}

#[test]
fn a_newer_revision_is_a_miss() {
    let newer = B.replace("prefix b;", "prefix b; revision 2026-01-01;");
    let changed = vec![Miss::Changed("b".to_owned())];
    assert_eq!(misses(&[A, B, S], &[A, B, S, &newer]), changed);
}

#[test]
fn each_request_has_a_key_of_its_own() {
    let source = source(&[A, B, S]);
    let one = || Compiler::new(&source).implement("a", None);
    let of_a = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        one().features("a", Features::Only(names))
    };
    let keys = [
        one(),
        one().mode(Mode::Lenient),
        one().implement("b", None),
        one().import_only("b", None),
        Compiler::new(&source)
            .implement("b", None)
            .implement("a", None),
        Compiler::new(&source).implement("a", Some("2026-01-01")),
        of_a(&[]),
        of_a(&["f"]),
        of_a(&["f", "g"]),
        one().features("a", Features::All),
        one().default_features(Features::none()),
    ]
    .map(|compiler| compiler.cache_key());
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "request {index}");
        assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    assert_eq!(one().cache_key(), keys[0]);
}

#[test]
fn another_feature_set_is_compiled_and_kept_beside_the_first() {
    let memory = Memory::default();
    let source = source(&[A, B, S]);
    let with = asked(&source).compile_through(&memory).expect("lenient");
    let without = || asked(&source).features("a", Features::none());
    let first = without().compile_through(&memory).expect("lenient");
    assert_ne!(digest(&with), digest(&first));
    let second = without().compile_through(&memory).expect("lenient");
    assert_same(&first, &second);
    assert_eq!(*memory.written.borrow(), 2);
}

#[test]
fn a_set_that_is_refused_is_not_kept() {
    let memory = Memory::default();
    let source = source(&[A, B, S]);
    let strict = Compiler::new(&source).implement("a", None);
    assert!(strict.compile_through(&memory).is_err());
    assert_eq!(*memory.written.borrow(), 0);
}

/// What these texts give, with its key.
fn file(source: &MemorySource) -> (String, Vec<u8>) {
    let memory = Memory::default();
    asked(source).compile_through(&memory).expect("lenient");
    let mut files = memory.files.take().into_iter();
    files.next().expect("one file")
}

#[test]
fn a_file_of_another_request_or_version_or_of_anything_else_is_a_miss() {
    let source = source(&[A, B, S]);
    let (key, bytes) = file(&source);
    let read = |bytes: &[u8], key: &str| decode(bytes, key, &source).map(|_| ());
    assert_eq!(read(&bytes, &key), Ok(()));
    assert_eq!(
        read(&bytes, &key.replace(&key[..1], "x")),
        Err(Miss::Request)
    );
    let mut other = bytes.clone();
    other[8] ^= 0x40;
    assert_eq!(read(&other, &key), Err(Miss::Version));
    assert_eq!(read(b"", &key), Err(Miss::Damaged));
    assert_eq!(read(A.as_bytes(), &key), Err(Miss::Damaged));
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(read(&longer, &key), Err(Miss::Damaged));
}

#[test]
fn a_truncated_file_is_a_miss() {
    let source = source(&[A, B, S]);
    let (key, bytes) = file(&source);
    for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let read = decode(&bytes[..length], &key, &source);
        assert!(read.is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn a_flipped_bit_is_a_miss_wherever_it_is() {
    let source = source(&[A, B, S]);
    let (key, mut bytes) = file(&source);
    for at in 0..bytes.len() {
        bytes[at] ^= 1 << (at % 8);
        assert!(decode(&bytes, &key, &source).is_err(), "byte {at}");
        bytes[at] ^= 1 << (at % 8);
    }
    assert!(decode(&bytes, &key, &source).is_ok());
}

#[test]
fn texts_may_move_and_messages_show_where_they_are_now() {
    let place = |origin: &str| {
        let mut source = MemorySource::new();
        let (origin, text) = (origin.into(), B.into());
        source.insert("b", "", ModuleText { origin, text });
        source
    };
    let memory = Memory::default();
    let compile = |source: &MemorySource| {
        let compiler = Compiler::new(source).implement("b", None);
        let compiled = compiler.compile_through(&memory).expect("it is right");
        let sources = compiled.schema.sources();
        let first = sources.ids().next().expect("one text");
        sources.name(first).to_owned()
    };
    assert_eq!(compile(&place("old/b.yang")), "old/b.yang");
    assert_eq!(compile(&place("new/b.yang")), "new/b.yang");
    assert_eq!(*memory.written.borrow(), 1);
}

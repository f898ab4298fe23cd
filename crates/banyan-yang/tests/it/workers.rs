//! Texts that are parsed by several workers make the same schema as those that are parsed one after the other.

use banyan_yang::compile::{CompileError, Compiled, Compiler, Lookup, MemorySource, Mode, Workers};
use banyan_yang::dump::dump;

/// Does all pieces at once, those in front last.
struct Backwards;

impl Workers for Backwards {
    fn each(&self, count: usize, job: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for index in (0..count).rev() {
                scope.spawn(move || job(index));
            }
        });
    }
}

fn outcome(result: Result<(Compiled, Vec<Lookup>), CompileError>) -> String {
    match result {
        Ok((compiled, lookups)) => {
            let (schema, found) = (&compiled.schema, &compiled.diagnostics);
            let sources = schema.sources();
            let names: Vec<_> = sources.ids().map(|id| sources.name(id)).collect();
            let found: Vec<_> = found.iter().map(|one| one.render(sources)).collect();
            let digest = schema.digest();
            format!(
                "{digest:?} {lookups:?} {names:?} {found:?} {}",
                dump(schema)
            )
        }
        Err(error) => error.to_string(),
    }
}

/// The same in all that can be asked, in both modes; gives what the strict one says.
fn same(texts: &[&str], requests: &[(&str, Option<&str>)]) -> String {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(*text);
    }
    let mut said = String::new();
    for mode in [Mode::Lenient, Mode::Strict] {
        let compiler = || {
            let compiler = Compiler::new(&source).mode(mode);
            let asked = requests.iter();
            asked.fold(compiler, |compiler, (name, revision)| {
                compiler.implement(name, *revision)
            })
        };
        said = outcome(compiler().compile_recorded());
        assert_eq!(
            said,
            outcome(compiler().workers(&Backwards).compile_recorded())
        );
    }
    said
}

const OLD: &str =
    "module t { namespace urn:t; prefix t; revision 2020-01-01; typedef t { type int8; } }";
const NEW: &str =
    "module t { namespace urn:t; prefix t; revision 2021-01-01; typedef t { type int16; } }";
const M: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; include s; include s2;
      import t { prefix t; } import t { prefix o; revision-date 2020-01-01; }
      import n { prefix n; } leaf a { type t:t; } leaf b { type o:t; } augment /n:c { leaf x { type string; } } }";
const S: &str = "submodule s { yang-version 1.1; belongs-to m { prefix m; } include s2; import n { prefix n; } leaf s { type int8; } }";
const S2: &str =
    "submodule s2 { yang-version 1.1; belongs-to m { prefix m; } leaf s2 { type int8; } }";
const N: &str = "module n { namespace urn:n; prefix n; import t { prefix t; } container c; }";

#[test]
fn imports_and_includes_are_followed_as_without_workers() {
    let all = [OLD, NEW, M, S, S2, N];
    let said = same(&all, &[("m", None)]);
    assert!(said.contains("\"m.yang\""), "{said}");
    same(&all, &[("n", None), ("m", None)]);
    same(&all, &[("t", Some("2020-01-01")), ("m", None)]);
    same(
        &[OLD, M, S, S2, N],
        &[("t", Some("2021-01-01")), ("m", None)],
    );
}

#[test]
fn what_is_wrong_is_said_as_without_workers() {
    let said = same(
        &[
            "module m { namespace urn:m; prefix m import gone { prefix g; } include other; leaf a { type n:x; } leaff b; }",
            "submodule other { belongs-to x { prefix x; } leaf b { type strin; } }",
            "module k { namespace urn:k; prefix k; import m { prefix m; } import k { prefix kk; } leaf k { type m:x; }",
        ],
        &[("k", None), ("m", None), ("nowhere", None)],
    );
    for code in [
        "missing-semicolon",
        "module-not-found",
        "wrong-module",
        "unclosed-block",
    ] {
        assert!(said.contains(code), "{code}: {said}");
    }
}

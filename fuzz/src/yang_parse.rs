//! Bytes as YANG texts: whatever they are, they parse, print, compile leniently, and are dumped and drawn, without a panic.
//!
//! A line `//--` parts texts, so that one input can hold modules that augment, deviate and include each other. What
//! they import otherwise comes from the embedded modules.
#![no_main]

use banyan_yang::compile::{Compiler, MemorySource, Mode, ModuleSource, ModuleText, SourceError};
use banyan_yang::diagnostic::Diagnostics;
use banyan_yang::dump::dump;
use banyan_yang::embedded::EmbeddedModules;
use banyan_yang::grammar;
use banyan_yang::parse::parse;
use banyan_yang::source::SourceMap;
use banyan_yang::statement::{Keyword, StatementId, SyntaxTree};
use banyan_yang::tree::{TreeModules, TreeOptions};
use libfuzzer_sys::fuzz_target;

/// Rendering is slow beside compiling, and one diagnostic of a kind is like the next.
const RENDERED: usize = 20;

/// The texts of the input, then the embedded modules.
struct Texts(MemorySource);

impl ModuleSource for Texts {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        self.0
            .find(name, revision)
            .or_else(|_| EmbeddedModules.find(name, revision))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let mut texts = Texts(MemorySource::new());
    let mut modules = Vec::new();
    for text in input.split("\n//--\n") {
        modules.extend(round_trip(text));
        texts.0.add(text);
    }
    let modules: Vec<(&str, Option<&str>)> =
        modules.iter().map(|name| (name.as_str(), None)).collect();
    compile(&texts, &modules);
    draw(&texts, &modules);
});

/// The print of a text must parse to the same statements. Gives the name, if it is a module.
fn round_trip(text: &str) -> Option<String> {
    let tree = parsed(text);
    let printed = tree.print();
    let again = parsed(&printed);
    assert_eq!(statements(&tree), statements(&again), "{printed}");
    assert_eq!(again.print(), printed);
    let root = tree.root()?;
    (tree.keyword(root) == Keyword::Module).then(|| tree.name(root).to_owned())
}

fn parsed(text: &str) -> SyntaxTree {
    let mut sources = SourceMap::new();
    let source = sources
        .add("input", text)
        .expect("libFuzzer gives short inputs");
    let mut found = Diagnostics::new();
    let tree = parse(&sources, source, &mut found);
    grammar::check(&mut tree.clone(), &mut found);
    for diagnostic in found.into_sorted().iter().take(RENDERED) {
        diagnostic.render(&sources);
        diagnostic.one_line(&sources);
    }
    tree
}

/// Depth, keyword and argument of all statements that were not dropped, in order.
fn statements(tree: &SyntaxTree) -> Vec<(usize, &str, Option<&str>)> {
    let mut open: Vec<(usize, StatementId)> = tree
        .ids()
        .rev()
        .filter(|id| tree.parent(*id).is_none() && !tree.is_dropped(*id))
        .map(|id| (0, id))
        .collect();
    let mut all = Vec::new();
    while let Some((depth, id)) = open.pop() {
        all.push((depth, tree.keyword_text(id), tree.argument(id)));
        let children: Vec<_> = tree.children(id).map(|child| (depth + 1, child)).collect();
        open.extend(children.into_iter().rev());
    }
    all
}

/// Strict mode looks at what nothing uses too; lenient mode gives a schema whatever was wrong.
fn compile(texts: &Texts, modules: &[(&str, Option<&str>)]) {
    for mode in [Mode::Strict, Mode::Lenient] {
        let compiler = modules
            .iter()
            .fold(Compiler::new(texts), |compiler, (name, revision)| {
                compiler.implement(name, *revision)
            });
        match compiler.mode(mode).compile() {
            Ok(compiled) => {
                for diagnostic in compiled.diagnostics.iter().take(RENDERED) {
                    diagnostic.render(compiled.schema.sources());
                }
                dump(&compiled.schema);
            }
            Err(error) => {
                for diagnostic in error.diagnostics.iter().take(RENDERED) {
                    diagnostic.render(&error.sources);
                }
            }
        }
    }
}

fn draw(texts: &Texts, modules: &[(&str, Option<&str>)]) {
    let read = TreeModules::read(texts, modules);
    read.draw(&TreeOptions::default());
    read.draw(&TreeOptions {
        depth: Some(3),
        line_length: Some(40),
        groupings: true,
        keep_uses: true,
        module_names: true,
        yang_data: true,
        structures: true,
        ..TreeOptions::default()
    });
}

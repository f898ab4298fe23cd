//! Hostile texts end in a result or an error, in steps that grow with the text and no faster: each text here is so
//! large that a step for each pair of its parts would take minutes.

use super::*;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dump::dump;
use crate::parse::parse;
use crate::pattern::Pattern;
use crate::schema::TypeKind;
use crate::source::SourceMap;
use crate::statement::SyntaxTree;
use crate::tree::{TreeModules, TreeOptions};

/// A part of a text, once for each number.
fn each(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// What strict mode says to a module; nothing if it compiles.
fn findings(body: &str) -> Vec<Diagnostic> {
    match compile(&[&module(body)]) {
        Ok(compiled) => compiled.diagnostics,
        Err(error) => error.diagnostics,
    }
}

fn codes(found: &[Diagnostic]) -> Vec<&'static str> {
    let mut codes: Vec<_> = found.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn parsed(text: &str) -> (SyntaxTree, SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let source = sources.add("m.yang", text).unwrap();
    let mut found = Diagnostics::new();
    let tree = parse(&sources, source, &mut found);
    (tree, sources, found.into_sorted())
}

#[test]
fn blocks_nested_a_hundred_thousand_deep_are_an_error() {
    let deep = "container c {".repeat(100_000) + &"}".repeat(100_000);
    assert_eq!(codes(&findings(&deep)), ["too-deep"]);
    let (tree, _, found) = parsed(&"{".repeat(100_000));
    assert!(tree.len() <= crate::parse::MAX_DEPTH + 1);
    assert!(codes(&found).contains(&"too-deep"));
}

#[test]
fn ten_megabytes_of_leaves_compile_are_dumped_and_drawn() {
    let text = "words ".repeat(205);
    let body = each(8_000, |leaf| {
        format!("leaf l{leaf} {{ type string; description '{text}'; }}\n")
    });
    assert!(body.len() > 10_000_000, "{}", body.len());
    let text = module(&body);
    let schema = schema(&[&text]);
    assert_eq!(dump(&schema).lines().count(), 8_001);
    let source = source(&[&text]);
    let diagram = TreeModules::read(&source, &[("m", None)]).draw(&TreeOptions::default());
    assert_eq!(diagram.text.lines().count(), 8_001);
}

#[test]
fn a_string_of_ten_megabytes_is_an_argument_like_any_other() {
    let (tree, _, found) = parsed(&module(&format!(
        "description \"{}\";",
        "\\n".repeat(5_000_000)
    )));
    assert_eq!(found, []);
    let lengths = tree.ids().map(|id| tree.name(id).len());
    assert_eq!(lengths.max(), Some(5_000_000));
    assert_eq!(tree.print().len(), (5_000_000) + "module m {\n  yang-version 1.1;\n  namespace urn:m;\n  prefix m;\n  description '';\n}\n".len());
}

#[test]
fn strings_with_escapes_on_one_line_do_not_look_back_over_it() {
    let (tree, _, found) = parsed(&each(100_000, |_| "m:x \"\\\\\"; ".to_owned()));
    assert_eq!((tree.len(), found.len()), (100_000, 0));
    assert!(tree.ids().all(|id| tree.name(id) == "\\"));
}

#[test]
fn ten_thousand_findings_on_one_long_line_are_placed_and_shown() {
    let (_, sources, found) = parsed(&each(10_000, |_| format!("{}foo bar;", " ".repeat(200))));
    assert_eq!(found.len(), 10_000);
    assert_eq!(
        sources.position(found[9_999].primary.unwrap()).column,
        9_999 * 208 + 201
    );
    for finding in found.iter().step_by(20) {
        assert!(finding.render(&sources).len() < 1000);
    }
    assert!(
        found
            .iter()
            .all(|finding| finding.one_line(&sources).len() < 100)
    );
}

#[test]
fn a_name_of_a_hundred_thousand_characters_is_drawn() {
    let name = "x".repeat(100_000);
    let text = module(&format!(
        "leaf {name} {{ type string; }} leaf short {{ type string; }}"
    ));
    let source = source(&[&text]);
    let diagram = TreeModules::read(&source, &[("m", None)]).draw(&TreeOptions::default());
    assert!(diagram.text.contains(&format!("{name}?   string\n")));
    assert!(diagram.text.len() < 102_000, "{}", diagram.text.len());
}

#[test]
fn long_chains_of_definitions_are_errors_or_succeed() {
    let chain = |part: fn(usize, usize) -> String| each(10_000, |at| part(at, at + 1));
    let typedefs = chain(|at, next| format!("typedef t{at} {{ type t{next}; }}\n"));
    assert_eq!(
        codes(&findings(&(typedefs + "typedef t10000 { type int8; }"))),
        ["too-deep"]
    );
    let identities = chain(|at, next| format!("identity i{at} {{ base i{next}; }}\n"));
    assert_eq!(
        codes(&findings(&(identities + "identity i10000;"))),
        ["too-deep"]
    );
    let features = chain(|at, next| format!("feature f{at} {{ if-feature f{next}; }}\n"));
    assert_eq!(findings(&(features + "feature f10000;")), []);
    let groupings = chain(|at, next| format!("grouping g{at} {{ uses g{next}; }}\n"));
    assert_eq!(
        codes(&findings(&(groupings + "grouping g10000;"))),
        ["too-deep"]
    );
    let imports = chain(|at, _| format!("import i{at} {{ prefix p{at}; }}\n"));
    assert_eq!(codes(&findings(&imports)), ["module-not-found"]);
}

#[test]
fn identities_that_all_lead_back_to_the_first_are_cycles() {
    let identities = each(10_000, |at| {
        format!("identity i{at} {{ base i{}; base i0; }}\n", at + 1)
    });
    let found = findings(&(identities + "identity i10000;"));
    assert!(codes(&found).contains(&"circular-identity"));
}

#[test]
fn expressions_of_a_megabyte_are_errors_or_succeed() {
    let must = |text: String| {
        codes(&findings(&format!(
            "leaf l {{ type int8; must \"{text}\"; }}"
        )))
    };
    assert_eq!(must(format!(".{}", " or .".repeat(200_000))), [""; 0]);
    assert_eq!(
        must(format!("1{}", "+1".repeat(500_000))),
        ["invalid-xpath"]
    );
    assert_eq!(must("(".repeat(1 << 20)), ["invalid-xpath"]);
    assert_eq!(must("-".repeat(1 << 20) + "1"), ["invalid-xpath"]);
    for (unit, count) in [("a", 1 << 20), ("(", 1 << 20), ("[a-", 350_000)] {
        let result = Pattern::new(unit.repeat(count));
        assert!(result.is_err(), "{unit}");
    }
    let feature = |text: String| {
        codes(&findings(&format!(
            "feature f; leaf l {{ type int8; if-feature '{text}'; }}"
        )))
    };
    assert_eq!(feature(format!("f{}", " or f".repeat(200_000))), [""; 0]);
    assert_eq!(feature("(".repeat(1 << 20)), ["invalid-if-feature"]);
    assert_eq!(
        feature(format!("{}f", "not ".repeat(250_000))),
        ["invalid-if-feature"]
    );
}

#[test]
fn suggestions_for_ten_thousand_wrong_names_end_with_their_budget() {
    let types = each(5_000, |at| format!("typedef type-{at} {{ type int8; }}\n"));
    let leaves = each(5_000, |at| format!("leaf l{at} {{ type typo-{at}; }}\n"));
    let found = findings(&(types + &leaves));
    assert_eq!((codes(&found), found.len()), (vec!["unknown-name"], 5_000));
    let suggests = |at: usize| {
        found[at]
            .help
            .as_deref()
            .is_some_and(|help| help.contains("did you mean"))
    };
    assert!(suggests(0) && !suggests(4_999));
    let leaves = each(5_000, |at| format!("leaf l{at} {{ type int8; }}\n"));
    let refines = each(5_000, |at| format!("refine x{at} {{ default 1; }}\n"));
    let found = findings(&format!("grouping g {{ {leaves} }} uses g {{ {refines} }}"));
    assert_eq!((codes(&found), found.len()), (vec!["unknown-node"], 5_000));
}

#[test]
fn a_text_of_a_million_errors_keeps_as_many_as_are_shown() {
    let text = "}".repeat(1_000_000);
    let (_, _, found) = parsed(&text);
    assert_eq!(
        (codes(&found), found.len()),
        (vec!["unexpected-brace"], 10_000)
    );
}

/// The type of a leaf at the top.
fn type_of<'s>(schema: &'s Schema, leaf: &str) -> &'s Arc<Type> {
    let mut nodes = schema.nodes().map(|(_, node)| node);
    let node = nodes.find(|node| *node.name == *leaf).expect("a leaf");
    node.ty.as_ref().expect("a type")
}

#[test]
fn types_derived_from_a_large_one_share_what_they_do_not_change() {
    const MANY: usize = 3_000;
    let patterns = each(MANY, |at| format!("pattern 'a{at}';"));
    let parts: Vec<String> = (0..MANY).map(|at| (2 * at).to_string()).collect();
    let enums = each(MANY, |at| format!("enum e{at};"));
    let leaves = each(MANY, |at| {
        format!(
            "leaf p{at} {{ type p {{ pattern 'b{at}'; }} }} leaf r{at} {{ type r {{ pattern 'b{at}'; }} }}
             typedef e{at} {{ type e; default e{at}; }} leaf e{at} {{ type e{at}; }}
             leaf k{at} {{ type e {{ enum e{at}; }} }} leaf u{at} {{ type u; }}\n"
        )
    });
    let text = module(&format!(
        "typedef p {{ type string {{ {patterns} }} }} typedef r {{ type string {{ length '{}'; }} }}
         typedef e {{ type enumeration {{ {enums} }} }} leaf t {{ type int8; }}
         typedef u {{ type union {{ type leafref {{ path '/m:t'; }} {} }} }} {leaves}",
        parts.join("|"),
        "type int8; ".repeat(900)
    ));
    let schema = schema(&[&text]);
    let TypeKind::String { patterns, .. } = &type_of(&schema, "p7").kind else {
        panic!("a string");
    };
    assert_eq!(patterns.len(), MANY + 1);
    let lengths = ["r7", "r8"].map(|leaf| match &type_of(&schema, leaf).kind {
        TypeKind::String { length, .. } => length.parts.clone(),
        _ => panic!("a string"),
    });
    assert!(Arc::ptr_eq(&lengths[0], &lengths[1]));
    let enums = ["e7", "e8"].map(|leaf| match &type_of(&schema, leaf).kind {
        TypeKind::Enumeration(items) => items.clone(),
        _ => panic!("an enumeration"),
    });
    assert!(Arc::ptr_eq(&enums[0], &enums[1]) && enums[0].len() == MANY);
    assert!(Arc::ptr_eq(type_of(&schema, "u7"), type_of(&schema, "u8")));
}

#[test]
fn thousands_of_refinements_of_one_node_are_one_change() {
    let refines = each(3_000, |at| format!("refine l {{ must '. > {at}'; }}"));
    let text = module(&format!(
        "grouping g {{ leaf l {{ type int32; }} }} uses g {{ {refines} refine l {{ default 1; }} }}"
    ));
    let schema = schema(&[&text]);
    let leaf = schema
        .nodes()
        .map(|(_, node)| node)
        .find(|node| &*node.name == "l");
    assert_eq!(leaf.map(|leaf| leaf.musts().len()), Some(3_000));
}

#[test]
fn a_list_of_thousands_of_keys_compiles() {
    let names: Vec<String> = (0..10_000).map(|at| format!("k{at}")).collect();
    let leaves: String = names
        .iter()
        .map(|name| format!("leaf {name} {{ type int8; }}"))
        .collect();
    let text = module(&format!("list l {{ key '{}'; {leaves} }}", names.join(" ")));
    let schema = schema(&[&text]);
    let list = schema
        .nodes()
        .map(|(_, node)| node)
        .find(|node| &*node.name == "l");
    assert_eq!(list.map(|list| list.keys().len()), Some(10_000));
}

#[test]
fn character_classes_of_a_hundred_kilobytes_are_put_in_order_once() {
    let apart: String = (0..30_000)
        .filter_map(|at| char::from_u32(0x3400 + 2 * at))
        .collect();
    let class = Pattern::new(format!("[{apart}]")).expect("a class");
    assert!(class.is_match("\u{3402}") && !class.is_match("\u{3403}"));
    let class = Pattern::new(format!("[{}x]", r"\i\c\D\p{L}".repeat(10_000))).expect("a class");
    assert!(class.is_match("x"));
}

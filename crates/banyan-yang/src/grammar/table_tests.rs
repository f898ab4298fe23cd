//! Every pair of a statement and a substatement, in both versions, as often as the tables of the standards allow and
//! once more. The tables here are those of RFC 7950 section 7 (and of RFC 6020 where it differs), in their words.

use std::collections::HashMap;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::parse::parse;
use crate::source::SourceMap;
use crate::statement::Keyword;

/// `statement: substatements`. After a substatement its cardinality, `?` 0..1, `*` 0..n, `1`, `+` 1..n; two of them
/// are those of version 1 and of 1.1, where `-` is "not at all". `@data` stands for the data definitions.
const TABLES: &str = "
module: yang-version? import* include* namespace1 prefix1 organization? contact? description? reference?
  revision* extension* feature* identity* typedef* grouping* @data augment* rpc* notification* deviation*
submodule: yang-version? import* include* belongs-to1 organization? contact? description? reference?
  revision* extension* feature* identity* typedef* grouping* @data augment* rpc* notification* deviation*
import: prefix1 revision-date? description-? reference-?
include: revision-date? description-? reference-?
belongs-to: prefix1
revision: description? reference?
typedef: type1 units? default? status? description? reference?
type: range? length? pattern* fraction-digits? enum* bit* path? base?* require-instance? type*
container: when? if-feature* must* presence? config? status? description? reference? typedef* grouping* @data
  action-* notification-*
must: error-message? error-app-tag? description? reference?
leaf: when? if-feature* type1 units? must* default? config? mandatory? status? description? reference?
leaf-list: when? if-feature* type1 units? must* default-* config? min-elements? max-elements? ordered-by?
  status? description? reference?
list: when? if-feature* must* key? unique* config? min-elements? max-elements? ordered-by? status?
  description? reference? typedef* grouping* @data action-* notification-*
choice: when? if-feature* default? config? mandatory? status? description? reference? case* container* leaf*
  leaf-list* list* anyxml* choice-* anydata-*
case: when? if-feature* status? description? reference? @data
anyxml: when? if-feature* must* config? mandatory? status? description? reference?
anydata: when? if-feature* must* config? mandatory? status? description? reference?
grouping: status? description? reference? typedef* grouping* @data action-* notification-*
uses: when? if-feature* status? description? reference? refine* augment*
refine: must* presence? default?* config? mandatory? min-elements? max-elements? description? reference?
  if-feature-*
rpc: if-feature* status? description? reference? typedef* grouping* input? output?
action: if-feature* status? description? reference? typedef* grouping* input? output?
input: must-* typedef* grouping* @data
output: must-* typedef* grouping* @data
notification: if-feature* status? description? reference? typedef* grouping* @data must-*
augment: when? if-feature* status? description? reference? @data case* action-* notification-*
identity: base?* if-feature-* status? description? reference?
extension: argument? status? description? reference?
argument: yin-element?
feature: if-feature* status? description? reference?
deviation: description? reference? deviate+
range: error-message? error-app-tag? description? reference?
length: error-message? error-app-tag? description? reference?
pattern: modifier-? error-message? error-app-tag? description? reference?
enum: value? if-feature-* status? description? reference?
bit: position? if-feature-* status? description? reference?
when: description? reference?
deviate add: units? must* unique* default?* config? mandatory? min-elements? max-elements?
deviate replace: type? units? default?* config? mandatory? min-elements? max-elements?
deviate delete: units? must* unique* default?*
deviate not-supported:
";

const DATA: &str = "container* leaf* leaf-list* list* choice* anydata-* anyxml* uses*";

/// The cardinalities of version 1 and of 1.1.
type Cards = HashMap<String, (char, char)>;

fn tables() -> Vec<(String, Cards)> {
    let text = TABLES.replace("@data", DATA).replace("\n  ", " ");
    let rows = text.lines().filter_map(|line| line.split_once(':'));
    rows.map(|(statement, substatements)| {
        let cards = substatements.split_whitespace().map(|word| {
            let (name, cards) = word.split_at(word.find(['?', '*', '1', '+']).unwrap_or(0));
            match name.strip_suffix('-') {
                Some(name) => (name.to_owned(), ('-', cards.chars().next().unwrap())),
                None => {
                    let (first, last) = (cards.chars().next(), cards.chars().last());
                    (name.to_owned(), (first.unwrap(), last.unwrap()))
                }
            }
        });
        (statement.to_owned(), cards.collect())
    })
    .collect()
}

fn bounds(card: char) -> (usize, usize) {
    match card {
        '?' => (0, 1),
        '*' => (0, 9),
        '1' => (1, 1),
        '+' => (1, 9),
        _ => (0, 0),
    }
}

/// A valid statement, but for what its parent asks of it.
fn statement(keyword: &str, inner: &str) -> String {
    let (argument, needs) = match keyword {
        "input" | "output" => ("", "leaf d { type string; }"),
        "belongs-to" | "import" => ("x", "prefix p;"),
        "include" => ("x", ""),
        "leaf" | "leaf-list" | "typedef" => ("x", "type string;"),
        "revision" | "revision-date" => ("2020-01-01", ""),
        "yang-version" => ("1", ""),
        "namespace" => ("urn:x", ""),
        "config" | "mandatory" | "require-instance" | "yin-element" => ("true", ""),
        "status" => ("current", ""),
        "ordered-by" => ("user", ""),
        "modifier" => ("invert-match", ""),
        "deviate" | "deviate not-supported" => ("not-supported", ""),
        "deviate add" => ("add", ""),
        "deviate replace" => ("replace", ""),
        "deviate delete" => ("delete", ""),
        "deviation" => ("/p:x", "deviate not-supported;"),
        "augment" => ("/p:x", ""),
        "min-elements" | "max-elements" | "fraction-digits" | "value" | "position" => ("1", ""),
        _ => ("x", ""),
    };
    let keyword = keyword.split(' ').next().unwrap_or("");
    // What is tested stands in for what the statement needs.
    let needed = |need: &str| {
        let first = need.split(' ').next().unwrap_or("");
        let tested = |line: &str| line.split([' ', ';']).next() == Some(first);
        first != "leaf" && inner.lines().any(tested)
    };
    let needs = if needed(needs) { "" } else { needs };
    format!("{keyword} {argument} {{\n{needs}\n{inner}\n}}\n")
}

/// A text with a statement where it may stand.
fn text(parent: &str, inner: &str, version: Version) -> String {
    let number = match version {
        Version::V1 => "1",
        Version::V1_1 => "1.1",
    };
    let in_rpc = |text: &str| format!("rpc r {{ {text} }}");
    let in_leaf = |text: &str| format!("leaf l {{ type string {{ {text} }} }}");
    let own = statement(parent, inner);
    let own = match parent {
        "module" | "submodule" => inner.to_owned(),
        "type" => format!("leaf l {{ {own} }}"),
        "range" | "length" | "pattern" | "enum" | "bit" => in_leaf(&own),
        "input" | "output" => in_rpc(&own),
        "must" | "when" | "action" => format!("container c {{ {own} }}"),
        "case" => format!("choice c {{ {own} }}"),
        "refine" => format!("uses g {{ {own} }}"),
        "argument" => format!("extension e {{ {own} }}"),
        _ if parent.starts_with("deviate") => format!("deviation /p:x {{ {own} }}"),
        _ => own,
    };
    let heads: Vec<&str> = match parent {
        "submodule" | "belongs-to" => vec!["submodule m", "belongs-to m { prefix m; }"],
        _ => vec!["module m", "namespace urn:m;", "prefix m;"],
    };
    let mut body = format!("{} {{\n", heads[0]);
    if !own.starts_with("yang-version") {
        body.push_str(&format!("yang-version {number};\n"));
    }
    for head in &heads[1..] {
        let keyword = head.split(' ').next().unwrap_or("");
        if !own.starts_with(keyword) {
            body.push_str(head);
            body.push('\n');
        }
    }
    format!("{body}{own}\n}}")
}

fn accepted(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let source = sources.add("m.yang", text).unwrap();
    let mut found = Diagnostics::new();
    let mut tree = parse(&sources, source, &mut found);
    check(&mut tree, &mut found);
    !found.has_errors()
}

/// A wrong number of a header statement of the text that it stands in.
fn is_header(parent: &str, child: &str) -> bool {
    matches!(parent, "module" | "submodule")
        && matches!(
            child,
            "yang-version" | "namespace" | "prefix" | "belongs-to"
        )
}

#[test]
fn every_substatement_may_stand_where_and_as_often_as_the_tables_say() {
    let mut wrong = Vec::new();
    for version in [Version::V1, Version::V1_1] {
        for (parent, cards) in tables() {
            if version == Version::V1 && matches!(parent.as_str(), "action" | "anydata") {
                continue;
            }
            for child in Keyword::ALL.iter().map(|keyword| keyword.text()) {
                if is_header(&parent, child) {
                    continue; // See the next test.
                }
                let card = cards.get(child).map_or(('-', '-'), |card| *card);
                let card = if version == Version::V1 {
                    card.0
                } else {
                    card.1
                };
                let (min, max) = bounds(card);
                for count in 1..=2 {
                    // A unique name each, so that nothing but the number is wrong.
                    let inner = statement(child, "").repeat(count);
                    let text = text(&parent, &inner, version);
                    if accepted(&text) != (min..=max).contains(&count) {
                        wrong.push(format!("{version:?}: {count} `{child}` in `{parent}`"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_statement_needs_is_missed() {
    let texts = [
        "module m { prefix m; }",
        "module m { namespace urn:m; }",
        "submodule s { }",
        "module m { namespace urn:m; prefix m; import x; }",
        "module m { namespace urn:m; prefix m; leaf x; }",
        "module m { namespace urn:m; prefix m; leaf-list x; }",
        "module m { namespace urn:m; prefix m; typedef x; }",
        "module m { namespace urn:m; prefix m; deviation /m:x; }",
        "module m { namespace urn:m; prefix m; rpc x { input { must a; } } }",
        "module m { namespace urn:m; prefix m; rpc x { output { typedef t { type string; } } } }",
        "submodule s { belongs-to m; }",
    ];
    for text in texts {
        assert!(!accepted(text), "{text}");
    }
    for twice in [
        "module m { yang-version 1; yang-version 1; namespace urn:m; prefix m; }",
        "module m { namespace urn:m; namespace urn:m; prefix m; }",
        "module m { namespace urn:m; prefix m; prefix m; }",
        "module m { namespace urn:m; prefix m; belongs-to m { prefix m; } }",
        "submodule m { belongs-to m { prefix m; } belongs-to m { prefix m; } }",
        "submodule m { prefix m; belongs-to m { prefix m; } }",
        "submodule m { namespace m; belongs-to m { prefix m; } }",
    ] {
        assert!(!accepted(twice), "{twice}");
    }
    assert!(accepted(
        "submodule m { yang-version 1.1; belongs-to m { prefix m; } }"
    ));
    assert!(accepted(
        "module m { yang-version 1; namespace urn:m; prefix m; }"
    ));
}

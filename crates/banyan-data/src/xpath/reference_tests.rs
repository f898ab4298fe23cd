//! The evaluator gives what XPath 1.0 says, whatever it looks up, hoists, streams or leaves out.

use banyan_yang::schema::Schema;
use banyan_yang::xpath::{Extent, parse};
use proptest::prelude::*;

use super::reference::{Document, Value};
use super::{Context, Names, Variables, XValue, compile, evaluate};
use crate::cursor::Cursor;
use crate::node::Tree;
use crate::outline::{data, outline};
use crate::view::View;

const MODEL: &str = "\
container a
  list l key=k
    leaf k type=uint32
    leaf v type=uint32
    leaf w
    list m key=\"k w\"
      leaf k type=uint32
      leaf w
      leaf v type=uint32 default=2
    leaf-list t user
  list u key=k user
    leaf k
    leaf v type=uint32
container b
  leaf v type=uint32
  leaf w default=x
  container a
    leaf-list t
    leaf k type=uint32
";

/// A number of a small range: so that comparisons are true as often as not.
fn number() -> impl Strategy<Value = String> {
    (0u32..4).prop_map(|number| number.to_string())
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["x", "y", "1", "2"]).prop_map(str::to_owned)
}

fn element(
    name: &'static str,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    prop::option::of(value).prop_map(move |value| {
        value.map_or_else(String::new, |value| format!("<{name}>{value}</{name}>"))
    })
}

/// Entries of a list, made unique by their keys.
fn entries(
    name: &'static str,
    entry: impl Strategy<Value = (String, String)>,
) -> impl Strategy<Value = String> {
    prop::collection::vec(entry, 0..4).prop_map(move |entries| {
        let mut seen = std::collections::HashSet::new();
        let unique = entries
            .into_iter()
            .filter(|(keys, _)| seen.insert(keys.clone()));
        unique
            .map(|(keys, rest)| format!("<{name}>{keys}{rest}</{name}>"))
            .collect()
    })
}

fn document() -> impl Strategy<Value = String> {
    let m = (number(), word(), element("v", number()))
        .prop_map(|(k, w, v)| (format!("<k>{k}</k><w>{w}</w>"), v));
    let l = (
        number(),
        element("v", number()),
        element("w", word()),
        entries("m", m),
        word(),
    )
        .prop_map(|(k, v, w, m, t)| {
            (
                format!("<k>{k}</k>"),
                format!("{v}{w}{m}<t>{t}</t><t>z</t>"),
            )
        });
    let u = (word(), element("v", number())).prop_map(|(k, v)| (format!("<k>{k}</k>"), v));
    let b = (
        element("v", number()),
        element("w", word()),
        element("t", word()),
        element("k", number()),
    )
        .prop_map(|(v, w, t, k)| format!("<b>{v}{w}<a>{t}{k}</a></b>"));
    (entries("l", l), entries("u", u), b).prop_map(|(l, u, b)| format!("<a>{l}{u}</a>{b}"))
}

fn step(predicate: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let axes = vec![
        "",
        "",
        "",
        "",
        "child::",
        "descendant::",
        "descendant-or-self::",
        "self::",
        "parent::",
        "ancestor::",
        "ancestor-or-self::",
        "following-sibling::",
        "preceding-sibling::",
        "following::",
        "preceding::",
        "attribute::",
    ];
    let tests = vec![
        "a", "l", "l", "m", "m", "u", "t", "k", "v", "v", "w", "b", "*", "*", "node()", "text()",
    ];
    let plain = (
        prop::sample::select(axes),
        prop::sample::select(tests),
        prop::collection::vec(predicate, 0..3),
    )
        .prop_map(|(axis, test, predicates)| {
            let predicates: String = predicates.iter().map(|text| format!("[{text}]")).collect();
            format!("{axis}{test}{predicates}")
        });
    prop_oneof![6 => plain, 1 => Just("..".to_owned()), 1 => Just(".".to_owned())]
}

fn path(predicate: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let start = prop::sample::select(vec![
        "",
        "",
        "/",
        "/",
        "//",
        "/a/",
        "/a/l/",
        "current()/",
        "(//l | //m)/",
        "(//v)[last()]/..",
    ]);
    let rest = prop::collection::vec((step(predicate), prop::bool::weighted(0.2)), 1..4);
    (start, rest).prop_map(|(start, steps)| {
        let mut text = start.to_owned();
        if start.ends_with("..") {
            text.push('/');
        }
        for (index, (step, deep)) in steps.iter().enumerate() {
            if index > 0 {
                text.push_str(if *deep { "//" } else { "/" });
            }
            text.push_str(step);
        }
        text
    })
}

fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "1",
            "2",
            "last()",
            "position()",
            "position() = last()",
            "position() = 2",
            "position() < 3",
            "last() - 1",
            "v",
            "k = 1",
            "k = '1'",
            "w = 'x'",
            "'x'",
            "true()",
            "k = 1 and w = 'x'",
            "k = 2 and w = 'x' and v",
            ". = 1",
            "0.5",
            "string()",
            "v != 2",
            "2 > v",
            "k = current()/k",
            "current()",
            "w = current()/w",
            "k = /b/v",
            "v = /b/a/t",
            "w = //t",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let inner = inner.boxed();
        let path = path(inner.clone()).boxed();
        let operators = vec!["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "div", "mod", "and", "or"];
        let functions = vec!["count", "sum", "local-name", "string", "number", "boolean", "not", "string-length"];
        prop_oneof![
            6 => path.clone(),
            3 => (path.clone(), prop::sample::select(operators.clone()), path.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            3 => (path.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            3 => (prop::sample::select(functions), path.clone()).prop_map(|(f, p)| format!("{f}({p})")),
            2 => (path.clone(), path.clone()).prop_map(|(a, b)| format!("{a} | {b}")),
            1 => (path.clone(), inner.clone()).prop_map(|(a, p)| format!("({a})[{p}]")),
            1 => (inner.clone(), path.clone()).prop_map(|(a, b)| format!("concat({a}, {b})")),
            1 => (path, inner).prop_map(|(a, b)| format!("contains({a}, {b})")),
        ]
    })
    .boxed()
}

fn shown(value: &XValue<'_>) -> String {
    match value {
        XValue::Nodes(nodes) => {
            let paths = nodes.iter().map(|node| {
                let text = matches!(node.frame().place(), crate::frame::Place::Text);
                format!("{}{}", node.error_path(), if text { "#" } else { "" })
            });
            format!("nodes {}", paths.collect::<Vec<_>>().join(" "))
        }
        XValue::String(text) => format!("string {text}"),
        XValue::Number(number) => format!("number {}", super::value::text_of(*number)),
        XValue::Boolean(value) => format!("boolean {value}"),
    }
}

fn expected(document: &Document, value: &Value) -> String {
    match value {
        Value::Nodes(nodes) => {
            let paths = nodes.iter().map(|node| document.nodes[*node].path.as_str());
            format!("nodes {}", paths.collect::<Vec<_>>().join(" "))
        }
        Value::String(text) => format!("string {text}"),
        Value::Number(number) => format!("number {}", super::value::text_of(*number)),
        Value::Boolean(value) => format!("boolean {value}"),
    }
}

/// Every node of the view, with its texts.
fn all<'t>(node: &Cursor<'t>, nodes: &mut Vec<Cursor<'t>>) {
    nodes.push(node.clone());
    node.children().for_each(|child| all(&child, nodes));
    nodes.extend(node.text_node());
}

fn agree(schema: &Schema, tree: &Tree, text: &str) -> Result<(), TestCaseError> {
    let view = View::of(tree);
    let mut nodes = Vec::new();
    all(&Cursor::root(&view), &mut nodes);
    let document = Document::of(&Cursor::root(&view));
    let expr = parse(text).unwrap();
    let variables = Variables::new();
    // Some contexts, the root among them.
    for index in (0..nodes.len()).step_by(1 + nodes.len() / 5) {
        let node = &nodes[index];
        if matches!(node.frame().place(), crate::frame::Place::Text) {
            // Expressions stand on instances of schema nodes.
            continue;
        }
        for used in [Extent::Value, Extent::Existence] {
            // A type error of the expression is refused in both.
            let Ok(expression) = compile(schema, text, Names::Modules, node.id(), used) else {
                return Ok(());
            };
            let value = evaluate(&expression, &Context::at(node.clone(), &variables)).unwrap();
            prop_assert_eq!(
                shown(&value),
                expected(&document, &document.evaluate(&expr, index)),
                "{} at {:?}",
                text,
                node
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_evaluation_gives_what_the_recommendation_says(
        xml in document(),
        texts in prop::collection::vec(prop_oneof![path(expression()), expression()], 8),
    ) {
        let schema = outline(MODEL);
        let tree = data(&schema, &xml);
        for text in texts {
            agree(&schema, &tree, &text)?;
        }
    }
}

//! What an expression reads is listed: whenever a change alters a result, some [`Read`] of the plan covers the change.
//!
//! Incremental validation stands on this. Random data, one random step on, every context that is in both: where the
//! result differs, one of the instances that differ must be covered by node, extent, common ancestor and joins.

use std::collections::BTreeMap;

use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::{Extent, JoinKey, Read};
use proptest::prelude::*;

use super::{Context, Names, Variables, compile, evaluate};
use crate::cursor::Cursor;
use crate::node::Tree;
use crate::outline::{data, outline};
use crate::view::View;

const MODEL: &str = "\
container ifs
  list if key=name
    leaf name
    leaf on
    leaf up type=ref path=/ifs/if/name
    container opt
      leaf x
    leaf-list tag
  list peer key=\"name port\"
    leaf name
    leaf port
    leaf note
container use
  leaf want
  list route key=dest
    leaf dest
    leaf via type=ref path=/ifs/if/name
    leaf cost
";

/// Context (a path of names) and expression.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("ifs/if/on", ". = 'a'"),
    ("ifs/if/on", "../opt/x = ../name"),
    ("ifs/if", "on = 'a' or tag = 'b'"),
    ("ifs/if", "/use/want"),
    ("ifs/if", "/use/want = on"),
    ("ifs/if", "/use/route[dest = current()/name]/cost = 'a'"),
    ("ifs/if", "../if[name = current()/up]/on"),
    ("ifs/if", "deref(up)/../on = 'a'"),
    ("ifs/if", "deref(deref(up)/../up)/../on = 'a'"),
    (
        "ifs/if",
        "../peer[name = current()/name and port = 'b']/note = 'a'",
    ),
    (
        "ifs/if",
        "../peer[port = current()/on][name = current()/name]",
    ),
    ("ifs/if", "../peer[name = current()/name]/note"),
    ("ifs/if", "count(../if) > 2"),
    ("ifs/if", "count(../if[on = 'a']) > 1"),
    ("ifs/if", "../if[2]/on = 'a'"),
    ("ifs/if", "../if[last()]/name = current()/name"),
    ("ifs/if", "preceding-sibling::if/on = 'b'"),
    ("ifs/if", "string(opt) = 'a'"),
    ("ifs/if", "string(..) = 'abc'"),
    ("ifs/if", ".//x"),
    ("ifs/if", "//cost = 'a'"),
    ("ifs/if", "../if[name = 'a']/on = on"),
    ("ifs/if", "../if[name = 'a']/../if/opt/x"),
    ("ifs/if", "not(opt/*)"),
    ("ifs/if", "tag[2]"),
    ("ifs/if", "on/text()"),
    ("ifs/if", "count(following::text()/parent::on) > 1"),
    ("ifs/if/tag", "../../if/tag = ."),
    ("use/route", "/ifs/if[name = current()/via]/on = 'a'"),
    ("use/route", "/ifs/if[name = current()/via]/opt/x = cost"),
    ("use/route", "deref(via)/../opt/x"),
    ("use/route", "/ifs/if[name = /use/want]/on"),
    ("use/route", "/ifs/if[/use/want = name][on]"),
    (
        "use/route",
        "/ifs/peer[name = current()/via][port = current()/cost]/note",
    ),
    ("use/route", "../route[cost = current()/cost]/via != via"),
    (
        "use/route/cost",
        "/ifs/if[name = string(current()/../via)]/on",
    ),
    ("use", "route[dest = 'a']/cost = route[dest = 'b']/cost"),
    ("use", "want = /ifs/if/@x or (/ifs/if | route)[2]"),
];

/// One instance: where it is, and its value.
#[derive(Debug, PartialEq)]
struct Instance {
    /// The instances from the root to itself, by schema node, as paths.
    chain: Vec<(SchemaId, String)>,
    value: Option<String>,
}

impl Instance {
    fn id(&self) -> SchemaId {
        self.chain.last().map_or(SchemaId::ROOT, |(id, _)| *id)
    }

    /// The path of the instance of `id` that it is in.
    fn within(&self, id: SchemaId) -> Option<&str> {
        self.chain
            .iter()
            .find(|(at, _)| *at == id)
            .map(|(_, path)| path.as_str())
    }
}

type State = BTreeMap<String, Instance>;

fn collect(node: &Cursor<'_>, chain: &mut Vec<(SchemaId, String)>, state: &mut State) {
    let path = match chain.is_empty() {
        true => "/".to_owned(),
        false => node.error_path().to_string(),
    };
    chain.push((node.id(), path.clone()));
    let value = node.value().is_some().then(|| node.string_value());
    for child in node.children() {
        collect(&child, chain, state);
    }
    state.insert(
        path,
        Instance {
            chain: chain.clone(),
            value,
        },
    );
    chain.pop();
}

/// All instances, and the result of `expression` on each instance at `context`.
fn observe(
    schema: &Schema,
    tree: &Tree,
    context: &str,
    expression: &super::Expression,
) -> (State, BTreeMap<String, bool>) {
    let view = View::of(tree);
    let root = Cursor::root(&view);
    let mut state = State::new();
    collect(&root, &mut Vec::new(), &mut state);
    let mut contexts = vec![root];
    for name in context.split('/') {
        let named = |node: &Cursor<'_>| &*schema.node(node.id()).name == name;
        contexts = contexts
            .iter()
            .flat_map(|node| node.children())
            .filter(named)
            .collect();
    }
    let variables = Variables::new();
    let results = contexts.into_iter().map(|node| {
        let path = node.error_path().to_string();
        let value =
            evaluate(expression, &Context::at(node, &variables)).expect("within the budget");
        (path, value.to_boolean())
    });
    (state, results.collect())
}

/// Whether `read` covers a change of `changed` for the context instance `context`, whose surroundings are `state`.
fn covers(
    schema: &Schema,
    read: &Read,
    changed: &Instance,
    came_or_went: bool,
    context: &str,
    state: &State,
) -> bool {
    let covered = match read.extent {
        Extent::Existence => changed.id() == read.node && came_or_went,
        Extent::Value => changed.id() == read.node,
        Extent::Subtree => changed.within(read.node).is_some(),
    };
    let context = &state[context];
    let same_ancestor = changed.within(read.ancestor) == context.within(read.ancestor);
    let joined = read.joins.iter().all(|join| {
        let Some(entry) = changed.within(join.list) else {
            return false;
        };
        let keys = schema.node(join.list).keys();
        keys.iter().zip(&join.keys).all(|(key, source)| {
            let key = format!("/t:{}", schema.node(*key).name);
            let quoted = |value: &str| {
                entry.contains(&format!("{}='{value}'", &key[1..]))
                    || entry.contains(&format!("{}='{value}'", &key[3..]))
            };
            match source {
                JoinKey::Opaque => true,
                JoinKey::Literal(text) => quoted(text),
                JoinKey::Leaf { leaf, ancestor } => state.values().any(|instance| {
                    instance.id() == *leaf
                        && instance.within(*ancestor) == context.within(*ancestor)
                        && instance.value.as_deref().is_some_and(quoted)
                }),
            }
        })
    });
    covered && same_ancestor && joined
}

fn letter() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a", "b", "c"])
}

/// `<name>letter</name>`, or nothing.
fn maybe(name: &'static str) -> impl Strategy<Value = String> {
    proptest::option::of(letter()).prop_map(move |value| match value {
        Some(value) => format!("<{name}>{value}</{name}>"),
        None => String::new(),
    })
}

/// The data as texts: the entries of each list by their keys, and the leaf beside them.
#[derive(Debug, Clone, Default)]
struct Document {
    ifs: BTreeMap<&'static str, String>,
    peers: BTreeMap<(&'static str, &'static str), String>,
    want: String,
    routes: BTreeMap<&'static str, String>,
}

impl Document {
    fn xml(&self) -> String {
        let ifs = self
            .ifs
            .iter()
            .map(|(name, rest)| format!("<if><name>{name}</name>{rest}</if>"));
        let peers = self.peers.iter().map(|((name, port), rest)| {
            format!("<peer><name>{name}</name><port>{port}</port>{rest}</peer>")
        });
        let routes = self
            .routes
            .iter()
            .map(|(dest, rest)| format!("<route><dest>{dest}</dest>{rest}</route>"));
        let (ifs, routes) = (
            ifs.chain(peers).collect::<String>(),
            routes.collect::<String>(),
        );
        format!("<ifs>{ifs}</ifs><use>{}{routes}</use>", self.want)
    }
}

/// One thing that becomes different.
#[derive(Debug, Clone)]
enum Step {
    If(&'static str, Option<String>),
    Peer((&'static str, &'static str), Option<String>),
    Want(String),
    Route(&'static str, Option<String>),
}

impl Step {
    fn apply(self, document: &mut Document) {
        fn put<K: Ord>(entries: &mut BTreeMap<K, String>, key: K, rest: Option<String>) {
            match rest {
                Some(rest) => entries.insert(key, rest),
                None => entries.remove(&key),
            };
        }
        match self {
            Step::If(name, rest) => put(&mut document.ifs, name, rest),
            Step::Peer(keys, rest) => put(&mut document.peers, keys, rest),
            Step::Want(rest) => document.want = rest,
            Step::Route(dest, rest) => put(&mut document.routes, dest, rest),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let interface = (
        maybe("on"),
        maybe("up"),
        maybe("x"),
        proptest::collection::btree_set(letter(), 0..3),
    )
        .prop_map(|(on, up, x, tags)| {
            let tags: String = tags.iter().map(|tag| format!("<tag>{tag}</tag>")).collect();
            format!("{on}{up}<opt>{x}</opt>{tags}")
        });
    let route = (maybe("via"), maybe("cost")).prop_map(|(via, cost)| via + &cost);
    let maybe_entry = |entry: BoxedStrategy<String>| proptest::option::weighted(0.8, entry);
    prop_oneof![
        3 => (letter(), maybe_entry(interface.boxed())).prop_map(|(name, rest)| Step::If(name, rest)),
        2 => ((letter(), letter()), maybe_entry(maybe("note").boxed())).prop_map(|(keys, rest)| Step::Peer(keys, rest)),
        1 => maybe("want").prop_map(Step::Want),
        2 => (letter(), maybe_entry(route.boxed())).prop_map(|(dest, rest)| Step::Route(dest, rest)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_change_that_alters_a_result_is_among_the_reads(steps in proptest::collection::vec(step(), 0..12), last in step()) {
        let schema = outline(MODEL);
        let mut document = Document::default();
        steps.into_iter().for_each(|step| step.apply(&mut document));
        let before = data(&schema, &document.xml());
        last.apply(&mut document);
        let after = data(&schema, &document.xml());
        for (context, text) in EXPRESSIONS {
            let id = context.split('/').fold(SchemaId::ROOT, |at, name| {
                schema.data_child_any_module(at, name).expect("a node of the model")
            });
            let expression = compile(&schema, text, Names::Modules, id, Extent::Existence).expect(text);
            let (old, old_results) = observe(&schema, &before, context, &expression);
            let (new, new_results) = observe(&schema, &after, context, &expression);
            let reads = &expression.plan.reads;
            for (path, result) in &new_results {
                if reads.any || old_results.get(path).is_none_or(|old| old == result) {
                    continue;
                }
                let gone = old.iter().filter(|(at, _)| !new.contains_key(*at)).map(|(_, i)| (i, true));
                let come = new.iter().filter(|(at, _)| !old.contains_key(*at)).map(|(_, i)| (i, true));
                let other = new.iter().filter(|(at, i)| old.get(*at).is_some_and(|old| old.value != i.value));
                let covered = gone.chain(come).chain(other.map(|(_, i)| (i, false))).any(|(changed, came_or_went)| {
                    reads.nodes.iter().any(|read| {
                        [&old, &new].iter().any(|state| {
                            covers(&schema, read, changed, came_or_went, path, state)
                        })
                    })
                });
                prop_assert!(covered, "{text} on {path}: {:#?}", reads.nodes);
            }
        }
    }
}

//! What is seen and what may be written, of random data by random rules, against a look at every node and every rule.

use std::collections::BTreeSet;

use banyan_data::lexical::{Style, canonical};
use banyan_data::path::{PathStep, Select};
use banyan_data::{Content, Node, Value};
use banyan_testkit::{Dice, dice};
use banyan_yang::schema::{DefaultDeny, SchemaId};
use proptest::prelude::*;

use super::super::policy::{Operation, Operations};
use super::super::trie::SomeKeys;
use super::*;

/// A rule as the look at everything understands it.
struct Plain {
    rule: Arc<Rule>,
    /// Nodes with the places and values of the keys that are given.
    path: Option<Vec<(SchemaId, SomeKeys)>>,
}

struct Everything<'t> {
    schema: &'t Schema,
    rules: &'t [Plain],
    defaults: Defaults,
}

fn keys_of(select: &Select) -> Vec<Value> {
    match select {
        Select::Keys(keys) => keys.clone(),
        Select::Value(value) => vec![value.clone()],
        _ => Vec::new(),
    }
}

impl Everything<'_> {
    /// Rank (none: a default) and outcome.
    fn decide(&self, path: &[PathStep], operation: Operation) -> (u32, bool) {
        let node = self.schema.node(path[path.len() - 1].node);
        let module = &self.schema.module(node.module).name;
        for (rank, plain) in self.rules.iter().enumerate() {
            let covers = plain.path.as_ref().is_none_or(|steps| {
                steps.len() <= path.len()
                    && steps.iter().zip(path).all(|((id, given), step)| {
                        let keys = keys_of(&step.select);
                        *id == step.node
                            && given.iter().all(|(at, value)| keys.get(*at) == Some(value))
                    })
            });
            let rule = &plain.rule;
            let of = rule.module.is_none() || rule.module.as_ref() == Some(module);
            if covers && of && rule.operations.contain(operation) {
                return (rank as u32, rule.permit);
            }
        }
        let deny = path
            .iter()
            .filter_map(|step| super::super::below::own_deny(self.schema, step.node))
            .max();
        let permit = match deny {
            Some(DefaultDeny::All) => false,
            Some(DefaultDeny::Write) if operation.writes() => false,
            _ if operation == Operation::Read => self.defaults.read,
            _ => self.defaults.write,
        };
        (u32::MAX, permit)
    }

    /// Permitted, and before whatever denies something above.
    fn sees(&self, path: &[PathStep]) -> bool {
        let (rank, permit) = self.decide(path, Operation::Read);
        permit
            && (1..path.len()).all(|depth| {
                let (above, permitted) = self.decide(&path[..depth], Operation::Read);
                permitted || rank < above
            })
    }
}

/// All instances, with the content of leaves.
fn instances(
    node: &Node,
    path: &mut Vec<PathStep>,
    visit: &mut dyn FnMut(&[PathStep], Option<&Content>),
) {
    for slot in node.slots() {
        let step = |select| PathStep {
            node: slot.id,
            select,
        };
        match &slot.content {
            Content::Container(below) => {
                path.push(step(Select::None));
                visit(path, None);
                instances(below, path, visit);
                path.pop();
            }
            Content::List(list) => {
                for (at, entry) in list.iter().enumerate() {
                    let select = match list.key_count() {
                        0 => Select::Position(at as u64 + 1),
                        count => Select::Keys(entry.keys(count).cloned().collect()),
                    };
                    path.push(step(select));
                    visit(path, None);
                    instances(entry, path, visit);
                    path.pop();
                }
            }
            Content::LeafList(list) => {
                for value in list {
                    path.push(step(Select::Value(value.clone())));
                    visit(path, None);
                    path.pop();
                }
            }
            content => {
                path.push(step(Select::None));
                visit(path, Some(content));
                path.pop();
            }
        }
    }
}

type Path = Vec<PathStep>;

fn all(tree: &Tree) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    instances(tree.root(), &mut Vec::new(), &mut |path, _| {
        found.insert(path.to_vec());
    });
    found
}

/// What is to be seen, by a look at each node: what is seen itself, what is around it, and the keys of entries.
fn expected(tree: &Tree, everything: &Everything<'_>) -> BTreeSet<Path> {
    let schema = tree.schema();
    let nodes = all(tree);
    let mut shown: BTreeSet<Path> = BTreeSet::new();
    for path in nodes.iter().filter(|path| everything.sees(path)) {
        let definition = schema.node(path[path.len() - 1].node);
        // A container without presence is there through what is in it.
        if definition.is_np_container() {
            continue;
        }
        shown.extend((1..=path.len()).map(|depth| path[..depth].to_vec()));
    }
    let keys = nodes.iter().filter(|path| {
        let parent = &path[..path.len() - 1];
        schema.node(path[path.len() - 1].node).is_key && shown.contains(parent)
    });
    let keys: Vec<Path> = keys.cloned().collect();
    shown.extend(keys);
    shown
}

fn quoted(text: &str) -> Option<String> {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => Some(format!("'{text}'")),
        (true, false) => Some(format!("\"{text}\"")),
        _ => None,
    }
}

/// A rule about something that is there.
fn random_rule(tree: &Tree, nodes: &[Path], at: usize, dice: &mut Dice) -> Plain {
    let schema = tree.schema();
    let mut text = String::new();
    let mut steps = Vec::new();
    let path = dice.pick(nodes).filter(|_| dice.chance(75));
    if let Some(path) = path {
        let length = 1 + dice.below(path.len());
        for step in &path[..length] {
            let definition = schema.node(step.node);
            let module = &schema.module(definition.module).name;
            text.push_str(&format!("/{module}:{}", definition.name));
            let mut given = Vec::new();
            for (at, value) in keys_of(&step.select).into_iter().enumerate() {
                let leaf = definition.keys().get(at).copied().unwrap_or(step.node);
                let key = schema.node(leaf);
                let Some(literal) = key
                    .ty
                    .as_ref()
                    .and_then(|ty| quoted(&canonical(schema, ty, &value, Style::Json)))
                    .filter(|_| dice.chance(50))
                else {
                    continue;
                };
                let name = if leaf == step.node { "." } else { &*key.name };
                text.push_str(&format!("[{name}={literal}]"));
                given.push((at, value));
            }
            steps.push((step.node, given));
        }
    }
    let modules: Vec<Arc<str>> = schema
        .modules()
        .map(|(_, module)| module.name.clone())
        .collect();
    let module = dice.pick(&modules).filter(|_| dice.chance(25)).cloned();
    let mut operations = String::new();
    for operation in Operation::ALL {
        if dice.chance(50) {
            operations.push_str(operation.name());
            operations.push(' ');
        }
    }
    let rule = Rule {
        list: "l".into(),
        name: format!("r{at}").into(),
        number: at + 1,
        module,
        kind: match path {
            None => Kind::Anything,
            Some(_) => Kind::Data(RulePath::parse(&text).unwrap()),
        },
        path: None,
        operations: Operations::parse(if dice.chance(30) { "*" } else { &operations }),
        permit: dice.chance(50),
    };
    Plain {
        rule: Arc::new(rule),
        path: path.map(|_| steps),
    }
}

fn random(dice: &mut Dice) -> (Vec<Tree>, Vec<Plain>, Defaults) {
    let modules = banyan_testkit::modules(dice);
    let schema = schema(&[&modules[0], &modules[1]]);
    let mut trees = vec![Tree::empty(schema)];
    for _ in 0..6 {
        let last = &trees[trees.len() - 1];
        if let Ok(next) = banyan_testkit::edit(last, dice).apply(last) {
            trees.push(next);
        }
    }
    let nodes: Vec<Path> = trees.iter().flat_map(all).collect();
    let last = trees[trees.len() - 1].clone();
    let rules = (0..1 + dice.below(7)).map(|at| random_rule(&last, &nodes, at, dice));
    let rules = rules.collect();
    let defaults = Defaults {
        read: dice.chance(50),
        write: dice.chance(50),
        exec: true,
    };
    (trees, rules, defaults)
}

fn told(tree: &Tree, paths: &BTreeSet<Path>) -> Vec<String> {
    let text = |path: &Path| {
        let path = InstancePath {
            steps: path.clone(),
        };
        path::json::print(tree.schema(), &path, &NoMounts).unwrap_or_default()
    };
    paths.iter().map(text).collect()
}

fn described(rules: &[Plain]) -> Vec<String> {
    rules
        .iter()
        .map(|plain| format!("{:?}", plain.rule))
        .collect()
}

/// Instances with the content of leaves, to be compared.
fn contents(tree: &Tree) -> std::collections::BTreeMap<Path, Option<Content>> {
    let mut found = std::collections::BTreeMap::new();
    instances(tree.root(), &mut Vec::new(), &mut |path, content| {
        found.insert(path.to_vec(), content.cloned());
    });
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Of each tree in turn, so that what was seen of the one before is used for the next.
    #[test]
    fn what_is_seen_is_what_a_look_at_each_node_permits(mut dice in dice(200..1200)) {
        let (trees, rules, defaults) = random(&mut dice);
        let plain: Vec<Arc<Rule>> = rules.iter().map(|plain| plain.rule.clone()).collect();
        let subject = Subject::new("alice".into(), vec!["g".into()], plain, defaults);
        for tree in &trees {
            let everything = Everything { schema: tree.schema(), rules: &rules, defaults };
            let seen = all(&subject.readable(tree));
            let expected = expected(tree, &everything);
            prop_assert_eq!(told(tree, &seen), told(tree, &expected), "{:#?}", described(&rules));
        }
    }

    #[test]
    fn what_may_be_written_is_what_a_look_at_each_change_permits(mut dice in dice(200..1200)) {
        let (trees, rules, defaults) = random(&mut dice);
        let plain: Vec<Arc<Rule>> = rules.iter().map(|plain| plain.rule.clone()).collect();
        let subject = Subject::new("alice".into(), vec!["g".into()], plain, defaults);
        for pair in trees.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let everything = Everything { schema: after.schema(), rules: &rules, defaults };
            let changes = banyan_data::change::diff(before, after);
            let denied = subject.denied(&changes);
            let (old, new) = (contents(before), contents(after));
            let mut wanted: BTreeSet<(Path, &str)> = BTreeSet::new();
            let mut ask = |path: &Path, operation: Operation| {
                let container = after.schema().node(path[path.len() - 1].node).is_np_container();
                if !container && !everything.decide(path, operation).1 {
                    wanted.insert((path.clone(), operation.name()));
                }
            };
            for (path, content) in &new {
                match old.get(path) {
                    None => ask(path, Operation::Create),
                    Some(before) if before != content => ask(path, Operation::Update),
                    Some(_) => {}
                }
            }
            for path in old.keys().filter(|path| !new.contains_key(*path)) {
                ask(path, Operation::Delete);
            }
            // Moves are updates too; the look at each node does not see places.
            let found: BTreeSet<(Path, &str)> = denied.iter().map(|one| (one.path.steps.clone(), one.operation.name())).collect();
            for (path, operation) in &found {
                let moved = *operation == "update" && old.contains_key(path) && new.contains_key(path);
                prop_assert!(wanted.contains(&(path.clone(), operation)) || moved, "{operation} {:?}", path);
            }
            if denied.len() < 20 {
                // Below what is denied as a whole, nothing more is told.
                for (path, operation) in &wanted {
                    let told = (1..=path.len()).any(|depth| found.contains(&(path[..depth].to_vec(), operation)));
                    prop_assert!(told, "{operation} {:?} {:#?}", path, described(&rules));
                }
            }
        }
    }

    /// Who is said to read a change sees each node of it, and of what is said to be hidden nothing is seen.
    #[test]
    fn what_is_said_of_changes_and_subtrees_is_what_is_seen(mut dice in dice(200..1200)) {
        let (trees, rules, defaults) = random(&mut dice);
        let plain: Vec<Arc<Rule>> = rules.iter().map(|plain| plain.rule.clone()).collect();
        let subject = Subject::new("alice".into(), vec!["g".into()], plain, defaults);
        for pair in trees.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let (seen_before, seen_after) = (all(&subject.readable(before)), all(&subject.readable(after)));
            if subject.reads(&banyan_data::change::diff(before, after)) {
                let (old, new) = (contents(before), contents(after));
                let came = new.iter().filter(|(path, content)| old.get(*path) != Some(content));
                for path in came.map(|(path, _)| path) {
                    prop_assert!(is_container(after, path) || seen_after.contains(path), "{:?} {:#?}", path, described(&rules));
                }
                for path in old.keys().filter(|path| !new.contains_key(*path)) {
                    prop_assert!(is_container(before, path) || seen_before.contains(path), "{:?} {:#?}", path, described(&rules));
                }
            }
            // Entries keep their keys, also those that are shown as the way to something.
            let is_key = |path: &Path| path.last().is_some_and(|last| after.schema().node(last.node).is_key);
            for path in all(after).into_iter().filter(|path| !is_key(path)) {
                let every: Path = path.iter().map(|step| PathStep { node: step.node, select: Select::None }).collect();
                if subject.hides(after, &InstancePath { steps: every }) {
                    let of_it = |seen: &&Path| seen.len() >= path.len() && seen.iter().zip(&path).all(|(one, other)| one.node == other.node);
                    prop_assert!(seen_after.iter().find(of_it).is_none(), "{:?} {:#?}", path, described(&rules));
                }
            }
        }
    }
}

/// A container without presence is always there.
fn is_container(tree: &Tree, path: &Path) -> bool {
    let last = path.last().map(|step| tree.schema().node(step.node));
    last.is_none_or(|node| node.is_np_container())
}

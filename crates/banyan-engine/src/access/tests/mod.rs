//! What decides (the tables of RFC 8341), what is seen, and what both cost.

mod agreement;
mod cost;
mod policies;
mod stray;
mod table;
mod trees;

use std::sync::Arc;

use banyan_data::document::ParseOptions;
use banyan_data::path::{InstancePath, NoMounts};
use banyan_data::{Tree, path, xml};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use super::path::RulePath;
use super::policy::{Defaults, Kind, Policy, Rule};
use super::subject::Subject;
use crate::backend::Principal;

/// A schema of these modules, with that of the rules.
pub(super) fn schema(modules: &[&str]) -> Arc<Schema> {
    let mut source = MemorySource::new();
    let needed = [
        "ietf-netconf-acm",
        "ietf-yang-types",
        "ietf-inet-types",
        "ietf-yang-schema-mount",
    ];
    for name in needed {
        let module = banyan_yang::embedded::MODULES
            .iter()
            .find(|module| module.name == name);
        source.add(module.unwrap().text);
    }
    for module in modules {
        source.add(*module);
    }
    let mut compiler = Compiler::new(&source).implement("ietf-netconf-acm", None);
    for module in modules {
        compiler = compiler.implement(&name_of(module), None);
    }
    match compiler.compile() {
        Ok(compiled) => compiled.schema,
        Err(error) => panic!("{error}"),
    }
}

fn name_of(module: &str) -> String {
    let rest = module.split_once("module ").map_or("", |(_, rest)| rest);
    let name = rest.split([' ', '{', '\n']).next();
    name.unwrap_or_default().to_owned()
}

pub(super) fn data(schema: &Arc<Schema>, text: &str) -> Tree {
    xml::parse_data(schema, text.as_bytes(), &ParseOptions::default())
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

pub(super) fn shown(tree: &Tree) -> String {
    let mut out = Vec::new();
    xml::print(tree, &Default::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn at(tree: &Tree, text: &str) -> InstancePath {
    path::parse(tree.schema(), text, &NoMounts).unwrap_or_else(|error| panic!("{error}"))
}

/// The user `alice`, who may read what these rules do not deny.
pub(crate) fn reader(rules: &[&str]) -> Arc<Subject> {
    Arc::new(alice(DEFAULTS, rules))
}

/// The user `alice` with these rules: `list/name module kind operations action`, where kind is `-` for none, `rpc:NAME`,
/// `notification:NAME` or a path.
pub(super) fn alice(defaults: Defaults, rules: &[&str]) -> Subject {
    let rules = rules.iter().enumerate().map(|(at, text)| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [name, module, kind, operations, action] = words[..] else {
            panic!("{text}")
        };
        let named = |text: &str| (text != "*").then(|| Arc::from(text));
        Arc::new(Rule {
            list: "l".into(),
            name: name.into(),
            number: at + 1,
            module: named(module),
            kind: match kind.split_once(':') {
                _ if kind == "-" => Kind::Anything,
                Some(("rpc", rpc)) => Kind::Rpc(named(rpc)),
                Some(("notification", name)) => Kind::Notification(named(name)),
                _ => Kind::Data(RulePath::parse(kind).unwrap()),
            },
            path: Some(kind.into()),
            operations: super::policy::Operations::parse(&operations.replace(',', " ")),
            permit: action == "permit",
        })
    });
    Subject::new(
        "alice".into(),
        vec!["staff".into()],
        rules.collect(),
        defaults,
    )
}

/// RFC 8341's own.
pub(super) const DEFAULTS: Defaults = Defaults {
    read: true,
    write: false,
    exec: true,
};

/// Nothing without a rule.
pub(super) const CLOSED: Defaults = Defaults {
    read: false,
    write: false,
    exec: false,
};

/// Everything without a rule.
pub(super) const OPEN: Defaults = Defaults {
    read: true,
    write: true,
    exec: true,
};

/// The user of a policy.
pub(super) fn subject(policy: &Policy, user: &str) -> Arc<Subject> {
    policy.subject(&Principal::user(user))
}

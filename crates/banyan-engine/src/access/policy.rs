//! The rules in force: `/nacm` as it is in running (or in a file), read once for each change of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::{Node, Tree};
use banyan_yang::schema::{Schema, SchemaId};
use serde_json::Value;

use super::path::RulePath;
use super::subject::Subject;
use crate::backend::{Principal, Result};
use crate::bind;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};

/// The module of the rules.
pub(super) const MODULE: &str = "ietf-netconf-acm";

/// What is done to a node or asked of an operation (RFC 8341 `access-operations`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// A node comes into being.
    Create,
    /// A node is seen, or a notification sent.
    Read,
    /// A node changes.
    Update,
    /// A node goes away.
    Delete,
    /// An rpc or action is called.
    Exec,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 5] = [
        Operation::Create,
        Operation::Read,
        Operation::Update,
        Operation::Delete,
        Operation::Exec,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Read => "read",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::Exec => "exec",
        }
    }

    /// Whether it changes data.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Operation::Create | Operation::Update | Operation::Delete
        )
    }
}

/// A set of operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Operations(u8);

impl Operations {
    const ALL: Operations = Operations(0b1_1111);

    pub fn parse(text: &str) -> Operations {
        if text.trim() == "*" {
            return Operations::ALL;
        }
        let named =
            |operation: &&Operation| text.split_whitespace().any(|word| word == operation.name());
        let bits = Operation::ALL.iter().filter(named);
        Operations(bits.fold(0, |all, operation| all | 1 << *operation as u8))
    }

    pub fn contain(self, operation: Operation) -> bool {
        self.0 & 1 << operation as u8 != 0
    }
}

/// What a rule is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    /// No rule-type: everything of its modules.
    Anything,
    /// Operations of this name, or all.
    Rpc(Option<Arc<str>>),
    /// Notifications of this name, or all.
    Notification(Option<Arc<str>>),
    /// The data nodes at and below a path.
    Data(RulePath),
    /// A path that cannot be read, and why: nothing.
    Broken(String),
}

/// One rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// Its list's name.
    pub list: Arc<str>,
    /// Its own name.
    pub name: Arc<str>,
    /// Its place in the list, from 1.
    pub number: usize,
    /// The module, or all.
    pub module: Option<Arc<str>>,
    pub kind: Kind,
    /// The path as it was written.
    pub path: Option<Arc<str>>,
    pub operations: Operations,
    pub permit: bool,
}

impl Rule {
    /// Whether it is about something of that module.
    pub fn is_of(&self, module: &str) -> bool {
        self.module.as_deref().is_none_or(|own| own == module)
    }
}

/// A list of rules.
struct RuleList {
    groups: BTreeSet<Arc<str>>,
    rules: Vec<Arc<Rule>>,
}

/// The outcomes where no rule decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Defaults {
    pub read: bool,
    pub write: bool,
    pub exec: bool,
}

/// A user with his groups.
type Who = (Arc<str>, Vec<Arc<str>>);

/// How many users' decisions are kept at a time.
const SUBJECTS: usize = 512;

/// The rules in force.
pub(super) struct Policy {
    /// The `/nacm` that it was read from.
    source: Option<Node>,
    pub enabled: bool,
    pub defaults: Defaults,
    external_groups: bool,
    /// The groups of each user.
    members: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    lists: Vec<RuleList>,
    subjects: Mutex<HashMap<Who, Arc<Subject>>>,
}

/// Where `/nacm` stands in a schema that has it.
pub(super) fn place(schema: &Schema) -> Option<SchemaId> {
    schema.data_child(SchemaId::ROOT, schema.module_by_name(MODULE)?, "nacm")
}

/// The `/nacm` of a tree.
pub(super) fn of_tree(tree: &Tree) -> Option<&Node> {
    match tree.root().get(place(tree.schema())?)? {
        banyan_data::Content::Container(node) => Some(node),
        _ => None,
    }
}

/// Whether two trees have the same rules, untouched. O(1).
pub(super) fn same(before: &Tree, after: &Tree) -> bool {
    match (of_tree(before), of_tree(after)) {
        (Some(old), Some(new)) => old.ptr_eq(new),
        (None, None) => true,
        _ => false,
    }
}

impl Policy {
    /// Reads the rules of a tree. O(size of `/nacm`).
    ///
    /// # Errors
    /// The tree cannot be printed.
    pub fn of(tree: &Tree, disabled_on_empty: bool) -> Result<Policy> {
        let source = of_tree(tree).cloned();
        let none = Value::Null;
        let json = match (&source, place(tree.schema())) {
            (Some(node), Some(id)) => {
                let slot = banyan_data::Slot {
                    id,
                    content: banyan_data::Content::Container(node.clone()),
                };
                let root = Node::new(SchemaId::ROOT, vec![slot]);
                bind::to_json(&tree.with_root(root))?
            }
            _ => none,
        };
        let nacm = bind::member(&json, "nacm").unwrap_or(&Value::Null);
        let permits = |name: &str, default: bool| match bind::member(nacm, name) {
            Some(action) => action == "permit",
            None => default,
        };
        let flag = |name: &str| bind::member(nacm, name) != Some(&Value::Bool(false));
        Ok(Policy {
            enabled: flag("enable-nacm") && (source.is_some() || !disabled_on_empty),
            // RFC 8341 3.5: the defaults of the model hold also while nothing is stored.
            defaults: Defaults {
                read: permits("read-default", true),
                write: permits("write-default", false),
                exec: permits("exec-default", true),
            },
            external_groups: flag("enable-external-groups"),
            members: members(nacm),
            lists: array(nacm, "rule-list").map(rule_list).collect(),
            source,
            subjects: Mutex::default(),
        })
    }

    /// All rules, list by list.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.lists.iter().flat_map(|list| &list.rules)
    }

    /// Whether it was read from the `/nacm` of this tree. O(1).
    pub fn is_of(&self, tree: &Tree) -> bool {
        match (&self.source, of_tree(tree)) {
            (Some(old), Some(new)) => old.ptr_eq(new),
            (None, None) => true,
            _ => false,
        }
    }

    /// The groups of a user (RFC 8341 3.4.4, 4 and 5): those of `/nacm`, then those that the transport vouches for.
    pub fn groups(&self, principal: &Principal) -> Vec<Arc<str>> {
        let own = self.members.get(principal.effective());
        let mut groups: Vec<Arc<str>> = own.into_iter().flatten().cloned().collect();
        // The transport vouches for the user who came in, not for the one whom he acts for.
        let vouched = self.external_groups && *principal.effective() == principal.user;
        if vouched {
            let known: HashSet<Arc<str>> = groups.iter().cloned().collect();
            let more = principal
                .groups
                .iter()
                .filter(|group| !known.contains(*group));
            groups.extend(more.cloned());
        }
        groups
    }

    /// What a user may do. O(1) when it was asked before.
    pub fn subject(&self, principal: &Principal) -> Arc<Subject> {
        let user = principal.effective().clone();
        let key = (user, self.groups(principal));
        // An insert leaves the table whole, whatever happens.
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = subjects.get(&key) {
            return known.clone();
        }
        if subjects.len() >= SUBJECTS {
            subjects.clear();
        }
        let rules = self.rules_for(&key.1);
        let subject = Arc::new(Subject::new(
            key.0.clone(),
            key.1.clone(),
            rules,
            self.defaults,
        ));
        subjects.insert(key, subject.clone());
        subject
    }

    /// The rules that count for a member of these groups, in the order in which they are tried.
    fn rules_for(&self, groups: &[Arc<str>]) -> Vec<Arc<Rule>> {
        // RFC 8341 3.4.4, 5: who is in no group meets no rule, not even one for the group `*`.
        if groups.is_empty() {
            return Vec::new();
        }
        let counts = |list: &&RuleList| {
            list.groups.contains("*") || groups.iter().any(|group| list.groups.contains(group))
        };
        let lists = self.lists.iter().filter(counts);
        lists.flat_map(|list| list.rules.iter().cloned()).collect()
    }

    /// Fails when the path of a rule is none: such a rule would fit nothing, and a denial would be none.
    pub fn sound(&self) -> Result<()> {
        let reports = self.rules().filter_map(|rule| {
            let Kind::Broken(why) = &rule.kind else {
                return None;
            };
            let (list, name) = (&rule.list, &rule.name);
            let path = rule.path.as_deref().unwrap_or_default();
            let mut report = Report::new(
                ErrorLayer::Application,
                ErrorTag::InvalidValue,
                format!("{path:?} is not the path of a data node: {why}"),
            );
            report.path = Some(
                format!("/ietf-netconf-acm:nacm/rule-list[name='{list}']/rule[name='{name}']/path")
                    .into(),
            );
            Some(report)
        });
        let reports: Vec<Report> = reports.collect();
        if reports.is_empty() {
            return Ok(());
        }
        Err(BackendError { reports })
    }
}

fn array<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    bind::member(object, name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    bind::member(object, name)?.as_str()
}

fn members(nacm: &Value) -> HashMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut members: HashMap<Arc<str>, BTreeSet<Arc<str>>> = HashMap::new();
    let groups = bind::member(nacm, "groups").unwrap_or(&Value::Null);
    for group in array(groups, "group") {
        let name: Arc<str> = text(group, "name").unwrap_or_default().into();
        for user in array(group, "user-name").filter_map(Value::as_str) {
            members.entry(user.into()).or_default().insert(name.clone());
        }
    }
    members
}

fn rule_list(list: &Value) -> RuleList {
    let name: Arc<str> = text(list, "name").unwrap_or_default().into();
    let groups = array(list, "group").filter_map(Value::as_str);
    let rules = array(list, "rule").enumerate();
    RuleList {
        groups: groups.map(Arc::from).collect(),
        rules: rules
            .map(|(place, rule)| Arc::new(one_rule(&name, place + 1, rule)))
            .collect(),
    }
}

fn one_rule(list: &Arc<str>, number: usize, rule: &Value) -> Rule {
    let named = |text: &str| (text != "*").then(|| Arc::from(text));
    let path = text(rule, "path");
    let kind = match (
        text(rule, "rpc-name"),
        text(rule, "notification-name"),
        path,
    ) {
        (Some(rpc), _, _) => Kind::Rpc(named(rpc)),
        (_, Some(notification), _) => Kind::Notification(named(notification)),
        (_, _, Some(path)) => RulePath::parse(path).map_or_else(Kind::Broken, Kind::Data),
        (None, None, None) => Kind::Anything,
    };
    Rule {
        list: list.clone(),
        name: text(rule, "name").unwrap_or_default().into(),
        number,
        module: text(rule, "module-name").and_then(named),
        kind,
        path: path.map(Arc::from),
        operations: Operations::parse(text(rule, "access-operations").unwrap_or("*")),
        permit: text(rule, "action") == Some("permit"),
    }
}

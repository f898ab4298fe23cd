//! Why something is permitted or denied, and what would change it: for people, and for the text of refusals.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_yang::schema::{DefaultDeny, NodeKind, SchemaId};
use serde_json::{Value, json};

use super::place::Place;
use super::policy::{Operation, Rule};
use super::read::seen;
use super::subject::{Decision, Reason, Subject};
use crate::backend::{Call, Principal, Result};
use crate::bind::{self, SharedMounts};
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorTag};

/// What is asked.
pub(crate) struct Question {
    /// Whose access.
    pub user: Arc<str>,
    /// Groups that a transport would vouch for.
    pub groups: Vec<Arc<str>>,
    /// `read`, `create`, `update`, `delete`, `exec` or `subscribe`.
    pub operation: String,
    /// The instance, rpc, action or notification.
    pub path: String,
}

/// What a question is about.
enum Object {
    Data(InstancePath),
    Rpc(SchemaId),
    /// An action or notification, in the schema at the end of the path.
    Tied(InstancePath, SchemaId),
    Notification(SchemaId),
}

fn rule_text(rule: &Rule) -> String {
    format!(
        "rule {} (number {} of rule-list {})",
        rule.name, rule.number, rule.list
    )
}

impl Subject {
    /// Why it was decided so, as the end of a sentence.
    pub(super) fn because(&self, decision: Decision, operation: Operation) -> String {
        let permits = |permit: bool| if permit { "permits" } else { "denies" };
        let default = match operation {
            Operation::Read => "read-default",
            Operation::Exec => "exec-default",
            _ => "write-default",
        };
        match decision.reason {
            Reason::Rule(rank) => {
                let rule = &self.rules[rank as usize];
                format!("{} {} it", rule_text(rule), permits(rule.permit))
            }
            Reason::Schema(DefaultDeny::All) => {
                "the model says nacm:default-deny-all, and no rule permits it".to_owned()
            }
            Reason::Schema(DefaultDeny::Write) => {
                "the model says nacm:default-deny-write, and no rule permits it".to_owned()
            }
            Reason::Protected => {
                "it takes a rule that permits it (RFC 8341 3.4.4), and there is none".to_owned()
            }
            Reason::Default => format!(
                "no rule fits, and {default} {} it",
                permits(decision.permit)
            ),
        }
    }
}

impl Core {
    fn found(&self, running: &Tree, question: &Question) -> Result<Object> {
        let schema = running.schema();
        let path = question.path.trim();
        let unknown = |what: &str| {
            BackendError::new(
                ErrorTag::InvalidValue,
                format!(
                    "{path:?} is no {what} of the loaded modules; write module:name, or a path"
                ),
            )
        };
        let top = path.trim_start_matches('/');
        let named = |kind: NodeKind| {
            let (module, name) = top.split_once(':')?;
            let module = schema.module_by_name(module)?;
            let id = schema.schema_child(SchemaId::ROOT, module, name)?;
            (schema.node(id).kind == kind).then_some(id)
        };
        match &*question.operation {
            "exec" => match named(NodeKind::Rpc) {
                Some(rpc) => Ok(Object::Rpc(rpc)),
                None => tied(running, path, NodeKind::Action, &self.mounts)
                    .ok_or_else(|| unknown("rpc or action")),
            },
            "subscribe" => match named(NodeKind::Notification) {
                Some(notification) => Ok(Object::Notification(notification)),
                None => tied(running, path, NodeKind::Notification, &self.mounts)
                    .ok_or_else(|| unknown("notification")),
            },
            _ => bind::parse_path(running, path, &self.mounts).map(Object::Data),
        }
    }
}

/// The action or notification at the end of the path of an instance.
fn tied(running: &Tree, path: &str, kind: NodeKind, mounts: &SharedMounts) -> Option<Object> {
    let (instance, name) = path.rsplit_once(['/', ' '])?;
    let at = bind::parse_path(running, instance, mounts).ok()?;
    let schema = bind::operation_schema(running, &at);
    let local = name.rsplit(':').next().unwrap_or(name);
    let parent = at.steps.last()?.node;
    let node = schema.children(parent).iter().copied().find(|child| {
        let child = schema.node(*child);
        child.kind == kind && &*child.name == local
    })?;
    Some(Object::Tied(at, node))
}

impl Core {
    /// The user of a question with the groups that are known to be vouched for, and those of the question.
    fn asked_about(&self, call: &Call, question: &Question) -> Principal {
        let user = question.user.clone();
        let mut groups = question.groups.clone();
        let own = (user == *call.principal.effective() && user == call.principal.user)
            .then_some(&call.principal.groups);
        let configured = self.access.options().vouched.get(&user);
        groups.extend(own.or(configured).into_iter().flatten().cloned());
        groups.dedup();
        Principal {
            groups,
            ..Principal::user(user)
        }
    }
}

impl Engine {
    /// Which rule or default decides, the groups of the user, and what would change it; an RFC 7951 object.
    ///
    /// # Errors
    /// The path leads nowhere, or the caller asks about another user and may not read the rules.
    pub(crate) fn explain(&self, call: &Call, question: &Question) -> Result<Value> {
        let core = &self.0;
        let running = self.running().tree;
        self.may_ask(call, &running, question)?;
        // What is mounted where the caller may not read is nothing that he could ask about.
        let readable = match core.subject(call)? {
            Some(subject) => subject.readable(&running),
            None => running.clone(),
        };
        let object = core.found(&readable, question)?;
        let principal = core.asked_about(call, question);
        let Some(policy) = core.access.policy(&running)? else {
            return Ok(free(
                "access control is off: everybody may do everything",
                "turn access control on",
            ));
        };
        if core.access.options().recovery_user.as_ref() == Some(&question.user) {
            return Ok(free(
                "this is the recovery user, for whom no rule counts",
                "configure another recovery user",
            ));
        }
        let subject = policy.subject(&principal);
        let (operation, decision, hidden) = subject.answer(&running, &object, &question.operation);
        let mut reasons = subject.because(decision, operation);
        if let Some(way) = &hidden {
            reasons = format!("the node itself: {reasons}; but the way to it: {way}");
        }
        let mut answer = json!({
            "permitted": decision.permit && hidden.is_none(),
            "reason": reasons,
            "group": subject.groups.iter().map(|group| &**group).collect::<Vec<_>>(),
            "change": subject.remedy(question, decision, operation),
        });
        if let Reason::Rule(rank) = decision.reason {
            let rule = &subject.rules[rank as usize];
            answer["rule-list"] = (*rule.list).into();
            answer["rule"] = (*rule.name).into();
            answer["rule-number"] = rule.number.into();
        }
        Ok(answer)
    }

    /// Everybody may ask about himself; about others who may read the rules.
    fn may_ask(&self, call: &Call, running: &Tree, question: &Question) -> Result<()> {
        let Some(subject) = self.0.subject(call)? else {
            return Ok(());
        };
        let rules = super::policy::place(running.schema()).map(|node| InstancePath {
            steps: vec![PathStep {
                node,
                select: Select::None,
            }],
        });
        let reads = rules.is_some_and(|rules| subject.sees(running, &rules));
        if reads || *subject.user() == question.user && question.groups.is_empty() {
            return Ok(());
        }
        Err(super::denied_report(
            crate::error::ErrorLayer::Protocol,
            format!(
                "{} may ask about himself only: to explain the access of others takes the right to read /ietf-netconf-acm:nacm",
                subject.user()
            ),
        )
        .into())
    }
}

fn free(reason: &str, change: &str) -> Value {
    json!({ "permitted": true, "reason": reason, "change": change })
}

impl Subject {
    /// The decision, and, for what can be seen only by a way, what denies the way.
    fn answer(
        &self,
        running: &Tree,
        object: &Object,
        operation: &str,
    ) -> (Operation, Decision, Option<String>) {
        let asked = match operation {
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            "exec" => Operation::Exec,
            _ => Operation::Read,
        };
        let hidden = |place: &Place<'_>, floor| {
            let own = place.decide(Operation::Read);
            let hidden = !seen(place, floor).0;
            hidden.then(|| match own.permit {
                true => "what is above it is denied by a rule that is tried before, or by default"
                    .to_owned(),
                false => self.because(own, Operation::Read),
            })
        };
        match object {
            Object::Rpc(node) => {
                let schema = running.schema();
                let definition = schema.node(*node);
                let module = &schema.module(definition.module).name;
                let deny = definition.default_deny();
                (asked, self.operation(module, &definition.name, deny), None)
            }
            Object::Notification(node) => {
                let root = InstancePath::default();
                (
                    asked,
                    self.hears(running, running.schema(), *node, &root),
                    None,
                )
            }
            Object::Tied(at, node) => {
                let (place, floor) = self.along(running, at);
                let decision = place.unnamed(*node).decide(asked);
                (asked, decision, hidden(&place, floor))
            }
            Object::Data(path) if path.steps.is_empty() => {
                let decision = Decision {
                    permit: self.defaults_of(asked),
                    reason: Reason::Default,
                };
                (asked, decision, None)
            }
            Object::Data(path) => {
                let (place, floor) = self.along(running, path);
                let decision = place.decide(asked);
                let way = match asked == Operation::Read && decision.permit {
                    true => hidden(&place, floor),
                    false => None,
                };
                (asked, decision, way)
            }
        }
    }

    fn defaults_of(&self, operation: Operation) -> bool {
        match operation {
            Operation::Read => self.defaults.read,
            Operation::Exec => self.defaults.exec,
            _ => self.defaults.write,
        }
    }

    fn remedy(&self, question: &Question, decision: Decision, operation: Operation) -> String {
        let (user, path) = (&question.user, &question.path);
        let opposite = if decision.permit { "denies" } else { "permits" };
        match decision.reason {
            Reason::Rule(rank) => {
                let rule = &self.rules[rank as usize];
                format!(
                    "a rule before {} that {opposite} {} of {path}, or another action of that rule",
                    rule_text(rule),
                    operation.name()
                )
            }
            _ if self.groups.is_empty() => format!(
                "{user} is in no group, so that no rule counts: put {user} into a group with a rule-list that {opposite} {} of {path}",
                operation.name()
            ),
            _ => format!(
                "a rule in a rule-list for one of the groups of {user} that {opposite} {} of {path}",
                operation.name()
            ),
        }
    }
}

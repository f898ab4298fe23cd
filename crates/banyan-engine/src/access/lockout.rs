//! Changes of the rules that take from a user the right to put them right again: told, never refused, because what is
//! meant cannot be known, and a refusal would be in the way of clients that know nothing of it.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_yang::schema::Schema;

use super::place::{Place, Uniform};
use super::policy::{self, MODULE, Operation, Policy};
use super::stray::new_strays;
use super::subject::{Decision, Subject};
use super::{Access, Mode};
use crate::backend::{Call, Principal};
use crate::engine::Core;

const WRITES: [Operation; 3] = [Operation::Create, Operation::Update, Operation::Delete];

impl Core {
    /// What whoever commits should know of the rules that his change brings: that he may not change them any more, that
    /// there are none left, that one of them fits nothing. Each is logged, unless it is a rehearsal. O(1) where `/nacm` is
    /// the same, else O(size of `/nacm`).
    pub fn warned(&self, call: &Call, before: &Tree, after: &Tree, rehearsal: bool) -> Vec<String> {
        let access = &self.access;
        if access.options.mode != Mode::Internal || policy::same(before, after) {
            return Vec::new();
        }
        let empty = access.options.disabled_on_empty;
        let (Ok(old), Ok(new)) = (Policy::of(before, empty), Policy::of(after, empty)) else {
            return Vec::new();
        };
        let mut warnings: Vec<String> = access
            .lockout(&call.principal, after, &old, &new)
            .into_iter()
            .collect();
        let strays = new_strays(&old, &new, after.schema());
        warnings.extend(strays.iter().map(ToString::to_string));
        if !rehearsal {
            for warning in &warnings {
                tracing::warn!(user = %call.principal.effective(), "{warning}");
            }
        }
        warnings
    }
}

impl Access {
    /// What a change of the rules takes away from all, or from the one who makes it.
    fn lockout(
        &self,
        principal: &Principal,
        after: &Tree,
        old: &Policy,
        new: &Policy,
    ) -> Option<String> {
        if policy::of_tree(after).is_none() {
            if self.options.disabled_on_empty {
                return Some(
                    "the rules of access control are gone: until there are rules again, everybody may do everything \
                     (access.disabled-on-empty)"
                        .to_owned(),
                );
            }
            return Some(format!(
                "the rules of access control are gone: nobody may write anything any more; if that is not meant, {}",
                self.way_back(false)
            ));
        }
        let user = principal.effective();
        if self.options.recovery_user.as_ref() == Some(user) {
            return None;
        }
        let schema = after.schema();
        if old.enabled && old.subject(principal).denied_rules(schema).is_some() {
            return None;
        }
        let subject = new.enabled.then(|| new.subject(principal))?;
        let (operation, decision) = subject.denied_rules(schema)?;
        let root = subject.root(schema);
        let nothing = WRITES
            .iter()
            .all(|write| root.uniform(*write) == Uniform::Deny);
        let nor = if nothing {
            ", nor write anything else"
        } else {
            ""
        };
        Some(format!(
            "{user} may not change the rules of access control (/{MODULE}:nacm) any more{nor}: {}; if that is not meant, {}",
            subject.because(decision, operation),
            self.way_back(true)
        ))
    }

    /// How somebody gets back who may not change the rules, as the end of a sentence. `rules`: whether there are any.
    pub(super) fn way_back(&self, rules: bool) -> String {
        match (&self.options.recovery_user, &self.options.first_admin) {
            (Some(recovery), _) => format!(
                "log in as {recovery}, the recovery user, for whom no rule counts, and put the rules right"
            ),
            (None, Some(first)) if !rules => format!(
                "restart the daemon: without rules, {first} becomes an administrator again"
            ),
            _ => "let who may change the rules roll it back; where nobody may, name a user in access.recovery-user, restart, \
                  put the rules right as that user, and take the key out again"
                .to_owned(),
        }
    }

    /// The way back, for a refusal that concerns who is locked out: of the rules themselves, or of anything while there
    /// are no rules; nothing for other refusals.
    pub(super) fn aid(&self, running: &Tree, of_rules: bool) -> String {
        if self.options.mode != Mode::Internal {
            return String::new();
        }
        match (policy::of_tree(running), of_rules) {
            (None, _) => format!(
                "; there are no rules of access control: {}",
                self.way_back(false)
            ),
            (Some(_), true) => format!("; who is locked out: {}", self.way_back(true)),
            (Some(_), false) => String::new(),
        }
    }
}

impl Subject {
    /// What denies the user to change the rules at will; `None` when he may: he may then give himself every right.
    fn denied_rules(&self, schema: &Arc<Schema>) -> Option<(Operation, Decision)> {
        let nacm = self.root(schema).unnamed(policy::place(schema)?);
        let list = child(&nacm, "rule-list");
        let rule = list.as_ref().and_then(|list| child(list, "rule"));
        [Some(nacm), list, rule].iter().flatten().find_map(|place| {
            WRITES.iter().find_map(|write| {
                let decision = place.decide(*write);
                (!decision.permit).then_some((*write, decision))
            })
        })
    }
}

/// The child of that name, of the same module.
fn child<'s>(place: &Place<'s>, name: &str) -> Option<Place<'s>> {
    let schema = place.schema();
    let module = schema.node(place.id()).module;
    let id = schema.data_child(place.id(), module, name)?;
    Some(place.unnamed(id))
}

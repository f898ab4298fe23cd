//! One user, with the rules that count for him: what decides at a place of a tree, for an operation or a notification.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::Tree;
use banyan_yang::schema::{DefaultDeny, ModuleId, NodeKind, Schema, SchemaId};

use super::below::Below;
use super::place::{Place, Uniform};
use super::policy::{Defaults, Kind, Operation, Rule};
use super::trie::{Beyond, Binder, Rank, Trie};

/// What decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    /// A rule, by its rank.
    Rule(Rank),
    /// `nacm:default-deny-all` or `-write` of the schema.
    Schema(DefaultDeny),
    /// RFC 8341 3.4.4, 11: the operations that nobody may call without a rule.
    Protected,
    /// `read-default`, `write-default`, `exec-default`
    Default,
}

/// A decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decision {
    pub permit: bool,
    pub reason: Reason,
}

impl Decision {
    /// How early it was decided: the rule's rank; a default comes after all rules.
    pub fn rank(&self) -> Rank {
        match self.reason {
            Reason::Rule(rank) => rank,
            _ => Rank::MAX,
        }
    }
}

/// A user.
pub struct Subject {
    pub(super) user: Arc<str>,
    pub(super) groups: Vec<Arc<str>>,
    pub(super) rules: Vec<Arc<Rule>>,
    pub(super) defaults: Defaults,
    schemas: Mutex<HashMap<usize, Arc<Bound>>>,
    /// What was read last, and what the user may see of it; the newest first.
    pub(super) readable: Mutex<Vec<(Tree, Tree)>>,
}

/// The rules of a user, bound to a schema.
pub(super) struct Bound {
    /// Keeps the schema alive, so that its address is not used anew.
    schema: Arc<Schema>,
    pub below: Arc<Below>,
    /// The first rules without a path, for each operation: those of each module, and those of all modules.
    firsts: HashMap<ModuleId, [Option<Rank>; 5]>,
    general: [Option<Rank>; 5],
    pub root: Arc<Trie>,
    uniform: Mutex<HashMap<UniformKey, Uniform>>,
    mounted: Mutex<HashMap<Vec<Beyond>, Arc<Trie>>>,
}

/// What decides alike: node, rules that cover it, inherited default-deny, operation.
pub(super) type UniformKey = (SchemaId, Arc<[Rank]>, Option<DefaultDeny>, Operation);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Caches: every insert leaves them whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subject {
    pub(super) fn new(
        user: Arc<str>,
        groups: Vec<Arc<str>>,
        rules: Vec<Arc<Rule>>,
        defaults: Defaults,
    ) -> Subject {
        Subject {
            user,
            groups,
            rules,
            defaults,
            schemas: Mutex::default(),
            readable: Mutex::default(),
        }
    }

    /// The user's name.
    pub fn user(&self) -> &Arc<str> {
        &self.user
    }

    pub(super) fn binder<'a>(&'a self, schema: &'a Arc<Schema>) -> Binder<'a> {
        Binder {
            schema,
            rules: &self.rules,
            user: &self.user,
        }
    }

    /// The rules bound to a schema; made when first asked for, O(schema nodes + rules).
    pub(super) fn bound(&self, schema: &Arc<Schema>) -> Arc<Bound> {
        let address = Arc::as_ptr(schema) as usize;
        if let Some(bound) = lock(&self.schemas).get(&address) {
            return bound.clone();
        }
        let bound = Arc::new(Bound::of(self, schema));
        lock(&self.schemas).insert(address, bound.clone());
        bound
    }

    /// The root of a tree of this schema.
    pub(super) fn root(&self, schema: &Arc<Schema>) -> Place<'_> {
        Place::root(self, schema)
    }

    /// Whether the user may call a protocol operation (RFC 8341 3.4.4, from step 6). `node` is its definition, where
    /// the schema has it.
    pub(super) fn operation(
        &self,
        module: &str,
        name: &str,
        deny: Option<DefaultDeny>,
    ) -> Decision {
        let fits = |rule: &Rule| match &rule.kind {
            Kind::Anything => true,
            Kind::Rpc(rpc) => rpc.as_deref().is_none_or(|rpc| rpc == name),
            _ => false,
        };
        // Stores by name are written as a whole, so that calling is the only thing to ask for. Records are of others, too.
        let protected = match module {
            "ietf-netconf" => matches!(name, "kill-session" | "delete-config"),
            "banyan" => matches!(
                name,
                "copy-store" | "load-store" | "delete-store" | "history-export" | "history-import"
            ),
            _ => false,
        };
        let default = match protected {
            true => (false, Reason::Protected),
            false => (self.defaults.exec, Reason::Default),
        };
        self.of_definition(Operation::Exec, module, fits, deny, default)
    }

    /// Whether the user may get a notification of the top level (RFC 8341 3.4.6).
    pub(super) fn notification(
        &self,
        module: &str,
        name: &str,
        deny: Option<DefaultDeny>,
    ) -> Decision {
        let fits = |rule: &Rule| match &rule.kind {
            Kind::Anything => true,
            Kind::Notification(own) => own.as_deref().is_none_or(|own| own == name),
            _ => false,
        };
        let default = (self.defaults.read, Reason::Default);
        self.of_definition(Operation::Read, module, fits, deny, default)
    }

    /// What the rules say of a definition of the top level; if none fits, what its model says, and last the default.
    fn of_definition(
        &self,
        operation: Operation,
        module: &str,
        fits: impl Fn(&Rule) -> bool,
        deny: Option<DefaultDeny>,
        default: (bool, Reason),
    ) -> Decision {
        if let Some(decision) = self.first(operation, module, fits) {
            return decision;
        }
        let (permit, reason) = match deny {
            Some(DefaultDeny::All) => (false, Reason::Schema(DefaultDeny::All)),
            _ => default,
        };
        Decision { permit, reason }
    }

    fn first(
        &self,
        operation: Operation,
        module: &str,
        fits: impl Fn(&Rule) -> bool,
    ) -> Option<Decision> {
        let rank = self.rules.iter().position(|rule| {
            rule.operations.contain(operation) && rule.is_of(module) && fits(rule)
        })?;
        Some(Decision {
            permit: self.rules[rank].permit,
            reason: Reason::Rule(rank as Rank),
        })
    }
}

impl Bound {
    fn of(subject: &Subject, schema: &Arc<Schema>) -> Bound {
        let mut firsts = HashMap::new();
        let mut general = [None; 5];
        for (rank, rule) in subject.rules.iter().enumerate() {
            if rule.kind != Kind::Anything {
                continue;
            }
            let slots: &mut [Option<Rank>; 5] = match &rule.module {
                None => &mut general,
                Some(module) => match schema.module_by_name(module) {
                    Some(module) => firsts.entry(module).or_insert([None; 5]),
                    None => continue,
                },
            };
            for operation in Operation::ALL {
                if rule.operations.contain(operation) {
                    slots[operation as usize].get_or_insert(rank as Rank);
                }
            }
        }
        Bound {
            below: schema.derived(Below::of),
            firsts,
            general,
            root: Arc::new(subject.binder(schema).root()),
            uniform: Mutex::default(),
            mounted: Mutex::default(),
            schema: schema.clone(),
        }
    }

    /// The first rule without a path that is about the operation in a module.
    pub fn first(&self, module: ModuleId, operation: Operation) -> Option<Rank> {
        let own = self.firsts.get(&module);
        let own = own.and_then(|firsts| firsts[operation as usize]);
        match (own, self.general(operation)) {
            (Some(own), Some(general)) => Some(own.min(general)),
            (own, general) => own.or(general),
        }
    }

    /// The first such rule that is about all modules.
    pub fn general(&self, operation: Operation) -> Option<Rank> {
        self.general[operation as usize]
    }

    /// The answer for a subtree, worked out once.
    pub fn uniform(&self, key: UniformKey, work_out: impl FnOnce() -> Uniform) -> Uniform {
        if let Some(known) = lock(&self.uniform).get(&key) {
            return *known;
        }
        let found = work_out();
        lock(&self.uniform).insert(key, found);
        found
    }

    /// The trie of rules that come down through a mount point into this schema.
    pub fn mounted(&self, subject: &Subject, beyond: &[Beyond]) -> Arc<Trie> {
        if let Some(known) = lock(&self.mounted).get(beyond) {
            return known.clone();
        }
        let trie = Arc::new(subject.binder(&self.schema).mounted(beyond));
        lock(&self.mounted).insert(beyond.to_vec(), trie.clone());
        trie
    }
}

/// The kind of a node that stands for an operation or notification inside of data.
pub(super) fn is_tied(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Action | NodeKind::Notification)
}

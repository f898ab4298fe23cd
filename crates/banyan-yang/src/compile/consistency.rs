//! What must hold between the properties of a node, its parent and its children, once all changes are applied.
//! Decides which nodes are in the schema.

use super::context::Compilation;
use super::data_tree::DataTree;
use super::draft::{Absent, DraftId};
use super::hash::{IdMap, IdSet};
use super::set::split_name;
use super::status::Reference;
use super::types::DraftType;
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{NodeKind, Status, TypeKind};
use crate::statement::Keyword;

/// What the pass finds out, by draft.
pub(super) struct Settled {
    /// In the schema.
    pub present: Vec<bool>,
    /// Effective `config`; `true` where it means nothing: see [`Settled::ignores_config`].
    pub config: Vec<bool>,
    /// Inside an rpc, action or notification.
    pub in_operation: Vec<bool>,
    /// Inside a `structure` or `yang-data`.
    pub in_structure: Vec<bool>,
    /// Inside an output or notification.
    pub is_sent: Vec<bool>,
    pub status: Vec<Status>,
    /// Keys of lists, in the order of the statement.
    pub keys: IdMap<DraftId, Vec<DraftId>>,
    pub is_key: IdSet<DraftId>,
    pub tree: DataTree,
}

/// One pass over all nodes; parents come before their children. Linear.
pub(super) fn settle(compilation: &mut Compilation<'_>) -> Settled {
    let count = compilation.drafts.len();
    let mut settled = Settled {
        present: vec![true; count],
        config: vec![true; count],
        in_operation: vec![false; count],
        in_structure: vec![false; count],
        is_sent: vec![false; count],
        status: vec![Status::Current; count],
        keys: IdMap::default(),
        is_key: IdSet::default(),
        tree: DataTree::new(count),
    };
    for index in 1..count {
        settled.node(compilation, DraftId(index as u32));
    }
    settled
}

impl Settled {
    fn node(&mut self, compilation: &mut Compilation<'_>, id: DraftId) {
        let index = id.index();
        let draft = compilation.drafts.get(id);
        let (parent, kind, module, name) = (draft.parent, draft.kind, draft.module, draft.name);
        let above = parent.index();
        let data_parent = compilation.drafts.data_parent(id);
        self.tree.parents[index] = data_parent;
        self.present[index] = self.present[above] && draft.absent.is_none();
        self.in_operation[index] = self.in_operation[above]
            || matches!(
                kind,
                NodeKind::Rpc | NodeKind::Action | NodeKind::Notification
            );
        self.in_structure[index] = self.in_structure[above] || kind.is_structure();
        self.is_sent[index] =
            self.is_sent[above] || matches!(kind, NodeKind::Output | NodeKind::Notification);
        self.status[index] = self.status[above].max(draft.facts.status.unwrap_or_default());
        self.config[index] = match draft.facts.config() {
            Some(config) if !self.ignores_config(id) => config.value,
            _ => self.config[above] || self.ignores_config(id),
        };
        if self.present[index] {
            self.operation(compilation, id, above);
        }
        if self.present[index] {
            self.config(compilation, id, above);
            self.elements(compilation, id);
            self.defaults(compilation, id);
            if kind == NodeKind::List {
                self.keys(compilation, id);
            }
        }
        if !matches!(kind, NodeKind::Choice | NodeKind::Case) && !kind.is_structure() {
            self.data_name(compilation, id, (data_parent, module, name));
        }
    }

    /// Where an action, or a notification inside of data, may stand. Grammar sees statements, not what `uses` and
    /// `augment` put together. O(depth).
    fn operation(&mut self, compilation: &mut Compilation<'_>, id: DraftId, above: usize) {
        let draft = compilation.drafts.get(id);
        let inside = draft.parent != DraftId::ROOT;
        if !inside || !matches!(draft.kind, NodeKind::Action | NodeKind::Notification) {
            return;
        }
        let (at, kind) = (draft.at, draft.kind);
        let span = compilation.set.span(at);
        let ancestors = std::iter::successors(Some(draft.parent), |id| {
            (*id != DraftId::ROOT).then(|| compilation.drafts.get(*id).parent)
        });
        let keyless = ancestors
            .map(|id| compilation.drafts.get(id))
            .find(|draft| draft.kind == NodeKind::List && draft.facts.key().is_none());
        // RFC 7950 7.15, 7.16
        let (why, holder, help) = if self.in_operation[above] {
            (
                "inside of an rpc, action or notification",
                None,
                "move it to a container or list of the data tree",
            )
        } else if let Some(list) = keyless {
            (
                "below a list without keys",
                Some(compilation.set.span(list.at)),
                "give the list a `key`, so that its entries can be named",
            )
        } else {
            return;
        };
        let message = format!("{} cannot stand {why}", compilation.place(id));
        let mut error = Diagnostic::error("misplaced-node", span, message);
        if let Some(holder) = holder {
            error = error.related(holder, "this list has no `key`");
        }
        compilation.report(error.help(help).rfc(match kind {
            NodeKind::Action => "RFC 7950 7.15",
            _ => "RFC 7950 7.16",
        }));
        self.present[id.index()] = false;
        compilation.drafts.get_mut(id).leave_out(Absent::Error);
        if !compilation.is_strict() {
            compilation.report_left_out(at, "it cannot be invoked where it stands");
        }
    }

    /// Where `config` means nothing and lists need no keys: in operations and notifications (RFC 7950 7.21.1), and in
    /// structures (RFC 8040 8, RFC 8791 4).
    pub fn ignores_config(&self, id: DraftId) -> bool {
        self.in_operation[id.index()] || self.in_structure[id.index()]
    }

    /// RFC 7950 7.21.1
    fn config(&mut self, compilation: &mut Compilation<'_>, id: DraftId, above: usize) {
        let Some(config) = compilation.drafts.get(id).facts.config().copied() else {
            return;
        };
        if config.value && !self.config[above] && !self.ignores_config(id) {
            let message = format!(
                "{} is configuration, but it is inside of state",
                compilation.place(id)
            );
            compilation.report(
                Diagnostic::error("config-in-state", config.span, message)
                    .help("remove `config true`, or make the parent configuration")
                    .rfc("RFC 7950 7.21.1"),
            );
            self.config[id.index()] = false;
        }
    }

    /// RFC 7950 7.7.5, 7.7.6
    fn elements(&mut self, compilation: &mut Compilation<'_>, id: DraftId) {
        let draft = compilation.drafts.get(id);
        if let (Some(min), Some(max)) = (
            draft.facts.min_elements().copied(),
            draft.facts.max_elements().copied(),
        ) && let Some(most) = max.value.filter(|most| min.value > *most)
        {
            let error = Diagnostic::error(
                "min-above-max",
                min.span,
                format!(
                    "{} must have at least {} entries, but may have at most {most}",
                    compilation.place(id),
                    min.value
                ),
            )
            .related(max.span, "at most these")
            .help("lower `min-elements`, or raise `max-elements`")
            .rfc("RFC 7950 7.7.6");
            compilation.report(error);
        }
    }

    /// RFC 7950 7.6.4, 7.7.4, 7.9.4
    fn defaults(&mut self, compilation: &mut Compilation<'_>, id: DraftId) {
        let draft = compilation.drafts.get(id);
        let Some(default) = draft.facts.defaults().next() else {
            return;
        };
        let span = compilation.set.span(default.at);
        let place = compilation.place(id);
        let problem = match draft.kind {
            NodeKind::LeafList => draft
                .facts
                .min_elements()
                .filter(|min| min.value > 0)
                .map(|min| (min.span, "has `min-elements`")),
            _ => draft
                .facts
                .mandatory()
                .filter(|mandatory| mandatory.value)
                .map(|mandatory| (mandatory.span, "is mandatory")),
        };
        if let Some((other, what)) = problem {
            compilation.report(
                Diagnostic::error(
                    "default-and-mandatory",
                    span,
                    format!("{place} {what}, so it can have no default"),
                )
                .related(other, "stated here")
                .help("remove one of the two")
                .rfc("RFC 7950 7.6.4"),
            );
        }
    }

    /// RFC 7950 7.8.2. A list without usable keys is left out.
    fn keys(&mut self, compilation: &mut Compilation<'_>, id: DraftId) {
        let set = compilation.set;
        let draft = compilation.drafts.get(id);
        let (module, span) = (draft.module, set.span(draft.at));
        let Some(key) = draft.facts.key().copied() else {
            if self.config[id.index()] && !self.ignores_config(id) {
                let message = format!(
                    "{} is configuration and has no `key`",
                    compilation.place(id)
                );
                compilation.report(
                    Diagnostic::error("missing-key", span, message)
                        .help("add a `key` statement, or `config false`")
                        .rfc("RFC 7950 7.8.2"),
                );
                self.leave_out(compilation, id);
            }
            return;
        };
        let mut keys: Vec<DraftId> = Vec::new();
        let mut seen: IdSet<DraftId> = IdSet::default();
        for word in set.argument(key).split_ascii_whitespace() {
            let name = compilation.names.find(split_name(word).1);
            let leaf = name.and_then(|name| compilation.drafts.child(id, module, name));
            let problem = match leaf.map(|leaf| (leaf, compilation.drafts.get(leaf))) {
                None => Some(format!(
                    "the key `{word}` is not a child of {}",
                    compilation.place(id)
                )),
                Some((_, leaf)) if leaf.absent == Some(Absent::Error) => {
                    return self.leave_out(compilation, id); // Reported already.
                }
                Some((_, leaf)) if leaf.kind != NodeKind::Leaf => Some(format!(
                    "the key `{word}` is a {}, not a leaf",
                    leaf.kind.keyword()
                )),
                Some((_, leaf)) if leaf.absent.is_some() => Some(format!(
                    "the key `{word}` is not supported or switched off by a feature"
                )),
                Some((leaf, _)) if seen.contains(&leaf) => {
                    Some(format!("the key `{word}` is there twice"))
                }
                Some((_, leaf))
                    if leaf
                        .facts
                        .config()
                        .is_some_and(|config| config.value != self.config[id.index()])
                        && !self.ignores_config(id) =>
                {
                    Some(format!(
                        "the key `{word}` and its list must both be configuration or both be state"
                    ))
                }
                Some((_, leaf))
                    if leaf.facts.whens().next().is_some() && set.version(key) == Version::V1_1 =>
                {
                    Some(format!("the key `{word}` must not depend on `when`"))
                }
                Some((_, leaf))
                    if set.child(leaf.at, Keyword::IfFeature).is_some()
                        && set.version(key) == Version::V1_1 =>
                {
                    // RFC 7950 7.20.2
                    Some(format!("the key `{word}` must not depend on `if-feature`"))
                }
                Some((_, leaf))
                    if is_empty_type(leaf.facts.ty.as_ref()) && set.version(key) == Version::V1 =>
                {
                    Some(format!("the key `{word}` must not be of type empty"))
                }
                Some((leaf, _)) => {
                    keys.push(leaf);
                    seen.insert(leaf);
                    None
                }
            };
            if let Some(problem) = problem {
                let mut error = Diagnostic::error("invalid-key", set.argument_span(key), problem)
                    .rfc("RFC 7950 7.8.2");
                if let Some((leaf, _)) = leaf.map(|leaf| (leaf, ())) {
                    error = error.related(compilation.draft_span(leaf), "the key");
                }
                let near = compilation.nearest_child(id, word);
                error = error.help(match near.filter(|near| leaf.is_none() && near != word) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "name leafs that stand directly in the list and are always there".to_owned()
                    }
                });
                compilation.report(error);
                return self.leave_out(compilation, id);
            }
        }
        for leaf in &keys {
            let leaf = compilation.drafts.get(*leaf);
            let reference = Reference {
                from: self.status[id.index()],
                to: self.status[id.index()].max(leaf.facts.status.unwrap_or_default()),
                span: set.span(key),
                target: format!("leaf {}", compilation.names.text(leaf.name)),
                target_span: set.span(leaf.at),
            };
            compilation.check_reference(reference);
        }
        self.is_key.extend(&keys);
        self.keys.insert(id, keys);
    }

    fn leave_out(&mut self, compilation: &mut Compilation<'_>, id: DraftId) {
        self.present[id.index()] = false;
        compilation.drafts.get_mut(id).leave_out(Absent::Error);
        if !compilation.is_strict() {
            let at = compilation.drafts.get(id).at;
            compilation.report_left_out(at, "its keys have errors");
        }
    }

    /// RFC 7950 6.2.1: data nodes of all cases of a choice share one name space.
    fn data_name(
        &mut self,
        compilation: &mut Compilation<'_>,
        id: DraftId,
        key: (DraftId, crate::schema::ModuleId, super::set::Name),
    ) {
        let drafts = &compilation.drafts;
        let other = match self.tree.child(drafts, key.0, key.1, key.2) {
            Some(other) if self.present[other.index()] => other,
            other => return self.tree.add(drafts, id, other),
        };
        if !self.present[id.index()] {
            return;
        }
        let (span, first) = (compilation.draft_span(id), compilation.draft_span(other));
        let message = format!(
            "there is already a node `{}` in {}, in another case",
            compilation.names.text(key.2),
            compilation.place(key.0)
        );
        compilation.report(
            Diagnostic::error("duplicate-node", span, message)
                .related(first, "the first one")
                .help("rename one of them")
                .rfc("RFC 7950 7.9.2"),
        );
        self.present[id.index()] = false;
        compilation.drafts.get_mut(id).leave_out(Absent::Error);
    }
}

fn is_empty_type(ty: Option<&DraftType>) -> bool {
    matches!(ty, Some(DraftType::Plain(ty)) if matches!(ty.kind, TypeKind::Empty))
}

//! Which nodes an instance has: choices, counts, keys, mandatory nodes, and what is in use in place of what
//! is absent. The checks of [`Walk`] that look at the children of one instance, not into them.

use banyan_yang::schema::{NodeKind, SchemaId};

use super::walk::Walk;
use crate::cursor::Cursor;
use crate::error::ErrorKind;
use crate::node::{Content, Node};
use crate::view::{Scope, active_case, case_chain, has_when};
use crate::xpath::when::first_false;

impl<'t> Walk<'t, '_> {
    /// The constraints on which children an instance has, as [`Walk::children`] checks them, without those on
    /// what is stored there. What is in use and not stored is checked as a whole.
    pub(super) fn structure(&mut self, node: &Cursor<'t>) {
        let Some((_, parent, stored)) = node.frame().inside() else {
            return;
        };
        let scope = self.options.scope;
        self.state_in_config(node, stored);
        if !self.rules.inside(scope, parent) {
            return;
        }
        for choice in self.rules.clone().choices(parent) {
            self.choice(node, stored, *choice);
        }
        for id in self.schema.data_children(parent).iter().copied() {
            let in_scope = scope == Scope::All || self.schema.node(id).config;
            if !in_scope || !(self.rules.on(scope, id) || self.rules.inside(scope, id)) {
                continue;
            }
            match stored.and_then(|stored| stored.get(id)) {
                None => self.absent(node, stored, id),
                Some(Content::List(list)) => self.count(node, id, list.len()),
                Some(Content::LeafList(values)) => self.count(node, id, values.len()),
                Some(_) => {}
            }
        }
    }

    /// State data in a configuration datastore (RFC 7950 7.21.1).
    pub(super) fn state_in_config(&mut self, node: &Cursor<'t>, stored: Option<&'t Node>) {
        if self.options.scope == Scope::All {
            return;
        }
        for slot in stored.map_or(&[][..], Node::slots) {
            let definition = self.schema.node(slot.id);
            if !definition.config
                && let Some(place) = node.dummy(slot.id)
            {
                let message = "this is state, and only configuration may stand here";
                let error = self
                    .error(&place, ErrorKind::NotConfig, message)
                    .with_help("leave it out")
                    .with_yang(definition.span);
                self.report(&place, error);
            }
        }
    }

    /// RFC 7950 7.9: at most one case has data, and a mandatory choice exactly one.
    pub(super) fn choice(&mut self, node: &Cursor<'t>, stored: Option<&'t Node>, choice: SchemaId) {
        let definition = self.schema.node(choice);
        if self.options.scope == Scope::Config && !definition.config {
            return;
        }
        self.evaluated();
        let mut cases: Vec<SchemaId> = Vec::new();
        for slot in stored.map_or(&[][..], Node::slots) {
            let mut case = None;
            for above in case_chain(self.schema, slot.id) {
                if above == choice {
                    cases.extend(case.filter(|case| !cases.contains(case)));
                }
                case = Some(above);
            }
        }
        let name = |case: &SchemaId| format!("'{}'", self.schema.node(*case).name);
        if cases.len() > 1 {
            let names: Vec<String> = cases.iter().map(name).collect();
            let message = format!(
                "nodes of several cases of choice '{}' are there: {}",
                definition.name,
                names.join(", ")
            );
            let error = self
                .error(node, ErrorKind::SeveralCases, message)
                .with_help("keep the nodes of one case")
                .with_yang(definition.span);
            self.report(node, error);
        }
        if definition.mandatory
            && cases.is_empty()
            && self.is_required(stored, choice)
            && self.whens_let(node, choice)
        {
            let names: Vec<String> = self.schema.children(choice).iter().map(name).collect();
            // RFC 7950 15.6
            let error = self
                .error(
                    node,
                    ErrorKind::MissingChoice,
                    format!(
                        "one case of choice '{}' is mandatory, and none is there",
                        definition.name
                    ),
                )
                .with_help(format!(
                    "add the nodes of one of the cases {}",
                    names.join(", ")
                ))
                .with_app_tag("missing-choice")
                .with_culprit(definition.name.clone())
                .with_yang(definition.span);
            self.report(node, error);
        }
    }

    /// Whether the `when`s of an absent choice, case or data node would let it be there.
    pub(super) fn whens_let(&mut self, node: &Cursor<'t>, id: SchemaId) -> bool {
        if !has_when(self.schema, id) {
            return true;
        }
        let Some(dummy) = node.dummy(id) else {
            return true;
        };
        self.evaluated();
        !matches!(
            first_false(&dummy, &self.session, self.options.budget),
            Ok(Some(_))
        )
    }

    /// Whether a mandatory node or choice must be there as far as the cases around it go: they all have data
    /// (RFC 7950 7.6.5, 7.9.4).
    pub(super) fn is_required(&self, stored: Option<&Node>, id: SchemaId) -> bool {
        let mut case = None;
        for above in case_chain(self.schema, id) {
            match self.schema.node(above).kind {
                NodeKind::Case => case = Some(above),
                _ if case.is_some() && active_case(self.schema, stored, above) != case => {
                    return false;
                }
                _ => {}
            }
        }
        true
    }

    /// RFC 7950 7.8.2: an entry has all its keys.
    pub(super) fn keys(&mut self, entry: &Cursor<'t>) {
        let Some(node) = entry.node() else { return };
        for key in entry.definition().keys() {
            if node.get(*key).is_none()
                && let Some(place) = entry.dummy(*key)
            {
                let message = "a list entry needs a value for each of its keys";
                let error = self
                    .error(&place, ErrorKind::MissingElement, message)
                    .with_culprit(self.schema.node(*key).name.clone())
                    .with_yang(entry.definition().span);
                self.report(&place, error);
            }
        }
    }

    /// RFC 7950 7.7.5, 7.7.6: how many entries there are.
    pub(super) fn count(&mut self, node: &Cursor<'t>, id: SchemaId, count: usize) {
        let definition = self.schema.node(id);
        if definition.min_elements() == 0 && definition.max_elements().is_none() {
            return;
        }
        self.evaluated();
        let Some(place) = node.dummy(id) else { return };
        let entries = |number: u32| match number {
            1 => "1 entry".to_owned(),
            number => format!("{number} entries"),
        };
        if count < definition.min_elements() as usize {
            // RFC 7950 15.3
            let least = entries(definition.min_elements());
            let error = self
                .error(
                    &place,
                    ErrorKind::TooFewElements,
                    format!("at least {least} must be there, and there are {count}"),
                )
                .with_app_tag("too-few-elements")
                .with_yang(definition.span);
            self.report(&place, error);
        }
        if let Some(most) = definition
            .max_elements()
            .filter(|most| count > *most as usize)
        {
            // RFC 7950 15.2
            let most = entries(most);
            let error = self
                .error(
                    &place,
                    ErrorKind::TooManyElements,
                    format!("at most {most} may be there, and there are {count}"),
                )
                .with_app_tag("too-many-elements")
                .with_yang(definition.span);
            self.report(&place, error);
        }
    }

    /// A data node that is not stored: what must be there, and what is in use in its place.
    pub(super) fn absent(&mut self, node: &Cursor<'t>, stored: Option<&'t Node>, id: SchemaId) {
        let definition = self.schema.node(id);
        let mut in_use = node.instances(id).peekable();
        if in_use.peek().is_some() {
            for instance in in_use {
                self.instance(&instance);
            }
            return;
        }
        let wanted = definition.mandatory || definition.min_elements() > 0;
        // Keys are asked for by their list entry.
        if !wanted || definition.is_key {
            return;
        }
        if !self.is_required(stored, id) || !self.whens_let(node, id) {
            return;
        }
        if definition.min_elements() > 0 {
            return self.count(node, id, 0);
        }
        let Some(place) = node.dummy(id) else { return };
        // RFC 7950 7.6.5
        self.evaluated();
        let error = self
            .error(
                &place,
                ErrorKind::MissingElement,
                format!(
                    "the mandatory {} '{}' is missing",
                    definition.kind.keyword(),
                    definition.name
                ),
            )
            .with_help("give it a value")
            .with_culprit(definition.name.clone())
            .with_yang(definition.span);
        self.report(&place, error);
    }
}

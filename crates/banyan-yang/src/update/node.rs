//! What two nodes that pair differ in, property by property.

use super::compare::{
    Comparer, Judgement, Place, Side, allowed, editorial, forbidden, unproven, unruled,
};
use super::constraint::{implies, qualified};
use super::walk::{Inherited, mandatory_node};
use super::{Aspect, Rule};
use crate::if_feature::{self, Condition};
use crate::schema::{Expression, NodeKind, OrderedBy, Schema, SchemaId, SchemaNode, Status};
use crate::statement::Keyword;
use crate::xpath::Expr;

/// A `must` or `when`: as written, with module names, and the tag of its error.
struct Constraint {
    text: String,
    expr: Expr,
    app_tag: Option<String>,
    message: Option<String>,
}

impl Comparer<'_> {
    /// Compares the properties of two nodes; says what their children need not repeat.
    pub fn node(
        &mut self,
        place: &Place,
        old_id: SchemaId,
        new_id: SchemaId,
        above: Inherited,
    ) -> Inherited {
        let (old, new) = (self.old.schema.node(old_id), self.new.schema.node(new_id));
        if old.kind != new.kind {
            let keyword = |node: &SchemaNode| Some(node.kind.keyword().to_owned());
            self.push(
                place,
                Aspect::Kind,
                keyword(old),
                keyword(new),
                forbidden(Rule::NewName),
            );
            return Inherited::default();
        }
        self.node_type(place, old_id, new_id);
        self.defaults(place, old_id, new_id);
        self.units(place, old, new);
        self.mandatory(place, old, new);
        self.elements(place, old, new);
        self.list(place, old_id, new_id);
        self.flags(place, old, new);
        self.constraints(place, old_id, new_id);
        self.conditions(place, old_id, new_id);
        self.extensions(place, old, new);
        self.node_texts(place, old_id, new_id);
        Inherited {
            config: self.config(place, old_id, new_id, above.config),
            status: self.node_status(place, old.status, new.status, above.status),
        }
    }

    fn defaults(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let text = |schema: &Schema, id: SchemaId| {
            let node = schema.node(id);
            let values: Vec<&str> = match node.default_case() {
                Some(case) => vec![&schema.node(case).name],
                None => node.defaults().iter().map(|value| &*value.text).collect(),
            };
            (!values.is_empty()).then(|| values.join(" "))
        };
        let old = text(self.old.schema, old_id);
        let new = text(self.new.schema, new_id);
        if old == new {
            return;
        }
        let kind = self.new.schema.node(new_id).kind;
        let judgement = match (&old, kind) {
            (None, NodeKind::Leaf) => allowed(Rule::Default),
            (None, _) => forbidden(Rule::Default).because(format!(
                "the rule allows it for a leaf, not for a {}",
                kind.keyword()
            )),
            _ => forbidden(Rule::Default),
        };
        self.push(place, Aspect::Default, old, new, judgement);
    }

    fn units(&mut self, place: &Place, old: &SchemaNode, new: &SchemaNode) {
        let (old, new) = (
            old.units().as_ref().map(ToString::to_string),
            new.units().as_ref().map(ToString::to_string),
        );
        if old != new {
            let judgement = match old {
                None => allowed(Rule::Units),
                Some(_) => forbidden(Rule::Units),
            };
            self.push(place, Aspect::Units, old, new, judgement);
        }
    }

    fn mandatory(&mut self, place: &Place, old: &SchemaNode, new: &SchemaNode) {
        if old.mandatory != new.mandatory {
            let judgement = match new.mandatory {
                true => forbidden(Rule::Mandatory),
                false => allowed(Rule::Mandatory),
            };
            let text = |node: &SchemaNode| Some(node.mandatory.to_string());
            self.push(place, Aspect::Mandatory, text(old), text(new), judgement);
        }
    }

    fn elements(&mut self, place: &Place, old: &SchemaNode, new: &SchemaNode) {
        if old.min_elements() != new.min_elements() {
            let judgement = match new.min_elements() < old.min_elements() {
                true => allowed(Rule::MinElements),
                false => forbidden(Rule::MinElements),
            };
            let text = |node: &SchemaNode| Some(node.min_elements().to_string());
            self.push(place, Aspect::MinElements, text(old), text(new), judgement);
        }
        if old.max_elements() != new.max_elements() {
            let most = |node: &SchemaNode| node.max_elements().unwrap_or(u32::MAX);
            let judgement = match most(new) > most(old) {
                true => allowed(Rule::MaxElements),
                false => forbidden(Rule::MaxElements),
            };
            let text = |node: &SchemaNode| {
                let unbounded = || "unbounded".to_owned();
                Some(
                    node.max_elements()
                        .map_or_else(unbounded, |max| max.to_string()),
                )
            };
            self.push(place, Aspect::MaxElements, text(old), text(new), judgement);
        }
    }

    fn list(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let keys = |schema: &Schema, id: SchemaId| {
            let node = schema.node(id);
            let names: Vec<&str> = node
                .keys()
                .iter()
                .map(|key| &*schema.node(*key).name)
                .collect();
            (!names.is_empty()).then(|| names.join(" "))
        };
        let (old, new) = (keys(self.old.schema, old_id), keys(self.new.schema, new_id));
        if old != new {
            let judgement =
                forbidden(Rule::NewName).because("the keys are how each entry is named");
            self.push(place, Aspect::Key, old, new, judgement);
        }
        let uniques = |schema: &Schema, id: SchemaId| -> Vec<String> {
            let unique = |leaves: &[SchemaId]| {
                let path = |leaf: &SchemaId| {
                    let (whole, list) = (schema.path(*leaf), schema.path(id));
                    whole
                        .strip_prefix(&*list)
                        .unwrap_or(&whole)
                        .trim_start_matches('/')
                        .to_owned()
                };
                let paths: Vec<String> = leaves.iter().map(path).collect();
                paths.join(" ")
            };
            let node = schema.node(id);
            node.uniques()
                .iter()
                .map(|one| unique(&one.leaves))
                .collect()
        };
        let old = uniques(self.old.schema, old_id);
        let new = uniques(self.new.schema, new_id);
        for gone in old.iter().filter(|unique| !new.contains(unique)) {
            let judgement =
                forbidden(Rule::NewName).because("the list of allowed changes has no `unique`");
            self.push(place, Aspect::Unique, Some(gone.clone()), None, judgement);
        }
        for came in new.iter().filter(|unique| !old.contains(unique)) {
            self.push(
                place,
                Aspect::Unique,
                None,
                Some(came.clone()),
                forbidden(Rule::NewName).because("data that were valid may no longer be"),
            );
        }
    }

    fn flags(&mut self, place: &Place, old: &SchemaNode, new: &SchemaNode) {
        if old.ordered_by != new.ordered_by && old.config == new.config {
            let text = |node: &SchemaNode| {
                let by_user = node.ordered_by == OrderedBy::User;
                Some(if by_user { "user" } else { "system" }.to_owned())
            };
            let judgement = forbidden(Rule::NewName);
            self.push(place, Aspect::OrderedBy, text(old), text(new), judgement);
        }
        if old.presence != new.presence {
            let text = |node: &SchemaNode| node.presence.then(|| "presence".to_owned());
            let judgement = forbidden(Rule::NewName)
                .because("that the container exists now means something else");
            self.push(place, Aspect::Presence, text(old), text(new), judgement);
        }
    }

    /// RFC 7950 11: state data may become configuration. Reported where it begins, and where it is mandatory.
    fn config(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId, above: bool) -> bool {
        let (old, new) = (self.old.schema.node(old_id), self.new.schema.node(new_id));
        if old.config == new.config {
            return false;
        }
        let mandatory = mandatory_node(self.new.schema, new_id);
        let judgement = match (new.config, mandatory) {
            (false, _) => forbidden(Rule::Config).because("configuration becomes state data"),
            (true, Some(_)) => forbidden(Rule::Config).because("it is mandatory"),
            (true, None) => allowed(Rule::Config),
        };
        let repeats = above && !(new.config && mandatory == Some(new_id));
        if !repeats {
            let text = |node: &SchemaNode| Some(node.config.to_string());
            self.push(place, Aspect::Config, text(old), text(new), judgement);
        }
        true
    }

    fn node_status(&mut self, place: &Place, old: Status, new: Status, above: bool) -> bool {
        if old != new && !above {
            self.status(place, old, new);
        }
        old != new
    }

    pub fn status(&mut self, place: &Place, old: Status, new: Status) {
        if old == new {
            return;
        }
        let text = |status| Some(status_name(status).to_owned());
        let judgement = judge_status(old, new);
        self.push(place, Aspect::Status, text(old), text(new), judgement);
    }

    fn constraints(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let musts = |side: &Side<'_>, id: SchemaId| -> Vec<Constraint> {
            let node = side.schema.node(id);
            let one = |must: &crate::schema::Must| Constraint {
                app_tag: must.error_app_tag.as_ref().map(ToString::to_string),
                message: must.error_message.as_ref().map(ToString::to_string),
                ..constraint(side.schema, &must.expression, node)
            };
            node.musts().iter().map(one).collect()
        };
        let whens = |side: &Side<'_>, id: SchemaId| -> Vec<Constraint> {
            let node = side.schema.node(id);
            let one = |when: &crate::schema::When| constraint(side.schema, &when.expression, node);
            node.whens().iter().map(one).collect()
        };
        let (old, new) = (musts(&self.old, old_id), musts(&self.new, new_id));
        self.constraint_sets(place, Aspect::Must, Rule::Must, old, new);
        let (old, new) = (whens(&self.old, old_id), whens(&self.new, new_id));
        // RFC 6020 section 10 has no `when` in its list.
        let rule = if place.yang_1_1 {
            Rule::When
        } else {
            Rule::NewName
        };
        self.constraint_sets(place, Aspect::When, rule, old, new);
    }

    /// All of a node's constraints hold together: each new one has to follow from the old ones.
    fn constraint_sets(
        &mut self,
        place: &Place,
        aspect: Aspect,
        rule: Rule,
        mut old: Vec<Constraint>,
        new: Vec<Constraint>,
    ) {
        let mut left = Vec::new();
        for constraint in new {
            match old.iter().position(|other| other.expr == constraint.expr) {
                Some(same) => {
                    let other = old.swap_remove(same);
                    self.error_texts(
                        place,
                        &constraint.text,
                        (other.app_tag, other.message),
                        (constraint.app_tag, constraint.message),
                    );
                }
                None => left.push(constraint),
            }
        }
        for constraint in left {
            let relaxed = old
                .iter()
                .position(|other| implies(&other.expr, &constraint.expr));
            let stricter = old
                .iter()
                .position(|other| implies(&constraint.expr, &other.expr));
            let (other, judgement) = match (relaxed, stricter) {
                _ if rule == Rule::NewName => ((!old.is_empty()).then_some(0), forbidden(rule)),
                (Some(other), _) => (Some(other), allowed(rule).because("it is relaxed")),
                (None, Some(other)) => (Some(other), forbidden(rule).because("it is stricter")),
                (None, None) if old.is_empty() => (None, forbidden(rule)),
                (None, None) => (
                    Some(0),
                    unproven(rule).because("that it only relaxes what was there cannot be shown"),
                ),
            };
            let was = other.map(|other| old.swap_remove(other).text);
            self.push(place, aspect, was, Some(constraint.text), judgement);
        }
        for gone in old {
            let judgement = match rule {
                Rule::NewName => forbidden(rule).because("RFC 6020 allows no change of a `when`"),
                _ => allowed(rule),
            };
            self.push(place, aspect, Some(gone.text), None, judgement);
        }
    }

    /// What a violation answers: the tag is part of the protocol, the message is for people.
    pub fn error_texts(
        &mut self,
        place: &Place,
        of: &str,
        old: (Option<String>, Option<String>),
        new: (Option<String>, Option<String>),
    ) {
        let named = |text: Option<String>| text.map(|text| format!("{text} ({of})"));
        if old.0 != new.0 {
            let judgement = forbidden(Rule::NewName).because("clients see the tag");
            let (old, new) = (named(old.0), named(new.0));
            self.push(place, Aspect::ErrorAppTag, old, new, judgement);
        }
        if old.1 != new.1 {
            let judgement = editorial(Rule::Description);
            let (old, new) = (named(old.1), named(new.1));
            self.push(place, Aspect::ErrorMessage, old, new, judgement);
        }
    }

    fn conditions(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let old = self.old.texts.conditions(old_id);
        let new = self.new.texts.conditions(new_id);
        let mandatory = mandatory_node(self.new.schema, new_id).is_some();
        self.condition_sets(place, &old, &new, mandatory);
    }

    pub fn condition_sets(
        &mut self,
        place: &Place,
        old: &[Condition],
        new: &[Condition],
        mandatory: bool,
    ) {
        if old == new {
            return;
        }
        let judgement = judge_conditions(old, new, mandatory);
        let (old, new) = (conditions_text(old), conditions_text(new));
        self.push(place, Aspect::IfFeature, old, new, judgement);
    }

    fn extensions(&mut self, place: &Place, old: &SchemaNode, new: &SchemaNode) {
        let texts = |node: &SchemaNode| -> Vec<String> {
            let text = |extension: &crate::schema::ExtensionInstance| {
                let name = format!("{}:{}", extension.module, extension.name);
                match &extension.argument {
                    Some(argument) => format!("{name} {argument:?}"),
                    None => name,
                }
            };
            node.extensions().iter().map(text).collect()
        };
        let (mut old, new) = (texts(old), texts(new));
        let mut came = Vec::new();
        for text in new {
            match old.iter().position(|other| *other == text) {
                Some(same) => drop(old.remove(same)),
                None => came.push(text),
            }
        }
        for text in old {
            self.push(place, Aspect::Extension, Some(text), None, unruled());
        }
        for text in came {
            self.push(place, Aspect::Extension, None, Some(text), unruled());
        }
    }

    fn node_texts(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let (old, new) = (
            self.old.schema.description(old_id),
            self.new.schema.description(new_id),
        );
        self.text(place, Aspect::Description, old, new);
        let reference =
            |side: &Side<'_>, id: SchemaId| side.texts.of_node(id)?.argument_of(Keyword::Reference);
        let (old, new) = (reference(&self.old, old_id), reference(&self.new, new_id));
        self.text(place, Aspect::Reference, old, new);
    }

    /// Text for people: blanks and line breaks do not count.
    pub fn text(
        &mut self,
        place: &Place,
        aspect: Aspect,
        old: Option<String>,
        new: Option<String>,
    ) {
        let words = |text: &Option<String>| -> Option<String> {
            let words: Vec<&str> = text.as_deref()?.split_whitespace().collect();
            Some(words.join(" "))
        };
        let (old, new) = (words(&old), words(&new));
        if old == new {
            return;
        }
        let judgement = match aspect {
            Aspect::Reference => editorial(Rule::Reference),
            _ => editorial(Rule::Description),
        };
        self.push(place, aspect, old, new, judgement);
    }
}

fn constraint(schema: &Schema, expression: &Expression, node: &SchemaNode) -> Constraint {
    Constraint {
        text: expression.text.to_string(),
        expr: qualified(schema, expression, node.module),
        app_tag: None,
        message: None,
    }
}

pub(super) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Deprecated => "deprecated",
        Status::Obsolete => "obsolete",
    }
}

/// Of two different ones.
pub(super) fn judge_status(old: Status, new: Status) -> Judgement {
    match new > old {
        true => allowed(Rule::Status),
        false => forbidden(Rule::Status),
    }
}

/// Of two different sets.
pub(super) fn judge_conditions(old: &[Condition], new: &[Condition], mandatory: bool) -> Judgement {
    let (relaxed, stricter) = (if_feature::implies(old, new), if_feature::implies(new, old));
    match (relaxed, stricter) {
        (Some(true), Some(true)) => allowed(Rule::IfFeature).because("it asks for the same"),
        (Some(true), _) if mandatory => forbidden(Rule::IfFeature).because("the node is mandatory"),
        (Some(true), _) => allowed(Rule::IfFeature),
        (None, _) => unproven(Rule::IfFeature).because("there are too many features to compare"),
        _ => forbidden(Rule::IfFeature),
    }
}

pub(super) fn conditions_text(conditions: &[Condition]) -> Option<String> {
    let texts: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

//! What two revisions of a module differ in outside of their nodes: the header, features, identities, extensions,
//! and which typedefs and groupings there are.

use std::collections::BTreeSet;

use super::compare::{Comparer, Place, Side, allowed, editorial, forbidden};
use super::text::Statement;
use super::{Aspect, Rule, Subject};
use crate::schema::{ModuleId, Status};
use crate::source::Span;
use crate::statement::Keyword;

/// The definitions at the top of a module that are not nodes.
const DEFINITIONS: [(Keyword, Subject); 5] = [
    (Keyword::Feature, Subject::Feature),
    (Keyword::Identity, Subject::Identity),
    (Keyword::ExtensionDefinition, Subject::Extension),
    (Keyword::Typedef, Subject::Typedef),
    (Keyword::Grouping, Subject::Grouping),
];

impl Comparer<'_> {
    pub fn module_removed(&mut self, id: ModuleId) {
        let name = self.old.schema.module(id).name.to_string();
        let place = Place {
            old: self.root_span(&self.old, id),
            ..self.module_place(&name, true)
        };
        let judgement =
            forbidden(Rule::NoRemoval).because("the module is gone with all it defines");
        let what = Some("module".to_owned());
        self.push(&place, Aspect::Definition, what, None, judgement);
    }

    pub fn module_added(&mut self, id: ModuleId) {
        let module = self.new.schema.module(id);
        let place = Place {
            new: self.root_span(&self.new, id),
            ..self.module_place(&module.name.clone(), module.yang_1_1)
        };
        let what = Some("module".to_owned());
        let judgement = allowed(Rule::NewDefinition);
        self.push(&place, Aspect::Definition, None, what, judgement);
    }

    fn root_span(&self, side: &Side<'_>, id: ModuleId) -> Option<Span> {
        side.texts.roots(id).first().map(Statement::span)
    }

    fn module_place(&self, name: &str, yang_1_1: bool) -> Place {
        Place {
            subject: Subject::Module,
            path: name.to_owned(),
            kind: None,
            old: None,
            new: None,
            old_node: None,
            new_node: None,
            yang_1_1,
        }
    }

    /// The place of a pair of modules.
    fn both(&self, old: ModuleId, new: ModuleId) -> Place {
        let module = self.new.schema.module(new);
        Place {
            old: self.root_span(&self.old, old),
            new: self.root_span(&self.new, new),
            ..self.module_place(&module.name.clone(), module.yang_1_1)
        }
    }

    /// The header of a module, and its definitions.
    pub fn module(&mut self, old_id: ModuleId, new_id: ModuleId) {
        let (old, new) = (
            self.old.schema.module(old_id),
            self.new.schema.module(new_id),
        );
        if old.implemented && !new.implemented {
            let place = self.both(old_id, new_id);
            let text = |text: &str| Some(text.to_owned());
            let judgement =
                forbidden(Rule::NoRemoval).because("its data are gone: it is only imported now");
            let (was, is) = (text("implemented"), text("imported"));
            self.push(&place, Aspect::Implemented, was, is, judgement);
        }
        if self.same_texts(old_id, new_id) {
            return;
        }
        let place = self.both(old_id, new_id);
        let text = |text: &str| Some(text.to_owned());
        if old.name != new.name {
            let (was, is) = (text(&old.name), text(&new.name));
            self.push(&place, Aspect::Name, was, is, forbidden(Rule::ModuleName));
        }
        if old.namespace != new.namespace {
            let (was, is) = (text(&old.namespace), text(&new.namespace));
            self.push(
                &place,
                Aspect::Namespace,
                was,
                is,
                forbidden(Rule::Namespace),
            );
        }
        if old.prefix != new.prefix {
            let (was, is) = (text(&old.prefix), text(&new.prefix));
            self.push(&place, Aspect::Prefix, was, is, allowed(Rule::Prefix));
        }
        if old.yang_1_1 != new.yang_1_1 {
            let version = |is_1_1: bool| text(if is_1_1 { "1.1" } else { "1" });
            let judgement = allowed(Rule::None)
                .because("see RFC 7950 12: modules of YANG 1 cannot import 1.1 by revision");
            let (was, is) = (version(old.yang_1_1), version(new.yang_1_1));
            self.push(&place, Aspect::YangVersion, was, is, judgement);
        }
        let submodules = |module: &crate::schema::Module| {
            let names = module.submodules.iter().map(|submodule| &*submodule.name);
            let names: BTreeSet<&str> = names.collect();
            (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(" "))
        };
        let (was, is) = (submodules(old), submodules(new));
        if was != is {
            self.push(
                &place,
                Aspect::Submodules,
                was,
                is,
                allowed(Rule::Submodules),
            );
        }
        self.header_texts(&place, old_id, new_id);
        for (keyword, subject) in DEFINITIONS {
            self.definitions(old_id, new_id, keyword, subject);
        }
    }

    pub fn same_texts(&self, old: ModuleId, new: ModuleId) -> bool {
        let (old, new) = (self.old.schema.module(old), self.new.schema.module(new));
        let submodules = |module: &crate::schema::Module| -> Vec<std::sync::Arc<str>> {
            module
                .submodules
                .iter()
                .map(|sub| sub.text.clone())
                .collect()
        };
        old.text == new.text && submodules(old) == submodules(new)
    }

    fn header_texts(&mut self, place: &Place, old: ModuleId, new: ModuleId) {
        let argument = |side: &Side<'_>, id: ModuleId, keyword: Keyword| {
            side.texts.roots(id).first()?.argument_of(keyword)
        };
        for (keyword, aspect) in [
            (Keyword::Organization, Aspect::Organization),
            (Keyword::Contact, Aspect::Contact),
            (Keyword::Description, Aspect::Description),
            (Keyword::Reference, Aspect::Reference),
        ] {
            let (was, is) = (
                argument(&self.old, old, keyword),
                argument(&self.new, new, keyword),
            );
            self.text(place, aspect, was, is);
        }
    }

    fn definitions(
        &mut self,
        old_id: ModuleId,
        new_id: ModuleId,
        keyword: Keyword,
        subject: Subject,
    ) {
        let old = self.old.texts.definitions(old_id, keyword);
        let new = self.new.texts.definitions(new_id, keyword);
        let module = self.new.schema.module(new_id);
        let (name, yang_1_1) = (module.name.clone(), module.yang_1_1);
        let place = |was: Option<&Statement>, is: Option<&Statement>| {
            let local = was.or(is).map_or("", |definition| definition.name());
            Place {
                subject,
                path: format!("{name}:{local}"),
                kind: None,
                old: was.map(Statement::span),
                new: is.map(Statement::span),
                old_node: None,
                new_node: None,
                yang_1_1,
            }
        };
        let named = |of: &[Statement], name: &str| {
            of.iter()
                .find(|definition| definition.name() == name)
                .cloned()
        };
        let what = || Some(keyword.text().to_owned());
        for definition in &old {
            let Some(other) = named(&new, definition.name()) else {
                let place = place(Some(definition), None);
                let judgement = forbidden(Rule::NoRemoval);
                self.push(&place, Aspect::Definition, what(), None, judgement);
                continue;
            };
            self.definition(&place(Some(definition), Some(&other)), definition, &other);
        }
        for definition in &new {
            if named(&old, definition.name()).is_none() {
                let place = place(None, Some(definition));
                let judgement = allowed(Rule::NewDefinition);
                self.push(&place, Aspect::Definition, None, what(), judgement);
            }
        }
    }

    fn definition(&mut self, place: &Place, old: &Statement, new: &Statement) {
        self.status(place, status(old), status(new));
        let (was, is) = (
            sorted(self.old.texts.own_conditions(old)),
            sorted(self.new.texts.own_conditions(new)),
        );
        self.condition_sets(place, &was, &is, false);
        match place.subject {
            Subject::Identity => self.identity_bases(place, old, new),
            Subject::Extension => {
                let argument = |extension: &Statement| {
                    let argument = extension.child(Keyword::Argument)?;
                    let element = argument.argument_of(Keyword::YinElement);
                    let element = element.filter(|element| element == "true");
                    let suffix = element.map_or("", |_| " (yin-element)");
                    Some(format!("{}{suffix}", argument.name()))
                };
                let (was, is) = (argument(old), argument(new));
                if was != is {
                    let judgement = forbidden(Rule::NewName);
                    self.push(place, Aspect::Argument, was, is, judgement);
                }
            }
            _ => {}
        }
        for (keyword, aspect) in [
            (Keyword::Description, Aspect::Description),
            (Keyword::Reference, Aspect::Reference),
        ] {
            self.text(
                place,
                aspect,
                old.argument_of(keyword),
                new.argument_of(keyword),
            );
        }
    }

    /// RFC 7950 11: an identity may get further bases.
    fn identity_bases(&mut self, place: &Place, old: &Statement, new: &Statement) {
        let bases = |side: &Side<'_>, identity: &Statement| -> BTreeSet<String> {
            let bases = identity.children_of(Keyword::Base);
            bases
                .map(|base| side.texts.qualify(identity, base.name()))
                .collect()
        };
        let (was, is) = (bases(&self.old, old), bases(&self.new, new));
        for base in was.difference(&is) {
            let judgement = forbidden(Rule::IdentityBase);
            self.push(place, Aspect::Base, Some(base.clone()), None, judgement);
        }
        for base in is.difference(&was) {
            let judgement = match place.yang_1_1 {
                true => allowed(Rule::IdentityBase),
                // RFC 6020 section 10 has no such sentence.
                false => forbidden(Rule::NewName),
            };
            self.push(place, Aspect::Base, None, Some(base.clone()), judgement);
        }
    }

    /// RFC 7950 11: a change that is published has a new revision.
    pub fn revision(&mut self, old_id: ModuleId, new_id: ModuleId) {
        if self.same_texts(old_id, new_id) {
            return;
        }
        let (old, new) = (
            self.old.schema.module(old_id).revision.as_deref(),
            self.new.schema.module(new_id).revision.as_deref(),
        );
        let name = &self.new.schema.module(new_id).name;
        let belongs = |path: &str| {
            let path = path.trim_start_matches('/');
            path.split([':', '/']).next() == Some(name)
        };
        let changed = self.changes.iter().any(|change| belongs(&change.path));
        let judgement =
            match (old, new) {
                (Some(old), Some(new)) if new < old => forbidden(Rule::Revision)
                    .because("it is older; are the two in the right order?"),
                (Some(_), None) => forbidden(Rule::Revision).because("the new text states none"),
                (old, new) if old == new && changed => {
                    forbidden(Rule::Revision).because("both texts state the same")
                }
                (old, new) if old == new => editorial(Rule::Revision)
                    .because("the texts differ, and what they mean does not"),
                _ => allowed(Rule::Revision),
            };
        let place = self.both(old_id, new_id);
        let text = |revision: Option<&str>| Some(revision.unwrap_or("none").to_owned());
        self.push(&place, Aspect::Revision, text(old), text(new), judgement);
    }
}

pub(super) fn status(definition: &Statement) -> Status {
    match definition.argument_of(Keyword::Status).as_deref() {
        Some("deprecated") => Status::Deprecated,
        Some("obsolete") => Status::Obsolete,
        _ => Status::Current,
    }
}

pub(super) fn sorted(
    mut conditions: Vec<crate::if_feature::Condition>,
) -> Vec<crate::if_feature::Condition> {
    conditions.sort();
    conditions.dedup();
    conditions
}

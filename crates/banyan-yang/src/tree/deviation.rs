//! Deviations, as far as a diagram shows them (RFC 7950 7.20.3).

use std::borrow::Cow;

use super::augment::Gone;
use super::expand::{Outline, type_text};
use super::node::{NodeId, TypeText};
use crate::compile::StatementRef;
use crate::statement::Keyword;

impl Outline<'_> {
    /// Applies the deviations of a text, in order (RFC 7950 7.20.3).
    pub fn deviate_all(&mut self, root: StatementRef) {
        let set = self.set;
        let mut gone = Gone::new();
        for at in set.children_of(root, Keyword::Deviation) {
            self.deviate(at, &mut gone);
        }
        self.take_out(&gone);
    }

    fn deviate(&mut self, at: StatementRef, gone: &mut Gone) {
        let set = self.set;
        let Some(target) = self.target(at, None, false) else {
            return;
        };
        for deviate in set.children_of(at, Keyword::Deviate) {
            match set.argument(deviate) {
                "not-supported" => {
                    let node = self.nodes.get_mut(target);
                    if !node.is_key
                        && let Some(parent) = node.parent.take()
                    {
                        gone.insert(target, parent);
                    }
                }
                "add" | "replace" => {
                    for property in set.children(deviate) {
                        self.set_property(property, target);
                    }
                }
                _ => {}
            }
        }
    }

    fn set_property(&mut self, at: StatementRef, target: NodeId) {
        let set = self.set;
        let argument = set.argument(at);
        match set.keyword(at) {
            Keyword::Mandatory => self.nodes.get_mut(target).mandatory = argument == "true",
            Keyword::Config => self.set_config(target, argument == "true"),
            Keyword::Type => {
                let mut ty = type_text(set, at);
                let prefix = self.prefixes[at.unit.0 as usize];
                let node = self.nodes.get_mut(target);
                if let TypeText::Named(name) = &mut ty
                    && !name.contains(':')
                    && !is_builtin_type(name)
                    && self.prefixes[node.unit.0 as usize] != prefix
                {
                    *name = Cow::Owned(format!("{prefix}:{name}"));
                }
                node.ty = Some(ty);
            }
            _ => {}
        }
    }

    fn set_config(&mut self, target: NodeId, config: bool) {
        let node = self.nodes.get(target);
        let parent = node.parent.and_then(|parent| self.nodes.get(parent).config);
        if (node.stated_config, node.config) == (Some(config), Some(config)) {
            return;
        }
        let states = node.stated_config.unwrap_or(node.config == Some(true));
        if config {
            if !states && parent != Some(false) {
                self.nodes.get_mut(target).config = Some(true);
            }
        } else if !self.states_config_true(target) {
            self.nodes.get_mut(target).config = Some(false);
            self.pass_config_false_on(target);
        }
        self.nodes.get_mut(target).stated_config = Some(config);
    }

    fn states_config_true(&self, id: NodeId) -> bool {
        let mut children = self.nodes.get(id).children.iter();
        children.any(|child| {
            let node = self.nodes.get(*child);
            let states = node.stated_config == Some(true) || self.states_config_true(*child);
            node.parent.is_some() && states
        })
    }

    fn pass_config_false_on(&mut self, id: NodeId) {
        for child in self.nodes.get(id).children.clone() {
            let node = self.nodes.get_mut(child);
            if node.stated_config.is_none() && !node.ends_config() {
                node.config = Some(false);
            }
            self.pass_config_false_on(child);
        }
    }
}

/// RFC 7950 9: types that are no typedefs.
fn is_builtin_type(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "binary",
        "bits",
        "boolean",
        "decimal64",
        "empty",
        "enumeration",
        "identityref",
        "instance-identifier",
        "int8",
        "int16",
        "int32",
        "int64",
        "leafref",
        "string",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "union",
    ];
    NAMES.contains(&name)
}

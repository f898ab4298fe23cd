//! The extension statements whose substatements are YANG's own: what they may hold, and where they may stand.
//!
//! A text tells what its prefixes mean, so this is a matter of one text. All other extension statements are left to
//! their definitions, with all that stands in them.

use std::collections::HashMap;

use super::ArgumentForm;
use super::table::{Rule, with_documentation, with_structure};
use crate::statement::{Keyword, StatementId, SyntaxTree};

/// Where an extension statement may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// At the top of a module or submodule; elsewhere it is an error.
    Top,
    /// At the top of a module or submodule; elsewhere it means nothing.
    TopOrIgnored,
    /// In `container` and `list`, once, in YANG 1.1 only.
    ContainerOrList,
    /// Where nodes stand: the compiler decides.
    AmongNodes,
}

/// An extension that is part of the language for us.
#[derive(Debug)]
pub(crate) struct Known {
    pub module: &'static str,
    pub name: &'static str,
    pub argument: ArgumentForm,
    pub place: Place,
    /// The substatements.
    pub rules: &'static [Rule],
    /// Whether other YANG statements are errors. Otherwise nothing is said about them.
    pub closed: bool,
    pub rfc: &'static str,
}

impl Known {
    /// The code of errors about its place.
    pub fn code(&self) -> &'static str {
        match self.place {
            Place::ContainerOrList => "invalid-mount-point",
            _ => "misplaced-extension",
        }
    }
}

const KNOWN: &[Known] = &[
    Known {
        module: "ietf-restconf",
        name: "yang-data",
        argument: ArgumentForm::Identifier,
        place: Place::TopOrIgnored,
        rules: with_structure::YANG_DATA,
        closed: true,
        rfc: "RFC 8040 8",
    },
    Known {
        module: "ietf-yang-structure-ext",
        name: "structure",
        argument: ArgumentForm::Identifier,
        place: Place::Top,
        rules: with_structure::STRUCTURE,
        closed: true,
        rfc: "RFC 8791 4",
    },
    Known {
        module: "ietf-yang-structure-ext",
        name: "augment-structure",
        argument: ArgumentForm::AbsolutePath,
        place: Place::Top,
        rules: with_structure::AUGMENT,
        closed: true,
        rfc: "RFC 8791 4",
    },
    Known {
        module: "ietf-yang-metadata",
        name: "annotation",
        argument: ArgumentForm::Identifier,
        place: Place::Top,
        rules: with_documentation::ANNOTATION,
        closed: true,
        rfc: "RFC 7952 3",
    },
    Known {
        module: "ietf-yang-schema-mount",
        name: "mount-point",
        argument: ArgumentForm::Identifier,
        place: Place::ContainerOrList,
        rules: with_documentation::MOUNT_POINT,
        closed: false,
        rfc: "RFC 8528 3.1",
    },
    Known {
        module: "tailf-common",
        name: "action",
        argument: ArgumentForm::Identifier,
        place: Place::AmongNodes,
        rules: with_documentation::ACTION,
        closed: false,
        rfc: "RFC 7950 7.15",
    },
];

/// The known extension statements of a text.
pub(crate) type KnownStatements = HashMap<StatementId, &'static Known>;

/// Finds them. Linear in the text if it uses one of their modules, else in its header.
pub(crate) fn known_statements(tree: &SyntaxTree) -> KnownStatements {
    let mut found = KnownStatements::new();
    let prefixes = prefixes(tree);
    if prefixes.is_empty() {
        return found;
    }
    for id in tree.ids() {
        if tree.keyword(id) != Keyword::Extension || tree.is_dropped(id) {
            continue;
        }
        let Some((prefix, name)) = tree.keyword_text(id).split_once(':') else {
            continue;
        };
        let module = prefixes
            .iter()
            .find_map(|(known, module)| (*known == prefix).then_some(*module));
        let known = KNOWN
            .iter()
            .find(|known| Some(known.module) == module && known.name == name);
        if let Some(known) = known {
            found.insert(id, known);
        }
    }
    found
}

/// The prefixes of the text that stand for a module with known extensions.
fn prefixes(tree: &SyntaxTree) -> Vec<(&str, &str)> {
    let Some(root) = tree.root() else {
        return Vec::new();
    };
    // RFC 7950 7.1.4, 7.2.2: the text's own prefix
    let (own, owner) = match tree.child(root, Keyword::BelongsTo) {
        Some(belongs) => (tree.name(belongs), belongs),
        None => (tree.name(root), root),
    };
    let imports = tree
        .children_of(root, Keyword::Import)
        .map(|import| (tree.name(import), import));
    std::iter::once((own, owner))
        .chain(imports)
        .filter(|(module, _)| KNOWN.iter().any(|known| known.module == *module))
        .filter_map(|(module, holder)| {
            Some((tree.child_argument(holder, Keyword::Prefix)?, module))
        })
        .collect()
}

//! Random modules: all kinds of configuration nodes, with constraints from templates that read anywhere.

mod condition;

use std::fmt::Write;

use crate::dice::Dice;

/// The deepest level of data nodes.
const DEPTH: usize = 4;

/// Types with few values, so that data meet each other; and some of the values, as literals.
const TYPES: &[(&str, &[&str])] = &[
    ("type uint8 { range 0..3; }", &["0", "1", "2", "3"]),
    ("type string { length 0..2; }", &["a", "b", "ab", ""]),
    (
        "type enumeration { enum a; enum b; enum c; }",
        &["a", "b", "c"],
    ),
    ("type boolean;", &["true", "false"]),
    (
        "type decimal64 { fraction-digits 1; range 0..2; }",
        &["0.0", "1.5", "2.0"],
    ),
    ("type bits { bit x; bit y; }", &["x", "x y"]),
    (
        "type identityref { base m:kind; }",
        &["m:one", "m:two", "m:deep"],
    ),
    (
        "type union { type uint8 { range 0..1; } type enumeration { enum a; } type string { length 1; } }",
        &["0", "a", "b", "7"],
    ),
    ("type int16 { range -1..1; }", &["0", "-1", "1"]),
];

/// A module `m` that compiles. Names are unique in it.
pub fn model(dice: &mut Dice) -> String {
    let mut model = Model::default();
    model.base(dice);
    model.restrict(dice);
    model.module()
}

/// A module `m`, and a module `n` that augments it: there, some names are those of nodes beside them.
pub fn modules(dice: &mut Dice) -> [String; 2] {
    let mut model = Model::default();
    model.base(dice);
    model.augment(dice);
    model.restrict(dice);
    [model.module(), model.augmenting_module()]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Leaf,
    LeafList,
    Container,
    List,
    Choice,
    Case,
    Any,
}

struct Draft {
    kind: Kind,
    parent: Option<usize>,
    /// Whether it is of the module that augments.
    is_foreign: bool,
    /// Whose name it has, if it has none of its own.
    namesake: Option<usize>,
    /// What a leafref refers to.
    target: Option<usize>,
    is_key: bool,
    is_mandatory: bool,
    /// For leaves and leaf-lists: the type statement and literals of it.
    ty: (String, &'static [&'static str]),
    /// The statements in it, those of its children aside.
    statements: Vec<String>,
}

#[derive(Default)]
struct Model {
    nodes: Vec<Draft>,
    /// Whether what is added now is of the module that augments.
    foreign: bool,
}

impl Model {
    /// The nodes of module `m`.
    fn base(&mut self, dice: &mut Dice) {
        for _ in 0..2 + dice.below(6) {
            self.grow(None, 1, dice);
        }
    }

    /// The nodes that are added to some of those by module `n`.
    fn augment(&mut self, dice: &mut Dice) {
        let inner = |node: &usize| matches!(self.nodes[*node].kind, Kind::Container | Kind::List);
        let targets: Vec<usize> = (0..self.nodes.len()).filter(inner).collect();
        self.foreign = true;
        for _ in 0..1 + dice.below(3) {
            let Some(&target) = dice.pick(&targets) else {
                return;
            };
            let node = self.grow(Some(target), self.chain(target).len() + 1, dice);
            let same = |other: &usize| {
                let (one, other) = (&self.nodes[node], &self.nodes[*other]);
                one.kind == Kind::Leaf && other.kind == Kind::Leaf && other.parent == one.parent
            };
            let beside = (0..node).filter(same).find(|other| {
                !self.nodes[*other].is_foreign
                    && self.nodes.iter().all(|node| node.namesake != Some(*other))
            });
            self.nodes[node].namesake = beside;
        }
    }

    /// References and constraints.
    fn restrict(&mut self, dice: &mut Dice) {
        for node in 0..self.nodes.len() {
            self.refer(node, dice);
        }
        for node in 0..self.nodes.len() {
            self.constrain(node, dice);
        }
    }

    fn module(&self) -> String {
        let mut text = String::from(
            "module m {\n yang-version 1.1; namespace urn:m; prefix m;\n \
             identity kind; identity one { base kind; } identity two { base kind; } identity deep { base two; }\n",
        );
        for node in 0..self.nodes.len() {
            if self.nodes[node].parent.is_none() {
                self.print(node, &mut text);
            }
        }
        text.push_str("}\n");
        text
    }

    fn augmenting_module(&self) -> String {
        let mut text = String::from(
            "module n {\n yang-version 1.1; namespace urn:n; prefix n; import m { prefix m; }\n",
        );
        for node in (0..self.nodes.len()).filter(|node| self.nodes[*node].is_foreign) {
            let Some(target) = self.nodes[node]
                .parent
                .filter(|at| !self.nodes[*at].is_foreign)
            else {
                continue;
            };
            let above = |node: &usize| self.nodes[*node].parent;
            let way: Vec<usize> = std::iter::successors(Some(target), above).collect();
            text.push_str(" augment \"");
            for step in way.into_iter().rev() {
                text.push('/');
                text.push_str(&self.qualified(step));
            }
            text.push_str("\" {\n");
            self.print(node, &mut text);
            text.push_str(" }\n");
        }
        text.push_str("}\n");
        text
    }

    fn add(&mut self, kind: Kind, parent: Option<usize>) -> usize {
        self.nodes.push(Draft {
            kind,
            parent,
            is_foreign: self.foreign,
            namesake: None,
            target: None,
            is_key: false,
            is_mandatory: false,
            ty: (String::new(), &[]),
            statements: Vec::new(),
        });
        self.nodes.len() - 1
    }

    fn say(&mut self, node: usize, statement: impl Into<String>) {
        self.nodes[node].statements.push(statement.into());
    }

    /// A node with all below it.
    fn grow(&mut self, parent: Option<usize>, depth: usize, dice: &mut Dice) -> usize {
        const ANY: [Kind; 10] = [
            Kind::Leaf,
            Kind::Leaf,
            Kind::Leaf,
            Kind::Container,
            Kind::List,
            Kind::LeafList,
            Kind::Container,
            Kind::List,
            Kind::Choice,
            Kind::Any,
        ];
        const FLAT: [Kind; 3] = [Kind::Leaf, Kind::Leaf, Kind::LeafList];
        let kinds = if depth < DEPTH { &ANY[..] } else { &FLAT[..] };
        let kind = dice.pick(kinds).copied().unwrap_or(Kind::Leaf);
        let node = self.add(kind, parent);
        match kind {
            Kind::Leaf => {
                self.type_of(node, dice);
                if dice.chance(10) && !self.foreign {
                    self.nodes[node].is_mandatory = true;
                    self.say(node, "mandatory true;");
                } else if dice.chance(30) {
                    let value = self.literal(node, dice);
                    self.say(node, format!("default \"{value}\";"));
                }
            }
            Kind::LeafList => {
                self.type_of(node, dice);
                self.ordered(node, dice);
                if dice.chance(20) {
                    let value = self.literal(node, dice);
                    self.say(node, format!("default \"{value}\";"));
                } else {
                    self.counts(node, dice);
                }
            }
            Kind::Container => {
                if dice.chance(30) {
                    self.say(node, "presence p;");
                }
                self.fill(node, depth, dice);
            }
            Kind::List => {
                for key in 0..=dice.below(2) {
                    let leaf = self.add(Kind::Leaf, Some(node));
                    debug_assert!(leaf == node + 1 + key);
                    self.nodes[leaf].is_key = true;
                    self.type_of(leaf, dice);
                }
                self.ordered(node, dice);
                self.counts(node, dice);
                self.fill(node, depth, dice);
            }
            Kind::Choice => {
                if dice.chance(12) && !self.foreign {
                    self.nodes[node].is_mandatory = true;
                    self.say(node, "mandatory true;");
                }
                for _ in 0..2 + dice.below(2) {
                    let case = self.add(Kind::Case, Some(node));
                    for _ in 0..=dice.below(2) {
                        self.grow(Some(case), depth, dice);
                    }
                }
            }
            Kind::Case | Kind::Any => {}
        }
        node
    }

    fn fill(&mut self, node: usize, depth: usize, dice: &mut Dice) {
        for _ in 0..=dice.below(4) {
            self.grow(Some(node), depth + 1, dice);
        }
    }

    fn type_of(&mut self, node: usize, dice: &mut Dice) {
        let (text, values) = dice.pick(TYPES).copied().unwrap_or(TYPES[0]);
        self.nodes[node].ty = (text.to_owned(), values);
    }

    fn ordered(&mut self, node: usize, dice: &mut Dice) {
        if dice.chance(30) {
            self.say(node, "ordered-by user;");
        }
    }

    fn counts(&mut self, node: usize, dice: &mut Dice) {
        if dice.chance(20) {
            self.say(node, format!("max-elements {};", 2 + dice.below(2)));
        }
        // RFC 7950 7.17: what is added to another module is not mandatory.
        if dice.chance(8) && !self.foreign {
            self.nodes[node].is_mandatory = true;
            self.say(node, "min-elements 1;");
        }
    }

    fn literal(&self, node: usize, dice: &mut Dice) -> &'static str {
        dice.pick(self.nodes[node].ty.1).copied().unwrap_or("")
    }

    fn name(&self, node: usize) -> String {
        let letter = match self.nodes[node].kind {
            Kind::Leaf if self.nodes[node].is_key => 'k',
            Kind::Leaf => 'v',
            Kind::LeafList => 'w',
            Kind::Container => 'c',
            Kind::List => 'l',
            Kind::Choice => 'h',
            Kind::Case => 'e',
            Kind::Any => 'a',
        };
        format!("{letter}{}", self.nodes[node].namesake.unwrap_or(node))
    }

    /// The name with its prefix.
    fn qualified(&self, node: usize) -> String {
        let prefix = if self.nodes[node].is_foreign {
            'n'
        } else {
            'm'
        };
        format!("{prefix}:{}", self.name(node))
    }

    /// Whether the module of `node` knows `other`.
    fn knows(&self, node: usize, other: usize) -> bool {
        self.nodes[node].is_foreign || !self.nodes[other].is_foreign
    }

    /// The node and the data nodes above it, the topmost first.
    fn chain(&self, node: usize) -> Vec<usize> {
        let above = |node: &usize| self.nodes[*node].parent;
        let mut chain: Vec<usize> = std::iter::successors(Some(node), above)
            .filter(|node| !matches!(self.nodes[*node].kind, Kind::Choice | Kind::Case))
            .collect();
        chain.reverse();
        chain
    }

    fn is_term(&self, node: usize) -> bool {
        matches!(self.nodes[node].kind, Kind::Leaf | Kind::LeafList)
    }

    /// Some leaves become leafrefs or instance-identifiers.
    fn refer(&mut self, node: usize, dice: &mut Dice) {
        if !self.is_term(node) || !dice.chance(40) {
            return;
        }
        if dice.chance(10) && !self.nodes[node].is_key {
            self.retype(node, "type instance-identifier;".to_owned(), &[]);
            return;
        }
        // Only to nodes before it, so that there is no circle.
        let targets: Vec<usize> = (0..node)
            .filter(|target| self.is_term(*target) && self.knows(node, *target))
            .collect();
        let Some(&target) = dice.pick(&targets) else {
            return;
        };
        let values = self.nodes[target].ty.1;
        if values.is_empty() {
            return;
        }
        let before: Vec<usize> = (0..node).collect();
        let path = self.path(node, target, dice, &before, true);
        self.nodes[node].target = Some(target);
        let leafref = format!("type leafref {{ path \"{path}\"; }}");
        if dice.chance(30) {
            // What another member takes depends on what is there: as a text, a number, or the value of another node.
            let other = dice.pick(&targets).copied().unwrap_or(target);
            let other = self.path(node, other, dice, &before, true);
            let union = match dice.below(4) {
                0 => format!("type union {{ {leafref} type string {{ length 0..2; }} }}"),
                1 => format!("type union {{ {leafref} type int8; type string; }}"),
                2 => format!("type union {{ type uint8 {{ range 0; }} {leafref} type string; }}"),
                _ => format!(
                    "type union {{ {leafref} type leafref {{ path \"{other}\"; }} type string; }}"
                ),
            };
            self.retype(node, union, values);
        } else {
            self.retype(node, leafref, values);
        }
    }

    fn retype(&mut self, node: usize, ty: String, values: &'static [&'static str]) {
        self.nodes[node].ty = (ty, values);
        let statements = &mut self.nodes[node].statements;
        statements.retain(|statement| !statement.starts_with("default"));
    }

    fn constrain(&mut self, node: usize, dice: &mut Dice) {
        let kind = self.nodes[node].kind;
        if kind == Kind::Choice {
            self.default_case(node, dice);
        }
        if kind == Kind::List && dice.chance(70) {
            self.unique(node, dice);
        }
        if !matches!(kind, Kind::Choice | Kind::Case) && dice.chance(40) {
            let anywhere: Vec<usize> = (0..self.nodes.len()).collect();
            let condition = self.condition(node, &anywhere, dice);
            self.say(node, format!("must \"{condition}\";"));
        }
        if !self.nodes[node].is_key && dice.chance(22) {
            // Only on nodes before it, and not around it, so that there is no circle.
            let above = self.chain(node);
            let before: Vec<usize> = (0..node).filter(|other| !above.contains(other)).collect();
            if !before.is_empty() {
                let condition = self.condition(node, &before, dice);
                self.say(node, format!("when \"{condition}\";"));
            }
        }
    }

    fn default_case(&mut self, choice: usize, dice: &mut Dice) {
        if self.nodes[choice].is_mandatory || !dice.chance(40) {
            return;
        }
        let inside = |node: usize, case: usize| {
            std::iter::successors(Some(node), |node| self.nodes[*node].parent)
                .any(|above| above == case)
        };
        let free = |case: &usize| {
            !(0..self.nodes.len()).any(|node| self.nodes[node].is_mandatory && inside(node, *case))
        };
        let cases: Vec<usize> = (0..self.nodes.len())
            .filter(|case| self.nodes[*case].parent == Some(choice))
            .filter(free)
            .collect();
        if let Some(case) = dice.pick(&cases) {
            let case = self.name(*case);
            self.say(choice, format!("default {case};"));
        }
    }

    fn unique(&mut self, list: usize, dice: &mut Dice) {
        let way = |node: usize| {
            let mut way = Vec::new();
            let mut at = node;
            while at != list {
                if at != node && self.nodes[at].kind == Kind::List {
                    return None;
                }
                way.push(self.name(at));
                at = self.nodes[at].parent?;
            }
            way.reverse();
            Some(way.join("/"))
        };
        let leaves: Vec<String> = (list + 1..self.nodes.len())
            .filter(|node| self.nodes[*node].kind == Kind::Leaf && !self.nodes[*node].is_key)
            .filter(|node| self.nodes[*node].is_foreign == self.nodes[list].is_foreign)
            .filter_map(way)
            .collect();
        let mut chosen: Vec<String> = (0..=dice.below(2))
            .filter_map(|_| dice.pick(&leaves).cloned())
            .collect();
        chosen.sort();
        chosen.dedup();
        if !chosen.is_empty() {
            self.say(list, format!("unique \"{}\";", chosen.join(" ")));
        }
    }

    fn print(&self, node: usize, text: &mut String) {
        let draft = &self.nodes[node];
        let keyword = match draft.kind {
            Kind::Leaf => "leaf",
            Kind::LeafList => "leaf-list",
            Kind::Container => "container",
            Kind::List => "list",
            Kind::Choice => "choice",
            Kind::Case => "case",
            Kind::Any => "anydata",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, " {keyword} {} {{ {}", self.name(node), draft.ty.0);
        let foreign = draft.is_foreign;
        let children = (0..self.nodes.len()).filter(|child| {
            self.nodes[*child].parent == Some(node) && self.nodes[*child].is_foreign == foreign
        });
        let keys: Vec<String> = children
            .clone()
            .filter(|child| self.nodes[*child].is_key)
            .map(|child| self.name(child))
            .collect();
        if !keys.is_empty() {
            let _ = write!(text, " key \"{}\";", keys.join(" "));
        }
        for statement in &draft.statements {
            text.push(' ');
            text.push_str(statement);
        }
        for child in children {
            text.push_str("\n ");
            self.print(child, text);
        }
        text.push_str(" }\n");
    }
}

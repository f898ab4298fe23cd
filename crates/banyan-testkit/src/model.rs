//! Random modules: all kinds of configuration nodes, with constraints from templates that read anywhere.

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
    ("type identityref { base kind; }", &["one", "two", "deep"]),
    (
        "type union { type uint8 { range 0..1; } type enumeration { enum a; } type string { length 1; } }",
        &["0", "a", "b", "7"],
    ),
    ("type int16 { range -1..1; }", &["0", "-1", "1"]),
];

/// A module `m` that compiles. Names are unique in it.
pub fn model(dice: &mut Dice) -> String {
    let mut model = Model { nodes: Vec::new() };
    for _ in 0..2 + dice.below(6) {
        model.grow(None, 1, dice);
    }
    for node in 0..model.nodes.len() {
        model.refer(node, dice);
    }
    for node in 0..model.nodes.len() {
        model.constrain(node, dice);
    }
    let mut text = String::from(
        "module m {\n yang-version 1.1; namespace urn:m; prefix m;\n \
         identity kind; identity one { base kind; } identity two { base kind; } identity deep { base two; }\n",
    );
    for node in 0..model.nodes.len() {
        if model.nodes[node].parent.is_none() {
            model.print(node, &mut text);
        }
    }
    text.push_str("}\n");
    text
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
    is_key: bool,
    is_mandatory: bool,
    /// For leaves and leaf-lists: the type statement and literals of it.
    ty: (String, &'static [&'static str]),
    /// The statements in it, those of its children aside.
    statements: Vec<String>,
}

struct Model {
    nodes: Vec<Draft>,
}

impl Model {
    fn add(&mut self, kind: Kind, parent: Option<usize>) -> usize {
        self.nodes.push(Draft {
            kind,
            parent,
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
    fn grow(&mut self, parent: Option<usize>, depth: usize, dice: &mut Dice) {
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
                if dice.chance(10) {
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
                if dice.chance(12) {
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
        if dice.chance(8) {
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
        format!("{letter}{node}")
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
        let targets: Vec<usize> = (0..node).filter(|target| self.is_term(*target)).collect();
        let Some(&target) = dice.pick(&targets) else {
            return;
        };
        let values = self.nodes[target].ty.1;
        if values.is_empty() {
            return;
        }
        let before: Vec<usize> = (0..node).collect();
        let path = self.path(node, target, dice, &before, true);
        let leafref = format!("type leafref {{ path \"{path}\"; }}");
        if dice.chance(15) {
            let union = format!("type union {{ {leafref} type string {{ length 1; }} }}");
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

    /// A condition on `node` that reads some of `readable`.
    fn condition(&self, node: usize, readable: &[usize], dice: &mut Dice) -> String {
        let data: Vec<usize> = readable
            .iter()
            .copied()
            .filter(|node| !matches!(self.nodes[*node].kind, Kind::Choice | Kind::Case))
            .collect();
        let terms: Vec<usize> = data
            .iter()
            .copied()
            .filter(|node| self.is_term(*node))
            .collect();
        let Some(&any) = dice.pick(&data) else {
            return "true()".to_owned();
        };
        let path = self.path(node, any, dice, readable, false);
        let Some(&term) = dice.pick(&terms) else {
            return path;
        };
        let value = self.literal(term, dice);
        let other = dice.pick(&terms).copied().unwrap_or(term);
        let term = self.path(node, term, dice, readable, false);
        let other = self.path(node, other, dice, readable, false);
        // What stands before a node may stand behind it in the module.
        let kinds = if readable.contains(&node) { 14 } else { 13 };
        match dice.below(kinds) {
            0 => path,
            1 => format!("not({path})"),
            2 => format!("{term} = '{value}'"),
            3 => format!("{term} != '{value}'"),
            4 => format!("count({path}) < {}", 1 + dice.below(3)),
            5 => format!("not({path}) or {term} = '{value}'"),
            6 => format!("{path} and not({term} = '{value}')"),
            7 => format!("not({term} > 1)"),
            8 => format!("count(//{}) < 4", self.name(any)),
            9 => format!("string-length({term}) < 2 or {path}"),
            10 => format!("not(derived-from-or-self({term}, 'two'))"),
            11 => format!("not({term} = {other})"),
            12 => format!("enum-value({term}) > 0 or not({path})"),
            _ => format!("count(preceding-sibling::*) < 3 or {path}"),
        }
    }

    /// A path from `node` to `target`; predicates read `readable` nodes only. A strict one is what the argument of
    /// `path` takes (RFC 7950 9.9.2).
    fn path(
        &self,
        node: usize,
        target: usize,
        dice: &mut Dice,
        readable: &[usize],
        strict: bool,
    ) -> String {
        let (from, to) = (self.chain(node), self.chain(target));
        let in_choice = matches!(self.nodes[node].kind, Kind::Choice | Kind::Case);
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let absolute = from.is_empty() || dice.chance(30);
        let mut path = String::new();
        let first = if absolute {
            0
        } else {
            // The context of a condition on a choice or case is the data node around it.
            let climbs = from.len() - shared;
            path = vec![".."; climbs].join("/");
            if path.is_empty() && shared == to.len() {
                path.push('.');
            }
            shared
        };
        for (index, step) in to.iter().enumerate().skip(first) {
            if absolute || !path.is_empty() {
                path.push('/');
            }
            path.push_str(&self.name(*step));
            let entry_unknown = index >= shared && self.nodes[*step].kind == Kind::List;
            if entry_unknown && !in_choice && index + 1 < to.len() && dice.chance(40) {
                path.push_str(&self.key(node, *step, dice, readable, strict));
            }
        }
        path
    }

    /// A predicate for the first key of a list: a value, or that of a leaf near `node`.
    fn key(
        &self,
        node: usize,
        list: usize,
        dice: &mut Dice,
        readable: &[usize],
        strict: bool,
    ) -> String {
        let key = list + 1;
        let parent = self.nodes[node].parent;
        let is_near = |other: &usize| {
            *other != node
                && self.nodes[*other].kind == Kind::Leaf
                && self.nodes[*other].parent == parent
        };
        let siblings: Vec<usize> = readable.iter().copied().filter(is_near).collect();
        let name = self.name(key);
        match dice.pick(&siblings) {
            Some(sibling) if parent.is_some() => {
                format!("[{name}=current()/../{}]", self.name(*sibling))
            }
            _ if strict => String::new(),
            _ => format!("[{name}='{}']", self.literal(key, dice)),
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
        let children =
            (0..self.nodes.len()).filter(|child| self.nodes[*child].parent == Some(node));
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

//! What is drawn of a module, in `pyang`'s order: data, augments of other modules, rpcs, notifications, groupings,
//! yang-data, structures. A module that has nothing of it is not drawn at all.

use std::collections::{HashMap, HashSet};

use super::TreeOptions;
use super::expand::Outline;
use super::node::NodeId;
use super::print::{Mode, Place, Printer};
use crate::compile::{StatementRef, UnitId};
use crate::schema::ModuleId;
use crate::statement::Keyword;

/// The diagrams of the modules, one after the other.
pub(super) fn print(
    outline: &mut Outline<'_>,
    modules: &[ModuleId],
    options: &TreeOptions,
) -> (String, bool) {
    let mut asked: Vec<UnitId> = Vec::new();
    for module in modules {
        asked.extend(outline.set.module(*module).units.first());
    }
    if options.groupings {
        expand_groupings(outline, &asked);
    }
    let drawn = asked.iter().copied().collect();
    let mut sections = Sections {
        printer: Printer {
            outline,
            options,
            out: String::new(),
            draws_absent: false,
            reached: false,
        },
        asked: &drawn,
        has_header: false,
    };
    for unit in &asked {
        if sections.has_header {
            sections.printer.line("");
        }
        sections.has_header = false;
        sections.module(*unit);
    }
    (sections.printer.out, sections.printer.reached)
}

/// Expands the groupings that nothing uses; in all of them nothing is inherited.
fn expand_groupings(outline: &mut Outline<'_>, asked: &[UnitId]) {
    for unit in asked {
        for text in texts(outline, *unit) {
            for at in top_statements(outline, text, Keyword::Grouping) {
                if let Some(grouping) = outline.grouping(at) {
                    outline.nodes.inherit_config(grouping, None, true);
                }
            }
        }
    }
}

/// A module's text and those of the submodules that it includes itself.
fn texts(outline: &Outline<'_>, unit: UnitId) -> Vec<UnitId> {
    let mut texts = vec![unit];
    texts.extend(outline.included(unit));
    texts
}

fn top_statements(outline: &Outline<'_>, unit: UnitId, keyword: Keyword) -> Vec<StatementRef> {
    let set = outline.set;
    let root = StatementRef {
        unit,
        id: set.unit(unit).root,
    };
    set.children_of(root, keyword).collect()
}

struct Sections<'o, 's> {
    printer: Printer<'o, 's>,
    /// All modules that are drawn: augments of these are in their own diagrams.
    asked: &'o HashSet<UnitId>,
    /// Whether something of the module at hand is drawn.
    has_header: bool,
}

impl Sections<'_, '_> {
    fn module(&mut self, unit: UnitId) {
        let Some(top) = self.printer.outline.units.get(&unit).copied() else {
            return;
        };
        let options = self.printer.options;
        let data = self.top_nodes(top, is_data);
        if !data.is_empty() {
            self.header(unit);
            self.draw(&data, "", unit, Mode::Data, below(&options.subtree));
        }
        self.augments(unit);
        for (title, keyword, mode) in [
            ("rpcs", Keyword::Rpc, Mode::Data),
            ("notifications", Keyword::Notification, Mode::Notification),
        ] {
            let nodes = self.top_nodes(top, |kind| kind == keyword);
            if !nodes.is_empty() {
                self.header(unit);
                self.printer.line(&format!("\n  {title}:"));
                self.draw(&nodes, "  ", unit, mode, below(&options.subtree));
            }
        }
        if options.groupings {
            self.groupings(unit);
        }
        if options.yang_data {
            self.extensions(unit, top, "ietf-restconf", "yang-data");
        }
        if options.structures {
            for name in ["structure", "augment-structure"] {
                self.extensions(unit, top, "ietf-yang-structure-ext", name);
            }
        }
    }

    fn header(&mut self, unit: UnitId) {
        if !self.has_header {
            let unit = self.printer.outline.set.unit(unit);
            let line = format!("module: {}", unit.tree.name(unit.root));
            self.printer.line(&line);
            self.has_header = true;
        }
    }

    /// The nodes at the top that are drawn: of a subtree only the one that leads to it.
    fn top_nodes(&self, top: NodeId, is_meant: impl Fn(Keyword) -> bool) -> Vec<NodeId> {
        let nodes = &self.printer.outline.nodes;
        let first = self.printer.options.subtree.first();
        let mut children = self.printer.children_of(top);
        children.retain(|id| {
            let node = nodes.get(*id);
            is_meant(node.kind) && first.is_none_or(|first| node.name == first)
        });
        children
    }

    fn draw(&mut self, nodes: &[NodeId], indent: &str, unit: UnitId, mode: Mode, path: &[String]) {
        let depth = self.printer.options.depth;
        self.printer.siblings(
            nodes,
            Place {
                indent,
                unit,
                mode,
                path,
                depth,
                width: 0,
            },
        );
    }

    /// What the module adds to modules that are not drawn.
    fn augments(&mut self, unit: UnitId) {
        let outline = self.printer.outline;
        let texts = texts(outline, unit);
        let own: HashSet<UnitId> = texts.iter().copied().collect();
        let mut first = true;
        for text in &texts {
            for at in top_statements(outline, *text, Keyword::Augment) {
                let Some(target) = outline.targets.get(&at) else {
                    continue;
                };
                let target = outline.nodes.get(*target);
                if self.asked.contains(&target.unit) || own.contains(&target.unit) {
                    continue;
                }
                let mode = match target.kind {
                    Keyword::Input => Mode::Input,
                    Keyword::Output => Mode::Output,
                    Keyword::Notification => Mode::Notification,
                    _ => Mode::Data,
                };
                self.header(unit);
                if std::mem::take(&mut first) {
                    self.printer.line("");
                }
                let limit = self.printer.options.line_length;
                let title = path_lines("  augment", outline.set.argument(at), limit);
                self.printer.line(&title);
                self.below(&at, *text, mode);
            }
        }
    }

    /// What stands in an augment at the top of a text.
    fn below(&mut self, at: &StatementRef, unit: UnitId, mode: Mode) {
        if let Some(added) = self.printer.outline.augments.get(at) {
            let nodes = self.printer.children_of(*added);
            let path = &self.printer.options.subtree;
            self.draw(&nodes, "  ", unit, mode, path);
        }
    }

    fn groupings(&mut self, unit: UnitId) {
        let outline = self.printer.outline;
        let mut first = true;
        for text in texts(outline, unit) {
            for at in top_statements(outline, text, Keyword::Grouping) {
                let Some(grouping) = outline.expanded_grouping(at) else {
                    continue;
                };
                let name = outline.set.argument(at);
                self.title(unit, &mut first, &format!("  grouping {name}:"));
                self.printer.draws_absent = true;
                let nodes = self.printer.children_of(grouping);
                let path = &self.printer.options.subtree;
                self.draw(&nodes, "  ", text, Mode::Data, path);
                self.printer.draws_absent = false;
            }
        }
    }

    /// `rc:yang-data` (RFC 8040 8), `sx:structure` and `sx:augment-structure` (RFC 8791).
    fn extensions(&mut self, unit: UnitId, top: NodeId, module: &str, name: &str) {
        let outline = self.printer.outline;
        let root = StatementRef {
            unit,
            id: outline.set.unit(unit).root,
        };
        let children = outline.nodes.get(top).children.iter();
        let found: HashMap<StatementRef, NodeId> = children
            .filter(|child| outline.nodes.get(**child).kind == Keyword::Extension)
            .filter_map(|child| Some((outline.nodes.get(*child).at?, *child)))
            .collect();
        let mut first = true;
        for at in outline.extensions(root, module, name) {
            let argument = outline.set.argument(at);
            self.title(unit, &mut first, &format!("  {name} {argument}:"));
            if outline.augments.contains_key(&at) {
                self.below(&at, unit, Mode::Data);
                continue;
            }
            if let Some(found) = found.get(&at) {
                let nodes = self.printer.children_of(*found);
                let path = &self.printer.options.subtree;
                self.draw(&nodes, "  ", unit, Mode::Data, path);
            }
        }
    }

    fn title(&mut self, unit: UnitId, first: &mut bool, title: &str) {
        self.header(unit);
        if std::mem::take(first) {
            self.printer.line("");
        }
        self.printer.line(title);
    }
}

/// The rest of a path below its first node.
fn below(path: &[String]) -> &[String] {
    path.get(1..).unwrap_or_default()
}

/// RFC 8340 2.2
fn is_data(kind: Keyword) -> bool {
    use Keyword::{AnyData, AnyXml, Case, Choice, Container, Leaf, LeafList, List};
    matches!(
        kind,
        AnyData | AnyXml | Case | Choice | Container | Leaf | LeafList | List
    )
}

/// `start path:`, folded between the steps of the path.
fn path_lines(start: &str, path: &str, limit: Option<usize>) -> String {
    let whole = format!("{start} {path}:");
    let Some(limit) = limit.filter(|limit| whole.chars().count() > *limit) else {
        return whole;
    };
    let steps: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let mut lines: Vec<String> = Vec::new();
    let mut line = format!("{start} ");
    let indent = " ".repeat(line.chars().count() + 2);
    for (index, step) in steps.iter().enumerate() {
        line.push_str(&format!("/{step}"));
        let Some(next) = steps.get(index + 1) else {
            break;
        };
        // The colon stands behind the last step.
        let colon = usize::from(index + 2 == steps.len());
        if line.chars().count() + 1 + next.chars().count() + colon > limit {
            lines.push(std::mem::replace(&mut line, indent.clone()));
        }
    }
    lines.push(format!("{line}:"));
    lines.join("\n")
}

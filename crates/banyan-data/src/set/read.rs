//! Lines into an edit: neighbouring lines share the nodes of their common path.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::resolve::{Names, Resolved, Step, Target, Verb, Wrong};
use crate::document::ParseOptions;
use crate::edit::{Edit, EditContent, EditNode, Insert, Operation};
use crate::error::{DataError, ErrorKind, ErrorPath, Position};
use crate::input::{Broken, Lines};
use crate::meta::{Annotated, Meta, annotation_named, refuses_annotations};
use crate::path::{InstancePath, PathStep, Select};
use crate::text::read::unknown_annotation;
use crate::words::{Breaks, Scanner, Token, Word, annotation_value, value_of};

/// Reads lines.
pub(super) struct SetReader<'o, 'a> {
    schema: Arc<Schema>,
    input: &'a str,
    options: &'o ParseOptions<'o>,
    scanner: Scanner<'a>,
    places: Lines,
    names: Names<'o, 'a>,
    errors: Vec<DataError>,
    /// The nodes around the last line; the first is the root.
    levels: Vec<Level>,
    /// How many entries of each keyless list there are.
    numbered: HashMap<InstancePath, u64>,
    /// Nodes that are closed and have said their metadata.
    annotated: HashSet<InstancePath>,
}

/// A node that is open.
struct Level {
    step: Step,
    operation: Operation,
    children: Vec<EditNode>,
    meta: Option<Meta>,
    position: Option<Position>,
}

impl Level {
    fn new(step: Step, position: Option<Position>) -> Self {
        Level {
            step,
            operation: Operation::None,
            children: Vec::new(),
            meta: None,
            position,
        }
    }

    fn into_edit(self) -> EditNode {
        let content = match (self.step.select, self.step.mounted) {
            (_, Some(inner)) => EditContent::Mount(inner, self.children),
            (Select::Keys(keys), None) => EditContent::Entry(keys, self.children),
            (Select::Position(_), None) => EditContent::Entry(Vec::new(), self.children),
            _ => EditContent::Container(self.children),
        };
        EditNode {
            meta: self.meta,
            position: self.position,
            ..EditNode::new(self.step.id, self.operation, content)
        }
    }
}

impl<'o, 'a> SetReader<'o, 'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> SetReader<'o, 'a> {
        SetReader {
            schema: schema.clone(),
            input,
            options,
            scanner: Scanner::new(input, Breaks::Line),
            places: Lines::default(),
            names: Names::new(options),
            errors: Vec::new(),
            levels: vec![Level::new(Step::root(schema), None)],
            numbered: HashMap::new(),
            annotated: HashSet::new(),
        }
    }

    /// The whole document.
    pub(super) fn document(mut self) -> Result<Edit, Vec<DataError>> {
        loop {
            match self.words() {
                Ok(None) => break,
                Ok(Some(words)) => {
                    let Some((verb, rest)) = words.split_first() else {
                        continue;
                    };
                    if let Err((error, offset)) = self.line(verb, rest) {
                        let position = self.position(offset);
                        self.errors.push(error.with_position(position));
                    }
                }
                Err(broken) => {
                    self.errors.push(broken.into_error(self.input.as_bytes()));
                    break;
                }
            }
            if self.errors.len() >= self.options.limits.errors {
                break;
            }
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        self.close_to(1);
        let root = match self.levels.pop() {
            Some(root) => EditNode {
                operation: Operation::Merge,
                ..root.into_edit()
            },
            None => EditNode::new(
                SchemaId::ROOT,
                Operation::Merge,
                EditContent::Container(Vec::new()),
            ),
        };
        Ok(Edit {
            schema: self.schema,
            root,
        })
    }

    /// The words of the next line; none at the end.
    fn words(&mut self) -> Result<Option<Vec<Word<'a>>>, Broken> {
        let mut words = Vec::new();
        // A path with keys, and annotations.
        let limits = &self.options.limits;
        let limit = (limits.depth as usize)
            .saturating_mul(4)
            .saturating_add(limits.attributes as usize);
        loop {
            match self.scanner.next()? {
                Token::Word(_) if words.len() >= limit => {
                    return Err(Broken {
                        kind: ErrorKind::TooBig,
                        offset: self.scanner.offset(),
                        message: format!("the line has more than {limit} words"),
                        help: None,
                    });
                }
                Token::Word(word) => words.push(word),
                Token::Line => return Ok(Some(words)),
                Token::End if words.is_empty() => return Ok(None),
                Token::End => return Ok(Some(words)),
                _ => {
                    return Err(Broken {
                        kind: ErrorKind::Malformed,
                        offset: self.scanner.offset(),
                        message: "a brace, bracket or semicolon stands outside of quotes".to_owned(),
                        help: Some("a line is set, delete, insert or annotate and words; put the word in quotes".to_owned()),
                    });
                }
            }
        }
    }

    fn position(&mut self, offset: usize) -> Position {
        // Errors point into the line that was read last, so offsets grow from line to line; within one they may not.
        if self.places.is_past(offset) {
            return crate::input::position(self.input.as_bytes(), offset);
        }
        self.places.position(self.input.as_bytes(), offset)
    }

    fn line(&mut self, verb: &Word<'a>, words: &[Word<'a>]) -> Result<(), Wrong> {
        let Some(meant) = Verb::of(&verb.text) else {
            let message = format!("{:?} is no command", verb.text);
            let near = nearest(&verb.text, Verb::ALL.map(Verb::name));
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => "a line begins with set, delete, insert or annotate".to_owned(),
            };
            let error = DataError::new(ErrorKind::Malformed, ErrorPath::default(), message);
            return Err((error.with_help(help), verb.offset));
        };
        let end = words.iter().position(|word| word.annotation().is_some());
        let (words, annotations) = words.split_at(end.unwrap_or(words.len()));
        let resolved = self
            .names
            .resolve(&self.schema, meant, words, verb.offset)?;
        let position = self.position(verb.offset);
        // What happens to a node as a whole stands beside what is done inside of it.
        let around = match (meant, &resolved.target, &*resolved.steps) {
            (Verb::Delete | Verb::Insert, Target::Node, [around @ .., _]) => around,
            (_, _, steps) => steps,
        };
        self.enter(around, position)
            .map_err(|message| resolved.wrong(ErrorKind::Malformed, message, verb.offset))?;
        let wants_annotations = matches!(
            (meant, &resolved.target),
            (Verb::Annotate, _)
                | (
                    Verb::Set,
                    Target::Leaf(_) | Target::LeafList(_) | Target::Any(_)
                )
        );
        if let (Some(word), false) = (annotations.first(), wants_annotations) {
            let message = "annotations cannot stand here".to_owned();
            let (error, offset) = resolved.wrong(ErrorKind::Malformed, message, word.offset);
            let help = "write annotate PATH @MODULE:NAME VALUE, or put them behind a value";
            return Err((error.with_help(help), offset));
        }
        match meant {
            Verb::Set => self.set(&resolved, annotations, position, verb.offset),
            Verb::Delete => self.delete(&resolved, position, verb.offset),
            Verb::Insert => self.insert(&resolved, position, verb.offset),
            Verb::Annotate => self.annotate(&resolved, annotations, verb.offset),
        }
    }

    fn top(&mut self) -> &mut Level {
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn path(&self, levels: usize) -> InstancePath {
        let steps = self
            .levels
            .iter()
            .take(levels)
            .skip(1)
            .map(|level| PathStep {
                node: level.step.id,
                select: level.step.select.clone(),
            });
        InstancePath {
            steps: steps.collect(),
        }
    }

    /// Closes levels until so many are open.
    fn close_to(&mut self, open: usize) {
        while self.levels.len() > open.max(1) {
            if self.levels.last().is_some_and(|level| level.meta.is_some()) {
                let path = self.path(self.levels.len());
                self.annotated.insert(path);
            }
            if let Some(level) = self.levels.pop() {
                let edit = level.into_edit();
                self.top().children.push(edit);
            }
        }
    }

    /// Makes `steps` the open nodes.
    fn enter(&mut self, steps: &[Step], position: Position) -> Result<(), String> {
        let open = self.levels.iter().skip(1).zip(steps);
        let common = open
            .take_while(|(level, step)| level.step.same(step))
            .count();
        self.close_to(1 + common);
        for step in steps.iter().skip(common) {
            if let Select::Position(number) = step.select {
                let mut list = self.path(self.levels.len());
                list.steps.push(PathStep {
                    node: step.id,
                    select: Select::None,
                });
                let count = self.numbered.entry(list).or_default();
                if number != *count + 1 {
                    return Err(format!(
                        "the entry is number {} of its list, and {number} is written: entries without key are \
                         numbered from 1, and the lines of one stand together",
                        *count + 1
                    ));
                }
                *count += 1;
            }
            self.levels.push(Level::new(step.clone(), Some(position)));
        }
        Ok(())
    }

    fn push(&mut self, edit: EditNode, position: Position) {
        self.top().children.push(EditNode {
            position: Some(position),
            ..edit
        });
    }

    fn set(
        &mut self,
        resolved: &Resolved<'_, 'a>,
        annotations: &[Word<'a>],
        position: Position,
        offset: usize,
    ) -> Result<(), Wrong> {
        let words = resolved.words;
        let (id, content) = match resolved.target {
            Target::Node => {
                self.give();
                return Ok(());
            }
            Target::Leaf(id) => {
                if let Some(more) = words.get(1) {
                    return Err(resolved.too_much(more));
                }
                let value = resolved.value(id, words.first(), offset)?;
                (id, EditContent::Leaf(Some(value)))
            }
            Target::LeafList(id) => {
                if let Some(more) = words.get(1) {
                    return Err(resolved.too_much(more));
                }
                let Some(word) = words.first() else {
                    let message = "the leaf-list needs a value".to_owned();
                    return Err(resolved.wrong(ErrorKind::InvalidValue, message, offset));
                };
                let value = resolved.value(id, Some(word), offset)?;
                (id, EditContent::LeafListEntry(value))
            }
            Target::Any(id) => {
                let [form, text] = words else {
                    let message = "write xml \"...\" or json \"...\" behind the name".to_owned();
                    return Err(resolved.wrong(ErrorKind::Malformed, message, offset));
                };
                let kind = resolved.schema.node(id).kind;
                let any = crate::text::verbatim(form, text, kind, &self.options.limits)
                    .map_err(|(kind, message)| resolved.wrong(kind, message, text.offset))?;
                (id, EditContent::Any(Some(Arc::new(any))))
            }
            // Only a line that deletes may name all of a list.
            Target::Whole(_) => return Ok(()),
        };
        self.give();
        let place = match &content {
            EditContent::LeafListEntry(value) => Annotated::Entry(id, value.clone()),
            _ => Annotated::Child(id),
        };
        self.push(EditNode::new(id, Operation::Merge, content), position);
        if annotations.is_empty() {
            return Ok(());
        }
        self.add_annotations(resolved, place, annotations)
    }

    /// The open nodes come into being if they are not there.
    fn give(&mut self) {
        for level in self.levels.iter_mut().rev() {
            if level.operation == Operation::Merge {
                return;
            }
            level.operation = Operation::Merge;
        }
    }

    fn delete(
        &mut self,
        resolved: &Resolved<'_, 'a>,
        position: Position,
        offset: usize,
    ) -> Result<(), Wrong> {
        let words = resolved.words;
        let deletion = |id, content| EditNode::new(id, Operation::Delete, content);
        let edit = match resolved.target {
            Target::Node => {
                // A path is not empty: see `resolve`.
                let Some(step) = resolved.steps.last() else {
                    return Ok(());
                };
                let content = match &step.select {
                    Select::Keys(keys) => EditContent::Entry(keys.clone(), Vec::new()),
                    Select::Position(_) => {
                        let message = "an entry without key cannot be deleted alone".to_owned();
                        let (error, offset) = resolved.wrong(ErrorKind::Malformed, message, offset);
                        return Err((error.with_help("delete the list, without a number"), offset));
                    }
                    _ => EditContent::Whole,
                };
                deletion(step.id, content)
            }
            Target::Leaf(id) => match words.first() {
                Some(more) => return Err(resolved.too_much(more)),
                None => deletion(id, EditContent::Leaf(None)),
            },
            Target::Any(id) => match words.first() {
                Some(more) => return Err(resolved.too_much(more)),
                None => deletion(id, EditContent::Any(None)),
            },
            Target::Whole(id) => deletion(id, EditContent::Whole),
            Target::LeafList(id) => match words {
                [] => deletion(id, EditContent::Whole),
                [value] => {
                    let value = resolved.value(id, Some(value), value.offset)?;
                    deletion(id, EditContent::LeafListEntry(value))
                }
                [_, more, ..] => return Err(resolved.too_much(more)),
            },
        };
        self.push(edit, position);
        Ok(())
    }

    fn insert(
        &mut self,
        resolved: &Resolved<'_, 'a>,
        position: Position,
        offset: usize,
    ) -> Result<(), Wrong> {
        let wrong =
            |message: &str| resolved.wrong(ErrorKind::Malformed, message.to_owned(), offset);
        let (id, content, place) = match (&resolved.target, resolved.steps.last()) {
            (Target::LeafList(id), _) => {
                let Some((value, place)) = resolved.words.split_first() else {
                    return Err(wrong("the leaf-list needs a value and its place"));
                };
                let value = resolved.value(*id, Some(value), value.offset)?;
                (*id, EditContent::LeafListEntry(value), place)
            }
            (Target::Node, Some(step)) => {
                let Select::Keys(keys) = &step.select else {
                    return Err(wrong("only an entry of a list or leaf-list has a place"));
                };
                let content = EditContent::Entry(keys.clone(), Vec::new());
                (step.id, content, resolved.words)
            }
            _ => return Err(wrong("only an entry of a list or leaf-list has a place")),
        };
        let at = self.place(resolved, id, place, offset)?;
        let edit = EditNode::new(id, Operation::Merge, content).at(Some(at));
        self.push(edit, position);
        Ok(())
    }

    /// `first`, `last`, `before KEYS` or `after KEYS`.
    fn place(
        &self,
        resolved: &Resolved<'_, 'a>,
        id: SchemaId,
        words: &[Word<'a>],
        offset: usize,
    ) -> Result<Insert, Wrong> {
        let schema = &resolved.schema;
        let definition = schema.node(id);
        if definition.ordered_by != banyan_yang::schema::OrderedBy::User {
            let message = format!("{} is not ordered by the user", definition.name);
            return Err(resolved.wrong(ErrorKind::BadAttribute, message, offset));
        }
        let of = match definition.kind {
            NodeKind::LeafList => std::slice::from_ref(&id),
            _ => definition.keys(),
        };
        let place = words.split_first().map(|(word, keys)| (&*word.text, keys));
        let keys = match place {
            Some(("first", [])) => return Ok(Insert::First),
            Some(("last", [])) => return Ok(Insert::Last),
            Some(("before" | "after", keys)) if keys.len() == of.len() => {
                let values = of
                    .iter()
                    .zip(keys)
                    .map(|(key, word)| resolved.value(*key, Some(word), word.offset));
                values.collect::<Result<Vec<_>, _>>()?
            }
            _ => {
                let message =
                    "a place must follow: first, last, before KEY or after KEY".to_owned();
                return Err(resolved.wrong(ErrorKind::BadAttribute, message, offset));
            }
        };
        match place {
            Some(("before", _)) => Ok(Insert::Before(keys)),
            _ => Ok(Insert::After(keys)),
        }
    }

    fn annotate(
        &mut self,
        resolved: &Resolved<'_, 'a>,
        annotations: &[Word<'a>],
        offset: usize,
    ) -> Result<(), Wrong> {
        let mut rest = resolved.words;
        let place = match (resolved.target, rest.split_first()) {
            (Target::Node, _) => Annotated::Node,
            (Target::Leaf(id) | Target::Any(id), _) => Annotated::Child(id),
            (Target::LeafList(id), Some((word, words))) => {
                rest = words;
                let value = resolved.value(id, Some(word), word.offset)?;
                Annotated::Entry(id, value)
            }
            (Target::LeafList(_) | Target::Whole(_), _) => {
                let message = "a list or leaf-list has no annotations: its entries have".to_owned();
                let (error, offset) = resolved.wrong(ErrorKind::UnknownAttribute, message, offset);
                return Err((error.with_help("name an entry"), offset));
            }
        };
        if let Some(more) = rest.first() {
            return Err(resolved.too_much(more));
        }
        if annotations.is_empty() {
            let message =
                "annotations must follow: @MODULE:NAME VALUE, or @ alone for none".to_owned();
            return Err(resolved.wrong(ErrorKind::Malformed, message, offset));
        }
        self.add_annotations(resolved, place, annotations)
    }

    fn add_annotations(
        &mut self,
        resolved: &Resolved<'_, 'a>,
        place: Annotated,
        words: &[Word<'a>],
    ) -> Result<(), Wrong> {
        if let Annotated::Entry(id, _) = &place
            && let Some(message) = refuses_annotations(&resolved.schema, *id)
        {
            if self.options.lenient() {
                return Ok(());
            }
            let offset = words.first().map_or(0, |word| word.offset);
            let message = message.to_owned();
            return Err(resolved.wrong(ErrorKind::UnknownAttribute, message, offset));
        }
        let path = self.path(self.levels.len());
        if self.top().meta.is_none() && self.annotated.contains(&path) {
            let message =
                "annotations of this node and its leaves were given further above".to_owned();
            let offset = words.first().map_or(0, |word| word.offset);
            let (error, offset) = resolved.wrong(ErrorKind::Duplicate, message, offset);
            return Err((
                error.with_help("put the lines about one node together"),
                offset,
            ));
        }
        self.top().meta.get_or_insert_default();
        if let [none] = words
            && none.annotation() == Some("")
        {
            return Ok(());
        }
        for pair in words.chunks(2) {
            let (name, value) = match pair {
                [name, value] if value.annotation().is_none() => (name, value),
                _ => {
                    let message = "the annotation has no value".to_owned();
                    let offset = pair.first().map_or(0, |word| word.offset);
                    return Err(resolved.wrong(ErrorKind::Malformed, message, offset));
                }
            };
            let Some(text) = name.annotation() else {
                return Err(resolved.too_much(name));
            };
            match annotation_named(&resolved.schema, text) {
                Some(definition) => {
                    let value = annotation_value(&resolved.schema, &definition, value);
                    let value = value.map_err(|wrong| {
                        let path = resolved.path(place.child());
                        (definition.refusal(wrong, path), name.offset)
                    })?;
                    let meta = self.top().meta.get_or_insert_default();
                    let of = meta.annotations.entry(place.clone()).or_default();
                    if of.insert(definition.name, value).is_some() {
                        let message = format!("the annotation {text} is given twice");
                        return Err(resolved.wrong(ErrorKind::Duplicate, message, name.offset));
                    }
                }
                None if self.options.lenient() => {}
                None => {
                    let path = resolved.path(place.child());
                    return Err((unknown_annotation(text, path), name.offset));
                }
            }
        }
        Ok(())
    }
}

impl<'a> Resolved<'_, 'a> {
    /// A value of the child `id`.
    fn value(
        &self,
        id: SchemaId,
        word: Option<&Word<'a>>,
        offset: usize,
    ) -> Result<crate::Value, Wrong> {
        value_of(&self.schema, id, word).map_err(|error| {
            let culprit = self.schema.node(id).name.clone();
            let offset = word.map_or(offset, |word| word.offset);
            (error.at(self.path(Some(id))).with_culprit(culprit), offset)
        })
    }

    fn too_much(&self, word: &Word<'a>) -> Wrong {
        let message = format!("{:?} is more than the line may have", word.text);
        let (error, offset) = self.wrong(ErrorKind::Malformed, message, word.offset);
        let help = "put a value of several words in double quotes; delete a leaf without its value";
        (error.with_help(help), offset)
    }
}

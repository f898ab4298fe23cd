//! Curly braces straight into a tree: each statement is bound to the schema as it is read, each node built when its
//! block ends.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::verbatim;
use crate::document::ParseOptions;
use crate::error::{DataError, ErrorKind};
use crate::input::Broken;
use crate::known::{KnownChildren, find, unknown_child};
use crate::meta::{Annotated, Annotations, annotation_named, refuses_annotations};
use crate::node::{Content, Node, Tree};
use crate::reading::{Reading, Stop};
use crate::words::{Breaks, Scanner, Token, Word, annotation_value, value_of};

/// Reads statements.
pub(super) struct TextReader<'o, 'a> {
    scanner: Scanner<'a>,
    pub(super) reading: Reading<'o, 'a>,
    known: KnownChildren<'a>,
    /// Blocks that are open.
    depth: u32,
}

/// What stands behind a name, up to the end of the statement or the beginning of its block.
struct Head<'a> {
    words: Vec<Word<'a>>,
    annotations: Vec<(Word<'a>, Word<'a>)>,
    /// Whether a block follows.
    block: bool,
}

impl<'o, 'a> TextReader<'o, 'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> TextReader<'o, 'a> {
        TextReader {
            scanner: Scanner::new(input, Breaks::Blank),
            reading: Reading::new(schema, input, options),
            known: KnownChildren::default(),
            depth: 0,
        }
    }

    /// The whole document.
    pub(super) fn document(&mut self, schema: &Arc<Schema>) -> Result<Node, Stop> {
        self.reading.place.push(SchemaId::ROOT);
        self.statements(schema)?;
        self.reading.pop(schema, SchemaId::ROOT)
    }

    fn token(&mut self) -> Result<Token<'a>, Stop> {
        self.scanner
            .next()
            .map_err(|broken| self.reading.stop(broken))
    }

    fn broken(&mut self, offset: usize, message: &str, help: &str) -> Stop {
        self.reading.stop(Broken {
            kind: ErrorKind::Malformed,
            offset,
            message: message.to_owned(),
            help: Some(help.to_owned()),
        })
    }

    /// What the last token cannot be.
    fn unexpected(&mut self, token: &Token<'_>) -> Stop {
        let offset = self.scanner.offset();
        match token {
            Token::End => self.broken(
                offset,
                "the text ends inside of a statement",
                "end a statement with ; and a block with }",
            ),
            Token::Open => self.broken(
                offset,
                "a block stands here without a name before it",
                "write a name before {, or take the { away",
            ),
            Token::Close => self.broken(
                offset,
                "a } stands here that closes nothing",
                "end each statement with ; and count the braces",
            ),
            _ => self.broken(
                offset,
                "a ; [ or ] stands where a name should",
                "write NAME VALUE; or NAME [ VALUE ... ]; for a leaf-list",
            ),
        }
    }

    /// Statements up to the end of the block, or of the document.
    fn statements(&mut self, schema: &Arc<Schema>) -> Result<(), Stop> {
        loop {
            match self.token()? {
                Token::Word(word) if word.annotation().is_some() => {
                    let head = self.head(Some(word))?;
                    self.own_annotations(schema, &head)?;
                }
                Token::Word(name) => self.statement(schema, name)?,
                Token::Close if self.depth > 0 => {
                    self.depth -= 1;
                    return Ok(());
                }
                Token::End if self.depth == 0 => return Ok(()),
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    /// The rest of a statement up to its `;` or `{`; `first` is read already.
    fn head(&mut self, first: Option<Word<'a>>) -> Result<Head<'a>, Stop> {
        let mut head = Head {
            words: Vec::new(),
            annotations: Vec::new(),
            block: false,
        };
        let mut token = match first {
            Some(word) => Token::Word(word),
            None => self.token()?,
        };
        loop {
            match token {
                Token::Word(word) if word.annotation().is_some() => {
                    head.annotations.push(self.annotation(word)?);
                }
                Token::Word(word) => head.words.push(word),
                Token::Semicolon => return Ok(head),
                Token::Open => {
                    self.open_block()?;
                    head.block = true;
                    return Ok(head);
                }
                other => return Err(self.unexpected(&other)),
            }
            let limit = self.reading.options.limits.attributes as usize;
            if head.words.len() + head.annotations.len() > limit {
                let offset = self.scanner.offset();
                return Err(self.reading.stop(Broken {
                    kind: ErrorKind::TooBig,
                    offset,
                    message: format!(
                        "the statement has more than {limit} keys, values and annotations"
                    ),
                    help: None,
                }));
            }
            token = self.token()?;
        }
    }

    /// The annotation that a word announces, with its value.
    fn annotation(&mut self, name: Word<'a>) -> Result<(Word<'a>, Word<'a>), Stop> {
        match self.token()? {
            Token::Word(value) => Ok((name, value)),
            _ => {
                let help = "write @MODULE:NAME VALUE";
                Err(self.broken(name.offset, "the annotation has no value", help))
            }
        }
    }

    fn open_block(&mut self) -> Result<(), Stop> {
        let limit = self.reading.options.limits.depth;
        if self.depth >= limit {
            let offset = self.scanner.offset();
            return Err(self.reading.stop(Broken {
                kind: ErrorKind::TooBig,
                offset,
                message: format!("blocks are nested deeper than {limit}"),
                help: None,
            }));
        }
        self.depth += 1;
        Ok(())
    }

    /// Passes over the rest of a statement, its block included.
    fn skip_statement(&mut self) -> Result<(), Stop> {
        loop {
            match self.token()? {
                Token::Semicolon => return Ok(()),
                Token::Open => {
                    self.open_block()?;
                    return self.skip_block();
                }
                Token::Word(_) | Token::ListOpen | Token::ListClose => {}
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    /// Passes over the rest of the block that is open.
    fn skip_block(&mut self) -> Result<(), Stop> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.token()? {
                Token::Open => self.open_block()?,
                Token::Close => self.depth -= 1,
                Token::End => return Err(self.unexpected(&Token::End)),
                _ => {}
            }
        }
        Ok(())
    }

    fn skip_rest(&mut self, head: &Head<'_>) -> Result<(), Stop> {
        match head.block {
            true => self.skip_block(),
            false => Ok(()),
        }
    }

    fn statement(&mut self, schema: &Arc<Schema>, name: Word<'a>) -> Result<(), Stop> {
        let parent = self.reading.place.id();
        let module = schema.node(parent).module;
        let lenient = self.reading.options.lenient();
        let id = match &name.text {
            Cow::Borrowed(text) => self.known.child(schema, parent, module, text, || {
                find(schema, parent, text, lenient)
            }),
            Cow::Owned(text) => find(schema, parent, text, lenient),
        };
        let Some(id) = id else {
            let path = self.reading.place.path_of(None);
            let mut error = unknown_child(schema, parent, ("name", &name.text), path);
            if parent == SchemaId::ROOT && error.help.is_none() {
                let verb = nearest(&name.text, ["set", "delete", "insert", "annotate"]);
                error.help = verb.map(|verb| format!("did you mean a line `{verb} ...`?"));
            }
            self.reading.report(error, name.offset)?;
            return self.skip_statement();
        };
        let definition = schema.node(id);
        if definition.kind == NodeKind::Leaf && definition.is_key {
            return self.key(schema, id, name.offset);
        }
        if !self.reading.may_come(schema, id, name.offset)? {
            return self.skip_statement();
        }
        match definition.kind {
            NodeKind::Leaf => self.leaf(schema, id, name.offset),
            NodeKind::LeafList => self.leaf_list(schema, id),
            NodeKind::List => self.entry(schema, id, name.offset),
            NodeKind::Container if definition.mount_point().is_some() => {
                self.mount(schema, id, name.offset)
            }
            NodeKind::Container => self.container(schema, id, name.offset),
            _ => self.any(schema, id, name.offset),
        }
    }

    /// Notes that a statement is not written as its node must be.
    fn misshapen(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        offset: usize,
        form: &str,
    ) -> Result<(), Stop> {
        let definition = schema.node(id);
        let message = format!(
            "the {} {} is not written like this",
            definition.kind.keyword(),
            definition.name
        );
        let path = self.reading.place.path_of(Some(id));
        let error = DataError::new(ErrorKind::Malformed, path, message)
            .with_help(format!("write {form}"))
            .with_culprit(definition.name.clone());
        self.reading.report(error, offset)
    }

    /// A value; `None` (and an error) if it is none of the type's.
    fn value(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        word: Option<&Word<'a>>,
        offset: usize,
    ) -> Result<Option<crate::Value>, Stop> {
        match value_of(schema, id, word) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let path = self.reading.place.path_of(Some(id));
                let culprit = schema.node(id).name.clone();
                let offset = word.map_or(offset, |word| word.offset);
                self.reading
                    .report(error.at(path).with_culprit(culprit), offset)?;
                Ok(None)
            }
        }
    }

    /// The one value of a leaf's statement. `None` (and an error) if it is none.
    fn only_value(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        head: &Head<'a>,
        offset: usize,
    ) -> Result<Option<crate::Value>, Stop> {
        if head.block || head.words.len() > 1 {
            let form = "NAME VALUE; with quotes around a value of several words";
            self.misshapen(schema, id, offset, form)?;
            self.skip_rest(head)?;
            return Ok(None);
        }
        self.value(schema, id, head.words.first(), offset)
    }

    fn leaf(&mut self, schema: &Schema, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        if let Some(value) = self.only_value(schema, id, &head, offset)? {
            self.reading.place.top().put(id, Content::Leaf(value));
        }
        self.annotate(schema, Annotated::Child(id), &head.annotations)
    }

    /// A key inside of the block of its entry: for its annotations.
    fn key(&mut self, schema: &Schema, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        let Some(value) = self.only_value(schema, id, &head, offset)? else {
            return Ok(());
        };
        if self.reading.place.key(id) != Some(&value) {
            let message = "the key has another value than behind the name of the list";
            self.reading
                .fail(ErrorKind::InvalidValue, Some(id), message, offset)?;
        }
        self.annotate(schema, Annotated::Child(id), &head.annotations)
    }

    /// `NAME [ VALUE ... ];` or `NAME VALUE;`, each value with its annotations behind it.
    fn leaf_list(&mut self, schema: &Schema, id: SchemaId) -> Result<(), Stop> {
        let mut in_brackets = false;
        let mut last: Option<Option<crate::Value>> = None;
        loop {
            match self.token()? {
                Token::ListOpen if !in_brackets => in_brackets = true,
                Token::ListClose if in_brackets => in_brackets = false,
                Token::Semicolon if !in_brackets => return Ok(()),
                Token::Word(word) if word.annotation().is_some() => {
                    let offset = word.offset;
                    let annotation = self.annotation(word)?;
                    let refusal = match last {
                        None => Some("the annotation stands behind no value"),
                        Some(_) => refuses_annotations(schema, id),
                    };
                    match (refusal, &last) {
                        (Some(_), _) if self.reading.options.lenient() => {}
                        (Some(message), _) => {
                            let kind = ErrorKind::UnknownAttribute;
                            self.reading.fail(kind, Some(id), message, offset)?;
                        }
                        (None, Some(Some(value))) => {
                            let place = Annotated::Entry(id, value.clone());
                            self.annotate(schema, place, &[annotation])?;
                        }
                        // The value is none of the type's.
                        (None, _) => {}
                    }
                }
                Token::Word(word) => {
                    let value = self.value(schema, id, Some(&word), word.offset)?;
                    if let Some(value) = &value {
                        let top = self.reading.place.top();
                        top.value_entry(id, value.clone(), word.offset);
                    }
                    last = Some(value);
                }
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    fn container(&mut self, schema: &Arc<Schema>, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        if !head.words.is_empty() || !head.annotations.is_empty() {
            let form = "NAME { ... } with the annotations inside of the block";
            self.misshapen(schema, id, offset, form)?;
            return self.skip_rest(&head);
        }
        self.reading.place.push(id);
        if head.block {
            self.statements(schema)?;
        }
        self.reading.pop_container(schema, id)
    }

    fn entry(&mut self, schema: &Arc<Schema>, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        let keys = schema.node(id).keys();
        if head.words.len() != keys.len() || !head.annotations.is_empty() {
            let names = keys.iter().map(|key| schema.node(*key).name.to_uppercase());
            let names: Vec<String> = names.map(|name| format!("{name} ")).collect();
            let form = format!("{} {}{{ ... }}", schema.node(id).name, names.concat());
            self.misshapen(schema, id, offset, &form)?;
            return self.skip_rest(&head);
        }
        self.reading.place.push(id);
        let mut complete = true;
        for (key, word) in keys.iter().zip(&head.words) {
            match self.value(schema, *key, Some(word), offset)? {
                Some(value) => self.reading.place.note_key(*key, &value),
                None => complete = false,
            }
        }
        if head.block {
            self.statements(schema)?;
        }
        let node = self.reading.pop(schema, id)?;
        if complete {
            self.reading.place.top().entry(id, node, offset);
        }
        Ok(())
    }

    /// `NAME xml "..."` or `NAME json "..."`; `None` (and an error) if it is neither, or not well-formed.
    fn verbatim(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        head: &Head<'a>,
        offset: usize,
    ) -> Result<Option<Content>, Stop> {
        let (false, [form, text]) = (head.block, &*head.words) else {
            self.misshapen(schema, id, offset, "NAME xml \"...\" or NAME json \"...\"")?;
            self.skip_rest(head)?;
            return Ok(None);
        };
        let kind = schema.node(id).kind;
        match verbatim(form, text, kind, &self.reading.options.limits) {
            Ok(data) => Ok(Some(Content::Any(Arc::new(data)))),
            Err((kind, message)) => {
                self.reading.fail(kind, Some(id), message, text.offset)?;
                Ok(None)
            }
        }
    }

    fn any(&mut self, schema: &Schema, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        if let Some(content) = self.verbatim(schema, id, &head, offset)? {
            self.reading.place.top().put(id, content);
        }
        self.annotate(schema, Annotated::Child(id), &head.annotations)
    }

    fn mount(&mut self, schema: &Schema, id: SchemaId, offset: usize) -> Result<(), Stop> {
        let head = self.head(None)?;
        if !head.words.is_empty() {
            if let Some(content) = self.verbatim(schema, id, &head, offset)? {
                self.reading.place.top().put(id, content);
            }
            return self.annotate(schema, Annotated::Child(id), &head.annotations);
        }
        self.reading.place.push(id);
        let Some(inner) = self.reading.mounted_schema() else {
            let path = self.reading.place.path_of(None);
            let message = "the schema of what is mounted here is not known";
            let error = DataError::new(ErrorKind::UnknownElement, path, message)
                .with_help("write the data verbatim: NAME json \"...\" or NAME xml \"...\"");
            self.reading.report(error, offset)?;
            self.reading.place.discard();
            return self.skip_rest(&head);
        };
        self.reading.place.enter_mount(inner.clone());
        if head.block {
            self.statements(&inner)?;
        }
        let node = self.reading.pop(&inner, SchemaId::ROOT)?;
        self.reading.place.leave_mount();
        self.reading.place.discard();
        // An empty tree is stored too: it says under which schema the mount point is.
        let content = Content::Mount(Arc::new(Tree::new(inner, node)));
        self.reading.place.top().put(id, content);
        Ok(())
    }

    /// `@module:name VALUE;` at the beginning of a block: annotations of the node itself.
    fn own_annotations(&mut self, schema: &Schema, head: &Head<'a>) -> Result<(), Stop> {
        let wrong = head.words.first().map(|word| word.offset);
        if let Some(offset) = wrong.or(head.block.then(|| self.scanner.offset())) {
            let help = "write @MODULE:NAME VALUE;";
            return Err(self.broken(offset, "more than annotations stands here", help));
        }
        self.annotate(schema, Annotated::Node, &head.annotations)
    }

    fn annotate(
        &mut self,
        schema: &Schema,
        place: Annotated,
        annotations: &[(Word<'a>, Word<'a>)],
    ) -> Result<(), Stop> {
        let child = place.child();
        for (name, value) in annotations {
            let text = name.annotation().unwrap_or_default();
            if let Some(definition) = annotation_named(schema, text) {
                let value = match annotation_value(schema, &definition, value) {
                    Ok(value) => value,
                    Err(wrong) => {
                        let path = self.reading.place.path_of(child);
                        let error = definition.refusal(wrong, path);
                        self.reading.report(error, value.offset)?;
                        continue;
                    }
                };
                let annotation = Annotations::from([(definition.name, value)]);
                if !self.reading.place.top().annotate(place.clone(), annotation) {
                    let message = format!("the annotation {text} is given twice");
                    self.reading
                        .fail(ErrorKind::Duplicate, child, message, name.offset)?;
                }
            } else if !self.reading.options.lenient() {
                let path = self.reading.place.path_of(child);
                let error = unknown_annotation(text, path);
                self.reading.report(error, name.offset)?;
            }
        }
        Ok(())
    }
}

/// The error about an annotation that no module defines.
pub(crate) fn unknown_annotation(name: &str, path: crate::error::ErrorPath) -> DataError {
    let message = format!("the annotation {name} is not known");
    DataError::new(ErrorKind::UnknownAttribute, path, message)
        .with_culprit(name)
        .with_help("annotations must be defined by a module of the schema (RFC 7952)")
}

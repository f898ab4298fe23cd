//! Where in a document the instances stand that errors name: trees keep no positions, so the document is read once
//! more when there is something to tell.
//!
//! Lives here: what is looked for, and what has been found so far. Each format tells of its nodes as they begin and end;
//! what nobody looks for is passed over. Must not build a tree, and must not fail: what is not found has no place.

use std::collections::HashMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::Limits;
use crate::error::{DataError, ErrorPath, Position};
use crate::form::Form;
use crate::input::{self, position};
use crate::{json, xml};

/// Gives each error without a position that of its instance in the document, or where that is not there, of the
/// innermost instance around it that is. For XML and JSON. O(document) once, whatever the number of errors.
pub fn locate(form: Form, schema: &Schema, bytes: &[u8], errors: &mut [DataError]) {
    let mut open: Vec<&mut DataError> = errors
        .iter_mut()
        .filter(|error| error.position.is_none() && !error.path.0.is_empty())
        .collect();
    let paths: Vec<ErrorPath> = open.iter().map(|error| error.path.clone()).collect();
    for (error, found) in open.iter_mut().zip(places(form, schema, bytes, &paths)) {
        error.position = found.map(|found| found.position);
    }
}

/// Where something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located {
    /// How many steps of the path lead there: all of them, or as many as there are in the document.
    pub steps: usize,
    /// Where its name begins, or the entry in an array.
    pub position: Position,
}

/// Where the instances at these paths stand in a document, or the innermost around them; `None` where there is none,
/// or the document has a form whose places are not known.
pub fn places(
    form: Form,
    schema: &Schema,
    bytes: &[u8],
    paths: &[ErrorPath],
) -> Vec<Option<Located>> {
    let nothing = || vec![None; paths.len()];
    if paths.is_empty() {
        return nothing();
    }
    let Ok(text) = input::decode(bytes, &Limits::default()) else {
        return nothing();
    };
    let mut finder = Finder::new(schema, paths);
    match form {
        Form::Xml => xml::find_places(text, &mut finder),
        Form::Json => json::find_places(text, &mut finder),
        Form::Text | Form::Set => return nothing(),
    }
    let found = finder.finish().into_iter();
    let located = found.map(|found| {
        found.map(|(steps, offset)| Located {
            steps,
            position: position(bytes, offset),
        })
    });
    located.collect()
}

/// One step of a path that is looked for.
struct Step {
    module: Arc<str>,
    name: Arc<str>,
    which: Which,
}

/// Which instance a step means.
enum Which {
    Only,
    /// Names and texts of keys.
    Keys(Vec<(Arc<str>, String)>),
    Value(String),
    /// From 1.
    Place(usize),
}

/// A target by its number, and how many of its steps lead to the node.
type Candidate = (usize, usize);

/// What is looked for, and the nodes that are open.
pub(crate) struct Finder<'s> {
    schema: &'s Schema,
    targets: Vec<Vec<Step>>,
    frames: Vec<Frame>,
}

#[derive(Default)]
struct Frame {
    id: Option<SchemaId>,
    module: Arc<str>,
    name: Arc<str>,
    /// The targets that may be this node or in it; its keys decide.
    candidates: Vec<Candidate>,
    /// Texts of leaves in it that are keys.
    keys: Vec<(Arc<str>, String)>,
    /// How many children of each name that count have begun.
    counts: HashMap<(Arc<str>, Arc<str>), usize>,
    /// Which of its name it is, from 1.
    place: usize,
    /// How far each target leads in this node, and where to.
    found: HashMap<usize, (usize, usize)>,
}

impl<'s> Finder<'s> {
    fn new(schema: &'s Schema, paths: &[ErrorPath]) -> Finder<'s> {
        let targets: Vec<Vec<Step>> = paths.iter().map(|path| steps(&path.0)).collect();
        let root = Frame {
            id: Some(SchemaId::ROOT),
            candidates: (0..targets.len()).map(|target| (target, 0)).collect(),
            ..Frame::default()
        };
        Finder {
            schema,
            targets,
            frames: vec![root],
        }
    }

    pub(crate) fn schema(&self) -> &'s Schema {
        self.schema
    }

    fn top(&mut self) -> &mut Frame {
        // The root is never closed.
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The schema node of the innermost open node, as far as it is known.
    pub(crate) fn id(&self) -> Option<SchemaId> {
        self.frames.last().and_then(|frame| frame.id)
    }

    /// The module of the innermost open node.
    pub(crate) fn module(&self) -> Arc<str> {
        self.frames
            .last()
            .map_or_else(Arc::default, |frame| frame.module.clone())
    }

    /// A node begins below the innermost open one. Whether anything in it or about it matters; if not, it is passed
    /// over, and not closed.
    pub(crate) fn open(&mut self, module: Option<&str>, name: &str, offset: usize) -> bool {
        let is_root = self.frames.len() == 1 || self.frames.iter().all(|it| it.name.is_empty());
        let schema = self.schema;
        let module = module.unwrap_or_default();
        let id = self
            .id()
            .and_then(|parent| child(schema, parent, module, name));
        let targets = &self.targets;
        let last = self.frames.len() - 1;
        let parent = &mut self.frames[last];
        let fits = |(target, depth): &Candidate| {
            let step = targets[*target].get(*depth)?;
            (*step.module == *module && *step.name == *name).then_some((*target, depth + 1))
        };
        let candidates: Vec<Candidate> = parent.candidates.iter().filter_map(fits).collect();
        let is_key = parent.candidates.iter().any(|(target, depth)| {
            let step = depth.checked_sub(1).and_then(|at| targets[*target].get(at));
            matches!(step, Some(Step { which: Which::Keys(keys), .. }) if keys.iter().any(|(key, _)| **key == *name))
        });
        if candidates.is_empty() && !is_key {
            // What stands around the data, as <config> does.
            if is_root && id.is_none() {
                let candidates = parent.candidates.clone();
                self.frames.push(Frame {
                    id: Some(SchemaId::ROOT),
                    candidates,
                    ..Frame::default()
                });
                return true;
            }
            return false;
        }
        let (module, name): (Arc<str>, Arc<str>) = (module.into(), name.into());
        let count = parent
            .counts
            .entry((module.clone(), name.clone()))
            .or_default();
        *count += 1;
        let place = *count;
        let found = candidates.iter();
        let found = found.map(|(target, depth)| (*target, (*depth, offset)));
        self.frames.push(Frame {
            id,
            module,
            name,
            found: found.collect(),
            candidates,
            place,
            ..Frame::default()
        });
        true
    }

    /// The innermost open node ends; for a leaf or an entry of a leaf-list with its canonical text, in the spelling of
    /// JSON.
    pub(crate) fn close(&mut self, text: &str) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let is_wrapper = frame.name.is_empty();
        let fits = |(target, depth): Candidate| {
            let step = depth
                .checked_sub(1)
                .and_then(|at| self.targets[target].get(at));
            match step.map(|step| &step.which) {
                Some(Which::Keys(keys)) => keys.iter().all(|key| frame.keys.contains(key)),
                Some(Which::Value(value)) => value == text,
                Some(Which::Place(place)) => frame.place == *place,
                Some(Which::Only) | None => true,
            }
        };
        let open = frame.candidates.iter().copied();
        let that_fit: Vec<usize> = open
            .filter(|candidate| is_wrapper || fits(*candidate))
            .map(|(target, _)| target)
            .collect();
        let parent = self.top();
        for target in that_fit {
            let Some((depth, offset)) = frame.found.get(&target) else {
                continue;
            };
            let known = parent.found.get(&target).map_or(0, |(depth, _)| *depth);
            if *depth > known {
                parent.found.insert(target, (*depth, *offset));
            }
        }
        if !is_wrapper {
            parent.keys.push((frame.name, text.to_owned()));
        }
    }

    /// How far the steps of each target lead, and the offset there.
    fn finish(mut self) -> Vec<Option<(usize, usize)>> {
        // A document that breaks off says what it has said.
        while self.frames.len() > 1 {
            self.close("");
        }
        let root = self.frames.pop().unwrap_or_default();
        let targets = 0..self.targets.len();
        targets
            .map(|target| root.found.get(&target).copied())
            .collect()
    }
}

/// The schema node of a name below another, those of operations included.
fn child(schema: &Schema, parent: SchemaId, module: &str, name: &str) -> Option<SchemaId> {
    let module = schema.module_by_name(module)?;
    schema.data_child(parent, module, name).or_else(|| {
        let id = schema.schema_child(parent, module, name)?;
        let inner = match schema.node(id).kind {
            NodeKind::Rpc | NodeKind::Action => crate::operation::input(schema, id).unwrap_or(id),
            NodeKind::Notification => id,
            _ => return None,
        };
        Some(inner)
    })
}

/// The steps of a path as messages have it.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut module: Arc<str> = Arc::default();
    let mut rest = path;
    while let Some(step) = rest.strip_prefix('/') {
        let end = step.find(['/', '[']).unwrap_or(step.len());
        let (name, mut tail) = step.split_at(end);
        let name = match name.split_once(':') {
            Some((its, name)) => {
                module = its.into();
                name
            }
            None => name,
        };
        let mut which = Which::Only;
        while let Some(predicate) = tail.strip_prefix('[') {
            let Some(after) = predicate_of(predicate, &mut which) else {
                return steps;
            };
            tail = after;
        }
        steps.push(Step {
            module: module.clone(),
            name: name.into(),
            which,
        });
        rest = tail;
    }
    steps
}

/// Reads one predicate behind its bracket: what follows it.
fn predicate_of<'a>(text: &'a str, which: &mut Which) -> Option<&'a str> {
    let end = text.find(['=', ']'])?;
    let (name, rest) = (&text[..end], &text[end + 1..]);
    if text[end..].starts_with(']') {
        *which = Which::Place(name.parse().ok()?);
        return Some(rest);
    }
    let (quote, rest) = rest.split_at_checked(1)?;
    let (literal, after) = rest.split_once(&format!("{quote}]"))?;
    let literal = literal.to_owned();
    match (name, &mut *which) {
        (".", _) => *which = Which::Value(literal),
        (name, Which::Keys(keys)) => keys.push((name.into(), literal)),
        (name, _) => *which = Which::Keys(vec![(name.into(), literal)]),
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::outline::outline;

    const MODEL: &str = "
container ifs
  list if key=\"name unit\"
    leaf name
    leaf unit type=uint32
    leaf mtu type=uint32
    leaf-list tag
    list sub key=id
      leaf id
      leaf v
leaf top
";

    #[track_caller]
    fn found(form: Form, text: &str, path: &str) -> (u32, u32) {
        let schema = outline(MODEL);
        let error = DataError::new(ErrorKind::MustViolation, ErrorPath(path.into()), "");
        let mut errors = [error];
        locate(form, &schema, text.as_bytes(), &mut errors);
        let at = errors[0]
            .position
            .unwrap_or(Position { line: 0, column: 0 });
        (at.line, at.column)
    }

    const XML: &str = r#"<data>
 <ifs xmlns="urn:t">
  <if><name>a</name><unit>1</unit><mtu>1</mtu></if>
  <if>
   <mtu>7</mtu><tag>x</tag>
   <tag>y</tag>
   <sub><v>1</v><id>a/b</id></sub>
   <unit>+2</unit><name>a</name>
  </if>
 </ifs>
 <top xmlns="urn:t">1</top>
</data>"#;

    const JSON: &str = r#"{
 "t:ifs": {
  "if": [
   {"name": "a", "unit": 1, "mtu": 1},
   {
    "mtu": 7, "@mtu": {"x:y": "1"}, "tag": ["x",
     "y"],
    "sub": [{"v": "1", "id": "a\/b"}],
    "unit": 2, "name": "a"
   }
  ]
 },
 "t:top": "1"
}"#;

    #[test]
    fn an_instance_is_found_by_its_keys_wherever_they_stand() {
        let entry = "/t:ifs/if[name='a'][unit='2']";
        for (path, xml, json) in [
            (entry.to_owned(), (4, 3), (5, 4)),
            (format!("{entry}/mtu"), (5, 4), (6, 5)),
            (format!("{entry}/tag[.='y']"), (6, 4), (7, 6)),
            (format!("{entry}/sub[id='a/b']/v"), (7, 9), (8, 14)),
            (
                "/t:ifs/if[name='a'][unit='1']/mtu".to_owned(),
                (3, 35),
                (4, 29),
            ),
            ("/t:top".to_owned(), (11, 2), (13, 2)),
        ] {
            assert_eq!(found(Form::Xml, XML, &path), xml, "{path}");
            assert_eq!(found(Form::Json, JSON, &path), json, "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_where_its_parent_is() {
        let missing = "/t:ifs/if[name='a'][unit='2']/sub[id='b']/v";
        assert_eq!(found(Form::Xml, XML, missing), (4, 3));
        assert_eq!(found(Form::Json, JSON, missing), (5, 4));
        assert_eq!(
            found(Form::Xml, XML, "/t:ifs/if[name='z'][unit='1']"),
            (2, 2)
        );
        assert_eq!(found(Form::Xml, XML, "/t:other"), (0, 0));
    }
}

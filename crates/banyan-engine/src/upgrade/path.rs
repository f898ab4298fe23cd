//! Paths of migration rules: `/module:a/b[key='value']/*`, absolute, without a schema.
//!
//! A name without a module has that of the step before it; the first one that of the rule. A path names all instances
//! that fit.

use std::sync::Arc;

use banyan_data::path::literal;
use banyan_data::untyped::{Document, Element};

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub module: Arc<str>,
    /// `*` for any name of the module.
    pub name: Arc<str>,
    pub predicates: Vec<Predicate>,
}

/// `[name='value']`, or `[.='value']` with an empty name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Predicate {
    pub module: Arc<str>,
    pub name: Arc<str>,
    pub value: String,
}

/// A path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RulePath {
    pub steps: Vec<Step>,
}

impl Step {
    /// Whether it names the element.
    pub fn fits(&self, element: &Element) -> bool {
        *element.module == *self.module
            && (&*self.name == "*" || *element.name == *self.name)
            && self.predicates.iter().all(|it| it.holds(element))
    }

    /// A new element that the step names: with what its predicates say.
    pub fn made(&self) -> Element {
        let mut made = Element::new(self.module.clone(), self.name.clone());
        for predicate in &self.predicates {
            if predicate.name.is_empty() {
                made.text = predicate.value.clone();
                continue;
            }
            let key = Element::new(predicate.module.clone(), predicate.name.clone());
            made.children.push(key.with_text(predicate.value.clone()));
        }
        made
    }
}

impl Predicate {
    fn holds(&self, element: &Element) -> bool {
        if self.name.is_empty() {
            return element.text == self.value;
        }
        element
            .children
            .iter()
            .any(|child| child.is(&self.module, &self.name) && child.text == self.value)
    }
}

impl RulePath {
    /// Reads a path; `module` is that of names at the top without one.
    ///
    /// # Errors
    /// What is wrong, in a sentence about the path.
    pub fn parse(text: &str, module: &str) -> Result<RulePath, String> {
        let mut reader = Reader { rest: text.trim() };
        let mut module: Arc<str> = module.into();
        let mut steps = Vec::new();
        if reader.rest == "/" {
            return Ok(RulePath { steps });
        }
        while !reader.rest.is_empty() {
            reader.take('/').map_err(|()| {
                format!(
                    "`/` is missing before `{}`; write /module:name/name",
                    reader.rest
                )
            })?;
            let (prefix, name) = reader.name()?;
            if let Some(prefix) = prefix {
                module = prefix.into();
            }
            let mut step = Step {
                module: module.clone(),
                name: name.into(),
                predicates: Vec::new(),
            };
            while reader.take('[').is_ok() {
                step.predicates.push(reader.predicate(&module)?);
            }
            steps.push(step);
        }
        match steps.is_empty() {
            true => Err("it is empty; write /module:name/name".to_owned()),
            false => Ok(RulePath { steps }),
        }
    }

    /// The places of all instances, in document order.
    pub fn instances(&self, document: &Document) -> Vec<Vec<usize>> {
        let mut found = vec![Vec::new()];
        for step in &self.steps {
            let mut next = Vec::new();
            for places in found {
                let children = document.at(&places).map_or(&[][..], |it| &it.children);
                for (place, child) in children.iter().enumerate() {
                    if step.fits(child) {
                        let mut places = places.clone();
                        places.push(place);
                        next.push(places);
                    }
                }
            }
            found = next;
        }
        found
    }

    /// The path of the parent, and the last step.
    pub fn split_last(&self) -> Option<(RulePath, &Step)> {
        let (last, before) = self.steps.split_last()?;
        let steps = before.to_vec();
        Some((RulePath { steps }, last))
    }

    /// How many steps both begin with by name: instances of one are inside of the same instances of the other.
    pub fn shared_with(&self, other: &RulePath) -> usize {
        let same = |(a, b): &(&Step, &Step)| {
            a.module == b.module
                && a.name == b.name
                && (b.predicates.is_empty() || a.predicates == b.predicates)
        };
        self.steps.iter().zip(&other.steps).take_while(same).count()
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: char) -> Result<(), ()> {
        self.rest = self.rest.strip_prefix(wanted).ok_or(())?;
        Ok(())
    }

    /// `name` or `module:name`.
    fn name(&mut self) -> Result<(Option<&'a str>, &'a str), String> {
        let part = |c: char| c.is_alphanumeric() || "_-.:*".contains(c);
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        let (module, local) = match name.split_once(':') {
            Some((module, local)) => (Some(module), local),
            None => (None, name),
        };
        let wrong = local.is_empty() || local.contains(':') || module == Some("");
        match wrong || (local.contains('*') && local != "*") {
            true => Err(format!("`{name}` is no name; write name, module:name or *")),
            false => Ok((module, local)),
        }
    }

    /// What stands behind `[`.
    fn predicate(&mut self, module: &Arc<str>) -> Result<Predicate, String> {
        let shape = || "a predicate is not [name='value'] or [.='value']".to_owned();
        let (prefix, name) = match self.take('.') {
            Ok(()) => (None, ""),
            Err(()) => self.name()?,
        };
        self.take('=').map_err(|()| shape())?;
        let (value, rest) = literal::read(self.rest).map_err(|_| shape())?;
        let value = value.into_owned();
        self.rest = rest;
        self.take(']').map_err(|()| shape())?;
        Ok(Predicate {
            module: prefix.map_or_else(|| module.clone(), Arc::from),
            name: name.into(),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use banyan_data::document::Limits;
    use banyan_data::untyped::KnownModules;

    use super::*;

    #[test]
    fn a_path_finds_all_instances_that_fit() {
        let text = "<l xmlns=\"m\"><k>a</k><v>1</v></l><l xmlns=\"m\"><k>b</k><v>2</v><v>3</v></l>";
        let limits = Limits::default();
        let document = Document::read(text.as_bytes(), KnownModules::default(), &limits).unwrap();
        let found = |path: &str| RulePath::parse(path, "m").unwrap().instances(&document);
        assert_eq!(found("/l/v"), [vec![0, 1], vec![1, 1], vec![1, 2]]);
        assert_eq!(found("/m:l[k='b']/v[.='3']"), [vec![1, 2]]);
        assert_eq!(found("/l[k=\"a\"]/*"), [vec![0, 0], vec![0, 1]]);
        assert!(found("/other:l").is_empty());
        assert_eq!(found("/"), [Vec::<usize>::new()]);
    }

    #[test]
    fn what_is_no_path_is_told() {
        let wrong = |path: &str| RulePath::parse(path, "m").unwrap_err();
        assert!(wrong("a/b").contains("`/` is missing"));
        assert!(wrong("").contains("empty"));
        assert!(wrong("/a[k]").contains("predicate"));
        assert!(wrong("/a[k='x]").contains("predicate"));
        assert!(wrong("/a//b").contains("no name"));
        assert!(wrong("/a:b:c").contains("no name"));
    }
}

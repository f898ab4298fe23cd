//! The grammar of instance-identifiers (RFC 7950 14, `instance-identifier`), which XPath and RFC 7951 share:
//! names in steps, predicates in brackets, values in quotes.

use std::borrow::Cow;

use super::resolve::{PathError, Resolver};
use super::{InstancePath, Select, literal};
use crate::value::Value;

/// Reads the whole text; one that begins with a name is taken as absolute too.
pub(super) fn parse(text: &str, mut resolver: Resolver<'_>) -> Result<InstancePath, PathError> {
    let mut scanner = Scanner { rest: text.trim() };
    if matches!(scanner.rest, "" | "/") {
        return Ok(resolver.finish());
    }
    let mut first = true;
    while !scanner.rest.is_empty() {
        if !scanner.take("/") && !first {
            return Err(resolver.wrong(format!("/ is missing before {:?}", scanner.rest)));
        }
        first = false;
        let (prefix, name) = scanner.name(&resolver)?;
        resolver.enter(prefix, name)?;
        predicates(&mut scanner, &mut resolver)?;
    }
    Ok(resolver.finish())
}

fn predicates(scanner: &mut Scanner<'_>, resolver: &mut Resolver<'_>) -> Result<(), PathError> {
    let mut keys: Vec<Option<Value>> = vec![None; resolver.key_count()];
    while scanner.take("[") {
        scanner.blanks();
        if scanner
            .rest
            .starts_with(|first: char| first.is_ascii_digit())
        {
            let digits = scanner.word(resolver)?;
            match digits.parse() {
                Ok(position) => resolver.select(Select::Position(position))?,
                Err(_) => return Err(resolver.wrong(format!("{digits} is not a position"))),
            }
        } else if scanner.take(".") {
            let literal = scanner.equals_literal(resolver)?;
            let value = resolver.value(resolver.node(), &literal)?;
            resolver.select(Select::Value(value))?;
        } else {
            let (prefix, name) = scanner.name(resolver)?;
            let index = resolver.key(prefix, name)?;
            let key = resolver.schema().node(resolver.node()).keys()[index];
            let literal = scanner.equals_literal(resolver)?;
            if keys[index]
                .replace(resolver.value(key, &literal)?)
                .is_some()
            {
                return Err(resolver.wrong(format!("the key {name} is given twice")));
            }
        }
        scanner.blanks();
        scanner.expect("]", resolver)?;
    }
    let wanted = keys.len();
    let given: Vec<Value> = keys.into_iter().flatten().collect();
    match given.len() {
        0 => Ok(()),
        len if len == wanted => resolver.select(Select::Keys(given)),
        _ => {
            let schema = resolver.schema();
            let list = schema.node(resolver.node());
            let names = list.keys().iter().map(|key| &*schema.node(*key).name);
            let names: Vec<&str> = names.collect();
            Err(resolver.wrong(format!(
                "list {} needs a predicate for each of its keys: {}",
                list.name,
                names.join(", ")
            )))
        }
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str, resolver: &Resolver<'_>) -> Result<(), PathError> {
        if self.take(token) {
            return Ok(());
        }
        Err(resolver.wrong(match self.rest {
            "" => format!("{token} is missing at the end"),
            rest => format!("{token} is missing before {rest:?}"),
        }))
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn word(&mut self, resolver: &Resolver<'_>) -> Result<&'a str, PathError> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let length = self.rest.bytes().position(|byte| !is_part(byte));
        let (word, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        if word.is_empty() {
            return Err(resolver.wrong(match rest {
                "" => "a name is missing at the end".to_owned(),
                rest => format!("a name is missing before {rest:?}"),
            }));
        }
        self.rest = rest;
        Ok(word)
    }

    fn name(&mut self, resolver: &Resolver<'_>) -> Result<(Option<&'a str>, &'a str), PathError> {
        let first = self.word(resolver)?;
        if self.take(":") {
            return Ok((Some(first), self.word(resolver)?));
        }
        Ok((None, first))
    }

    fn equals_literal(&mut self, resolver: &Resolver<'_>) -> Result<Cow<'a, str>, PathError> {
        self.blanks();
        self.expect("=", resolver)?;
        self.blanks();
        let (literal, rest) = literal::read(self.rest)
            .map_err(|wrong| resolver.wrong(format!("{wrong} at {:?}", self.rest)))?;
        self.rest = rest;
        Ok(literal)
    }
}

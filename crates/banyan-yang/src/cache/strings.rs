//! Every string once: lengths first, then all characters in one piece, so that they are checked in one go.

use std::collections::HashMap;
use std::collections::btree_set::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Miss;
use super::bytes::{NONE, Reader, Writer};

/// Strings by content, as they come.
#[derive(Debug, Default)]
pub(super) struct StringsWriter<'s> {
    ids: HashMap<&'s str, u32>,
    all: Vec<&'s str>,
}

impl<'s> StringsWriter<'s> {
    pub(super) fn id(&mut self, text: &'s str) -> u32 {
        *self.ids.entry(text).or_insert_with(|| {
            self.all.push(text);
            self.all.len() as u32 - 1
        })
    }

    pub(super) fn optional(&mut self, text: Option<&'s Arc<str>>) -> u32 {
        text.map_or(NONE, |text| self.id(text))
    }

    pub(super) fn write(&self, body: &mut Writer) {
        body.count(self.all.len());
        for text in &self.all {
            body.count(text.len());
        }
        body.bytes(self.all.concat().as_bytes());
    }
}

/// Strings by number.
pub(super) struct Strings(Vec<Arc<str>>);

impl Strings {
    pub(super) fn read(body: &mut Reader<'_>) -> Result<Strings, Miss> {
        let lengths = body.items(Reader::u32)?;
        let mut rest = body.text()?;
        let mut all = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (text, after) = rest
                .split_at_checked(length as usize)
                .ok_or(Miss::Damaged)?;
            all.push(Arc::from(text));
            rest = after;
        }
        Ok(Strings(all))
    }

    pub(super) fn get(&self, id: u32) -> Result<&Arc<str>, Miss> {
        self.0.get(id as usize).ok_or(Miss::Damaged)
    }

    pub(super) fn next(&self, reader: &mut Reader<'_>) -> Result<Arc<str>, Miss> {
        self.get(reader.u32()?).cloned()
    }

    pub(super) fn next_optional(&self, reader: &mut Reader<'_>) -> Result<Option<Arc<str>>, Miss> {
        match reader.u32()? {
            NONE => Ok(None),
            id => self.get(id).cloned().map(Some),
        }
    }
}

/// How many names of rules, and how long, a program may have; we have some two hundred.
const MAX_RULES: usize = 2048;
const MAX_RULE: usize = 80;

/// Names of rules live as long as the program, in a [`crate::diagnostic::Diagnostic`] as in a file that was read: each
/// is kept once, and there is a limit to them.
pub(super) fn rule(text: &str) -> Result<&'static str, Miss> {
    static RULES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    // An insertion is whole or has not been.
    let mut rules = RULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = rules.get(text) {
        return Ok(known);
    }
    if rules.len() >= MAX_RULES || text.len() > MAX_RULE {
        return Err(Miss::Damaged);
    }
    let kept: &'static str = Box::leak(Box::from(text));
    rules.insert(kept);
    Ok(kept)
}

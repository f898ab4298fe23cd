//! From the text of an XSD regular expression to HIR (XML Schema part 2, appendix F).
//!
//! Departs from the letter in two harmless ways that published modules rely on: any ASCII punctuation may
//! be escaped (`\/`, `\$`), and a `-` in a class that cannot make a range stands for itself wherever it is.

use std::collections::{HashMap, HashSet};

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::class::{multi_character, negated, property, wildcard};
use super::{PatternError, PatternProblem, Syntax};

/// How deep groups and subtracted classes may nest.
pub const MAX_DEPTH: usize = 100;

/// How large an expression may grow: the character ranges in it, each counted as often as the quantifiers
/// around it repeat it.
pub const MAX_WEIGHT: u64 = 400_000;

const TOO_LARGE: PatternProblem = PatternProblem::TooLarge { limit: MAX_WEIGHT };

/// Parses a whole expression, without anchors.
pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Hir, PatternError> {
    let mut parser = Parser {
        text,
        syntax,
        at: 0,
        depth: 0,
        sets: HashMap::new(),
    };
    let whole = parser.alternatives()?;
    match parser.peek() {
        None => Ok(whole.hir),
        // `alternatives` stops at nothing else.
        Some(_) => Err(parser.error(PatternProblem::ClosedGroup)),
    }
}

/// An expression and its weight (see [`MAX_WEIGHT`]).
struct Weighed {
    hir: Hir,
    weight: u64,
}

impl Weighed {
    fn class(class: ClassUnicode) -> Self {
        let weight = class.ranges().len().max(1) as u64;
        Self {
            hir: Hir::class(Class::Unicode(class)),
            weight,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    syntax: Syntax,
    at: usize,
    depth: usize,
    /// The sets that escapes stand for, as they are written: each is put together once.
    sets: HashMap<&'a str, ClassUnicode>,
}

/// What stands at one place of a character class.
enum Member {
    Char(char),
    Set(ClassUnicode),
}

/// What stands in a class. Its ranges are put in order once: for each by itself all others would be gone over.
#[derive(Default)]
struct Members<'a> {
    ranges: Vec<ClassUnicodeRange>,
    /// The sets that are among the ranges, as they are written.
    sets: HashSet<&'a str>,
}

impl<'a> Members<'a> {
    fn add_set(&mut self, written: &'a str, set: &ClassUnicode) {
        if self.sets.insert(written) {
            self.ranges.extend(set.ranges());
        }
    }

    fn class(self) -> ClassUnicode {
        ClassUnicode::new(self.ranges)
    }
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn advance(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.advance(c);
        }
        found
    }

    fn error(&self, problem: PatternProblem) -> PatternError {
        error_at(self.at, problem)
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, PatternError>,
    ) -> Result<T, PatternError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(PatternProblem::TooDeep { limit: MAX_DEPTH }));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// `regExp ::= branch ( '|' branch )*`
    fn alternatives(&mut self) -> Result<Weighed, PatternError> {
        let mut branches = Vec::new();
        let mut weight: u64 = 0;
        loop {
            let start = self.at;
            let branch = self.branch()?;
            weight = weight.saturating_add(branch.weight);
            if weight > MAX_WEIGHT {
                return Err(error_at(start, TOO_LARGE));
            }
            branches.push(branch.hir);
            if !self.eat('|') {
                let hir = Hir::alternation(branches);
                return Ok(Weighed { hir, weight });
            }
        }
    }

    /// `branch ::= piece*`
    fn branch(&mut self) -> Result<Weighed, PatternError> {
        let mut pieces = Vec::new();
        let mut weight: u64 = 0;
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            let start = self.at;
            let piece = self.atom(c)?;
            let piece = self.quantified(piece, start)?;
            weight = weight.saturating_add(piece.weight);
            if weight > MAX_WEIGHT {
                return Err(error_at(start, TOO_LARGE));
            }
            pieces.push(piece.hir);
        }
        Ok(Weighed {
            hir: Hir::concat(pieces),
            weight,
        })
    }

    /// `atom ::= Char | charClass | ( '(' regExp ')' )`
    fn atom(&mut self, c: char) -> Result<Weighed, PatternError> {
        let start = self.at;
        match c {
            '?' | '*' | '+' => Err(self.error(PatternProblem::NothingToRepeat(c))),
            ']' => Err(self.error(PatternProblem::Bracket(c))),
            '(' => {
                self.advance(c);
                if self.peek() == Some('?') {
                    return Err(error_at(start, PatternProblem::SpecialGroup));
                }
                let inner = self.nested(Self::alternatives)?;
                if !self.eat(')') {
                    return Err(error_at(start, PatternProblem::OpenGroup));
                }
                Ok(inner)
            }
            '[' => {
                self.advance(c);
                let class = self.nested(|parser| parser.class(start))?;
                Ok(Weighed::class(class))
            }
            '.' => {
                self.advance(c);
                Ok(Weighed::class(wildcard()))
            }
            '\\' => Ok(match self.escape()? {
                Member::Char(c) => literal(c),
                Member::Set(class) => Weighed::class(class),
            }),
            '^' | '$' if self.syntax == Syntax::Posix => {
                self.advance(c);
                let look = if c == '^' { Look::Start } else { Look::End };
                Ok(Weighed {
                    hir: Hir::look(look),
                    weight: 1,
                })
            }
            // `{` and `}` are characters by production [10] where they are no quantity.
            _ => {
                self.advance(c);
                Ok(literal(c))
            }
        }
    }

    /// `piece ::= atom quantifier?`
    fn quantified(&mut self, atom: Weighed, start: usize) -> Result<Weighed, PatternError> {
        let (min, max) = match self.peek() {
            Some('{') => self.quantity()?,
            Some(c @ ('?' | '*' | '+')) => {
                self.advance(c);
                (u32::from(c == '+'), (c == '?').then_some(1))
            }
            _ => return Ok(atom),
        };
        let weight = atom
            .weight
            .max(1)
            .saturating_mul(u64::from(max.unwrap_or(min).max(1)));
        if weight > MAX_WEIGHT {
            return Err(error_at(start, TOO_LARGE));
        }
        let hir = Hir::repetition(Repetition {
            min,
            max,
            greedy: true,
            sub: Box::new(atom.hir),
        });
        match self.peek() {
            Some(c @ ('?' | '*' | '+' | '{')) => {
                Err(self.error(PatternProblem::DoubleQuantifier(c)))
            }
            _ => Ok(Weighed { hir, weight }),
        }
    }

    /// `'{' quantity '}'`
    fn quantity(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let start = self.at;
        let wrong = |problem| error_at(start, problem);
        let rest = &self.text[self.at + 1..];
        let length = rest
            .find('}')
            .ok_or_else(|| wrong(PatternProblem::Quantity))?;
        let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
            true if !digits.is_empty() => digits
                .parse::<u32>()
                .map_err(|_| wrong(PatternProblem::Count)),
            _ => Err(wrong(PatternProblem::Quantity)),
        };
        let bounds = match rest[..length].split_once(',') {
            None => {
                let exact = number(&rest[..length])?;
                (exact, Some(exact))
            }
            Some((least, "")) => (number(least)?, None),
            Some((least, greatest)) => {
                let (least, greatest) = (number(least)?, number(greatest)?);
                if least > greatest {
                    return Err(wrong(PatternProblem::QuantityOrder { least, greatest }));
                }
                (least, Some(greatest))
            }
        };
        self.at += length + 2;
        Ok(bounds)
    }

    /// What follows a backslash, in a class or outside: F.1.1.
    fn escape(&mut self) -> Result<Member, PatternError> {
        let start = self.at;
        self.advance('\\');
        let Some(letter) = self.peek() else {
            return Err(error_at(start, PatternProblem::OpenEscape));
        };
        self.advance(letter);
        Ok(match letter {
            'n' => Member::Char('\n'),
            'r' => Member::Char('\r'),
            't' => Member::Char('\t'),
            'p' | 'P' => {
                let name = self.property_name(start)?;
                self.set(start, || {
                    let class = property(name);
                    let class = if letter == 'P' {
                        class.map(negated)
                    } else {
                        class
                    };
                    class.ok_or_else(|| PatternProblem::UnknownProperty(name.to_owned()))
                })?
            }
            c if c.is_ascii_punctuation() => Member::Char(c),
            c if c.is_ascii_digit() => {
                return Err(error_at(start, PatternProblem::BackReference(c)));
            }
            c => self.set(start, || {
                multi_character(c).ok_or(PatternProblem::UnknownEscape(c))
            })?,
        })
    }

    /// The set that an escape stands for, which was read from `start`.
    fn set(
        &mut self,
        start: usize,
        make: impl FnOnce() -> Result<ClassUnicode, PatternProblem>,
    ) -> Result<Member, PatternError> {
        let written = &self.text[start..self.at];
        if let Some(known) = self.sets.get(written) {
            return Ok(Member::Set(known.clone()));
        }
        let made = make().map_err(|problem| error_at(start, problem))?;
        self.sets.insert(written, made.clone());
        Ok(Member::Set(made))
    }

    /// `'{' charProp '}'`
    fn property_name(&mut self, start: usize) -> Result<&'a str, PatternError> {
        let text: &'a str = self.text;
        let name = text[self.at..]
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .ok_or_else(|| error_at(start, PatternProblem::PropertyName))?;
        self.at += name.len() + 2;
        Ok(name)
    }

    /// `charGroup ']'`, behind the `[` that stood at `start`.
    fn class(&mut self, start: usize) -> Result<ClassUnicode, PatternError> {
        let negative = self.eat('^');
        let mut members = Members::default();
        let mut empty = true;
        loop {
            let Some(c) = self.peek() else {
                return Err(error_at(start, PatternProblem::OpenClass));
            };
            if c == ']' {
                if empty {
                    return Err(error_at(start, PatternProblem::EmptyClass));
                }
                self.advance(c);
                return Ok(signed(members.class(), negative));
            }
            if c == '-' && !empty && self.text[self.at + 1..].starts_with('[') {
                return self.subtraction(signed(members.class(), negative));
            }
            empty = false;
            let escape = self.at;
            match self.member(c)? {
                Member::Set(set) => members.add_set(&self.text[escape..self.at], &set),
                Member::Char(from) => {
                    let to = self.range_end(from)?;
                    members.ranges.push(ClassUnicodeRange::new(from, to));
                }
            }
        }
    }

    /// `'-' charClassExpr ']'`: F.1, class subtraction. The negation of the minuend comes first.
    fn subtraction(&mut self, mut minuend: ClassUnicode) -> Result<ClassUnicode, PatternError> {
        self.advance('-');
        let start = self.at;
        self.advance('[');
        let subtrahend = self.nested(|parser| parser.class(start))?;
        if !self.eat(']') {
            return Err(self.error(PatternProblem::AfterSubtraction));
        }
        minuend.difference(&subtrahend);
        Ok(minuend)
    }

    fn member(&mut self, c: char) -> Result<Member, PatternError> {
        match c {
            '\\' => self.escape(),
            '[' => Err(self.error(PatternProblem::Bracket(c))),
            _ => {
                self.advance(c);
                Ok(Member::Char(c))
            }
        }
    }

    /// The end of the range that begins with `from`: `from` itself if no range is written.
    fn range_end(&mut self, from: char) -> Result<char, PatternError> {
        let start = self.at;
        let mut ahead = self.text[self.at..].chars();
        let is_range = ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']' | '['));
        if !is_range {
            return Ok(from);
        }
        self.advance('-');
        let Some(c) = self.peek() else {
            return Ok(from);
        };
        match self.member(c)? {
            Member::Char(to) if from <= to => Ok(to),
            Member::Char(to) => Err(error_at(start, PatternProblem::RangeOrder { from, to })),
            Member::Set(_) => Err(error_at(start, PatternProblem::RangeEnd)),
        }
    }
}

fn signed(class: ClassUnicode, negative: bool) -> ClassUnicode {
    if negative { negated(class) } else { class }
}

fn literal(c: char) -> Weighed {
    let mut bytes = [0; 4];
    let text = c.encode_utf8(&mut bytes);
    Weighed {
        hir: Hir::literal(text.as_bytes()),
        weight: 1,
    }
}

fn error_at(offset: usize, problem: PatternProblem) -> PatternError {
    PatternError { offset, problem }
}

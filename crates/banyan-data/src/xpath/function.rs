//! The function library of XPath 1.0 (section 4); YANG's own functions are in `yang_function`.

use std::collections::HashMap;

use banyan_yang::xpath::{Function, PlanExpr};

use super::evaluation::{Evaluation, Focus};
use super::session::Stop;
use super::value::{XValue, number_of, round};
use crate::cursor::Cursor;

impl<'t> Evaluation<'t, '_> {
    /// The value of a function call. The parser has checked the number of arguments.
    pub(super) fn call(
        &self,
        function: Function,
        args: &[PlanExpr],
        focus: &Focus<'t>,
    ) -> Result<XValue<'t>, Stop> {
        let call = Call {
            evaluation: self,
            function,
            args,
            focus,
        };
        Ok(match function {
            Function::Last => XValue::Number(focus.size as f64),
            Function::Position => XValue::Number(focus.position as f64),
            Function::Count => XValue::Number(call.nodes(0)?.len() as f64),
            // RFC 7950 6.4.1: data have no attributes, and so no identifiers and no languages.
            Function::Id => XValue::Nodes(Vec::new()),
            Function::Lang => XValue::Boolean(false),
            Function::LocalName => XValue::String(call.node_name(|_, local| local.to_owned())?),
            Function::NamespaceUri => XValue::String(call.node_name(|node, _| {
                let schema = node.schema();
                schema
                    .module(node.frame().named().module)
                    .namespace
                    .to_string()
            })?),
            Function::Name => XValue::String(call.node_name(|node, local| {
                let schema = node.schema();
                let prefix = &schema.module(node.frame().named().module).prefix;
                format!("{prefix}:{local}")
            })?),
            Function::String => XValue::String(call.text_or_context()?),
            Function::Concat => {
                let mut text = String::new();
                for index in 0..args.len() {
                    text.push_str(&call.text(index)?);
                }
                XValue::String(text)
            }
            Function::StartsWith => XValue::Boolean(call.text(0)?.starts_with(&call.text(1)?)),
            Function::Contains => XValue::Boolean(call.text(0)?.contains(&call.text(1)?)),
            Function::SubstringBefore => {
                let (text, separator) = (call.text(0)?, call.text(1)?);
                let before = text.split_once(&separator).map(|(before, _)| before);
                XValue::String(before.unwrap_or_default().to_owned())
            }
            Function::SubstringAfter => {
                let (text, separator) = (call.text(0)?, call.text(1)?);
                let after = text.split_once(&separator).map(|(_, after)| after);
                XValue::String(after.unwrap_or_default().to_owned())
            }
            Function::Substring => {
                let length = match args.len() {
                    3 => Some(call.number(2)?),
                    _ => None,
                };
                XValue::String(substring(&call.text(0)?, call.number(1)?, length))
            }
            Function::StringLength => {
                XValue::Number(call.text_or_context()?.chars().count() as f64)
            }
            Function::NormalizeSpace => {
                let text = call.text_or_context()?;
                let words = text
                    .split([' ', '\t', '\r', '\n'])
                    .filter(|word| !word.is_empty());
                XValue::String(words.collect::<Vec<_>>().join(" "))
            }
            Function::Translate => {
                XValue::String(translate(&call.text(0)?, &call.text(1)?, &call.text(2)?))
            }
            Function::Boolean => XValue::Boolean(call.boolean(0)?),
            Function::Not => XValue::Boolean(!call.boolean(0)?),
            Function::True => XValue::Boolean(true),
            Function::False => XValue::Boolean(false),
            Function::Number if args.is_empty() => {
                XValue::Number(number_of(&self.string_of(&focus.node)?))
            }
            Function::Number => XValue::Number(call.number(0)?),
            Function::Sum => {
                let mut sum = 0.0;
                for node in call.nodes(0)? {
                    sum += number_of(&self.string_of(&node)?);
                }
                XValue::Number(sum)
            }
            Function::Floor => XValue::Number(call.number(0)?.floor()),
            Function::Ceiling => XValue::Number(call.number(0)?.ceil()),
            Function::Round => XValue::Number(round(call.number(0)?)),
            // RFC 7950 10.1.1
            Function::Current => XValue::Nodes(vec![self.current.clone()]),
            // RFC 7950 10.2.1
            Function::ReMatch => XValue::Boolean(
                self.session
                    .pattern(&call.text(1)?)?
                    .is_match(&call.text(0)?),
            ),
            Function::Deref => XValue::Nodes(self.deref(&call.nodes(0)?)?),
            Function::DerivedFrom => {
                self.derived_from_named(&call.nodes(0)?, &call.text(1)?, false)
            }
            Function::DerivedFromOrSelf => {
                self.derived_from_named(&call.nodes(0)?, &call.text(1)?, true)
            }
            Function::EnumValue => {
                XValue::Number(super::yang_function::enum_value(&call.nodes(0)?))
            }
            Function::BitIsSet => XValue::Boolean(super::yang_function::bit_is_set(
                &call.nodes(0)?,
                &call.text(1)?,
            )),
        })
    }
}

/// A call with what its arguments need to be evaluated.
struct Call<'a, 't, 'e> {
    evaluation: &'a Evaluation<'t, 'e>,
    function: Function,
    args: &'a [PlanExpr],
    focus: &'a Focus<'t>,
}

/// Stands for an argument that is not there; the parser lets no such call pass.
const ABSENT: PlanExpr = PlanExpr::Number(f64::NAN);

impl<'t> Call<'_, 't, '_> {
    fn arg(&self, index: usize) -> &PlanExpr {
        self.args.get(index).unwrap_or(&ABSENT)
    }

    fn text(&self, index: usize) -> Result<String, Stop> {
        self.evaluation.text(self.arg(index), self.focus)
    }

    fn number(&self, index: usize) -> Result<f64, Stop> {
        self.evaluation.number(self.arg(index), self.focus)
    }

    fn boolean(&self, index: usize) -> Result<bool, Stop> {
        self.evaluation.test(self.arg(index), self.focus)
    }

    fn nodes(&self, index: usize) -> Result<Vec<Cursor<'t>>, Stop> {
        let what = self.function.name();
        self.evaluation.nodes(self.arg(index), self.focus, what)
    }

    fn text_or_context(&self) -> Result<String, Stop> {
        match self.args {
            [] => self.evaluation.string_of(&self.focus.node),
            [text, ..] => self.evaluation.text(text, self.focus),
        }
    }

    /// Something about the name of the first node of the argument, or of the context node.
    fn node_name(&self, of: impl Fn(&Cursor<'t>, &str) -> String) -> Result<String, Stop> {
        let node = match self.args {
            [] => Some(self.focus.node.clone()),
            _ => self.nodes(0)?.into_iter().next(),
        };
        let named = node.filter(|node| !matches!(node.frame().place(), crate::frame::Place::Text));
        Ok(match &named {
            Some(node) if !node.frame().named().name.is_empty() => {
                of(node, &node.frame().named().name)
            }
            _ => String::new(),
        })
    }
}

/// Characters from position `start`, counted from 1, as many as `length`; both rounded (section 4.2).
fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let first = round(start);
    let end = length.map_or(f64::INFINITY, |length| first + round(length));
    // NaN compares false with everything: the result is empty then.
    text.chars()
        .enumerate()
        .filter(|(index, _)| {
            let position = *index as f64 + 1.0;
            position >= first && position < end
        })
        .map(|(_, character)| character)
        .collect()
}

/// Characters of `from` become those at the same place in `to`, or vanish; the first occurrence counts.
fn translate(text: &str, from: &str, to: &str) -> String {
    let mut images: HashMap<char, Option<char>> = HashMap::new();
    let mut to = to.chars();
    for character in from.chars() {
        let image = to.next();
        images.entry(character).or_insert(image);
    }
    text.chars()
        .filter_map(|character| images.get(&character).copied().unwrap_or(Some(character)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substring_rounds_as_the_recommendation_shows() {
        let nan = f64::NAN;
        for (start, length, result) in [
            (1.5, Some(2.6), "234"),
            (0.0, Some(3.0), "12"),
            (nan, Some(3.0), ""),
            (1.0, Some(nan), ""),
            (-42.0, Some(f64::INFINITY), "12345"),
            (f64::NEG_INFINITY, Some(f64::INFINITY), ""),
            (2.0, None, "2345"),
        ] {
            assert_eq!(
                substring("12345", start, length),
                result,
                "{start} {length:?}"
            );
        }
    }

    #[test]
    fn translate_replaces_and_removes() {
        assert_eq!(translate("bar", "abc", "ABC"), "BAr");
        assert_eq!(translate("--aaa--", "abc-", "ABC"), "AAA");
        assert_eq!(translate("aa", "aa", "xy"), "xx");
    }
}

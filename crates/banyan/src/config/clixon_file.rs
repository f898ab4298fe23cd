//! Reads a Clixon configuration, `<clixon-config xmlns="http://clicon.org/config">`, into settings.

use std::path::Path;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::key::{Clixon, Key};
use super::options::{self, ClixonOption, Fate};
use super::problem::{Origin, Problem, Text};
use super::settings::{SetAside, Settings, Word};
use super::table::{self, KEYS};

/// The namespace of the configuration.
pub const NAMESPACE: &str = "http://clicon.org/config";

/// Reads one file.
pub fn read(text: &Text, base: &Arc<Path>, settings: &mut Settings) {
    let mut reader = Reader {
        text,
        base,
        settings,
    };
    if let Err(problem) = reader.document() {
        reader.settings.problem(*problem);
        reader.settings.unread = true;
    }
}

/// A child of the root.
struct Element {
    name: String,
    ours: bool,
    at: usize,
    depth: usize,
    text: String,
    text_at: Option<usize>,
    /// The elements right inside, with their texts.
    children: Vec<(String, String, usize)>,
}

struct Reader<'a> {
    text: &'a Text,
    base: &'a Arc<Path>,
    settings: &'a mut Settings,
}

type Outcome<T> = Result<T, Box<Problem>>;

impl Reader<'_> {
    fn error<T>(&self, at: usize, message: impl Into<String>, remedy: &str) -> Outcome<T> {
        let problem = Problem::error(self.text.origin(at), message);
        Err(Box::new(match remedy {
            "" => problem,
            remedy => problem.remedy(remedy),
        }))
    }

    fn document(&mut self) -> Outcome<()> {
        let source = self.text.text.clone();
        let mut xml = NsReader::from_str(&source);
        xml.config_mut().expand_empty_elements = true;
        let mut root = false;
        let mut ended = false;
        let mut element: Option<Element> = None;
        loop {
            let at = usize::try_from(xml.buffer_position()).unwrap_or(usize::MAX);
            let event = match xml.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = usize::try_from(xml.error_position()).unwrap_or(at);
                    return self.error(at, format!("this is not well-formed XML: {error}"), "");
                }
            };
            match event {
                Event::Start(start) if !root => {
                    self.root(at, &xml, &start)?;
                    root = true;
                }
                Event::Start(start) if ended => {
                    return self.error(
                        at,
                        format!(
                            "<{}> stands behind the end of the document",
                            name_of(&start)
                        ),
                        "one file has one <clixon-config>",
                    );
                }
                Event::Start(start) => match &mut element {
                    Some(element) => {
                        if element.depth == 0 {
                            let name = start.local_name().as_ref().to_owned();
                            element.children.push((name, String::new(), at));
                        }
                        element.depth += 1;
                    }
                    None => {
                        let (namespace, local) = xml.resolver().resolve_element(start.name());
                        let ours = matches!(namespace, ResolveResult::Bound(it) if it.as_ref() == NAMESPACE);
                        element = Some(Element {
                            name: local.as_ref().to_owned(),
                            ours,
                            at,
                            depth: 0,
                            text: String::new(),
                            text_at: None,
                            children: Vec::new(),
                        });
                    }
                },
                Event::End(_) => match element.take() {
                    Some(mut inner) if inner.depth > 0 => {
                        inner.depth -= 1;
                        element = Some(inner);
                    }
                    Some(whole) => self.element(whole),
                    None => ended = true,
                },
                Event::Text(text) => {
                    self.chars(&mut element, at, &text)?;
                }
                Event::CData(text) => {
                    self.chars(&mut element, at, &text)?;
                }
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    match expanded(name) {
                        Some(letter) => self.chars(&mut element, at, &letter.to_string())?,
                        None => {
                            return self.error(
                                at,
                                format!("&{name}; is not defined in XML"),
                                "write & as &amp;",
                            );
                        }
                    }
                }
                Event::DocType(_) => {
                    return self.error(at, "a DOCTYPE is not accepted", "remove it");
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Empty(_) => {}
                Event::Eof => break,
            }
        }
        match (root, ended) {
            (true, true) => Ok(()),
            (true, false) => self.error(
                self.text.text.len(),
                "the file ends before </clixon-config>",
                "is it cut off?",
            ),
            (false, _) => self.error(
                0,
                "there is no element in this file",
                "the top element is <clixon-config xmlns=\"http://clicon.org/config\">",
            ),
        }
    }

    fn root(&mut self, at: usize, xml: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Outcome<()> {
        let (namespace, local) = xml.resolver().resolve_element(start.name());
        let bound = match namespace {
            ResolveResult::Bound(it) => it.as_ref().to_owned(),
            _ => String::new(),
        };
        let remedy = "the top element is <clixon-config xmlns=\"http://clicon.org/config\">";
        match (local.as_ref() == "clixon-config", bound.as_str()) {
            (true, NAMESPACE) => Ok(()),
            (true, "") => self.error(at, "<clixon-config> has no namespace", remedy),
            (true, other) => self.error(
                at,
                format!("<clixon-config> is in the namespace {other:?}"),
                remedy,
            ),
            (false, _) => self.error(
                at,
                format!("<{}> is no Clixon configuration", name_of(start)),
                remedy,
            ),
        }
    }

    fn chars(&mut self, element: &mut Option<Element>, at: usize, text: &str) -> Outcome<()> {
        match element {
            Some(element) if element.depth > 0 => {
                if let (1, Some((_, inner, _))) = (element.depth, element.children.last_mut()) {
                    inner.push_str(text);
                }
                Ok(())
            }
            Some(element) => {
                if element.text_at.is_none() && !text.trim().is_empty() {
                    let blanks = text.len() - text.trim_start().len();
                    element.text_at = Some(at + blanks);
                }
                element.text.push_str(text);
                Ok(())
            }
            None if text
                .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
                .is_empty() =>
            {
                Ok(())
            }
            None => self.error(
                at,
                format!("the text {:?} stands between options", text.trim()),
                "remove it, or make it a comment",
            ),
        }
    }

    fn element(&mut self, element: Element) {
        let origin = self.text.origin(element.at);
        let name = element.name.as_str();
        if let ("restconf" | "autocli", true) = (name, element.ours) {
            let reason = match name {
                "restconf" => "the RESTCONF server comes later",
                _ => "the interactive CLI comes later",
            };
            self.settings.set_aside.push(SetAside {
                name: name.to_owned(),
                text: String::new(),
                reason: reason.to_owned(),
                known: true,
            });
            let problem = Problem::warning(origin, format!("<{name}> has no effect yet: {reason}"));
            self.settings.problem(problem.about(name));
            return;
        }
        if !element.ours {
            let problem = Problem::warning(
                origin,
                format!("<{name}> is of another module than clixon-config, and is not read"),
            );
            self.settings.problem(problem.about(name));
            return;
        }
        let word = Word {
            text: element.text.trim().to_owned(),
            origin: self.text.origin(element.text_at.unwrap_or(element.at)),
            base: self.base.clone(),
        };
        if let Some(key) = table::by_clixon(name) {
            match (key.clixon, element.children.is_empty()) {
                (Clixon::Named(_), _) => self.named(key, &element, origin),
                (_, true) => self.settings.set_clixon(key, name, word),
                (_, false) => {
                    let message = format!("{name} has elements inside, and takes text");
                    self.settings
                        .problem(Problem::error(origin, message).about(name));
                }
            }
        } else {
            option(self.settings, name, word, origin);
        }
    }
}

impl Reader<'_> {
    /// An entry with the leaves `name` and `status`.
    fn named(&mut self, key: &'static Key, element: &Element, origin: Origin) {
        let leaf = |wanted: &str| element.children.iter().find(|(name, ..)| name == wanted);
        let (Some((_, store, _)), Some((_, status, at))) = (leaf("name"), leaf("status")) else {
            let message = format!("{} needs a name and a status", element.name);
            self.settings
                .problem(Problem::error(origin, message).about(&element.name));
            return;
        };
        // The name is an identity, which may have a prefix.
        let store = store.trim();
        let store = store.rsplit(':').next().unwrap_or(store);
        let word = Word {
            text: status.trim().to_owned(),
            origin: self.text.origin(*at),
            base: self.base.clone(),
        };
        self.settings.name(key, &element.name, store, word);
    }
}

/// An option that is no key: from a file or from `-o`. `origin` is the option's place, the word has its value's.
pub fn option(settings: &mut Settings, name: &str, word: Word, origin: Origin) {
    let Some(known) = options::option(name) else {
        let problem = Problem::warning(
            origin,
            format!("Clixon has no option {name}; it has no effect"),
        )
        .about(name);
        let (remedy, reason) = match nearest(name, names()) {
            Some(near) => (
                format!("did you mean {near}?"),
                format!("Clixon has no such option; did you mean {near}?"),
            ),
            None => (
                "`banyan config explain CLICON_` lists the options".to_owned(),
                "Clixon has no such option".to_owned(),
            ),
        };
        settings.problem(problem.remedy(remedy));
        settings.set_aside.push(SetAside {
            name: name.to_owned(),
            text: word.text,
            reason,
            known: false,
        });
        return;
    };
    judge(settings, known, &word, origin);
    settings.set_aside.push(SetAside {
        name: name.to_owned(),
        text: word.text,
        reason: known.reason.to_owned(),
        known: true,
    });
}

fn judge(settings: &mut Settings, known: &ClixonOption, word: &Word, origin: Origin) {
    let ClixonOption { name, reason, .. } = known;
    let problem = match known.fate {
        Fate::NoEffect => Problem::note(origin, format!("{name} is not needed: {reason}")),
        Fate::Always(value) | Fate::Only(value) if same(value, &word.text) => return,
        Fate::Always(value) => Problem::warning(
            word.origin.clone(),
            format!(
                "{name} is always {value} here, and not {:?}: {reason}",
                word.text
            ),
        ),
        Fate::Only(value) => Problem {
            allowed: Some(value.to_owned()),
            ..Problem::error(
                word.origin.clone(),
                format!("{name}: {:?} is not supported: {reason}", word.text),
            )
        },
        Fate::Later => Problem::warning(origin, format!("{name} has no effect yet: {reason}")),
        Fate::Obsolete => {
            Problem::warning(origin, format!("{name} is obsolete in Clixon: {reason}"))
        }
    };
    settings.problem(problem.about(*name));
}

fn same(value: &str, text: &str) -> bool {
    let as_number = |it: &str| match it {
        "true" => Some(1),
        "false" => Some(0),
        other => other.parse::<i64>().ok(),
    };
    value == text || as_number(value).is_some_and(|it| Some(it) == as_number(text))
}

/// The names of all options, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    let keys = KEYS.iter().flat_map(|key| key.clixon.names());
    keys.chain(options::OPTIONS.iter().map(|option| option.name))
}

fn name_of(start: &BytesStart<'_>) -> String {
    start.name().as_ref().to_owned()
}

/// What a reference stands for: the five that XML has, and characters by number.
fn expanded(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

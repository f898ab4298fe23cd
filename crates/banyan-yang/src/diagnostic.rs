//! Diagnostics: what is wrong in a YANG text, where, by which rule, and what to do about it.
//!
//! Lives here: the value and its two renderings (with the source line, and in one line). Must not decide
//! what is wrong: the checks stand beside their rules.

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

use crate::source::{SourceId, SourceMap, Span};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Breaks a rule of the standard; in strict mode nothing is compiled.
    Error,
    /// Allowed, but most likely not what was meant; or what lenient mode left out.
    Warning,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// A stable name of the rule, in kebab-case.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The place; `None` for what has none, such as a module that was asked for and does not exist.
    pub primary: Option<Span>,
    /// Other places that matter, with what each has to do with it.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
    /// The section of the standard that states the rule.
    pub rfc: Option<&'static str>,
}

/// The longest line that is shown whole; longer ones are cut around the place (bytes).
const WINDOW: usize = 160;

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: in_one_line(message.into()),
            primary: Some(span),
            related: Vec::new(),
            help: None,
            rfc: None,
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// An error that has no place in any text.
    pub fn without_place(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            primary: None,
            ..Diagnostic::error(code, Span::default(), message)
        }
    }

    /// Adds another place.
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the rule, as `RFC 7950 7.8.2`.
    pub fn rfc(mut self, section: &'static str) -> Self {
        self.rfc = Some(section);
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// With the source line, the place underlined, the related places, the rule and the remedy; no colours.
    pub fn render(&self, sources: &SourceMap) -> String {
        self.render_with(sources, &Renderer::plain())
    }

    /// As [`Diagnostic::render`], with terminal colours.
    pub fn render_styled(&self, sources: &SourceMap) -> String {
        self.render_with(sources, &Renderer::styled())
    }

    /// `file:line:column: error[code]: message (rule)`.
    pub fn one_line(&self, sources: &SourceMap) -> String {
        let mut line = String::new();
        if let Some(span) = self.primary {
            line.push_str(&sources.location(span));
            line.push_str(": ");
        }
        line.push_str(match self.severity {
            Severity::Error => "error[",
            Severity::Warning => "warning[",
        });
        line.push_str(self.code);
        line.push_str("]: ");
        line.push_str(&self.message);
        if let Some(rfc) = self.rfc {
            line.push_str(" (");
            line.push_str(rfc);
            line.push(')');
        }
        line
    }

    fn render_with(&self, sources: &SourceMap, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut windows: Vec<Window<'_>> = Vec::new();
        let primary = self
            .primary
            .map(|span| (span, AnnotationKind::Primary, None));
        let related = self
            .related
            .iter()
            .map(|(span, label)| (*span, AnnotationKind::Context, Some(label.as_str())));
        for (span, kind, label) in primary.into_iter().chain(related) {
            // Places on one line are shown on one line.
            let shown = windows
                .iter_mut()
                .any(|window| window.annotate(span, kind, label));
            if !shown {
                let mut window = Window::around(sources, span);
                window.annotate(span, kind, label);
                windows.push(window);
            }
        }
        let mut report = level
            .primary_title(self.message.as_str())
            .id(self.code)
            .elements(windows.into_iter().map(Window::snippet));
        if let Some(rfc) = self.rfc {
            report = report.element(Level::NOTE.message(format!("see {rfc}")));
        }
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[report])
    }
}

/// One line of a source with places in it. The renderer is given no more than this, because it scans all that
/// it is given, and vendors' modules have many megabytes.
struct Window<'a> {
    name: &'a str,
    source: SourceId,
    text: &'a str,
    /// Where `text` begins in the source.
    from: usize,
    line: usize,
    annotations: Vec<Annotation<'a>>,
}

impl<'a> Window<'a> {
    fn around(sources: &'a SourceMap, span: Span) -> Self {
        let all = sources.text(span.source);
        let start = (span.start as usize).min(all.len());
        // No further than what is shown, for a text may be one line of many megabytes with a finding a word.
        let (least, most) = (
            start.saturating_sub(WINDOW),
            (start + WINDOW).min(all.len()),
        );
        let is_break = |byte: &u8| *byte == b'\n';
        let before = all.as_bytes()[least..start].iter().rposition(is_break);
        let after = all.as_bytes()[start..most].iter().position(is_break);
        let from = char_boundary(all, before.map_or(least, |at| least + at + 1));
        let to = char_boundary(all, after.map_or(most, |at| start + at));
        Window {
            name: sources.name(span.source),
            source: span.source,
            text: all.get(from..to).unwrap_or("").trim_end_matches('\r'),
            from,
            line: sources.position(span).line as usize,
            annotations: Vec::new(),
        }
    }

    /// Marks a place, if it begins in this window.
    fn annotate(&mut self, span: Span, kind: AnnotationKind, label: Option<&'a str>) -> bool {
        let Some(begin) = (span.start as usize).checked_sub(self.from) else {
            return false;
        };
        let fits =
            span.source == self.source && (begin <= self.text.len() || self.annotations.is_empty());
        if fits {
            let begin = begin.min(self.text.len());
            let end = (span.end as usize)
                .saturating_sub(self.from)
                .clamp(begin, self.text.len());
            let place = char_boundary(self.text, begin)..char_boundary(self.text, end);
            self.annotations.push(kind.span(place).label(label));
        }
        fits
    }

    fn snippet(self) -> Snippet<'a, Annotation<'a>> {
        Snippet::source(self.text)
            .path(self.name)
            .line_start(self.line)
            .annotations(self.annotations)
    }
}

/// Arguments that a message quotes may have lines; a message has one.
fn in_one_line(message: String) -> String {
    if !message.contains('\n') {
        return message;
    }
    message
        .split_ascii_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn char_boundary(text: &str, at: usize) -> usize {
    (at..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

/// A collector of findings.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

/// How many findings are kept; a hopeless text must not fill the memory.
pub(crate) const MAX_FINDINGS: usize = 10_000;

impl Diagnostics {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding; beyond ten thousand they are no longer kept.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() < MAX_FINDINGS {
            self.found.push(diagnostic);
        }
    }

    /// Adds what was found in a text before it had its place in a map of sources.
    pub(crate) fn append_as_of(&mut self, others: Diagnostics, source: SourceId) {
        for mut diagnostic in others.found {
            let related = diagnostic.related.iter_mut().map(|(span, _)| span);
            for span in diagnostic.primary.iter_mut().chain(related) {
                span.source = source;
            }
            self.push(diagnostic);
        }
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// All findings, by place, without exact repetitions.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by(|a, b| {
            (a.primary, a.severity, a.code, &a.message)
                .cmp(&(b.primary, b.severity, b.code, &b.message))
        });
        found.dedup();
        found
    }

    /// Takes over the findings of another collector.
    pub fn append(&mut self, other: Diagnostics) {
        for diagnostic in other.found {
            self.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> (SourceMap, impl Fn(&str) -> Span) {
        let mut map = SourceMap::new();
        let id = map.add("a.yang", text).unwrap();
        let text = text.to_owned();
        (map, move |what: &str| {
            let start = text.find(what).unwrap() as u32;
            Span {
                source: id,
                start,
                end: start + what.len() as u32,
            }
        })
    }

    #[test]
    fn a_rendering_shows_the_line_the_rule_and_the_remedy() {
        let (map, at) = source("module a {\n  leaf b;\n  leaf c;\n}\n");
        let finding = Diagnostic::error("missing-type", at("leaf b"), "leaf b has no type")
            .related(at("leaf c"), "another one")
            .help("add a `type` statement")
            .rfc("RFC 7950 7.6.3");
        insta::assert_snapshot!(finding.render(&map), @r"
        error[missing-type]: leaf b has no type
         --> a.yang:2:3
          |
        2 |   leaf b;
          |   ^^^^^^
          |
         ::: a.yang:3:3
          |
        3 |   leaf c;
          |   ------ another one
          |
          = note: see RFC 7950 7.6.3
          = help: add a `type` statement
        ");
        assert_eq!(
            finding.one_line(&map),
            "a.yang:2:3: error[missing-type]: leaf b has no type (RFC 7950 7.6.3)"
        );
    }

    #[test]
    fn a_place_over_several_lines_is_shown_by_its_first() {
        let (map, at) = source("module a {\r\n  x \"ø\r\n y\";\r\n}");
        let finding = Diagnostic::warning("w", at("\"ø\r\n y\""), "text");
        insta::assert_snapshot!(finding.render(&map), @r#"
        warning[w]: text
         --> a.yang:2:5
          |
        2 |   x "ø
          |     ^^
        "#);
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let text = format!("{}HERE{}", "ø".repeat(500), "x".repeat(500));
        let (map, at) = source(&text);
        let rendered = Diagnostic::error("e", at("HERE"), "m").render(&map);
        assert!(
            rendered.contains("HERE") && rendered.len() < 1500,
            "{rendered}"
        );
    }

    #[test]
    fn a_finding_without_a_place_is_rendered_too() {
        let finding = Diagnostic::without_place("module-not-found", "module x was not found");
        let map = SourceMap::new();
        insta::assert_snapshot!(finding.render(&map), @"error[module-not-found]: module x was not found");
        assert_eq!(
            finding.one_line(&map),
            "error[module-not-found]: module x was not found"
        );
    }
}

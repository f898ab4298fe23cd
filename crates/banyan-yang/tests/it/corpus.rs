//! Every published module parses, and obeys the grammar.

use banyan_yang::diagnostic::Diagnostics;
use banyan_yang::grammar;
use banyan_yang::parse::parse;
use banyan_yang::source::SourceMap;

use crate::shared;

/// RFC 8531 has a mount point on an anydata, where RFC 8528 3.1 allows none.
fn is_known(line: &str) -> bool {
    line.contains("/ietf-connectionless-oam@2019-04-16.yang:948:7: error[invalid-mount-point]")
}

#[test]
fn published_modules_obey_the_grammar() {
    let Some(models) = shared::models("published_modules_obey_the_grammar") else {
        return;
    };
    let mut wrong = Vec::new();
    for (path, text) in shared::texts(&models, &["ietf", "iana", "openconfig", "rfc5277", "tailf"])
    {
        if path.contains("ietf-template@") {
            continue; // The template of RFC 8407 has placeholders for dates.
        }
        let mut sources = SourceMap::new();
        let source = sources.add(path, text).unwrap();
        let mut found = Diagnostics::new();
        let mut tree = parse(&sources, source, &mut found);
        grammar::check(&mut tree, &mut found);
        wrong.extend(
            found
                .into_sorted()
                .iter()
                .map(|finding| finding.one_line(&sources))
                .filter(|line| !is_known(line)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

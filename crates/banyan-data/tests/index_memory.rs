//! What a referrer costs in the indexes, measured as the growth of the resident set: a process of its own, because other
//! tests would be counted too.

use std::fmt::Write as _;

use banyan_data::document::ParseOptions;
use banyan_data::validate::{Indexes, Mounts};
use banyan_data::xml;
use banyan_yang::compile::{Compiler, MemorySource};

const MODEL: &str = "module refs {
  yang-version 1.1;
  namespace urn:refs;
  prefix r;
  list target { key name; leaf name { type string; } }
  list one { key id; leaf id { type uint32; } leaf to { type leafref { path /r:target/r:name; } } }
  list outer {
    key id;
    leaf id { type uint32; }
    list two { key id; leaf id { type uint32; } leaf to { type leafref { path /r:target/r:name; } } }
  }
}";

/// Resident bytes of this process; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Bytes in the indexes for each of many referrers.
fn bytes_each(content: &str, count: usize) -> Option<f64> {
    let mut source = MemorySource::new();
    source.add(MODEL);
    let compiled = Compiler::new(&source).implement("refs", None).compile();
    let schema = compiled.unwrap_or_else(|error| panic!("{error}")).schema;
    let text = format!(
        "<data xmlns=\"urn:refs\"><target><name>a-name-of-twenty-eight-bytes</name></target>{content}</data>"
    );
    let tree = xml::parse_data(&schema, text.as_bytes(), &ParseOptions::default())
        .unwrap_or_else(|errors| panic!("{errors:?}"));
    // What building needs in passing is there after the first.
    let mut built = vec![Indexes::of(&tree, Mounts::Skip)];
    let before = resident()?;
    built.extend((0..MORE).map(|_| Indexes::of(&tree, Mounts::Skip)));
    let after = resident()?;
    assert!(built.iter().all(|indexes| indexes.len() == count));
    Some(after.saturating_sub(before) as f64 / (MORE * count) as f64)
}

/// Builds that are measured.
const MORE: usize = 4;

/// DESIGN section 5: an index is kept for each referrer, so it has to be small.
#[test]
fn a_referrer_takes_at_most_100_bytes() {
    const COUNT: usize = 50_000;
    let to = "<to>a-name-of-twenty-eight-bytes</to>";
    let mut flat = String::new();
    for id in 0..COUNT {
        let _ = write!(flat, "<one><id>{id}</id>{to}</one>");
    }
    let mut nested = String::new();
    for outer in 0..COUNT / 100 {
        let _ = write!(nested, "<outer><id>{outer}</id>");
        for id in 0..100 {
            let _ = write!(nested, "<two><id>{id}</id>{to}</two>");
        }
        nested.push_str("</outer>");
    }
    for (place, content) in [("a list", flat), ("a list in a list", nested)] {
        let Some(each) = bytes_each(&content, COUNT) else {
            println!("skipped: this system has no /proc/self/statm");
            return;
        };
        println!("{each:.1} bytes a referrer in {place}");
        assert!(each <= 100.0, "{each:.1} bytes a referrer in {place}");
    }
}

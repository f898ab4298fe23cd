//! Instance data: what an engine takes to read, print, check and change a list of interfaces as it grows.
//!
//! Each engine and size is a process of its own, so that the memory of one is not the other's.

mod banyan;
mod libyang;

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::measure::heap;

/// Sizes in nodes; an entry has ten.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Nodes of an entry: itself and its leaves.
const ENTRY: usize = 10;
/// Processes of each engine and size; for each figure the best counts, because everything else is the machine's noise.
const ROUNDS: usize = 3;

/// Ten nodes an entry: one leafref, one `must`, one pattern, ranges.
const MODEL: &str = r#"module scale {
  yang-version 1.1;
  namespace "urn:scale";
  prefix s;
  container interfaces {
    list interface {
      key name;
      leaf name { type string { length 1..64; } }
      leaf kind { type enumeration { enum ethernet; enum vlan; enum loopback; } }
      leaf enabled { type boolean; default true; }
      leaf mtu {
        type uint16 { range 68..9600; }
        must ". <= 1500 or ../kind = 'ethernet'";
      }
      leaf address { type string { pattern '[0-9a-f]{2}(:[0-9a-f]{2}){5}'; } }
      leaf parent { type leafref { path "../../interface/name"; } }
      leaf speed { type uint64 { range 1..400000; } }
      leaf description { type string; }
      leaf index { type uint32; }
    }
  }
}
"#;

fn name(index: usize) -> String {
    format!("ethernet-{index:06}")
}

/// The value of each leaf of an entry, in the order of the schema.
fn entry(index: usize) -> [(&'static str, String); ENTRY - 1] {
    let byte = |shift: usize| (index >> shift) & 0xff;
    [
        ("name", name(index)),
        ("kind", "ethernet".to_owned()),
        ("enabled", index.is_multiple_of(3).to_string()),
        ("mtu", (1500 + index % 4000).to_string()),
        (
            "address",
            format!("02:00:{:02x}:{:02x}:{:02x}:01", byte(16), byte(8), byte(0)),
        ),
        ("parent", name(index / 2)),
        ("speed", (1 + index % 1000).to_string()),
        ("description", format!("port {index} of the fabric")),
        ("index", index.to_string()),
    ]
}

fn xml(entries: usize) -> String {
    let mut text = String::from("<interfaces xmlns=\"urn:scale\">");
    for index in 0..entries {
        text.push_str("<interface>");
        for (name, value) in entry(index) {
            // Writing to a String cannot fail.
            let _ = write!(text, "<{name}>{value}</{name}>");
        }
        text.push_str("</interface>");
    }
    text.push_str("</interfaces>");
    text
}

fn json(entries: usize) -> String {
    let mut text = String::from("{\"scale:interfaces\":{\"interface\":[");
    for index in 0..entries {
        text.push_str(if index == 0 { "{" } else { ",{" });
        for (place, (name, value)) in entry(index).into_iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            // RFC 7951 6: numbers of up to 32 bits and booleans are bare.
            let bare = matches!(name, "enabled" | "mtu" | "index");
            let quote = if bare { "" } else { "\"" };
            let _ = write!(text, "{comma}\"{name}\":{quote}{value}{quote}");
        }
        text.push('}');
    }
    text.push_str("]}}");
    text
}

/// What an engine can do with the documents, one figure a line: microseconds, or bytes.
const FIGURES: [(&str, &str); 14] = [
    ("parse-xml", "parse XML"),
    ("parse-json", "parse JSON"),
    ("print-xml", "print XML"),
    ("print-json", "print JSON"),
    ("validate", "full validation"),
    ("index", "indexes"),
    ("snapshot", "snapshot"),
    ("edit", "edit one leaf"),
    ("diff", "diff"),
    ("revalidate", "validation of it"),
    ("one-leaf", "edit + diff + validate"),
    ("drop", "drop"),
    ("bytes", "bytes a node"),
    ("index-bytes", "bytes a node, indexes"),
];

/// The figures of one run, printed as they come.
struct Figures;

impl Figures {
    fn time(&self, figure: &str, time: Duration) {
        println!("{figure} {}", time.as_secs_f64() * 1e6);
    }

    /// Times one call; gives back its result.
    fn timed<T>(&self, figure: &str, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = call();
        self.time(figure, start.elapsed());
        result
    }

    fn bytes(&self, figure: &str, nodes: usize, before: usize) {
        let bytes = heap().saturating_sub(before);
        println!("{figure} {}", bytes as f64 / nodes as f64);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// One run of one engine, for the process that [`table`] starts.
pub fn run(engine: &str, nodes: &str) -> Result<(), String> {
    let nodes: usize = nodes.parse().map_err(|_| "NODES is a number".to_owned())?;
    let entries = nodes / ENTRY;
    match engine {
        "banyan" => banyan::measure(entries),
        "libyang" => libyang::measure(entries),
        other => Err(format!("there is no engine {other}")),
    }
}

/// All engines and sizes as one table, with ratios.
pub fn table() -> Result<(), String> {
    println!("\n| nodes | | Banyan | libyang | libyang / Banyan |");
    println!("|---:|---|---:|---:|---:|");
    for nodes in SIZES {
        let ours = best(nodes, "banyan")?;
        let theirs = best(nodes, "libyang")?;
        for ((figure, title), (ours, theirs)) in FIGURES.iter().zip(ours.into_iter().zip(theirs)) {
            let shown = |value: f64| match *figure {
                "bytes" | "index-bytes" => format!("{value:.0} B"),
                _ if value < 1000.0 => format!("{value:.1} µs"),
                _ => format!("{:.1} ms", value / 1000.0),
            };
            let (theirs, ratio) = match theirs {
                0.0 => ("-".to_owned(), "-".to_owned()),
                _ => (shown(theirs), format!("{:.1}", theirs / ours)),
            };
            println!(
                "| {nodes} | {title} | {} | {theirs} | {ratio} |",
                shown(ours)
            );
        }
    }
    Ok(())
}

/// The least of each figure, in the order of [`FIGURES`].
fn best(nodes: usize, engine: &str) -> Result<Vec<f64>, String> {
    let mut best = vec![f64::INFINITY; FIGURES.len()];
    for _ in 0..ROUNDS {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .args(["data", "run", engine, &nodes.to_string()])
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!(
                "{engine}, {nodes} nodes: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        for (place, (figure, _)) in FIGURES.iter().enumerate() {
            let found = text
                .lines()
                .find_map(|line| line.strip_prefix(figure)?.strip_prefix(' ')?.parse().ok());
            let value: f64 = found.ok_or_else(|| format!("{engine} has no figure {figure}"))?;
            best[place] = best[place].min(value);
        }
    }
    Ok(best)
}

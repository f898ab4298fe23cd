//! What is measured of one compilation, and how a process reads it about itself.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

/// One compilation.
#[derive(Debug)]
pub struct Measurement {
    pub modules: usize,
    pub nodes: usize,
    pub milliseconds: f64,
    /// Processor time of all threads.
    pub cpu_milliseconds: f64,
    /// Bytes allocated and not freed, with the result still alive.
    pub heap: usize,
    /// The most memory that was resident, in bytes.
    pub peak: usize,
}

/// A measurement that has begun.
pub struct Stopwatch {
    start: Instant,
    cpu: f64,
    heap: usize,
}

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch {
            heap: heap(),
            cpu: cpu_milliseconds(),
            start: Instant::now(),
        }
    }

    /// Ends it; what was compiled must still be alive.
    pub fn stop(self, modules: usize, nodes: usize) -> Measurement {
        Measurement {
            modules,
            nodes,
            milliseconds: self.start.elapsed().as_secs_f64() * 1e3,
            cpu_milliseconds: cpu_milliseconds() - self.cpu,
            heap: heap().saturating_sub(self.heap),
            peak: peak(),
        }
    }
}

/// Bytes that the C allocator has handed out: Rust's and libyang's alike.
pub fn heap() -> usize {
    // SAFETY: the function takes nothing and returns a plain struct.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

fn cpu_milliseconds() -> f64 {
    // SAFETY: `usage` is a plain struct that the call fills in.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let milliseconds = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
}

fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}

impl Measurement {
    /// A row of the table.
    pub fn row(&self, set: &str, engine: &str) -> String {
        let mib = |bytes: usize| bytes as f64 / (1024.0 * 1024.0);
        format!(
            "| {set} | {engine} | {} | {} | {:.0} | {:.0} | {:.1} | {:.1} | {:.0} |",
            self.modules,
            self.nodes,
            self.milliseconds,
            self.cpu_milliseconds,
            mib(self.heap),
            mib(self.peak),
            self.heap as f64 / self.nodes.max(1) as f64,
        )
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {} {}",
            self.modules,
            self.nodes,
            self.milliseconds,
            self.cpu_milliseconds,
            self.heap,
            self.peak
        )
    }
}

impl FromStr for Measurement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [modules, nodes, milliseconds, cpu, heap, peak] = words.as_slice() else {
            return Err(format!("not a measurement: {text}"));
        };
        let whole = |word: &str| word.parse::<usize>().map_err(|error| error.to_string());
        let real = |word: &str| word.parse::<f64>().map_err(|error| error.to_string());
        Ok(Measurement {
            modules: whole(modules)?,
            nodes: whole(nodes)?,
            milliseconds: real(milliseconds)?,
            cpu_milliseconds: real(cpu)?,
            heap: whole(heap)?,
            peak: whole(peak)?,
        })
    }
}

//! Compiles published module sets with Banyan and with libyang, each in a process of its own, and prints one table.
//!
//! `oracle` measures everything; `oracle run ENGINE SET` is one measurement, and what the first starts; `oracle scale`
//! shows how the time of Banyan grows with the input; `oracle data` measures instance data instead; `oracle
//! jury` lets both judge random data.

mod banyan;
mod data;
mod jury;
mod libyang;
mod measure;
mod sets;

use std::process::{Command, ExitCode};

use measure::Measurement;

/// Runs of each engine and set; the fastest counts, because everything else is the machine's noise.
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [] => table().and_then(|()| cache()).and_then(|()| scale()).and_then(|()| data::table()),
        ["scale"] => scale(),
        ["cache"] => cache(),
        ["run", engine, set] => run(engine, set),
        ["data"] => data::table(),
        ["data", "run", engine, nodes] => data::run(engine, nodes),
        ["jury", "handful", seed] => jury::handful(seed),
        ["jury", handfuls, first] => jury::all(handfuls, first),
        _ => Err(
            "usage: oracle [scale | cache | run ENGINE SET | data [run ENGINE NODES] | jury HANDFULS SEED]"
                .to_owned(),
        ),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("oracle: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(engine: &str, set: &str) -> Result<(), String> {
    let set = sets::set(set)?;
    let measurement = match engine {
        "banyan" => banyan::compile(&set)?,
        "libyang" => libyang::compile(&set)?,
        other => return Err(format!("there is no engine {other}")),
    };
    println!("{measurement}");
    Ok(())
}

fn table() -> Result<(), String> {
    println!("| set | engine | modules | nodes | ms | CPU ms | heap MiB | peak MiB | B a node |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
    for set in sets::NAMES {
        for engine in ["libyang", "banyan"] {
            let best = (0..ROUNDS)
                .map(|_| child(engine, set))
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .min_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds))
                .ok_or("no round was run")?;
            println!("{}", best.row(set, engine));
        }
    }
    Ok(())
}

fn child(engine: &str, set: &str) -> Result<Measurement, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["run", engine, set])
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!(
            "{engine} on {set}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8_lossy(&output.stdout).parse()
}

/// Sets that are compiled, beside the same loaded from bytes; texts are read from files both times.
fn cache() -> Result<(), String> {
    println!("\n| set | compile | load | ratio | bytes kept |\n|---|---:|---:|---:|---:|");
    for name in sets::NAMES {
        let set = sets::set(name)?;
        let mut best = (f64::INFINITY, f64::INFINITY, 0);
        for _ in 0..ROUNDS {
            let (compile, load, bytes) = banyan::compile_and_load(&set)?;
            best = (best.0.min(compile), best.1.min(load), bytes);
        }
        let (compile, load, bytes) = best;
        let (ratio, megabytes) = (compile / load, bytes as f64 / 1e6);
        println!("| {name} | {compile:.0} ms | {load:.0} ms | {ratio:.1} | {megabytes:.1} MB |");
    }
    Ok(())
}

/// Time per thousand statements, for growing parts of the vendor's set.
fn scale() -> Result<(), String> {
    println!("\n| modules asked for | modules | statements | ms | ms per 1000 statements |");
    println!("|---:|---:|---:|---:|---:|");
    for count in [10, 100, 800] {
        let set = sets::set("cisco-xe")?.first(count);
        let mut best: Option<(Measurement, usize)> = None;
        for _ in 0..ROUNDS {
            let (measured, statements) = banyan::compile_and_count(&set)?;
            if best
                .as_ref()
                .is_none_or(|(other, _)| measured.milliseconds < other.milliseconds)
            {
                best = Some((measured, statements));
            }
        }
        let (best, statements) = best.ok_or("no round was run")?;
        let each = best.milliseconds * 1e3 / statements as f64;
        let milliseconds = best.milliseconds;
        println!(
            "| {count} | {} | {statements} | {milliseconds:.0} | {each:.2} |",
            best.modules
        );
    }
    Ok(())
}

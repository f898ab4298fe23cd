//! `banyan config ...`: check, show, explain and convert configurations. They need no daemon.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::problem::{Problem, Severity};
use super::settings::Settings;
use super::show::Style;
use super::{ConfigError, Sources, build, convert, explain, show};
use crate::preflight;
use crate::upgrade::ReportFormat;
use crate::yang::{YangError, print};

/// The subcommands of `banyan config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say all that is wrong with a configuration, with places: all for which a start, by this user on this machine, would be
    /// refused. Nothing is made or changed. Exit status: 0 nothing, 1 errors, 2 unreadable.
    Check(Check),
    /// Print the values in force, defaults included, and where each is from.
    Show(Show),
    /// Say what a key, an option of Clixon or a flag means. Exit status: 1 if there is no such name.
    Explain(Explain),
    /// Print a Clixon configuration as banyan.toml, or banyan.toml as a Clixon configuration. Exit status: 0 done, 1 errors,
    /// or options that do not exist, which become comments; 2 unreadable.
    Convert(Convert),
}

/// Where a configuration is read from.
#[derive(Debug, Args)]
pub struct Read {
    /// The configuration file; `banyan.toml` or Clixon XML.
    #[arg(default_value = "banyan.toml")]
    pub file: PathBuf,
    /// The directory of more configuration files.
    #[arg(short = 'E', value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// A value that goes before the file's, by either spelling; may be repeated.
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

/// `banyan config check`
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    read: Read,
    /// Text, or a JSON list with an object for each finding: file, line, column, key, severity, message, suggestion.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// `banyan config show`
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    read: Read,
    /// Say where each value is from.
    #[arg(long)]
    origin: bool,
    /// How to print.
    #[arg(long, default_value = "toml")]
    format: Format,
}

/// A language of configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `banyan.toml`.
    Toml,
    /// A Clixon configuration.
    Xml,
    /// A JSON object by key.
    Json,
}

/// `banyan config explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// `store.directory`, `CLICON_XMLDB_DIR`, `BANYAN_STORE_DIRECTORY`, `-s`, or a beginning of such a name.
    #[arg(allow_hyphen_values = true, required_unless_present = "all")]
    key: Option<String>,
    /// Everything.
    #[arg(long, conflicts_with = "key")]
    all: bool,
    /// How to print everything.
    #[arg(long, default_value = "text", requires = "all")]
    format: PageFormat,
}

/// The form of the whole table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// For a terminal.
    Text,
    /// `docs/configuration.md`.
    Markdown,
}

/// `banyan config convert`
#[derive(Debug, Args)]
pub struct Convert {
    /// The configuration file; which language it is in is seen from its content.
    file: PathBuf,
}

/// Runs a command.
///
/// # Errors
/// A file cannot be read, or a name is not known.
pub fn run(command: ConfigCommand) -> Result<ExitCode, YangError> {
    match command {
        ConfigCommand::Check(check) => self::check(&check),
        ConfigCommand::Show(show) => self::show(&show),
        ConfigCommand::Explain(explain) => self::explain(&explain),
        ConfigCommand::Convert(convert) => self::convert(&convert.file),
    }
}

fn settings_of(read: &Read) -> Result<Settings, YangError> {
    let sources = Sources {
        directory: read.directory.clone(),
        overrides: read.overrides.clone(),
        ..Sources::new(&read.file).with_environment()
    };
    sources.read().map_err(unreadable)
}

fn unreadable(error: ConfigError) -> YangError {
    YangError::Usage(error.to_string())
}

fn told(problems: &[Problem], least: Severity) {
    for problem in problems.iter().filter(|problem| problem.severity >= least) {
        eprintln!("{problem}");
    }
}

fn check(check: &Check) -> Result<ExitCode, YangError> {
    let read = &check.read;
    let mut settings = settings_of(read)?;
    // What is missing, or does not go together, is found when the values are put to use.
    if let Some(config) = build::config(&mut settings) {
        let found = preflight::problems(&config, &settings);
        settings.problems.extend(found);
    }
    let code = match settings.has_errors() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    };
    if check.format == ReportFormat::Json {
        let findings: Vec<serde_json::Value> =
            settings.problems.iter().map(Problem::json).collect();
        print(&format!("{:#}", serde_json::Value::from(findings)))?;
        return Ok(code);
    }
    told(&settings.problems, Severity::Note);
    let count = |severity, word: &str| {
        let such = settings
            .problems
            .iter()
            .filter(|problem| problem.severity == severity);
        match such.count() {
            1 => format!("1 {word}"),
            many => format!("{many} {word}s"),
        }
    };
    print(&format!(
        "{}: {}, {}",
        read.file.display(),
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning")
    ))?;
    Ok(code)
}

/// What cannot be used is told on standard error; a configuration with errors is printed as far as it is understood.
fn usable(settings: &mut Settings) -> ExitCode {
    let code = match build::config(settings).is_some() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    };
    told(&settings.problems, Severity::Warning);
    code
}

fn show(show: &Show) -> Result<ExitCode, YangError> {
    let mut settings = settings_of(&show.read)?;
    let code = usable(&mut settings);
    let style = Style::Effective {
        origins: show.origin,
    };
    print(&match show.format {
        Format::Toml => show::toml_text(&settings, style),
        Format::Xml if show.origin => {
            return Err(YangError::Usage(
                "--origin goes with --format toml and json".to_owned(),
            ));
        }
        Format::Xml => convert::xml_text(&settings, style),
        Format::Json => show::json_text(&settings, style),
    })?;
    Ok(code)
}

fn explain(explain: &Explain) -> Result<ExitCode, YangError> {
    let text = match (&explain.key, explain.format) {
        (Some(key), _) => explain::explained(key).ok_or_else(|| {
            let near = match explain::near(key) {
                Some(near) => format!("did you mean {near}? Otherwise "),
                None => String::new(),
            };
            YangError::Broken(format!(
                "there is no key, option or flag {key:?}; {near}`banyan config explain --all` lists the keys"
            ))
        })?,
        (None, PageFormat::Text) => explain::everything(),
        (None, PageFormat::Markdown) => explain::markdown(),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn convert(file: &Path) -> Result<ExitCode, YangError> {
    // The environment is not part of the file.
    let mut settings = Sources::new(file).read().map_err(unreadable)?;
    let code = usable(&mut settings);
    if code != ExitCode::SUCCESS {
        return Ok(code);
    }
    print(&convert::converted(&settings))?;
    // What was meant by them, nobody knows: the result is not all that was asked for.
    let unknown = settings.set_aside.iter().any(|option| !option.known);
    Ok(match unknown {
        true => ExitCode::FAILURE,
        false => code,
    })
}

//! `banyan data validate`: whether data meet their modules, and everything that is wrong with them.

use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::document::{Encoding, Holds};
use banyan_data::edit::{Edit, Operation};
use banyan_data::form::Form;
use banyan_data::operation::{self, Invocation, parse_action, parse_notification, parse_rpc};
use banyan_data::path::{InstancePath, NoMounts};
use banyan_data::validate::{Options, Report, full};
use banyan_data::view::Scope;
use banyan_data::{DataError, ErrorKind, Tree, path};
use banyan_yang::nearest::nearest;
use banyan_yang::schema::{NodeKind, SchemaId};
use clap::{Args, ValueEnum};

use super::documents::{DataOptions, Document, Models, resolved, stdin_once};
use super::report::{self, Findings, in_file, in_files};
use crate::yang::check::ReportFormat;
use crate::yang::{YangError, print};

/// `banyan data validate`
#[derive(Debug, Args)]
pub struct Validate {
    /// Files in XML, JSON, curly braces or `set` lines, found from the content; `-` is standard input. Each is validated by itself, unless --merge
    /// is given.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    /// What the files hold.
    #[arg(long = "type", value_name = "TYPE", default_value = "data")]
    pub holds: DataType,
    /// Merge the files, in their order, and validate the result: parts of one datastore.
    #[arg(long)]
    pub merge: bool,
    /// The rpc or action: `module:rpc`, or the path of an action's instance. For a reply it must be given; for a call
    /// the file then holds the parameters alone.
    #[arg(long, value_name = "OPERATION")]
    pub operation: Option<String>,
    /// The datastore that constraints of an rpc, action or notification see beside it (RFC 7950 6.4.1). An action or
    /// notification inside of data needs one that holds the instance that it belongs to.
    #[arg(long, value_name = "FILE")]
    pub datastore: Option<PathBuf>,
    /// How the report is printed.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
    /// Say on standard error how much work it was; a report in JSON says so always.
    #[arg(long, value_parser = ["validation"])]
    pub debug: Vec<String>,
}

/// What a file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataType {
    /// A configuration datastore.
    Config,
    /// Configuration and state.
    Data,
    /// The call of an rpc or action (RFC 7950 7.14, 7.15).
    Rpc,
    /// The output of an rpc or action.
    Reply,
    /// A notification (RFC 7950 7.16): its own element, without `eventTime` and what is around it.
    Notification,
}

impl DataType {
    fn is_datastore(self) -> bool {
        matches!(self, DataType::Config | DataType::Data)
    }
}

/// Runs it.
pub fn run(command: Validate) -> Result<ExitCode, YangError> {
    check_usage(&command)?;
    stdin_once(command.files.iter().chain(&command.datastore))?;
    let models = command.data.models()?;
    let documents = command
        .files
        .iter()
        .map(|file| Document::read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let findings = if command.holds.is_datastore() {
        datastores(&command, &models, &documents)
    } else {
        operations(&command, &models, &documents)?
    };
    print(&match command.format {
        ReportFormat::Text => report::text(&models.schema, &findings, command.data.max_errors()),
        ReportFormat::Json => report::json(&models.schema, &findings),
    })?;
    if command.debug.iter().any(|it| it == "validation") {
        debug(&findings);
    }
    match findings.iter().all(Findings::is_valid) {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

fn check_usage(command: &Validate) -> Result<(), YangError> {
    let wrong = |message: &str| Err(YangError::Usage(message.to_owned()));
    let is_datastore = command.holds.is_datastore();
    if is_datastore && command.datastore.is_some() {
        return wrong(
            "--datastore says what the constraints of an rpc, reply or notification see; give --type, or validate the \
             datastore itself",
        );
    }
    if is_datastore && command.operation.is_some() {
        return wrong(
            "--operation names what a call or reply belongs to; give --type rpc or --type reply",
        );
    }
    if !is_datastore && command.merge {
        return wrong(
            "--merge joins parts of a datastore; calls, replies and notifications stand alone",
        );
    }
    if command.holds == DataType::Reply && command.operation.is_none() {
        return wrong(
            "a reply does not say what it answers; name the rpc or action with --operation",
        );
    }
    if command.holds == DataType::Notification && command.operation.is_some() {
        return wrong("a notification names itself; leave --operation out");
    }
    Ok(())
}

fn debug(findings: &[Findings]) {
    for found in findings {
        if let Some(counters) = found.counters {
            eprintln!(
                "{}: {} constraints considered, {} evaluated, {} nodes visited",
                found.name, counters.considered, counters.evaluated, counters.visited
            );
        }
    }
}

fn datastores(command: &Validate, models: &Models, documents: &[Document]) -> Vec<Findings> {
    let (holds, scope) = match command.holds {
        DataType::Config => (Holds::Config, Scope::Config),
        _ => (Holds::All, Scope::All),
    };
    let within = |scope, tree: &Tree| {
        full(
            tree,
            &Options {
                scope,
                errors: command.data.max_errors(),
                ..Options::default()
            },
        )
    };
    let validated = |tree: &Tree| {
        let mut report = within(scope, tree);
        if scope == Scope::All && !report.errors.is_empty() {
            let of_config = within(Scope::Config, tree).errors;
            state_is_missing(&mut report.errors, &of_config);
        }
        report
    };
    if !command.merge {
        let each = documents.iter().map(|document| {
            let report = models.data(document, holds).map(|tree| validated(&tree));
            findings(models, document, report)
        });
        return each.collect();
    }
    let names: Vec<&str> = documents.iter().map(|it| it.name.as_str()).collect();
    let mut found = Findings {
        name: names.join(", "),
        errors: Vec::new(),
        counters: None,
    };
    let mut merged = Tree::empty(models.schema.clone());
    for document in documents {
        let joined = models.data(document, holds).and_then(|tree| {
            let edit = Edit::of_tree(&tree, Operation::Merge);
            edit.apply(&merged).map_err(|error| vec![error])
        });
        match joined {
            Ok(tree) => merged = tree,
            Err(errors) => found
                .errors
                .extend(in_file(&models.schema, document, errors)),
        }
    }
    if found.errors.is_empty() {
        let report = validated(&resolved(&merged));
        found.counters = Some(report.counters);
        found.errors = in_files(&models.schema, documents, report.errors);
    }
    vec![found]
}

/// Adds to what is missing in the state, which configuration alone does not need, how to validate such a file.
fn state_is_missing(errors: &mut [DataError], of_config: &[DataError]) {
    let only_here = errors
        .iter_mut()
        .filter(|it| it.kind == ErrorKind::MissingElement && !of_config.contains(it));
    for error in only_here {
        let help = error.help.take().unwrap_or_else(|| "add it".to_owned());
        error.help = Some(format!(
            "{help}; a file of configuration alone is validated with --type config"
        ));
    }
}

fn findings(
    models: &Models,
    document: &Document,
    outcome: Result<Report, Vec<DataError>>,
) -> Findings {
    let (errors, counters) = match outcome {
        Ok(report) => (report.errors, Some(report.counters)),
        Err(errors) => (errors, None),
    };
    Findings {
        name: document.name.clone(),
        errors: in_file(&models.schema, document, errors).collect(),
        counters,
    }
}

fn operations(
    command: &Validate,
    models: &Models,
    documents: &[Document],
) -> Result<Vec<Findings>, YangError> {
    let datastore = match &command.datastore {
        Some(file) => models.tree(&Document::read(file)?, Holds::All)?,
        None => Tree::empty(models.schema.clone()),
    };
    let named = match &command.operation {
        Some(name) => Some(operation_named(models, name)?),
        None => None,
    };
    let each = documents.iter().map(|document| {
        let encoding = encoding(document)?;
        let content = match &named {
            Some(named) => parameters(command.holds, models, (document, encoding), named),
            None => invocation(command.holds, models, (document, encoding)),
        };
        let validated = content.map(|(tree, parent)| {
            let mut report = full(
                &tree,
                &Options {
                    scope: Scope::All,
                    errors: command.data.max_errors(),
                    datastore: Some((&datastore, &parent)),
                    ..Options::default()
                },
            );
            if command.datastore.is_none() && !parent.steps.is_empty() {
                for error in &mut report.errors {
                    if error.kind == ErrorKind::DataMissing {
                        let help = "give the data that hold the instance with --datastore";
                        error.help = Some(help.to_owned());
                    }
                }
            }
            report
        });
        Ok(findings(models, document, validated))
    });
    each.collect()
}

/// An rpc or action, with the instance that an action belongs to.
struct Named {
    operation: SchemaId,
    parent: InstancePath,
}

/// `module:rpc`, or the path of an action: that of its instance and the action's name.
fn operation_named(models: &Models, name: &str) -> Result<Named, YangError> {
    let schema = &models.schema;
    let (parent, local) = match name.rsplit_once('/') {
        Some(("", local)) => (InstancePath::default(), local),
        Some((parent, local)) => {
            let parent = path::parse(schema, parent, &NoMounts)
                .map_err(|error| YangError::Usage(format!("--operation {name}: {error}")))?;
            (parent, local)
        }
        None => (InstancePath::default(), name),
    };
    let around = parent.steps.last().map_or(SchemaId::ROOT, |step| step.node);
    let (module, bare) = match local.split_once(':') {
        Some((module, bare)) => (Some(module), bare),
        None => (None, local),
    };
    let is_operation =
        |id: &&SchemaId| matches!(schema.node(**id).kind, NodeKind::Rpc | NodeKind::Action);
    let operations = schema.children(around).iter().filter(is_operation);
    let mut meant = operations.clone().filter(|id| {
        let node = schema.node(**id);
        *node.name == *bare && module.is_none_or(|it| *schema.module(node.module).name == *it)
    });
    match (meant.next(), meant.next()) {
        (Some(operation), None) => Ok(Named {
            operation: *operation,
            parent,
        }),
        (Some(_), Some(_)) => Err(YangError::Usage(format!(
            "--operation {name} may be of several modules; write MODULE:{bare}"
        ))),
        (None, _) => {
            let near = nearest(bare, operations.map(|id| &*schema.node(*id).name));
            let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(YangError::Usage(format!(
                "--operation {name}: the modules have no such rpc or action{near}"
            )))
        }
    }
}

/// Operations have no form but XML and JSON.
fn encoding(document: &Document) -> Result<Encoding, YangError> {
    match document.form {
        Form::Json => Ok(Encoding::Json),
        Form::Xml => Ok(Encoding::Xml),
        Form::Text | Form::Set => Err(YangError::Usage(format!(
            "{} is neither XML nor JSON, and calls, replies and notifications have no other form",
            document.name
        ))),
    }
}

/// A document with the parameters of an operation that is known.
fn parameters(
    holds: DataType,
    models: &Models,
    (document, encoding): (&Document, Encoding),
    named: &Named,
) -> Result<(Tree, InstancePath), Vec<DataError>> {
    let schema = &models.schema;
    let part = match holds {
        DataType::Reply => operation::output(schema, named.operation),
        _ => operation::input(schema, named.operation),
    };
    let tree = operation::parse_parameters(
        schema,
        part.unwrap_or(named.operation),
        encoding,
        &document.bytes,
        &models.options,
    )?;
    Ok((tree, named.parent.clone()))
}

/// A document that names its operation or notification itself.
fn invocation(
    holds: DataType,
    models: &Models,
    (document, encoding): (&Document, Encoding),
) -> Result<(Tree, InstancePath), Vec<DataError>> {
    let (schema, bytes, options) = (&models.schema, &document.bytes, &models.options);
    let found: Invocation = match holds {
        DataType::Notification => parse_notification(schema, encoding, bytes, options)?,
        _ => match parse_rpc(schema, encoding, bytes, options) {
            Err(errors) if encoding == Encoding::Xml => {
                // An action begins with the data that lead to it. Whose errors count shows how far each reading came.
                let outside = |errors: &[DataError]| errors.iter().all(|it| it.path.0.is_empty());
                match parse_action(schema, bytes, options) {
                    Err(others) if outside(&others) => return Err(errors),
                    outcome => outcome?,
                }
            }
            outcome => outcome?,
        },
    };
    Ok((found.content, found.path))
}

//! The files of a `banyan data` command: the modules that they belong to, and their text in whichever form.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use banyan_data::document::{Holds, Limits, ParseOptions, Strictness};
use banyan_data::form::Form;
use banyan_data::validate::resolve_unions;
use banyan_data::xpath::DEFAULT_BUDGET;
use banyan_data::{DataError, Tree};
use banyan_yang::schema::Schema;
use clap::Args;

use super::report;
use crate::yang::YangError;
use crate::yang::modules::ModuleOptions;

/// Which modules data belong to, and how exactly they must follow the standards.
#[derive(Debug, Clone, Default, Args)]
pub struct DataOptions {
    /// A module of the data: a file, a directory (every module in it), or a name that is looked for with --path. What
    /// it imports is found by itself, what augments it is not. May be repeated.
    #[arg(long, short = 'm', value_name = "MODULE")]
    pub module: Vec<String>,
    #[command(flatten)]
    pub modules: ModuleOptions,
    /// Accept data that are written carelessly: a missing namespace is guessed from the name, unknown attributes are
    /// passed over, blanks around numbers too, and JSON numbers may be strings.
    #[arg(long)]
    pub lenient_data: bool,
    /// Stop after so many errors in one file.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_errors: u32,
}

/// The schema of a command, with the options that hold for all of its files.
pub struct Models {
    /// The schema.
    pub schema: Arc<Schema>,
    /// How the files are read.
    pub options: ParseOptions<'static>,
}

impl DataOptions {
    /// Compiles the modules. What is wrong with them goes to standard error.
    ///
    /// # Errors
    /// No module is named, one cannot be found, or they have errors.
    pub fn models(&self) -> Result<Models, YangError> {
        if self.module.is_empty()
            && self.modules.hello.is_none()
            && self.modules.yang_library.is_none()
        {
            return Err(YangError::Usage(
                "no module is named; give the modules of the data with --module, or a list of modules with --hello or \
                 --yang-library"
                    .to_owned(),
            ));
        }
        let loaded = self.modules.load(&self.module)?;
        Ok(Models {
            schema: loaded.schema()?.clone(),
            options: ParseOptions {
                limits: Limits {
                    errors: self.max_errors(),
                    ..Limits::default()
                },
                strictness: match self.lenient_data {
                    true => Strictness::Lenient,
                    false => Strictness::Strict,
                },
                holds: Holds::All,
                mounts: None,
            },
        })
    }

    /// After how many errors one gives up.
    pub fn max_errors(&self) -> usize {
        self.max_errors as usize
    }
}

impl Models {
    /// How a document is read that may hold this.
    pub fn holding(&self, holds: Holds) -> ParseOptions<'static> {
        ParseOptions {
            holds,
            ..self.options
        }
    }

    /// A document as a datastore. An empty one is an empty datastore, of which standard error is told: it may be the
    /// output of a command that failed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn data(&self, document: &Document, holds: Holds) -> Result<Tree, Vec<DataError>> {
        if document.bytes.trim_ascii().is_empty() {
            eprintln!(
                "warning: {} is empty, and taken for an empty datastore",
                document.name
            );
        }
        let options = self.holding(holds);
        let read = document
            .form
            .parse_data(&self.schema, &document.bytes, &options);
        read.map(|tree| resolved(&tree))
    }
}

impl Models {
    /// A document as a datastore, for commands that can do nothing without it.
    ///
    /// # Errors
    /// What is wrong with it, as a text.
    pub fn tree(&self, document: &Document, holds: Holds) -> Result<Tree, YangError> {
        self.data(document, holds)
            .map_err(|errors| self.unreadable(document, errors))
    }

    /// What is wrong with a document, as a text.
    pub fn unreadable(&self, document: &Document, errors: Vec<DataError>) -> YangError {
        let errors: Vec<_> = report::in_file(&self.schema, document, errors).collect();
        YangError::Broken(format!(
            "{} cannot be used\n\n{}",
            document.name,
            report::errors_text(&self.schema, &errors).trim_end()
        ))
    }
}

/// Data with the values of unions of the members that accept them as things stand (RFC 7950 9.12).
pub fn resolved(tree: &Tree) -> Tree {
    resolve_unions(tree, DEFAULT_BUDGET).0
}

/// A file as it was read.
pub struct Document {
    /// Its name, for messages.
    pub name: String,
    /// What it is written in.
    pub form: Form,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Document {
    /// Reads a file; `-` is standard input. The form is found from the content.
    ///
    /// # Errors
    /// It cannot be read, or is larger than any document may be.
    pub fn read(file: &Path) -> Result<Document, YangError> {
        let is_stdin = file == Path::new("-");
        let name = if is_stdin {
            "<stdin>".to_owned()
        } else {
            file.display().to_string()
        };
        let limit = Limits::default().size;
        // One byte more than is allowed shows that there is more.
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let bytes = if is_stdin {
            read_all(io::stdin().lock().take(most))
        } else {
            File::open(file).and_then(|file| read_all(file.take(most)))
        };
        let bytes =
            bytes.map_err(|error| YangError::Usage(format!("cannot read {name}: {error}")))?;
        Ok(Document {
            name,
            form: Form::of(&bytes),
            bytes,
        })
    }
}

/// Refuses to read several files of one command from standard input, which the first would leave empty.
///
/// # Errors
/// `-` stands more than once.
pub fn stdin_once(files: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<(), YangError> {
    let from_stdin = files
        .into_iter()
        .filter(|file| file.as_ref() == Path::new("-"));
    match from_stdin.count() {
        0 | 1 => Ok(()),
        _ => Err(YangError::Usage(
            "`-` stands for several files, and standard input can be read once; name the others"
                .to_owned(),
        )),
    }
}

fn read_all(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

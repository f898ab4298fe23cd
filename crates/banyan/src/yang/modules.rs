//! Which modules a `banyan yang` command works on: the options that all of them share, and the one function that
//! makes a module set of them and compiles it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use banyan_controller::SchemaCache;
use banyan_data::cores::Cores;
use banyan_yang::compile::{
    CompileError, Compiled, Compiler, Features, Mode, ModuleSource, ModuleText, SourceError,
};
use banyan_yang::diagnostic::{Diagnostic, Diagnostics};
use banyan_yang::head::Head;
use banyan_yang::nearest::nearest;
use banyan_yang::parse::parse;
use banyan_yang::schema::{ModuleId, Schema};
use banyan_yang::source::{SourceId, SourceMap};
use banyan_yang::statement::Keyword;
use clap::Args;

use super::list::{Document, ModuleList};
use super::{YangError, rendered};
use crate::directories::{Directories, Search, modules_in, read_text, utf8};

/// Where modules come from and how they are compiled.
#[derive(Debug, Clone, Default, Args)]
pub struct ModuleOptions {
    /// A directory to look for modules in, with all directories below it; may be repeated, the first wins. Modules
    /// beside a given FILE and those that banyan brings are found anyway.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// Only these features of a module are on: `M:F,G`, or `M:` for none; all are on where nothing is said.
    #[arg(long, short = 'F', value_name = "M:F,...")]
    pub feature: Vec<String>,
    /// The module set of a NETCONF `<hello>` in this file: modules, features and deviations. Without --path they are
    /// looked for beside it.
    #[arg(long, value_name = "FILE", conflicts_with = "yang_library")]
    pub hello: Option<PathBuf>,
    /// The module set of an ietf-yang-library document in this file (RFC 8525 or RFC 7895, XML or JSON). Without --path
    /// they are looked for beside it.
    #[arg(long, value_name = "FILE")]
    pub yang_library: Option<PathBuf>,
    /// Leave out what has errors instead of refusing everything.
    #[arg(long)]
    pub lenient: bool,
    /// Keep compiled modules in this directory, and take them from there while their files have not changed: several
    /// times faster for large sets. The directory may be removed at any time.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

/// A module that the command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its revision, if one is meant.
    pub revision: Option<String>,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        match &self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

/// What came of a module set.
#[derive(Debug)]
pub struct Loaded {
    /// What the command named: MODULE and FILE arguments, in their order.
    pub targets: Vec<Target>,
    /// The schema, or why there is none.
    pub outcome: Result<Compiled, CompileError>,
    /// The list of modules that was given, if any.
    pub listed: Option<ModuleList>,
    /// Whether parts with errors were left out.
    pub lenient: bool,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Modules of which another directory has a newer revision than the one that was taken.
    pub passed_over: Vec<String>,
    /// How long it took to read and compile the modules.
    pub took: Duration,
}

/// What the arguments and options of a command name, not compiled yet.
struct Asked {
    source: Directories,
    targets: Vec<Target>,
    listed: Option<ModuleList>,
}

impl ModuleOptions {
    /// Finds and compiles the modules that the arguments name: files, directories (every module in it), `-` for
    /// standard input, or names (`name` or `name@revision`).
    ///
    /// # Errors
    /// An argument or option cannot be meant, or a file cannot be read.
    pub fn load(&self, arguments: &[String]) -> Result<Loaded, YangError> {
        let asked = self.asked(arguments)?;
        self.compile(&asked.source, asked.targets, asked.listed)
    }

    /// As [`Self::load`], but a set can implement one revision of a module only: those of which several are named make
    /// a set of its own each, and can be imported by all.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_each(&self, arguments: &[String]) -> Result<Vec<Loaded>, YangError> {
        let asked = self.asked(arguments)?;
        let mut named: HashMap<&str, usize> = HashMap::new();
        for target in &asked.targets {
            *named.entry(&target.name).or_default() += 1;
        }
        let (several, once): (Vec<Target>, Vec<Target>) = asked
            .targets
            .iter()
            .cloned()
            .partition(|target| named.get(&*target.name).is_some_and(|count| *count > 1));
        let mut sets = Vec::new();
        if !once.is_empty() || asked.listed.is_some() {
            sets.push(self.compile(&asked.source, once, asked.listed)?);
        }
        for target in several {
            sets.push(self.compile(&asked.source, vec![target], None)?);
        }
        Ok(sets)
    }

    /// What is to be compiled.
    fn asked(&self, arguments: &[String]) -> Result<Asked, YangError> {
        let listed = self.list()?;
        let mut source = Directories::new(&self.path, Search::Recursive)?;
        if let (Some(file), []) = (self.list_file(), &*self.path) {
            source.add(&ModuleList::directory(file), Search::Flat)?;
        }
        let targets = targets(arguments, &mut source)?;
        if targets.is_empty() && listed.is_none() {
            return Err(YangError::Usage(
                "no module is named; give a FILE, a directory, a module's name, or a list of modules with --hello or \
                 --yang-library"
                    .to_owned(),
            ));
        }
        Ok(Asked {
            source,
            targets,
            listed,
        })
    }

    fn compile(
        &self,
        source: &Directories,
        targets: Vec<Target>,
        mut listed: Option<ModuleList>,
    ) -> Result<Loaded, YangError> {
        let start = Instant::now();
        let mut compiler = Compiler::new(source).workers(&Cores).mode(if self.lenient {
            Mode::Lenient
        } else {
            Mode::Strict
        });
        for target in &targets {
            compiler = compiler.implement(&target.name, target.revision.as_deref());
        }
        if let Some(list) = &mut listed {
            list.look_for_modules(source);
            let named = |name: &str| targets.iter().any(|target| target.name == name);
            // What an argument names is taken as it is there, in whatever revision.
            compiler = list.read.set.ask(compiler, |module| {
                !source.has(&module.name) || named(&module.name)
            });
        }
        let features = features(&self.feature)?;
        for (module, names) in &features {
            compiler = compiler.features(module, Features::Only(names.clone()));
        }
        let outcome = match &self.cache {
            Some(directory) => compiler.compile_through(&SchemaCache::new(directory)),
            None => compiler.compile(),
        };
        let loaded = Loaded {
            passed_over: source.passed_over(match &outcome {
                Ok(compiled) => compiled.schema.sources(),
                Err(error) => &error.sources,
            }),
            outcome,
            targets,
            notes: listed.as_ref().map_or(Vec::new(), ModuleList::notes),
            listed,
            lenient: self.lenient,
            took: start.elapsed(),
        };
        check_features(&features, loaded.diagnostics().1)?;
        Ok(loaded)
    }

    fn list_file(&self) -> Option<&Path> {
        self.hello.as_deref().or(self.yang_library.as_deref())
    }

    /// What [`Self::hello`] or [`Self::yang_library`] lists.
    ///
    /// # Errors
    /// The file cannot be read, or lists no modules.
    fn list(&self) -> Result<Option<ModuleList>, YangError> {
        let list = match (&self.hello, &self.yang_library) {
            (Some(file), _) => ModuleList::read(file, Document::Hello)?,
            (None, Some(file)) => ModuleList::read(file, Document::Library)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(list))
    }
}

/// The modules that are named, else all in the directories and all that the program brings; parts with errors are left
/// out, since what is broken in one module hides nothing in another. For commands that look at whatever there is.
///
/// # Errors
/// As [`ModuleOptions::load`].
pub fn load_found(
    path: &[PathBuf],
    modules: &[String],
    features: &[String],
) -> Result<Loaded, YangError> {
    let options = ModuleOptions {
        path: path.to_vec(),
        feature: features.to_vec(),
        lenient: true,
        ..ModuleOptions::default()
    };
    if !modules.is_empty() {
        return options.load(modules);
    }
    let directories = path.iter().map(|it| it.to_string_lossy().into_owned());
    let embedded = banyan_yang::embedded::MODULES.iter();
    let everything: Vec<String> = directories
        .chain(embedded.map(|module| module.name.to_owned()))
        .collect();
    options.load(&everything)
}

impl Loaded {
    /// Everything that was found, and the texts that it points into.
    pub fn diagnostics(&self) -> (&[Diagnostic], &SourceMap) {
        match &self.outcome {
            Ok(compiled) => (&compiled.diagnostics, compiled.schema.sources()),
            Err(error) => (&error.diagnostics, &error.sources),
        }
    }

    /// The schema, for commands that need one; what is wrong goes to standard error. Warnings are for `check`.
    ///
    /// # Errors
    /// There is no schema.
    pub fn schema(&self) -> Result<&Arc<Schema>, YangError> {
        for note in &self.passed_over {
            eprintln!("warning: {note}");
        }
        let (found, sources) = self.diagnostics();
        for diagnostic in found.iter().filter(|diagnostic| diagnostic.is_error()) {
            eprintln!("{}\n", rendered(diagnostic, sources, &std::io::stderr()));
        }
        match &self.outcome {
            Ok(compiled) => Ok(&compiled.schema),
            Err(_) => Err(YangError::Broken(
                "the modules have errors; correct them, or use --lenient to leave out what is broken"
                    .to_owned(),
            )),
        }
    }

    /// The modules of the schema that the command named, in the order of the arguments. A module that lenient mode
    /// left out altogether is missing.
    pub fn modules(&self, schema: &Schema) -> Vec<ModuleId> {
        let found = self.targets.iter().filter_map(|target| {
            schema
                .module_revisions(&target.name)
                .iter()
                .copied()
                .find(|id| {
                    target.revision.is_none()
                        || schema.module(*id).revision.as_deref() == target.revision.as_deref()
                })
        });
        found.collect()
    }
}

/// What a diagram is drawn of.
pub struct Drawn {
    /// Where modules are found.
    pub source: Directories,
    /// Those that were asked for.
    pub targets: Vec<Target>,
    /// By module: only these features are on.
    pub features: BTreeMap<String, BTreeSet<String>>,
}

impl ModuleOptions {
    /// The modules that the arguments name, and those of a list, for a command that compiles nothing.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn drawn(&self, arguments: &[String]) -> Result<Drawn, YangError> {
        let Asked {
            source,
            mut targets,
            listed,
        } = self.asked(arguments)?;
        let mut features = BTreeMap::new();
        if let Some(mut list) = listed {
            list.look_for_modules(&source);
            for finding in &list.findings {
                eprintln!("{}", finding.one_line(&list.sources));
            }
            for note in list.notes() {
                eprintln!("note: {note}");
            }
            for module in &list.read.set.modules {
                let is_drawn = module.implemented && module.submodule_of.is_none();
                if !is_drawn || !source.has(&module.name) {
                    continue;
                }
                if let Some(on) = &module.features {
                    let on = on.iter().map(ToString::to_string);
                    features.insert(module.name.to_string(), on.collect());
                }
                if targets.iter().all(|target| *target.name != *module.name) {
                    targets.push(Target {
                        name: module.name.to_string(),
                        revision: module.revision.as_deref().map(str::to_owned),
                    });
                }
            }
        }
        features.extend(self::features(&self.feature)?);
        Ok(Drawn {
            source,
            targets,
            features,
        })
    }
}

/// The modules that arguments name; texts of files go to the source.
fn targets(arguments: &[String], source: &mut Directories) -> Result<Vec<Target>, YangError> {
    let mut targets = Vec::new();
    let mut add = |target: Target| {
        if !targets.contains(&target) {
            targets.push(target);
        }
    };
    for argument in arguments {
        let path = Path::new(argument);
        if argument == "-" {
            add(file_target(standard_input()?, source)?);
        } else if path.is_dir() {
            source.add(path, Search::Recursive)?;
            let modules = modules_in(path, Search::Recursive)?;
            if modules.is_empty() {
                return Err(YangError::Usage(format!(
                    "there is no module in {argument}: no file in it or below it is called *.yang"
                )));
            }
            for module in modules {
                // A text that is called otherwise than its file would not be found.
                add(match module.misnamed {
                    Some(text) => file_target(text, source)?,
                    None => Target {
                        name: module.file_name,
                        revision: None,
                    },
                });
            }
        } else if path.is_file() || argument.ends_with(".yang") || argument.contains('/') {
            add(file_target(read_text(path)?, source)?);
            // What it imports most often lies beside it.
            let beside = path.parent().filter(|parent| *parent != Path::new(""));
            source.add(beside.unwrap_or(Path::new(".")), Search::Flat)?;
        } else {
            let (name, revision) = match argument.split_once('@') {
                Some((name, revision)) => (name, Some(revision.to_owned())),
                None => (argument.as_str(), None),
            };
            if source.find(name, None) == Err(SourceError::NotFound) {
                return Err(unknown(name, source));
            }
            add(Target {
                name: name.to_owned(),
                revision,
            });
        }
    }
    Ok(targets)
}

fn standard_input() -> Result<ModuleText, YangError> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    let text = read
        .map_err(|error| error.to_string())
        .and_then(|_| utf8(bytes))
        .map_err(|reason| YangError::Usage(format!("cannot read standard input: {reason}")))?;
    Ok(ModuleText {
        origin: "<stdin>".into(),
        text: text.into(),
    })
}

/// A text that was given as such. Its name is what it says itself; where it says none, that of the file, so that the
/// compiler can say what is wrong with it.
fn file_target(text: ModuleText, source: &mut Directories) -> Result<Target, YangError> {
    let head = Head::of(&text.text).unwrap_or_else(|| {
        let stem = Path::new(&*text.origin).file_stem();
        let stem = stem.and_then(|stem| stem.to_str()).unwrap_or("");
        Head {
            keyword: Keyword::Module,
            name: stem.split('@').next().unwrap_or(stem).to_owned(),
        }
    });
    if head.keyword == Keyword::Submodule {
        return Err(YangError::Usage(format!(
            "{} is a submodule, which is checked as a part of its module; name the module",
            text.origin
        )));
    }
    let revision = source.give(&head, text);
    Ok(Target {
        name: head.name,
        revision,
    })
}

fn unknown(name: &str, source: &Directories) -> YangError {
    let near = match nearest(name, source.names()) {
        Some(near) => format!("did you mean {near}? Otherwise "),
        None => String::new(),
    };
    YangError::Usage(format!(
        "there is no file and no module called {name}; {near}name the directory of its file with --path"
    ))
}

/// `module:feature,feature` options, joined by module.
fn features(options: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>, YangError> {
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for option in options {
        let Some((module, names)) = option.split_once(':') else {
            return Err(YangError::Usage(format!(
                "--feature {option} does not name a module; write MODULE:FEATURE,..."
            )));
        };
        let names = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        features
            .entry(module.trim().to_owned())
            .or_default()
            .extend(names.map(str::to_owned));
    }
    Ok(features)
}

/// A feature or module that does not exist is a slip of the pen.
fn check_features(
    options: &BTreeMap<String, BTreeSet<String>>,
    sources: &SourceMap,
) -> Result<(), YangError> {
    if options.is_empty() {
        return Ok(());
    }
    let texts = sources
        .ids()
        .filter_map(|id| Some((id, Head::of(sources.text(id))?)));
    let texts: Vec<_> = texts.collect();
    for (module, names) in options {
        if !texts.iter().any(|(_, head)| head.name == *module) {
            let modules = texts
                .iter()
                .filter(|(_, head)| head.keyword == Keyword::Module);
            let near = nearest(module, modules.map(|(_, head)| head.name.as_str()));
            return Err(YangError::Usage(format!(
                "--feature names the module {module}, which is not among those that were read{}",
                did_you_mean(near)
            )));
        }
        let features = features_of(module, sources, &texts);
        let mistyped = names.iter().find(|name| !features.contains(*name));
        if let Some(name) = mistyped {
            let near = nearest(name, features.iter().map(String::as_str));
            return Err(YangError::Usage(format!(
                "module {module} has no feature {name}{}",
                did_you_mean(near)
            )));
        }
    }
    Ok(())
}

/// The features that a module and its submodules define.
fn features_of(module: &str, sources: &SourceMap, texts: &[(SourceId, Head)]) -> BTreeSet<String> {
    let mut features = BTreeSet::new();
    for (id, head) in texts {
        if head.keyword == Keyword::Module && head.name != module {
            continue;
        }
        let tree = parse(sources, *id, &mut Diagnostics::new());
        let Some(root) = tree.root() else {
            continue;
        };
        let owner = match head.keyword {
            Keyword::Module => module,
            _ => tree.child_argument(root, Keyword::BelongsTo).unwrap_or(""),
        };
        if owner == module {
            let defined = tree.children_of(root, Keyword::Feature);
            features.extend(defined.map(|feature| tree.name(feature).to_owned()));
        }
    }
    features
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; did you mean {near}?"))
}

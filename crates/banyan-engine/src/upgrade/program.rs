//! A migration step that a program does: the document on its standard input, the changed one on its standard output.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use banyan_data::document::Limits;
use banyan_data::untyped::Document;

use super::migration::{Migrating, Migration, MigrationError, Range};
use super::report::Finding;

/// How often a program that does not end is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs a program with the document as XML inside of `<config>`; what it prints takes the document's place, so that it has
/// to print one, whole. The exit status 0 means success; what it says on standard error is its message.
///
/// The environment variables `BANYAN_MODULES` (a line `name change from to` for each changed module, `-` for no revision)
/// and `BANYAN_STORE_FILE` tell what it is about. Blocking, as the start is.
#[derive(Clone, Debug)]
pub struct Program {
    /// Program and arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// The change that it is for; without one it runs at every start.
    pub range: Option<Range>,
}

impl Program {
    fn failed(&self, reason: impl Into<String>) -> MigrationError {
        MigrationError {
            step: self.name(),
            reason: reason.into(),
        }
    }

    fn run(&self, input: String, modules: &str, file: &str) -> Result<Vec<u8>, MigrationError> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(self.failed("no program is named"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env("BANYAN_MODULES", modules)
            .env("BANYAN_STORE_FILE", file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.failed(format!("it cannot be started: {error}")))?;
        let feed = child.stdin.take().map(|mut stdin| {
            thread::spawn(move || {
                // A program that does not read its input is no error.
                let _ = stdin.write_all(input.as_bytes());
            })
        });
        let output = child.stdout.take().map(listen);
        let complaint = child.stderr.take().map(listen);
        let status = self.wait(&mut child)?;
        let heard = |listener: Option<thread::JoinHandle<Vec<u8>>>| {
            listener
                .and_then(|listener| listener.join().ok())
                .unwrap_or_default()
        };
        let (output, complaint) = (heard(output), heard(complaint));
        if let Some(feed) = feed {
            let _ = feed.join();
        }
        let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
        if !status.success() {
            return Err(self.failed(match complaint.is_empty() {
                true => format!("it ended with {status} and said nothing"),
                false => format!("it ended with {status}: {complaint}"),
            }));
        }
        if !complaint.is_empty() {
            tracing::info!(step = self.name(), "{complaint}");
        }
        Ok(output)
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, MigrationError> {
        let end = Instant::now() + self.timeout;
        loop {
            let waited = child.try_wait();
            match waited.map_err(|error| self.failed(error.to_string()))? {
                Some(status) => return Ok(status),
                None if Instant::now() >= end => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let seconds = self.timeout.as_secs_f32();
                    return Err(
                        self.failed(format!("it did not end within {seconds} s and was killed"))
                    );
                }
                None => thread::sleep(PAUSE),
            }
        }
    }
}

fn listen(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        // What was heard before the pipe broke is judged by the exit status.
        let _ = from.read_to_end(&mut all);
        all
    })
}

impl Migration for Program {
    fn name(&self) -> String {
        self.command.join(" ")
    }

    fn range(&self) -> Option<&Range> {
        self.range.as_ref()
    }

    fn migrate(&self, data: &mut Migrating<'_>) -> Result<(), MigrationError> {
        let revision = |it: &Option<std::sync::Arc<str>>| it.as_deref().unwrap_or("-").to_owned();
        let modules: String = data
            .changes
            .changes
            .iter()
            .map(|change| {
                let (from, to) = (revision(&change.from), revision(&change.to));
                format!("{} {} {from} {to}\n", change.module, change.change.name())
            })
            .collect();
        let input = data.document.print().text;
        let output = self.run(input.clone(), &modules, data.file)?;
        if output == input.as_bytes() {
            return Ok(());
        }
        let modules = data.document.modules.clone();
        let read = Document::read(&output, modules, &Limits::default());
        let read =
            read.map_err(|error| self.failed(format!("what it printed is no document: {error}")))?;
        if read.is_blank {
            // A program that says what it did, or nothing, would empty the store.
            return Err(self.failed(
                "it printed no document: a program prints the whole configuration on its standard output, also where it \
                 changes nothing (`<config/>` for an empty one), and what it has to say on its standard error",
            ));
        }
        *data.document = read;
        data.done.push(Finding {
            path: "/".to_owned(),
            place: None,
            message: format!("changed by {}", self.name()),
        });
        // Lines of what a program prints are not lines of the file.
        forget_positions(&mut data.document.root);
        Ok(())
    }
}

fn forget_positions(element: &mut banyan_data::untyped::Element) {
    element.position = None;
    element.children.iter_mut().for_each(forget_positions);
}

#[cfg(test)]
mod tests {
    use banyan_data::untyped::KnownModules;

    use super::*;
    use crate::upgrade::changes::ModuleChanges;

    fn ran(script: &str, timeout: Duration) -> Result<(String, usize), String> {
        let text = "<config><a xmlns=\"urn:m\">1</a></config>";
        let limits = Limits::default();
        let mut document =
            Document::read(text.as_bytes(), KnownModules::default(), &limits).unwrap();
        let program = Program {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            timeout,
            range: None,
        };
        let changes = ModuleChanges::unknown();
        let mut data = Migrating {
            schemas: &[],
            document: &mut document,
            changes: &changes,
            file: "f",
            done: Vec::new(),
        };
        program
            .migrate(&mut data)
            .map_err(|error| error.to_string())?;
        let done = data.done.len();
        Ok((document.print().text, done))
    }

    #[test]
    fn a_program_changes_the_document_or_says_why_not() {
        let minute = Duration::from_secs(60);
        let (text, done) = ran("sed s/1/2/", minute).unwrap();
        assert!(text.contains("<a xmlns=\"urn:m\">2</a>"), "{text}");
        assert_eq!(done, 1);
        assert_eq!(ran("cat", minute).unwrap().1, 0);
        assert!(
            ran("echo no; echo why >&2; exit 3", minute)
                .unwrap_err()
                .contains("why")
        );
        assert!(
            ran("echo '<a>'", minute)
                .unwrap_err()
                .contains("no document")
        );
        for silent in ["true", "cat >/dev/null; echo", "echo '<!-- done -->'"] {
            let error = ran(silent, minute).unwrap_err();
            assert!(error.contains("it printed no document"), "{error}");
        }
        let error = ran("cat; echo done migrating", minute).unwrap_err();
        assert!(error.contains("\"done migrating\" stands outside of any element"));
        assert!(!ran("echo '<config/>'", minute).unwrap().0.contains("<a"));
        assert!(
            ran("sleep 60", Duration::from_millis(50))
                .unwrap_err()
                .contains("was killed")
        );
        let name = ran("cat; echo $BANYAN_STORE_FILE >&2; exit 1", minute);
        assert!(name.unwrap_err().ends_with(": f"));
    }
}

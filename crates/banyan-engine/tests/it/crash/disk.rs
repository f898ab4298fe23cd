//! A disk in memory that notes what it is asked to do, refuses when told to, and knows what a crash leaves.
//!
//! What a crash may leave, as POSIX has it: the content of a file is safe when the file was synced, its name when the
//! directory was. What was not synced may be there, be lost, or be there in parts; names change in the order in which
//! they were changed. After a failed sync, what was to be written is lost, although readers still see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use banyan_engine::files::{Files, LockError, LockGuard, Sync, Writer};
use banyan_engine::log::Medium;
use redb::StorageBackend;

/// A change of a file's content.
#[derive(Clone, Debug)]
enum Piece {
    Data(usize, Arc<[u8]>),
    Length(usize),
}

/// A change of names.
#[derive(Clone, Debug)]
enum Naming {
    Make(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Naming {
    fn directory(&self) -> Option<&Path> {
        match self {
            Naming::Make(path, _) | Naming::Rename(path, _) | Naming::Remove(path) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Naming::Make(path, file) => {
                names.insert(path.clone(), *file);
            }
            Naming::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Naming::Remove(path) => {
                names.remove(path);
            }
        }
    }
}

/// What the disk is asked to do.
#[derive(Clone, Debug)]
enum Step {
    Content(usize, Piece),
    Sync(usize),
    Names(Naming),
    SyncDirectory(PathBuf),
}

/// What goes wrong at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The step fails and has no effect; a failed sync loses what it was to write.
    Fail,
    /// Half of what is to be written gets there; then it fails. Other steps just fail.
    Short,
    /// The disk is full from this step on, until [`Disk::free`]: nothing can be written; names can be changed.
    Full,
}

/// What of that which was not synced a crash leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leaves {
    /// Nothing.
    Nothing,
    /// Everything: the process was killed, not the machine.
    Everything,
    /// The names, and no content.
    Names,
    /// Some: what, is decided by this number.
    Some(u64),
}

#[derive(Clone, Default)]
struct Content {
    /// What readers see.
    seen: Vec<u8>,
    /// What is safe.
    kept: Vec<u8>,
    /// What is seen and not safe; but not what a failed sync has lost.
    pending: Vec<Piece>,
}

fn put(bytes: &mut Vec<u8>, piece: &Piece) {
    match piece {
        Piece::Data(at, data) => {
            let end = at + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(data);
        }
        Piece::Length(length) => bytes.resize(*length, 0),
    }
}

/// The state of a disk.
#[derive(Clone, Default)]
pub struct Image {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    kept_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<Naming>,
}

impl Image {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Content(file, piece) => {
                let content = &mut self.contents[*file];
                put(&mut content.seen, piece);
                content.pending.push(piece.clone());
            }
            Step::Sync(file) => {
                let content = &mut self.contents[*file];
                for piece in std::mem::take(&mut content.pending) {
                    put(&mut content.kept, &piece);
                }
            }
            Step::Names(naming) => {
                if let Naming::Make(_, file) = naming {
                    assert_eq!(*file, self.contents.len());
                    self.contents.push(Content::default());
                }
                naming.apply(&mut self.names);
                self.pending_names.push(naming.clone());
            }
            Step::SyncDirectory(directory) => {
                let (here, elsewhere): (Vec<Naming>, _) = std::mem::take(&mut self.pending_names)
                    .into_iter()
                    .partition(|naming| naming.directory() == Some(directory));
                for naming in here {
                    naming.apply(&mut self.kept_names);
                }
                self.pending_names = elsewhere;
            }
        }
    }

    /// What a crash leaves: a disk on which everything is safe.
    pub fn after_crash(&self, leaves: Leaves) -> Image {
        let mut dice = match leaves {
            Leaves::Some(seed) => seed,
            _ => 0,
        };
        let mut names = self.kept_names.clone();
        let surviving = match leaves {
            Leaves::Nothing => 0,
            Leaves::Everything | Leaves::Names => self.pending_names.len(),
            Leaves::Some(_) => roll(&mut dice) as usize % (self.pending_names.len() + 1),
        };
        for naming in &self.pending_names[..surviving] {
            naming.apply(&mut names);
        }
        let mut left = Image::default();
        for (name, file) in names {
            let content = &self.contents[file];
            let bytes = match leaves {
                Leaves::Nothing | Leaves::Names => content.kept.clone(),
                Leaves::Everything => content.seen.clone(),
                Leaves::Some(_) => content.torn(&mut dice),
            };
            left.kept_names.insert(name.clone(), left.contents.len());
            left.names.insert(name, left.contents.len());
            left.contents.push(Content {
                seen: bytes.clone(),
                kept: bytes,
                pending: Vec::new(),
            });
        }
        left
    }

    /// Removes a file.
    pub fn forget(&mut self, path: &Path) {
        self.names.remove(path);
        self.kept_names.remove(path);
    }

    /// The files by name, as readers see them.
    pub fn files(&self) -> BTreeMap<&Path, &[u8]> {
        let files = self.names.iter();
        files
            .map(|(name, file)| (name.as_path(), self.contents[*file].seen.as_slice()))
            .collect()
    }
}

impl Content {
    /// Sectors of what was not synced are there or not, each by itself.
    fn torn(&self, dice: &mut u64) -> Vec<u8> {
        const SECTOR: usize = 512;
        let mut bytes = self.kept.clone();
        for piece in &self.pending {
            match piece {
                Piece::Length(_) => {
                    if roll(dice).is_multiple_of(2) {
                        put(&mut bytes, piece);
                    }
                }
                Piece::Data(at, data) => {
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        if roll(dice).is_multiple_of(2) {
                            let at = at + number * SECTOR;
                            put(&mut bytes, &Piece::Data(at, Arc::from(sector)));
                        }
                    }
                }
            }
        }
        bytes
    }
}

fn roll(dice: &mut u64) -> u64 {
    *dice = dice
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *dice >> 33
}

struct State<N> {
    image: Image,
    start: Image,
    steps: Vec<Step>,
    notes: Vec<(usize, N)>,
    asked: usize,
    refusal: Option<(usize, Refusal)>,
    full: bool,
    hold: Option<Hold>,
    /// Whether a step waits at the hold.
    waits: bool,
}

/// A step that waits until it is let go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// The sync of a file of this name.
    Sync(&'static str),
    /// The renaming of a file of this name.
    Rename(&'static str),
}

impl Hold {
    fn is(self, step: &Step, image: &Image) -> bool {
        let named = |name: &str, path: &Path| path.file_name().is_some_and(|found| found == name);
        match (self, step) {
            (Hold::Sync(name), Step::Sync(file)) => {
                let mut names = image.names.iter();
                names.any(|(path, named_by)| named_by == file && named(name, path))
            }
            (Hold::Rename(name), Step::Names(Naming::Rename(from, _))) => named(name, from),
            _ => false,
        }
    }
}

/// The disk. Clones share it. `N` is what a client notes beside the steps.
pub struct Disk<N>(Arc<(Mutex<State<N>>, Condvar)>);

impl<N> Clone for Disk<N> {
    fn clone(&self) -> Self {
        Disk(self.0.clone())
    }
}

impl<N> fmt::Debug for Disk<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

/// One moment of a run: the disk before a step, and the last note of that time.
pub struct Moment<N> {
    /// The number of steps that were done.
    pub after: usize,
    /// The step that was done last.
    pub last: String,
    pub image: Image,
    pub note: N,
}

impl<N> Disk<N> {
    /// A disk that holds this.
    pub fn of(image: Image) -> Disk<N> {
        let state = State {
            start: image.clone(),
            image,
            steps: Vec::new(),
            notes: Vec::new(),
            asked: 0,
            refusal: None,
            full: false,
            hold: None,
            waits: false,
        };
        Disk(Arc::new((Mutex::new(state), Condvar::new())))
    }

    fn state(&self) -> MutexGuard<'_, State<N>> {
        self.0.0.lock().unwrap()
    }

    /// Lets a step fail, counted from 0 at the beginning.
    pub fn refuse(&self, step: usize, refusal: Refusal) {
        self.state().refusal = Some((step, refusal));
    }

    /// Nothing is refused any more.
    pub fn free(&self) {
        let mut state = self.state();
        state.full = false;
        state.refusal = None;
    }

    /// Lets the next such step wait until [`Disk::go_on`].
    pub fn hold(&self, hold: Hold) {
        self.state().hold = Some(hold);
    }

    /// Whether a step waits at the hold.
    pub fn waits(&self) -> bool {
        self.state().waits
    }

    /// Lets go what is held.
    pub fn go_on(&self) {
        self.state().hold = None;
        self.0.1.notify_all();
    }

    /// How many steps were asked for.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// What the client knows from now on.
    pub fn note(&self, note: N) {
        let mut state = self.state();
        let at = state.steps.len();
        state.notes.push((at, note));
    }

    /// The disk as it is.
    pub fn image(&self) -> Image {
        self.state().image.clone()
    }

    /// Does a step, unless it is to be refused.
    fn step(&self, step: Step) -> io::Result<()> {
        self.step_on(&|_| step.clone())
    }

    /// As [`Disk::step`]; what is done follows from the disk as it is then.
    fn step_on(&self, step: &dyn Fn(&Image) -> Step) -> io::Result<()> {
        let mut state = self.state();
        let is_held = |state: &State<N>| {
            let hold = state.hold.as_ref();
            hold.is_some_and(|hold| hold.is(&step(&state.image), &state.image))
        };
        while is_held(&state) {
            state.waits = true;
            state = self.0.1.wait(state).unwrap();
            state.waits = false;
        }
        let step = step(&state.image);
        let number = state.asked;
        state.asked += 1;
        let refusal = state.refusal.filter(|(at, _)| *at == number);
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        state.full |= matches!(refusal, Some((_, Refusal::Full)));
        if state.full && matches!(step, Step::Content(..) | Step::Names(Naming::Make(..))) {
            return full();
        }
        match (refusal, &step) {
            (None | Some((_, Refusal::Full)), _) => {
                state.image.apply(&step);
                state.steps.push(step);
                Ok(())
            }
            (Some((_, Refusal::Short)), Step::Content(file, Piece::Data(at, data))) => {
                let half = Piece::Data(*at, Arc::from(&data[..data.len() / 2]));
                let step = Step::Content(*file, half);
                state.image.apply(&step);
                state.steps.push(step);
                full()
            }
            (Some(_), Step::Sync(file)) => {
                state.image.contents[*file].pending.clear();
                Err(io::Error::other("injected: sync failed"))
            }
            (Some(_), step) => Err(io::Error::other(format!("injected: {}", short(step)))),
        }
    }

    /// The file of a name; a new one if there is none.
    fn opened(&self, path: &Path) -> io::Result<usize> {
        let known = || self.state().image.names.get(path).copied();
        if let Some(file) = known() {
            return Ok(file);
        }
        // Another file may be made at the same time.
        let make = |image: &Image| Naming::Make(path.to_owned(), image.contents.len());
        self.step_on(&|image| Step::Names(make(image)))?;
        known().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl<N: Clone> Disk<N> {
    /// Each moment of the run so far, one after each step, from the first note on. Of a run in which nothing was refused.
    pub fn moments(&self, mut each: impl FnMut(Moment<N>)) {
        let state = self.state();
        let mut image = state.start.clone();
        let mut notes = state.notes.iter().peekable();
        let mut note = None;
        for (number, step) in state.steps.iter().enumerate() {
            while let Some((_, newer)) = notes.next_if(|(at, _)| *at <= number) {
                note = Some(newer.clone());
            }
            image.apply(step);
            // What a client learns of a step, he learns after it.
            if let Some(note) = &note {
                each(Moment {
                    after: number + 1,
                    last: short(step),
                    image: image.clone(),
                    note: note.clone(),
                });
            }
        }
    }
}

fn short(step: &Step) -> String {
    match step {
        Step::Content(file, Piece::Data(at, data)) => {
            format!("write {} bytes at {at} of file {file}", data.len())
        }
        Step::Content(file, Piece::Length(length)) => {
            format!("make file {file} {length} bytes long")
        }
        Step::Sync(file) => format!("sync file {file}"),
        Step::Names(naming) => format!("{naming:?}"),
        Step::SyncDirectory(directory) => format!("sync {}", directory.display()),
    }
}

struct NoLock;

impl LockGuard for NoLock {}

impl<N: Send + 'static> Files for Disk<N> {
    fn create_directory(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        let file = state.image.names.get(path);
        Ok(file.map(|file| state.image.contents[*file].seen.clone()))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let here = state.image.names.keys();
        let here = here.filter(|file| file.parent() == Some(directory));
        let names: BTreeSet<String> = here
            .filter_map(|file| file.file_name()?.to_str().map(str::to_owned))
            .collect();
        Ok(names.into_iter().collect())
    }

    /// What a path leads through: none is made without a file in it.
    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let below = state.image.names.keys().filter_map(|file| {
            let mut rest = file.strip_prefix(directory).ok()?.iter();
            let name = rest.next()?.to_str()?.to_owned();
            rest.next().map(|_| name)
        });
        let names: BTreeSet<String> = below.collect();
        Ok(names.into_iter().collect())
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        if self.state().image.names.contains_key(path) {
            self.step(Step::Names(Naming::Remove(path.to_owned())))?;
        }
        let file = self.opened(path)?;
        let shown = |step| self.step(Step::Content(file, step));
        shown(Piece::Length(0))?;
        let mut out = Vec::new();
        content(&mut out as &mut dyn Write)?;
        shown(Piece::Data(0, out.into()))?;
        match sync {
            Sync::Now => self.step(Step::Sync(file)),
            Sync::Later => Ok(()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.state().image.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.step(Step::Names(Naming::Rename(from.to_owned(), to.to_owned())))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !self.state().image.names.contains_key(path) {
            return Ok(());
        }
        self.step(Step::Names(Naming::Remove(path.to_owned())))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Step::SyncDirectory(path.to_owned()))
    }

    fn lock(&self, _path: &Path, _owner: &str) -> Result<Box<dyn LockGuard>, LockError> {
        Ok(Box::new(NoLock))
    }
}

/// The commit log's place on a disk.
pub struct LogFile<N>(pub Disk<N>, pub PathBuf);

impl<N: fmt::Debug + Send + 'static> Medium for LogFile<N> {
    fn name(&self) -> String {
        self.1.display().to_string()
    }

    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>> {
        let file = self.0.state().image.names.get(&self.1).copied();
        let Some(file) = file else { return Ok(None) };
        self.0.sync_directory(self.1.parent().unwrap())?;
        Ok(Some(Box::new(Open(self.0.clone(), file))))
    }

    fn make(&self) -> io::Result<Box<dyn StorageBackend>> {
        let file = self.0.opened(&self.unfinished())?;
        self.0.step(Step::Content(file, Piece::Length(0)))?;
        Ok(Box::new(Open(self.0.clone(), file)))
    }

    fn establish(&self) -> io::Result<()> {
        self.0.rename(&self.unfinished(), &self.1)
    }
}

impl<N> LogFile<N> {
    fn unfinished(&self) -> PathBuf {
        self.1.with_extension("redb.new")
    }
}

#[derive(Debug)]
struct Open<N>(Disk<N>, usize);

impl<N: fmt::Debug + Send + 'static> StorageBackend for Open<N> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.state().image.contents[self.1].seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.state();
        let at = offset as usize;
        let seen = &state.image.contents[self.1].seen;
        let found = seen.get(at..at + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let step = Step::Content(self.1, Piece::Length(len as usize));
        self.0.step(step)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.step(Step::Sync(self.1))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let step = Step::Content(self.1, Piece::Data(offset as usize, data.into()));
        self.0.step(step)
    }
}

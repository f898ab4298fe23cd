//! Old trees are dropped on a thread of their own: giving a million entries back must delay nobody.

use std::any::Any;
use std::sync::mpsc;

/// Where old trees go, and snapshots of them.
#[derive(Clone)]
pub struct Reaper(mpsc::Sender<Box<dyn Any + Send>>);

impl Reaper {
    /// Starts the thread; it ends with the last handle. Without a thread, trees are dropped in place.
    pub fn start() -> Reaper {
        let (sender, trees) = mpsc::channel::<Box<dyn Any + Send>>();
        let thread = std::thread::Builder::new().name("reaper".into());
        if let Err(error) = thread.spawn(move || trees.into_iter().for_each(drop)) {
            tracing::warn!("no thread to free old trees on: {error}");
        }
        Reaper(sender)
    }

    /// Drops a tree, or what holds one, that nobody may need any more.
    pub fn bury(&self, old: impl Any + Send) {
        // Without the thread it comes back in the error, and is dropped here.
        let _ = self.0.send(Box::new(old));
    }
}

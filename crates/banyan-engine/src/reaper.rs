//! Old trees are dropped on a thread of their own: giving a million entries back must delay nobody.

use std::sync::mpsc;

use banyan_data::Tree;

/// Where old trees go.
#[derive(Clone)]
pub struct Reaper(mpsc::Sender<Tree>);

impl Reaper {
    /// Starts the thread; it ends with the last handle. Without a thread, trees are dropped in place.
    pub fn start() -> Reaper {
        let (sender, trees) = mpsc::channel::<Tree>();
        let thread = std::thread::Builder::new().name("reaper".into());
        if let Err(error) = thread.spawn(move || trees.into_iter().for_each(drop)) {
            tracing::warn!("no thread to free old trees on: {error}");
        }
        Reaper(sender)
    }

    /// Drops a tree that nobody may need any more.
    pub fn bury(&self, tree: Tree) {
        // Without the thread the tree comes back in the error, and is dropped here.
        let _ = self.0.send(tree);
    }
}

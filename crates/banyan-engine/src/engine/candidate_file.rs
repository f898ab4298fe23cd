//! The candidate's file, for who wants to look at it: written when its policy asks for one, and never read.

use banyan_data::Tree;

use super::Engine;

/// The store's name.
const CANDIDATE: &str = "candidate";

/// Brings the file up to date from time to time while the candidate differs from what is in it. Does not keep the engine
/// alive. A look costs a comparison of pointers.
pub(super) fn keep(engine: &Engine) {
    let keeper = engine.0.keeper.as_ref();
    let Some(keeper) = keeper.filter(|keeper| keeper.has_file(CANDIDATE)) else {
        return;
    };
    let idle = keeper.idle();
    let weak = engine.downgrade();
    let stopping = engine.0.stopping.clone();
    let clock = engine.0.seams.clock.clone();
    tokio::spawn(async move {
        let mut written: Option<Tree> = None;
        loop {
            let Some(Engine(core)) = weak.upgrade() else {
                return;
            };
            let tree = core.work_on(&core.candidate).tree.clone();
            if !written
                .as_ref()
                .is_some_and(|written| written.ptr_eq(&tree))
            {
                let saved = tree.clone();
                let done = core.writing(move |core| match &core.keeper {
                    Some(keeper) => keeper.save(CANDIDATE, &saved, || ()),
                    None => Ok(()),
                });
                let done = done.await;
                drop(core);
                match done {
                    Ok(Ok(())) => written = Some(tree),
                    Ok(Err(error)) => tracing::warn!("{error}; trying again"),
                    Err(_) if stopping.is_cancelled() => return,
                    Err(error) => tracing::error!("writing the candidate's file failed: {error}"),
                }
            } else {
                drop(core);
            }
            tokio::select! {
                () = clock.sleep(idle) => {}
                () = stopping.cancelled() => return,
            }
        }
    });
}

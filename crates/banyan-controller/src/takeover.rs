//! What devices have becomes what the controller has: the end of connecting and of a pull.
//!
//! One commit for all devices, without a push. Nothing that was meant for a device is lost on the way:
//! see [`Rule`].

use std::sync::Arc;

use banyan_data::Tree;
use banyan_engine::backend::{Call, CommitParameters};
use banyan_engine::error::BackendError;
use banyan_engine::participant::Options;

use crate::controller::{Controller, Pulled, on_pool, source};
use crate::device::{Device, Known};
use crate::job::difference;
use crate::remedy;

/// When a device's configuration replaces the controller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Always: the operator asked for it.
    Always,
    /// Only if the controller holds nothing that the device was to get: connecting must not undo a commit
    /// that was made with `no-networking`.
    UnlessPending,
}

/// What is to be done about one device.
enum Verdict {
    /// Both have the same.
    Same(Arc<Tree>),
    /// The device's configuration is taken.
    Take(Arc<Tree>),
    /// The controller's stands, and is to be pushed.
    Pending,
    /// Both have changed.
    Apart(String),
}

/// Takes over what the devices were last seen to have.
///
/// # Errors
/// The commit on the controller failed; nothing was taken over.
pub async fn take_over(
    controller: &Arc<Controller>,
    call: &Call,
    devices: &[Arc<Device>],
    rule: Rule,
) -> Result<(), BackendError> {
    let engine = controller.engine()?;
    let running = engine.running().tree;
    let judged = devices.to_vec();
    let judge = controller.clone();
    let verdicts = on_pool(move || {
        let verdicts = judged.into_iter().filter_map(|device| {
            let mounted = judge.model.mount(&running, &device.name);
            let verdict = verdict(device.known(), mounted, rule)?;
            Some((device, verdict))
        });
        Ok::<_, BackendError>(verdicts.collect::<Vec<_>>())
    })
    .await
    .unwrap_or_default();
    let taken: Vec<(Arc<Device>, Arc<Tree>)> = verdicts
        .iter()
        .filter_map(|(device, verdict)| match verdict {
            Verdict::Take(tree) => Some((device.clone(), tree.clone())),
            _ => None,
        })
        .collect();
    if !taken.is_empty() {
        let names: Vec<&str> = taken.iter().map(|(device, _)| &*device.name).collect();
        let parameters = CommitParameters {
            comment: Some(format!("pulled from {}", names.join(", "))),
            no_networking: true,
            ..CommitParameters::default()
        };
        let editor = controller.clone();
        engine
            .change(
                call,
                source(),
                parameters,
                Options::none().with(Pulled),
                move |tree| {
                    let with = |tree: Tree, (device, mounted): (Arc<Device>, Arc<Tree>)| {
                        editor.model.with_mount(&tree, &device.name, mounted)
                    };
                    Ok(taken.into_iter().fold(tree.clone(), with))
                },
            )
            .await?;
    }
    for (device, verdict) in verdicts {
        match verdict {
            Verdict::Same(tree) | Verdict::Take(tree) => controller.agree(&device, tree),
            Verdict::Pending => {
                device.update_status(|status| {
                    status.message = Some(remedy::not_pushed(&device.name));
                });
                controller.pay(&device.name);
            }
            Verdict::Apart(words) => device.update_status(|status| {
                status.message = Some(format!(
                    "the device was changed ({words}), and the controller holds changes that were not pushed; take the device's configuration over with {}, or undo one of the two",
                    remedy::pull(&device.name)
                ));
            }),
        }
    }
    Ok(())
}

pub(crate) fn same(a: &Tree, b: &Tree) -> bool {
    Arc::ptr_eq(a.schema(), b.schema()) && difference(a, b).is_none()
}

fn verdict(known: Known, mounted: Option<Arc<Tree>>, rule: Rule) -> Option<Verdict> {
    let seen = known.seen?;
    let mounted = mounted.unwrap_or_else(|| Arc::new(Tree::empty(seen.schema().clone())));
    if same(&mounted, &seen) {
        // The mounted tree is the one that later differences are taken from.
        return Some(Verdict::Same(mounted));
    }
    let Some(synced) = known.synced.filter(|_| rule == Rule::UnlessPending) else {
        return Some(Verdict::Take(seen));
    };
    if same(&mounted, &synced) || !Arc::ptr_eq(mounted.schema(), seen.schema()) {
        return Some(Verdict::Take(seen));
    }
    Some(match difference(&synced, &seen) {
        None => Verdict::Pending,
        Some(words) => Verdict::Apart(words),
    })
}

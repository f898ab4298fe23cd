//! The disk refuses each step in turn; the program goes on.

use super::check::check;
use super::disk::{Disk, Image, Leaves, Refusal};
use super::load::{Act, Expected, Form, Player};

/// What a chapter begins with.
struct Beginning {
    image: Image,
    state: Expected,
    acts: &'static [Act],
    /// Steps of the disk until the chapter's end.
    steps: usize,
}

async fn beginnings(form: Form) -> Vec<Beginning> {
    let (mut image, mut state) = form.beginning().await;
    let mut beginnings = Vec::new();
    for &acts in form.chapters() {
        let disk = Disk::of(image.clone());
        let mut player = Player::start(disk.clone(), form, state.clone()).await;
        for act in acts {
            player.act(*act).await.unwrap();
        }
        let (_, end) = player.stop().await;
        beginnings.push(Beginning {
            image,
            state,
            acts,
            steps: disk.asked(),
        });
        (image, state) = (disk.image(), end);
    }
    beginnings
}

/// Plays a chapter while a step is refused; then everything works without a restart, and nothing that was answered is
/// lost by a later one.
async fn refused(chapter: &Beginning, form: Form, step: usize, refusal: Refusal) -> usize {
    let disk = Disk::of(chapter.image.clone());
    disk.refuse(step, refusal);
    let mut player = Player::start(disk.clone(), form, chapter.state.clone()).await;
    let mut failed = 0;
    for act in chapter.acts {
        if let Err(error) = player.act(*act).await {
            failed += 1;
            let clear = error.contains("injected") || error.contains("no storage space");
            assert!(clear, "{refusal:?} of step {step}: {act:?}: {error}");
        }
    }
    disk.free();
    let when = format!("{refusal:?} of step {step}");
    let again = player.act(Act::Put("k9", "9")).await;
    again.unwrap_or_else(|error| panic!("{when}: no commit works afterwards: {error}"));
    let (_, state) = player.abandon();
    let known = state.known();
    for leaves in [Leaves::Nothing, Leaves::Everything] {
        let when = format!("{when}, then a crash that leaves {leaves:?}");
        check(disk.image().after_crash(leaves), &known, form, &when).await;
    }
    failed
}

fn nothing_refused_breaks(form: Form, refusal: Refusal) {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let chapters = runtime().block_on(beginnings(form));
    let (mut runs, mut failed) = (0, 0);
    for chapter in &chapters {
        // Some more than the good run has: a failure brings steps of its own.
        for step in 0..chapter.steps {
            failed += runtime().block_on(refused(chapter, form, step, refusal));
            runs += 1;
        }
    }
    println!("{form:?}, {refusal:?}: {runs} runs, {failed} answers were errors");
    assert!(runs > 100 && failed > 10, "{runs} runs, {failed} errors");
}

#[test]
fn a_step_that_fails_harms_only_what_needs_it() {
    nothing_refused_breaks(Form::Single, Refusal::Fail);
}

#[test]
fn a_step_that_fails_harms_only_what_needs_it_in_split_datastores() {
    nothing_refused_breaks(Form::Split, Refusal::Fail);
}

#[test]
fn a_write_that_is_cut_short_harms_only_what_needs_it() {
    nothing_refused_breaks(Form::Single, Refusal::Short);
}

#[test]
fn a_full_disk_stops_commits_until_there_is_space() {
    nothing_refused_breaks(Form::Single, Refusal::Full);
}

#[test]
fn a_full_disk_stops_commits_of_split_datastores_until_there_is_space() {
    nothing_refused_breaks(Form::Split, Refusal::Full);
}

#[test]
fn a_step_that_fails_harms_only_what_needs_it_while_the_history_is_imported_and_trimmed() {
    nothing_refused_breaks(Form::Trimmed, Refusal::Fail);
}

#[test]
fn a_step_that_fails_leaves_one_history_where_an_import_takes_the_place_of_another() {
    nothing_refused_breaks(Form::Replaced, Refusal::Fail);
}

#[test]
fn a_step_that_fails_harms_only_what_needs_it_where_running_has_no_file() {
    nothing_refused_breaks(Form::InMemory, Refusal::Fail);
}

#[test]
fn a_step_that_fails_harms_only_what_needs_it_while_a_large_file_is_written_beside_commits() {
    nothing_refused_breaks(Form::Large, Refusal::Fail);
}

#[test]
fn a_full_disk_stops_imports_and_trimming_until_there_is_space() {
    nothing_refused_breaks(Form::Trimmed, Refusal::Full);
}

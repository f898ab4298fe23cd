//! The cores of the processor, for work that falls into independent pieces.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use banyan_yang::compile::Workers;

/// All cores that the process may use. Threads live as long as one call.
#[derive(Clone, Copy, Debug)]
pub struct Cores;

impl Workers for Cores {
    fn each(&self, count: usize, job: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                job(index);
            }
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 1..cores.min(count) {
                scope.spawn(work);
            }
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU8;

    use super::*;

    #[test]
    fn each_piece_is_done_once() {
        for count in [0, 1, 2, 100] {
            let done: Vec<AtomicU8> = (0..count).map(|_| AtomicU8::new(0)).collect();
            Cores.each(count, &|index| {
                done[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1));
        }
    }
}

//! Work that is shared out among the processor's cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many threads work on `tasks` tasks.
pub(super) fn threads(tasks: usize) -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(tasks).max(1)
}

/// Does `work` for every task and returns the results in the order of the tasks, so that nobody can see
/// from them how many threads there were. `done` is called after each task, on this thread.
pub(super) fn in_parallel<T: Sync, R: Send>(
    tasks: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(),
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = Vec::with_capacity(tasks.len());
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(position) else { break };
                    if sender.send((position, work(task))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for result in receiver {
            results.push(result);
            done();
        }
    });
    results.sort_unstable_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_their_tasks_however_many_threads_there_are() {
        let tasks: Vec<usize> = (0..50).collect();
        for threads in [1, 2, 7] {
            let mut done = 0;
            let results = in_parallel(&tasks, threads, |task| task * task, || done += 1);
            assert!(results.into_iter().eq(tasks.iter().map(|task| task * task)));
            assert_eq!(done, 50);
        }
        assert!(in_parallel(&[], threads(0), |task: &usize| *task, || ()).is_empty());
    }
}

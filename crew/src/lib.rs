//! Threads that wait to help whoever computes something that takes a millisecond.
//!
//! To wake a thread that sleeps takes some 60 µs; one that is started may stand behind the very thread
//! that started it for most of a millisecond, until the kernel moves it to another core. So the threads
//! of this crate are started once. [`Helpers::take`] hands out only those that nobody else has, so
//! whoever got them may wait for them: they come at once.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::hint;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

/// Those that nobody has. Each is a pool of its own: in a larger one all threads are woken to look for
/// the work that one of them gets.
static IDLE: LazyLock<Mutex<Vec<ThreadPool>>> = LazyLock::new(|| Mutex::new(start()));

/// At least so many threads may compute together, even on fewer cores: what they compute must not
/// depend on how many they are, and a test on any machine can see to that.
const LEAST_TOGETHER: usize = 4;

/// How often a thread looks whether a helper is done before it sleeps until then. They mostly end
/// together, and it would be woken long after.
const LOOKS: usize = 4_000;

/// Threads that help nobody else, until this is dropped.
#[derive(Debug)]
pub struct Helpers(Vec<ThreadPool>);

/// How many threads this process may run at once, as it was at the first question.
pub fn cores() -> usize {
    *CORES
}

/// One for each core but that of the thread that is helped. Where the system allows no more threads,
/// everybody computes alone.
fn start() -> Vec<ThreadPool> {
    let one = |number| {
        let builder = ThreadPoolBuilder::new().num_threads(1);
        builder.thread_name(move |_| format!("crew-{number}")).build()
    };
    (1..cores().max(LEAST_TOGETHER)).map_while(|number| one(number).ok()).collect()
}

impl Helpers {
    /// Takes up to `most` threads that nobody else has; none if all are busy.
    pub fn take(most: usize) -> Self {
        if most == 0 {
            // Threads are started for those who want them.
            return Self(Vec::new());
        }
        let mut idle = idle();
        let rest = idle.len().saturating_sub(most);
        Self(idle.split_off(rest))
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Does `own` on this thread while the helpers do `theirs`, each with its number, counted from 1:
    /// all at once, so that they may wait for each other. What `own` gave, and each of the others.
    /// If any of them panics, so does this, once all have ended.
    pub fn run<M, T: Send>(
        &mut self,
        own: impl FnOnce() -> M,
        theirs: impl Fn(usize) -> T + Sync,
    ) -> (M, Vec<T>) {
        let mut answers: Vec<_> = (0..self.count()).map(|_| None).collect();
        let given = together(&self.0, &mut answers, own, &theirs);
        (given, answers.into_iter().flatten().collect())
    }
}

/// Lets the last of `helpers` work while all others do, and this thread.
fn together<M, T: Send>(
    helpers: &[ThreadPool],
    answers: &mut [Option<T>],
    own: impl FnOnce() -> M,
    theirs: &(impl Fn(usize) -> T + Sync),
) -> M {
    let (Some((last, helpers)), Some((answer, answers))) =
        (helpers.split_last(), answers.split_last_mut())
    else {
        return own();
    };
    let is_done = AtomicBool::new(false);
    last.in_place_scope(|scope| {
        scope.spawn(|_| {
            *answer = Some(theirs(helpers.len() + 1));
            is_done.store(true, Ordering::Release);
        });
        let given = together(helpers, answers, own, theirs);
        let looks = (0..LOOKS).take_while(|_| !is_done.load(Ordering::Acquire));
        looks.for_each(|_| hint::spin_loop());
        given
    })
}

impl Drop for Helpers {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            idle().append(&mut self.0);
        }
    }
}

/// Nothing that holds the lock can leave it half done.
fn idle() -> MutexGuard<'static, Vec<ThreadPool>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

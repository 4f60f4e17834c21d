//! Threads that wait to help whoever computes something that takes a millisecond.
//!
//! To wake a thread that sleeps takes some 60 µs, and its core may need as long again to be as fast as
//! before; one that is started may stand behind the very thread that started it for most of a
//! millisecond, until the kernel moves it to another core. So the threads of this crate are started
//! once, only those that nobody else has are handed out, and whoever has helped stays awake for half a
//! millisecond, within which the next step of a search mostly comes.
//!
//! [`ReservedThreads::run`] gives them a part of the work and waits for it. Where the work can be shared out
//! again while it is done, [`spawn_on_idle`] is better: it waits for nobody, and who comes late finds less to do.

use rayon::{ThreadPool, ThreadPoolBuilder, Yield};
use std::cell::Cell;
use std::hint;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

/// All of them. Each is a pool of its own: in a larger one all threads are woken to look for the work
/// that one of them gets.
static ALL: LazyLock<Vec<ThreadPool>> = LazyLock::new(start);

/// Those that nobody has.
static IDLE: LazyLock<Mutex<Vec<&'static ThreadPool>>> =
    LazyLock::new(|| Mutex::new(ALL.iter().collect()));

/// At least so many threads may compute together, even on fewer cores: what they compute must not
/// depend on how many they are, and a test on any machine can see to that.
const LEAST_TOGETHER: usize = 4;

/// How often a thread looks whether a helper is done before it sleeps until then. They mostly end
/// together, and it would be woken long after.
const LOOKS: usize = 4_000;

/// For so long a helper looks for more work before it sleeps. Meanwhile whoever else wants its core gets
/// it.
const AWAKE: Duration = Duration::from_micros(500);

thread_local! {
    /// Whether this thread stays awake already.
    static IS_AWAKE: Cell<bool> = const { Cell::new(false) };
}

/// Threads that help nobody else, until this is dropped.
#[derive(Debug)]
pub struct ReservedThreads(Vec<&'static ThreadPool>);

/// How many threads this process may run at once, as it was at the first question.
pub fn cores() -> usize {
    *CORES
}

/// One for each core but that of the thread that is helped. Where the system allows no more threads,
/// everybody computes alone.
fn start() -> Vec<ThreadPool> {
    let one = |number| {
        let builder = ThreadPoolBuilder::new().num_threads(1);
        builder.thread_name(move |_| format!("compute-{number}")).build()
    };
    (1..cores().max(LEAST_TOGETHER)).map_while(|number| one(number).ok()).collect()
}

/// Takes up to `most` threads that nobody else has; none if all are busy.
fn take(most: usize) -> Vec<&'static ThreadPool> {
    if most == 0 {
        // Threads are started for those who want them.
        return Vec::new();
    }
    let mut idle = idle();
    let rest = idle.len().saturating_sub(most);
    idle.split_off(rest)
}

/// Lets up to `most` threads that nobody has do `work` as well, each once. Nobody waits for them: one
/// comes when the kernel finds a core for it, which may be after all is done, and is free again when it
/// has ended. A panic there is told on standard error, and goes no further.
pub fn spawn_on_idle(most: usize, work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    for helper in take(most) {
        let work = Arc::clone(&work);
        helper.spawn(move || {
            // Out of its pool a panic would end the process.
            drop(panic::catch_unwind(AssertUnwindSafe(|| work())));
            idle().push(helper);
            drop(work);
            stay_awake();
        });
    }
}

/// Keeps the helper that runs this from sleeping until there was nothing to do for [`AWAKE`]. What is
/// done meanwhile begins in here, and must not stay awake in its turn: that would have no end.
fn stay_awake() {
    if IS_AWAKE.replace(true) {
        return;
    }
    let mut last = Instant::now();
    while last.elapsed() < AWAKE {
        if rayon::yield_now() == Some(Yield::Executed) {
            last = Instant::now();
        } else {
            thread::yield_now();
        }
    }
    IS_AWAKE.set(false);
}

impl ReservedThreads {
    /// Takes up to `most` threads that nobody else has; none if all are busy.
    pub fn reserve(most: usize) -> Self {
        Self(take(most))
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
    helpers: &[&'static ThreadPool],
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

impl Drop for ReservedThreads {
    fn drop(&mut self) {
        for helper in self.0.drain(..) {
            idle().push(helper);
            helper.spawn(stay_awake);
        }
    }
}

/// Nothing that holds the lock can leave it half done.
fn idle() -> MutexGuard<'static, Vec<&'static ThreadPool>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

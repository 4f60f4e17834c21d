//! A process-wide pool of threads for work that takes about a millisecond.
//!
//! Waking a sleeping thread takes some 60 µs, and its core may need as long again to reach full speed. A
//! new thread may even wait behind the thread that started it for most of a millisecond, until the kernel
//! moves it to another core. The threads of this pool are therefore started once, only idle ones are handed
//! out, and a thread that has finished stays awake for half a millisecond, in which the next step of the
//! same computation usually arrives.
//!
//! There are two ways to use it:
//!
//! - [`ReservedThreads::run`] gives every reserved thread a share of the work and waits for all of them.
//! - [`spawn_on_idle`] waits for none. It suits work that can be divided again while it runs: a thread that
//!   comes late finds less to do.
//!
//! ```
//! use compute_pool::ReservedThreads;
//!
//! let numbers: Vec<u64> = (0..1_000).collect();
//! let mut threads = ReservedThreads::reserve(compute_pool::cores() - 1);
//! let shares: Vec<_> = numbers.chunks(numbers.len().div_ceil(threads.count() + 1)).collect();
//! let sum = |index: usize| shares[index].iter().sum::<u64>();
//! let (own, others) = threads.run(|| sum(0), sum);
//! assert_eq!(own + others.iter().sum::<u64>(), 499_500);
//! ```

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

/// All threads, each as a pool of its own: in a larger pool, every thread wakes up to look for work that
/// only one of them gets.
static ALL: LazyLock<Vec<ThreadPool>> = LazyLock::new(start);

/// The threads that are neither reserved nor working.
static IDLE: LazyLock<Mutex<Vec<&'static ThreadPool>>> =
    LazyLock::new(|| Mutex::new(ALL.iter().collect()));

/// The minimum number of threads that can compute together, the caller's included, even on fewer cores.
/// Results must not depend on the number of threads, and this lets tests on any machine check that.
const LEAST_TOGETHER: usize = 4;

/// The number of times a thread polls whether another one is done before it sleeps until then. They mostly
/// end together, and waking up takes far longer.
const POLLS: usize = 4_000;

/// The time for which an idle thread looks for more work before it sleeps. It yields its core meanwhile.
const AWAKE: Duration = Duration::from_micros(500);

thread_local! {
    /// True while this thread stays awake to look for more work.
    static IS_AWAKE: Cell<bool> = const { Cell::new(false) };
}

/// Threads that work for no one else until this is dropped.
#[derive(Debug)]
pub struct ReservedThreads(Vec<&'static ThreadPool>);

/// Returns the number of threads that this process may run at once, as of the first call.
pub fn cores() -> usize {
    *CORES
}

/// Starts one thread for each core except the caller's. If the system allows fewer threads, there are
/// fewer, or none.
fn start() -> Vec<ThreadPool> {
    let one = |number| {
        let builder = ThreadPoolBuilder::new().num_threads(1);
        builder.thread_name(move |_| format!("compute-{number}")).build()
    };
    (1..cores().max(LEAST_TOGETHER)).map_while(|number| one(number).ok()).collect()
}

/// Takes up to `most` idle threads; none if all are busy.
fn take(most: usize) -> Vec<&'static ThreadPool> {
    if most == 0 {
        // Do not start the threads for a caller that wants none.
        return Vec::new();
    }
    let mut idle = idle();
    let rest = idle.len().saturating_sub(most);
    idle.split_off(rest)
}

/// Runs `work` once on each of up to `most` idle threads, without waiting for them.
///
/// A thread starts when the kernel finds a core for it, possibly after the caller has finished, and is idle
/// again when `work` returns. A panic in `work` is reported on standard error and goes no further.
pub fn spawn_on_idle(most: usize, work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    for thread in take(most) {
        let work = Arc::clone(&work);
        thread.spawn(move || {
            // A panic that leaves the pool would abort the process.
            drop(panic::catch_unwind(AssertUnwindSafe(|| work())));
            idle().push(thread);
            drop(work);
            stay_awake();
        });
    }
}

/// Keeps the pool thread that runs this awake until there was no work for [`AWAKE`]. Work that arrives
/// meanwhile runs inside this call, and must not stay awake in turn, or the calls would nest without end.
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
    /// Reserves up to `most` idle threads; none if all are busy.
    pub fn reserve(most: usize) -> Self {
        Self(take(most))
    }

    /// Returns the number of reserved threads.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Runs `own` on this thread and `theirs` on every reserved thread, with its number counted from 1. All
    /// run at once, so they may wait for each other. Returns the result of `own` and those of the others.
    /// If any of them panics, this panics too, after all have ended.
    pub fn run<M, T: Send>(
        &mut self,
        own: impl FnOnce() -> M,
        theirs: impl Fn(usize) -> T + Sync,
    ) -> (M, Vec<T>) {
        let mut answers: Vec<_> = (0..self.count()).map(|_| None).collect();
        let own_answer = run_together(&self.0, &mut answers, own, &theirs);
        (own_answer, answers.into_iter().flatten().collect())
    }
}

/// Runs `theirs` on the last of `threads` while all others and this thread work.
fn run_together<M, T: Send>(
    threads: &[&'static ThreadPool],
    answers: &mut [Option<T>],
    own: impl FnOnce() -> M,
    theirs: &(impl Fn(usize) -> T + Sync),
) -> M {
    let (Some((last, threads)), Some((answer, answers))) =
        (threads.split_last(), answers.split_last_mut())
    else {
        return own();
    };
    let is_done = AtomicBool::new(false);
    last.in_place_scope(|scope| {
        scope.spawn(|_| {
            *answer = Some(theirs(threads.len() + 1));
            is_done.store(true, Ordering::Release);
        });
        let own_answer = run_together(threads, answers, own, theirs);
        for _ in 0..POLLS {
            if is_done.load(Ordering::Acquire) {
                break;
            }
            hint::spin_loop();
        }
        own_answer
    })
}

impl Drop for ReservedThreads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            idle().push(thread);
            thread.spawn(stay_awake);
        }
    }
}

/// Locks the list of idle threads, ignoring poison: no panic leaves it inconsistent.
fn idle() -> MutexGuard<'static, Vec<&'static ThreadPool>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

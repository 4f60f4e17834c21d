//! The guarantees of the pool. All tests of this process share the pool.

use compute_pool::ReservedThreads;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

/// Held by each test, because they count the idle threads.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn all_threads_run_at_once() {
    let _alone = ALONE.lock();
    for most in 0..=3 {
        let mut threads = ReservedThreads::reserve(most);
        assert_eq!(threads.count(), most, "any machine has three");
        let barrier = Barrier::new(most + 1);
        for _ in 0..20 {
            let meet = |index| {
                barrier.wait();
                (index, thread::current().id())
            };
            let (own, others) = threads.run(|| meet(0), meet);
            assert_eq!(own, (0, thread::current().id()));
            assert!(others.iter().map(|(index, _)| *index).eq(1..=most));
            let ids: HashSet<_> = others.iter().chain([&own]).map(|(_, id)| *id).collect();
            assert_eq!(ids.len(), most + 1);
        }
    }
}

#[test]
fn a_reserved_thread_is_not_handed_out_twice() {
    let _alone = ALONE.lock();
    let all = ReservedThreads::reserve(usize::MAX);
    let mut none = ReservedThreads::reserve(2);
    assert_eq!(none.count(), 0);
    assert_eq!(none.run(|| 0, |index| index), (0, vec![]));
    let count = all.count();
    drop((all, none));
    assert_eq!(ReservedThreads::reserve(usize::MAX).count(), count);
}

#[test]
fn concurrent_callers_do_not_wait_for_each_other() {
    let _alone = ALONE.lock();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let mut threads = ReservedThreads::reserve(2);
                    let barrier = Barrier::new(threads.count() + 1);
                    let meet = |index| {
                        barrier.wait();
                        index
                    };
                    let (own, others) = threads.run(|| meet(0), meet);
                    assert!([own].into_iter().chain(others).eq(0..=threads.count()));
                }
            });
        }
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_threads_survive() {
    let _alone = ALONE.lock();
    for failing in 0..=1 {
        let mut threads = ReservedThreads::reserve(1);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let fail = |index| assert_ne!(index, failing, "on purpose");
            threads.run(|| fail(0), fail);
        }));
        assert!(ended.is_err());
        assert_eq!(threads.run(|| 0, |index| index), (0, vec![1]));
    }
    assert_eq!(ReservedThreads::reserve(3).count(), 3);
}

#[test]
fn a_spawned_thread_runs_once_and_is_idle_again_even_after_a_panic() {
    let _alone = ALONE.lock();
    let idle = || ReservedThreads::reserve(usize::MAX).count();
    let all = idle();
    for panics in [false, true] {
        let (sender, receiver) = mpsc::channel();
        compute_pool::spawn_on_idle(2, move || {
            sender.send(thread::current().id()).unwrap();
            assert!(!panics, "on purpose");
        });
        // The channel closes when the work is dropped.
        let ran: Vec<_> = receiver.iter().collect();
        assert_eq!((ran.len(), ran.into_iter().collect::<HashSet<_>>().len()), (2, 2));
        assert_eq!(idle(), all);
    }
    compute_pool::spawn_on_idle(0, || unreachable!("no thread was requested"));
}

#[test]
fn a_thread_that_is_still_awake_runs_everything_that_follows() {
    let _alone = ALONE.lock();
    let (sender, receiver) = mpsc::channel();
    let mut sent = 0;
    for number in 0..20_000 {
        // A thread that is still busy is not idle.
        if ReservedThreads::reserve(1).count() == 1 {
            let sender = sender.clone();
            compute_pool::spawn_on_idle(1, move || sender.send(number).unwrap());
            sent += 1;
        }
        if number % 3 == 0 {
            let mut threads = ReservedThreads::reserve(1);
            let (own, theirs) = threads.run(|| number, |index| index + number);
            assert!(theirs.into_iter().all(|other| other == own + 1));
        }
    }
    drop(sender);
    let ran: HashSet<_> = receiver.iter().collect();
    assert_eq!(ran.len(), sent);
}

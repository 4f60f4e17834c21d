//! What those who take helpers may rely on. All tests of this process share one crew.

use compute_pool::ReservedThreads;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

/// Tests that count who is idle come one after the other.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn all_work_at_once_each_on_a_thread_of_its_own() {
    let _alone = ALONE.lock();
    for most in 0..=3 {
        let mut helpers = ReservedThreads::reserve(most);
        assert_eq!(helpers.count(), most, "three can be had on any machine");
        let barrier = Barrier::new(most + 1);
        for _ in 0..20 {
            // Nobody passes unless all have come.
            let come = |index| {
                barrier.wait();
                (index, thread::current().id())
            };
            let (own, others) = helpers.run(|| come(0), come);
            assert_eq!(own, (0, thread::current().id()));
            assert!(others.iter().map(|(index, _)| *index).eq(1..=most));
            let threads: HashSet<_> = others.iter().chain([&own]).map(|(_, id)| *id).collect();
            assert_eq!(threads.len(), most + 1);
        }
    }
}

#[test]
fn nobody_gets_a_helper_that_another_has() {
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
fn many_at_once_do_not_wait_for_each_other() {
    let _alone = ALONE.lock();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let mut helpers = ReservedThreads::reserve(2);
                    let barrier = Barrier::new(helpers.count() + 1);
                    let come = |index| {
                        barrier.wait();
                        index
                    };
                    let (own, others) = helpers.run(|| come(0), come);
                    assert!([own].into_iter().chain(others).eq(0..=helpers.count()));
                }
            });
        }
    });
}

#[test]
fn a_panic_goes_on_where_the_work_was_asked_for_and_the_helpers_stay() {
    let _alone = ALONE.lock();
    for who in 0..=1 {
        let mut helpers = ReservedThreads::reserve(1);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let fail = |index| assert_ne!(index, who, "on purpose");
            helpers.run(|| fail(0), fail);
        }));
        assert!(ended.is_err());
        assert_eq!(helpers.run(|| 0, |index| index), (0, vec![1]));
    }
    assert_eq!(ReservedThreads::reserve(3).count(), 3);
}

#[test]
fn who_is_invited_comes_once_and_is_free_again_even_after_a_panic() {
    let _alone = ALONE.lock();
    let idle = || ReservedThreads::reserve(usize::MAX).count();
    let all = idle();
    for panics in [false, true] {
        let (sender, receiver) = mpsc::channel();
        compute_pool::spawn_on_idle(2, move || {
            sender.send(thread::current().id()).unwrap();
            assert!(!panics, "on purpose");
        });
        // Ends when all have ended, and their work with them.
        let came: Vec<_> = receiver.iter().collect();
        assert_eq!((came.len(), came.into_iter().collect::<HashSet<_>>().len()), (2, 2));
        assert_eq!(idle(), all);
    }
    compute_pool::spawn_on_idle(0, || unreachable!("nobody was invited"));
}

#[test]
fn whoever_is_still_awake_does_what_comes_next_as_often_as_it_comes() {
    let _alone = ALONE.lock();
    let (sender, receiver) = mpsc::channel();
    let mut sent = 0;
    for number in 0..20_000 {
        // Nobody comes who is still busy with the one before.
        if ReservedThreads::reserve(1).count() == 1 {
            let sender = sender.clone();
            compute_pool::spawn_on_idle(1, move || sender.send(number).unwrap());
            sent += 1;
        }
        if number % 3 == 0 {
            let mut helpers = ReservedThreads::reserve(1);
            let (own, theirs) = helpers.run(|| number, |index| index + number);
            assert!(theirs.into_iter().all(|other| other == own + 1));
        }
    }
    drop(sender);
    let came: HashSet<_> = receiver.iter().collect();
    assert_eq!(came.len(), sent);
}

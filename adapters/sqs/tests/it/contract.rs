use crate::emulator::Fixture;
use akin_contracts::Subject;
use akin_ports::ChangeQueue;
use std::sync::Arc;

async fn fresh(variable: &str) -> Subject<dyn ChangeQueue> {
    let Fixture { queue, clock, .. } = Fixture::create(variable).await;
    let queue = Arc::new(queue);
    let pass = move |time| {
        let clock = clock.clone();
        async move { clock.pass(time).await }
    };
    Subject::queue(queue.clone(), queue, pass).of_size(150)
}

mod ministack {
    use super::{ChangeQueue, Subject};

    akin_contracts::change_queue_contract!(fresh, ignore = "needs emulated AWS: make test");

    async fn fresh() -> Subject<dyn ChangeQueue> {
        super::fresh("AKIN_TEST_AWS").await
    }
}

mod moto {
    use super::{ChangeQueue, Subject};

    akin_contracts::change_queue_contract!(fresh, ignore = "needs emulated AWS: make test");

    async fn fresh() -> Subject<dyn ChangeQueue> {
        super::fresh("AKIN_TEST_MOTO").await
    }
}

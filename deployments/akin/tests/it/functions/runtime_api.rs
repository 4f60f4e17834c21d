//! The Runtime API of AWS Lambda, from which a function takes its events.

use super::http::{Request, Response, serve};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The emulated API of one function.
#[derive(Clone, Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    events: Mutex<Events>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Events {
    waiting: VecDeque<Event>,
    answers: HashMap<String, Answer>,
    /// The number of times that the function asked for an event.
    asked: u64,
    /// The number of the process whose connections are answered. Those of earlier ones are closed.
    process: u64,
}

#[derive(Debug)]
struct Event {
    id: String,
    payload: Value,
    deadline: SystemTime,
}

/// The answer of a function to an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done(Value),
    /// The error as the function reported it.
    Failed(Value),
}

impl RuntimeApi {
    pub(crate) fn start() -> Self {
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        Self { address: serve(move |request| shared.answer(&request)), state }
    }

    /// Forgets the events and the connections of a process that has ended.
    pub(crate) fn begin_process(&self) {
        let mut events = self.state.lock();
        events.process += 1;
        events.waiting.clear();
        events.asked = 0;
        self.state.changed.notify_all();
    }

    /// Sends an event that must be answered within `time`.
    pub(crate) fn send(&self, id: &str, payload: Value, time: Duration) {
        let (id, deadline) = (id.to_owned(), SystemTime::now() + time);
        self.state.lock().waiting.push_back(Event { id, payload, deadline });
        self.state.changed.notify_all();
    }

    /// Takes the answer to an event, once there is one; `None` if there is none after `time`.
    pub(crate) fn take_answer(&self, id: &str, time: Duration) -> Option<Answer> {
        self.state.wait(time, |events| events.answers.remove(id))
    }

    /// Waits until the function asks for an event.
    pub(crate) fn is_asked_within(&self, time: Duration) -> bool {
        self.state.wait(time, |events| (events.asked > 0).then_some(())).is_some()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().expect("no panic")
    }

    /// Returns what `take` finds, once it finds something.
    fn wait<T>(&self, time: Duration, mut take: impl FnMut(&mut Events) -> Option<T>) -> Option<T> {
        let until = Instant::now() + time;
        let mut events = self.lock();
        loop {
            if let Some(found) = take(&mut events) {
                return Some(found);
            }
            let left = until.checked_duration_since(Instant::now())?;
            events = self.changed.wait_timeout(events, left).expect("no panic").0;
        }
    }

    fn answer(&self, request: &Request) -> Option<Response> {
        let path = request.path.trim_start_matches("/2018-06-01/runtime/");
        let parts: Vec<_> = path.split('/').collect();
        match (&*request.method, &*parts) {
            ("GET", ["invocation", "next"]) => self.next(),
            ("POST", ["invocation", id, "response"]) => self.keep(id, request, Answer::Done),
            ("POST", ["invocation", id, "error"]) => self.keep(id, request, Answer::Failed),
            _ => Some(Response::new(404, "")),
        }
    }

    /// Waits for the next event. The process may be killed meanwhile.
    fn next(&self) -> Option<Response> {
        let process = {
            let mut events = self.lock();
            events.asked += 1;
            self.changed.notify_all();
            events.process
        };
        let next = self.wait(Duration::from_hours(1), |events| {
            let is_gone = events.process != process;
            if is_gone { Some(None) } else { events.waiting.pop_front().map(Some) }
        });
        let Event { id, payload, deadline } = next??;
        let deadline = deadline.duration_since(UNIX_EPOCH).expect("a time after 1970").as_millis();
        let headers = [
            ("lambda-runtime-aws-request-id", id),
            ("lambda-runtime-deadline-ms", deadline.to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:test".to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Some(Response { status: 200, headers, body: payload.to_string().into() })
    }

    #[expect(clippy::unnecessary_wraps, reason = "every answer may be none")]
    fn keep(&self, id: &str, request: &Request, of: fn(Value) -> Answer) -> Option<Response> {
        let answer = serde_json::from_slice(&request.body).expect("an answer in JSON");
        self.lock().answers.insert(id.to_owned(), of(answer));
        self.changed.notify_all();
        Some(Response::new(202, ""))
    }
}

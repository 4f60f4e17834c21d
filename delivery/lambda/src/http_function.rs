use crate::http_event::{HttpAnswer, HttpEvent};
use crate::{FunctionError, Invocation, Parts};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout_at;
use tower::{Service, ServiceExt};

/// Answers the requests of an API Gateway HTTP API, or of a function URL, with a router.
///
/// The answers are those of the router, byte for byte. A request that it never sees (one that cannot be
/// read, while the router is not open, or that takes too long) is answered in the same envelope.
#[derive(Debug)]
pub struct HttpFunction<S> {
    /// The router, which is opened before the first request.
    pub router: Parts<S>,
    /// The path below which a custom domain maps the API, such as `shop`; empty for none.
    pub base_path: String,
}

/// An error that the router has not answered.
#[derive(Clone, Copy, Debug)]
struct Failure {
    status: u16,
    summary: &'static str,
    code: &'static str,
}

const INVALID: Failure =
    Failure { status: 400, summary: "Invalid request body", code: "INVALID_REQUEST_BODY" };

const UNKNOWN: Failure = Failure { status: 500, summary: "Unknown error", code: "UNK" };

const TIMED_OUT: Failure = Failure { status: 503, summary: "Timed out", code: "TIMED_OUT" };

const TOO_LARGE: Failure =
    Failure { status: 500, summary: "Answer too large", code: "ANSWER_TOO_LARGE" };

/// The time in which an answer is sent.
const MARGIN: Duration = Duration::from_millis(500);

/// The maximum size of a body in the JSON of an answer. AWS Lambda refuses answers of more than 6 MiB;
/// the rest is for headers.
const MAX_BODY: usize = 6 * 1024 * 1024 - 64 * 1024;

impl<S, B> HttpFunction<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes, Error: fmt::Display>,
{
    /// Answers a request. An error if the event is none.
    pub async fn handle(
        &self,
        event: Value,
        invocation: Invocation,
    ) -> Result<HttpAnswer, FunctionError> {
        let event: HttpEvent = serde_json::from_value(event).map_err(|error| {
            FunctionError::event(format!(
                "the event is no request of an HTTP API or a function URL in payload format 2.0: \
                 {error}"
            ))
        })?;
        let request = match event.into_request(&self.base_path) {
            Ok(request) => request,
            Err(problem) => return Ok(INVALID.answer(&problem)),
        };
        let stop_by = invocation.stop_by(MARGIN).into();
        Ok(timeout_at(stop_by, self.answer(request)).await.unwrap_or_else(|_| {
            tracing::warn!("a request timed out");
            TIMED_OUT.answer("the request timed out; try again later")
        }))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> HttpAnswer {
        let router = match self.router.get().await {
            Ok(router) => router.clone(),
            Err(error) => {
                tracing::error!(code = UNKNOWN.code, %error, "a request failed");
                return UNKNOWN.answer("try again later");
            }
        };
        let Ok(response) = router.oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::error!(code = UNKNOWN.code, %error, "an answer could not be read");
                return UNKNOWN.answer("the server could not answer; see its log");
            }
        };
        let answer = HttpAnswer::new(head.status.as_u16(), &head.headers, body);
        if answer.body_size() > MAX_BODY {
            return TOO_LARGE.answer("the answer has more than 6 MB: request fewer products");
        }
        answer
    }
}

impl Failure {
    /// Returns the answer in the envelope of the compatible routes, which clients of the function use.
    fn answer(self, message: &str) -> HttpAnswer {
        let Self { status, summary, code } = self;
        let body = json!({
            "message": summary,
            "data": null,
            "error": {"message": message, "code": code},
        });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == TIMED_OUT.status {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        HttpAnswer::new(status, &headers, body.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NotOpened;
    use std::time::Instant;
    use tower::util::BoxCloneSyncService;

    type Router = BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>;

    /// Returns a function whose router answers with the path, or misbehaves as the path says.
    fn function() -> HttpFunction<Router> {
        let route = async |request: Request<Full<Bytes>>| {
            let path = request.uri().path().to_owned();
            let body = match &*path {
                "/slow" => std::future::pending().await,
                "/large" => vec![b'"'; MAX_BODY / 2 + 1],
                "/full" => vec![b'"'; MAX_BODY / 2],
                path => path.as_bytes().to_vec(),
            };
            Ok(Response::new(Full::new(Bytes::from(body))))
        };
        let router = BoxCloneSyncService::new(tower::service_fn(route));
        let open = move || std::future::ready(Ok(router.clone()));
        HttpFunction { router: Parts::new(open), base_path: "shop".to_owned() }
    }

    async fn answer(function: &HttpFunction<Router>, path: &str) -> (u16, String) {
        let event = json!({"rawPath": path, "requestContext": {"http": {"method": "GET"}}});
        let deadline = Instant::now() + Duration::from_millis(300);
        let invocation = Invocation { request_id: "x".to_owned(), deadline };
        let answer = function.handle(event, invocation).await.unwrap();
        (answer.status_code, answer.body)
    }

    #[tokio::test]
    async fn a_request_is_answered_by_the_router() {
        assert_eq!(answer(&function(), "/shop/api").await, (200, "/api".to_owned()));
    }

    #[tokio::test]
    async fn what_the_router_cannot_answer_is_answered_in_its_envelope() {
        let function = function();
        for (path, status, code) in
            [("/slow", 503, "TIMED_OUT"), ("/large", 500, "ANSWER_TOO_LARGE")]
        {
            let (answered, body) = answer(&function, path).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)), "{path}");
            assert_eq!(body["data"], Value::Null);
        }
        assert_eq!(answer(&function, "/full").await.0, 200);
    }

    #[tokio::test]
    async fn a_router_that_is_not_open_tells_clients_nothing_of_the_reason() {
        let message = "the password of db.example is wrong".to_owned();
        let closed = NotOpened { message, is_final: false };
        let open = move || std::future::ready(Err(closed.clone()));
        let function = HttpFunction { router: Parts::new(open), ..function() };
        let (status, body) = answer(&function, "/").await;
        assert_eq!(status, 500);
        assert!(body.contains("UNK") && !body.contains("db.example"), "{body}");
    }

    #[tokio::test]
    async fn an_event_that_is_no_request_is_an_error_that_says_what_is_missing() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let invocation = Invocation { request_id: String::new(), deadline };
        let error = function().handle(json!({"Records": []}), invocation).await.unwrap_err();
        assert_eq!(error.kind, "InvalidEvent");
        assert!(error.message.contains("2.0") && error.message.contains("rawPath"), "{error}");
    }
}

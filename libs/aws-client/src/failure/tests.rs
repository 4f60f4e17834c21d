use super::*;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

type TestError = SdkError<ErrorMetadata, HttpResponse>;

fn answer(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
}

fn service(status: u16, code: &str, message: &str) -> Failure {
    let error = ErrorMetadata::builder().code(code).message(message).build();
    Failure::of(&TestError::service_error(error, answer(status)))
}

#[test]
fn a_service_error_has_the_kind_of_its_code_or_else_of_its_status() {
    for (status, code, expected) in [
        (400, "ThrottlingException", FailureKind::Unavailable),
        (400, "RequestThrottled", FailureKind::Unavailable),
        (503, "SlowDown", FailureKind::Unavailable),
        (500, "", FailureKind::Unavailable),
        (429, "", FailureKind::Unavailable),
        (400, "AWS.SimpleQueueService.NonExistentQueue", FailureKind::Misconfigured),
        (400, "com.amazonaws.sqs#QueueDoesNotExist", FailureKind::Misconfigured),
        (400, "ResourceNotFoundException", FailureKind::Misconfigured),
        (403, "AccessDenied", FailureKind::Misconfigured),
        (400, "ExpiredTokenException", FailureKind::Misconfigured),
        (403, "", FailureKind::Misconfigured),
        (301, "PermanentRedirect", FailureKind::Misconfigured),
        (400, "InvalidParameterValue", FailureKind::Refused),
        (404, "NoSuchKey", FailureKind::Refused),
        (200, "", FailureKind::Corrupt),
    ] {
        assert_eq!(service(status, code, "").kind, expected, "{status} {code}");
    }
}

#[test]
fn a_failure_tells_the_service_s_code_and_message_in_one_short_line() {
    let failure =
        service(403, "AccessDenied", "User: a is not\nauthorized to perform: s3:GetObject");
    assert_eq!(failure.code.as_deref(), Some("AccessDenied"));
    assert_eq!(
        failure.to_string(),
        "AccessDenied: User: a is not authorized to perform: s3:GetObject"
    );
    let long = service(400, "InvalidParameterValue", &"x".repeat(10_000)).to_string();
    assert!(long.chars().count() <= 301, "{}", long.len());
    assert_eq!(service(404, "", "").to_string(), "HTTP status 404");
}

#[test]
fn the_message_of_rejected_credentials_is_left_out() {
    let signed = "The canonical string was x-amz-security-token:SECRET";
    for code in REJECTED {
        let failure = service(403, code, signed);
        assert!(!failure.to_string().contains("SECRET"), "{failure}");
        assert!(failure.to_string().contains(code));
        assert_eq!(failure.kind, FailureKind::Misconfigured);
    }
}

#[test]
fn a_request_without_an_answer_is_unavailable_or_names_the_setting_at_fault() {
    let lost = |text: &'static str| {
        Failure::of(&TestError::dispatch_failure(ConnectorError::io(text.into())))
    };
    for (text, kind, expected) in [
        ("Connection refused (os error 111)", FailureKind::Unavailable, "cannot be reached"),
        ("dns error: Name or service not known", FailureKind::Misconfigured, "AWS_REGION"),
        (
            "dns error: failed to lookup address information: Temporary failure in name resolution",
            FailureKind::Unavailable,
            "cannot be reached",
        ),
        ("invalid peer certificate: UnknownIssuer", FailureKind::Misconfigured, "not trusted"),
        ("received corrupt message", FailureKind::Misconfigured, "AWS_ENDPOINT_URL"),
    ] {
        let failure = lost(text);
        assert_eq!(failure.kind, kind, "{text}");
        assert!(failure.to_string().contains(expected), "{failure}");
    }
    let timeout = Failure::of(&TestError::timeout_error("late"));
    assert_eq!(timeout.kind, FailureKind::Unavailable);
    let timeout = Failure::of(&TestError::dispatch_failure(ConnectorError::timeout("late".into())));
    assert!(timeout.to_string().contains("AWS_ATTEMPT_TIMEOUT"));
}

#[test]
fn missing_credentials_are_told_apart_from_those_that_cannot_be_fetched() {
    let of = |error: CredentialsError| {
        Failure::of(&TestError::dispatch_failure(ConnectorError::other(error.into(), None)))
    };
    let missing = of(CredentialsError::not_loaded("no provider"));
    assert_eq!(missing.kind, FailureKind::Misconfigured);
    assert!(missing.to_string().contains("AWS_PROFILE"));
    let late = of(CredentialsError::provider_timed_out(std::time::Duration::from_secs(1)));
    assert_eq!(late.kind, FailureKind::Unavailable);
    let denied = of(CredentialsError::provider_error("request forbidden"));
    assert_eq!(denied.kind, FailureKind::Misconfigured);
    let invalid = Failure::of(&TestError::construction_failure("a field is missing"));
    assert_eq!(invalid.kind, FailureKind::Refused);
}

#[test]
fn an_answer_that_cannot_be_parsed_is_corrupt_unless_the_connection_broke() {
    let parse = |status| Failure::of(&TestError::response_error("bad XML", answer(status)));
    assert_eq!(parse(200).kind, FailureKind::Corrupt);
    assert_eq!(parse(502).kind, FailureKind::Unavailable);
    let broken = io::Error::from(io::ErrorKind::UnexpectedEof);
    let broken = Failure::of(&TestError::response_error(broken, answer(200)));
    assert_eq!(broken.kind, FailureKind::Unavailable);
}

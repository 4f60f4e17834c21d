use lambda_runtime::Diagnostic;

/// The error of one invocation, as AWS Lambda records it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// The kind of the error, for metrics and filters: one word.
    pub kind: &'static str,
    /// What was wrong and what to do, for the log.
    pub message: String,
}

/// Why a function ended.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// It was not started by AWS Lambda, which sets these variables.
    #[error(
        "this program is a function of AWS Lambda, which sets {}: run `akin` instead", .0.join(", ")
    )]
    NotLambda(Vec<&'static str>),
    /// The Runtime API does not answer.
    #[error("the Runtime API of AWS Lambda does not answer")]
    Runtime(#[source] lambda_runtime::Error),
}

impl FunctionError {
    /// The event is not one of those that the function reads.
    pub(crate) fn event(message: impl Into<String>) -> Self {
        Self { kind: "InvalidEvent", message: message.into() }
    }

    /// The parts of the function could not be opened.
    pub(crate) fn not_opened(message: String) -> Self {
        Self { kind: "NotOpened", message }
    }
}

impl From<FunctionError> for Diagnostic {
    fn from(error: FunctionError) -> Self {
        Self { error_type: error.kind.to_owned(), error_message: error.message }
    }
}

//! The opening of a function's parts.

use akin_composition::CompositionError;
use akin_lambda::NotOpened;
use std::error::Error;
use std::iter::successors;

/// Returns why the parts of a function could not be opened, on one line.
pub(crate) fn not_opened(error: &CompositionError) -> NotOpened {
    NotOpened { message: chain(error), is_final: error.is_misconfigured() }
}

/// Returns one line with the error and each of its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut causes = Vec::<String>::new();
    for error in successors(Some(error), |error| (**error).source()) {
        let cause = error.to_string();
        // A transparent error repeats its cause.
        if causes.last() != Some(&cause) {
            causes.push(cause);
        }
    }
    causes.join(": ")
}

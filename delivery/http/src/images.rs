//! The pictures of a folder, at `/images`.

use crate::error::ApiError;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path as UrlPath, Request, State};
use axum::response::{IntoResponse, Response};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower_http::services::ServeFile;

/// The extensions of files that are served: of picture formats that browsers show.
const EXTENSIONS: [&str; 9] = ["avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"];

/// Serves the picture at a path below the folder, which may not leave it by links either.
pub(crate) async fn get(
    State(folder): State<Arc<Path>>,
    path: Result<UrlPath<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    // A path that is not UTF-8 names no picture.
    let path = path.ok().and_then(|UrlPath(path)| relative(&path)).ok_or_else(no_such_image)?;
    let located = tokio::task::spawn_blocking(move || locate(&folder, &path)).await;
    let located = located.map_err(|error| ApiError::unreadable_image(&error.into()))?;
    let file = located?.ok_or_else(no_such_image)?;
    match ServeFile::new(file).try_call(request).await {
        Ok(response) => Ok(response.into_response()),
        Err(error) => Err(refusal(&error)),
    }
}

fn no_such_image() -> ApiError {
    ApiError::not_found("no such image")
}

/// Returns the answer to a request whose file could not be read. Only the path of the request says that
/// there is no such picture; that too many files are open, for example, does not.
fn refusal(error: &io::Error) -> ApiError {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    match error.kind() {
        InvalidFilename | NotADirectory | NotFound => no_such_image(),
        _ => ApiError::unreadable_image(error),
    }
}

/// Returns the path that a URL names, already decoded; `None` if it is not a plain path to a picture.
fn relative(path: &str) -> Option<PathBuf> {
    let is_plain =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
    let path = path.split('/').all(is_plain).then(|| PathBuf::from(path))?;
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    EXTENSIONS.contains(&extension.as_str()).then_some(path)
}

/// Returns the real path of the file at `path` below `folder`; `None` if it may not be served.
fn locate(folder: &Path, path: &Path) -> Result<Option<PathBuf>, ApiError> {
    // The folder was there when the server started.
    let folder = folder.canonicalize().map_err(|error| ApiError::unreadable_image(&error))?;
    let file = folder.join(path).canonicalize().map_err(|error| refusal(&error))?;
    let Ok(below) = file.strip_prefix(&folder) else { return Ok(None) };
    // A link must not lead to a hidden file or to one of another type either.
    let is_allowed = below.to_str().and_then(relative).is_some()
        && file.metadata().map_err(|error| refusal(&error))?.is_file();
    Ok(is_allowed.then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    #[test]
    fn only_a_path_that_names_nothing_is_not_found() {
        // Of Linux: no such file, not a folder, the name is too long; too many open files, by this
        // process and by all; an error of the disk.
        for (code, status) in [
            (2, StatusCode::NOT_FOUND),
            (20, StatusCode::NOT_FOUND),
            (36, StatusCode::NOT_FOUND),
            (24, StatusCode::SERVICE_UNAVAILABLE),
            (23, StatusCode::SERVICE_UNAVAILABLE),
            (5, StatusCode::SERVICE_UNAVAILABLE),
        ] {
            let response = refusal(&io::Error::from_raw_os_error(code)).into_response();
            assert_eq!(response.status(), status, "{code}");
        }
    }
}

//! The pictures of a folder, at `/images`.

use crate::error::ApiError;
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
    UrlPath(path): UrlPath<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let no_such_image = || ApiError::not_found("no such image");
    let path = relative(&path).ok_or_else(no_such_image)?;
    let located = tokio::task::spawn_blocking(move || locate(&folder, &path)).await;
    let file = located.ok().and_then(Result::ok).ok_or_else(no_such_image)?;
    match ServeFile::new(file).try_call(request).await {
        Ok(response) => Ok(response.into_response()),
        Err(_) => Err(no_such_image()),
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

/// Returns the real path of the file at `path` below `folder`.
fn locate(folder: &Path, path: &Path) -> io::Result<PathBuf> {
    let folder = folder.canonicalize()?;
    let file = folder.join(path).canonicalize()?;
    let below = file.strip_prefix(&folder).map_err(|_| io::ErrorKind::NotFound)?;
    // A link must not lead to a hidden file or to one of another type either.
    let is_allowed = below.to_str().and_then(relative).is_some() && file.is_file();
    if is_allowed { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

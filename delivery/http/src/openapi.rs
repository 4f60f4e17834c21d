//! The OpenAPI description of the API, which is generated from the handlers.

use crate::error::Problem;
use crate::{Api, compare, engines, metrics, products, search, similar_products, status, suggest};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use std::sync::Arc;
use utoipa::{IntoResponses, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The path of the description.
const PATH: &str = "/api/openapi.json";

/// What the description says about the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "akin",
        description = "Semantic product search. Errors are problem details by RFC 9457; those of the compatible \
                       routes are in an envelope. Every response carries `X-Request-Id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    tags(
        (name = "search", description = "Search, suggest, and count."),
        (name = "products", description = "Single products, and what is similar to them."),
        (name = "engines", description = "The engines of the server, side by side."),
        (name = "operation", description = "The state of the catalogue and the server."),
        (name = "compatible", description = "Routes that keep the wire format of existing clients."),
    )
)]
struct Description;

/// The errors of every route.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(crate) enum Failures {
    /// The request is invalid: `detail` names the field or parameter, and what it must be.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// The server could not answer: its log has the cause.
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(Problem),
    /// Try again after `Retry-After`.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// The further errors of routes that take a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(crate) enum BodyFailures {
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is encoded.
    #[response(status = 415, content_type = "application/problem+json")]
    Encoded(Problem),
}

/// The error of a path that names nothing.
#[derive(IntoResponses)]
#[response(
    status = 404,
    description = "There is no such resource.",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "describes what `ApiError` writes")]
pub(crate) struct Absent(Problem);

/// Schemas of texts with fixed values, which the core lists.
pub(crate) mod schemas {
    use akin_entities::SearchMode;
    use akin_usecases::Sort;
    use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

    /// Returns the schema of a search mode.
    pub(crate) fn mode() -> Object {
        one_of(SearchMode::ALL.map(SearchMode::name), SearchMode::default().name())
    }

    /// Returns the schema of an order: one with a name, or that of an attribute.
    pub(crate) fn sort() -> Object {
        let names = Sort::NAMES.map(|(name, _)| name).join("|");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An order by its name, or `attributes.NAME:asc` and `:desc`."))
            .pattern(Some(format!("^({names}|attributes[.].+:(asc|desc))$")))
            .default(Some("relevance".into()))
            .build()
    }

    fn one_of<const N: usize>(names: [&'static str; N], default: &str) -> Object {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names))
            .default(Some(default.into()))
            .build()
    }
}

/// Builds the routes of the API, with their description at [`PATH`].
pub(crate) fn router(api: Arc<Api>) -> Router<Arc<Api>> {
    let documented = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(similar_products::post))
        .routes(routes!(status::health))
        .routes(routes!(search::get, search::post))
        .routes(routes!(products::get))
        .routes(routes!(products::similar))
        .routes(routes!(suggest::get))
        .routes(routes!(suggest::values))
        .routes(routes!(status::get))
        .routes(routes!(engines::get))
        .routes(routes!(compare::post))
        .merge(metrics::router(api));
    let (router, description) = documented.split_for_parts();
    let description: Arc<str> = description.to_pretty_json().unwrap_or_default().into();
    let get_description = get(async move || {
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        ([json], description.to_string()).into_response()
    });
    router
        .route(PATH, get_description)
        .route("/openapi.json", get(async || Redirect::permanent(PATH)))
        .route("/redoc", get(async || Redirect::permanent("/docs")))
}

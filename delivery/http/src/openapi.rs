//! The OpenAPI description of the API, which is generated from the handlers.

use crate::error::Problem;
use crate::filters::AttributeFilter;
use crate::{Api, compare, engines, metrics, products, search, similar_products, status, suggest};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use std::sync::Arc;
use utoipa::{IntoResponses, OpenApi, ToSchema};
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
    components(schemas(AttributeFilter, Problem)),
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

/// The name of an engine; the names of this server are added when its routes are built.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a parameter")]
pub(crate) struct EngineName(String);

/// Schemas of texts, of which the core lists the values or the beginnings.
pub(crate) mod schemas {
    use akin_entities::{FacetField, SearchMode, TagName};
    use akin_usecases::Sort;
    use serde_json::Value;
    use utoipa::openapi::Ref;
    use utoipa::openapi::schema::{
        Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
    };

    /// The name of the schema of engines' names.
    pub(super) const ENGINE: &str = "EngineName";

    /// What follows the name of an attribute is not part of it.
    const ATTRIBUTE: &str = "attributes[.][a-z0-9_]+";

    /// Returns the schema of a search mode.
    pub(crate) fn mode() -> Object {
        mode_of(Type::String.into(), &[])
    }

    /// Returns the schema of a search mode in a body.
    pub(crate) fn mode_or_null() -> Object {
        mode_of(or_null(), &[Value::Null])
    }

    fn mode_of(schema_type: SchemaType, others: &[Value]) -> Object {
        let names = SearchMode::ALL.map(|mode| Value::from(mode.name()));
        ObjectBuilder::new()
            .schema_type(schema_type)
            .enum_values(Some(names.iter().chain(others).cloned()))
            .default(Some(SearchMode::default().name().into()))
            .build()
    }

    /// Returns the schema of an order: one with a name, or that of an attribute.
    pub(crate) fn sort() -> Object {
        sort_of(Type::String.into())
    }

    /// Returns the schema of an order in a body.
    pub(crate) fn sort_or_null() -> Object {
        sort_of(or_null())
    }

    fn sort_of(schema_type: SchemaType) -> Object {
        let names = Sort::NAMES.map(|(name, _)| name).join("|");
        ObjectBuilder::new()
            .schema_type(schema_type)
            .description(Some("An order by its name, or `attributes.NAME:asc` and `:desc`."))
            .pattern(Some(format!("^({names}|{ATTRIBUTE}:(asc|desc))$")))
            .default(Some("relevance".into()))
            .build()
    }

    fn or_null() -> SchemaType {
        SchemaType::from_iter([Type::String, Type::Null])
    }

    /// Returns a pattern of facets.
    fn facet_pattern() -> String {
        let names = FacetField::FIXED.map(|field| field.name().into_owned()).join("|");
        let tags = TagName::FIXED.join("|");
        format!("({names}|({tags}|{ATTRIBUTE})(:histogram)?)")
    }

    /// Returns the schema of the facets to count in a parameter.
    pub(crate) fn facet_list() -> Object {
        let facet = facet_pattern();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The facets to count, separated by commas."))
            .pattern(Some(format!("^{facet}(,{facet})*$")))
            .build()
    }

    /// Returns the schema of the facets to count.
    pub(crate) fn facets() -> Array {
        let facet = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{}$", facet_pattern())))
            .build();
        ArrayBuilder::new()
            .description(Some(
                "The facets to count: fields, `availability`, `category`, `item_group_id`, `attributes.NAME`, \
                 `attributes.NAME:histogram`.",
            ))
            .items(facet)
            .build()
    }

    /// Returns the schema of a filter of product ids.
    pub(crate) fn product_ids() -> Array {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("[^ ]"))
            .max_length(Some(256))
            .build();
        ArrayBuilder::new().items(id).max_items(Some(100)).build()
    }

    /// Returns the schema of the name of an engine.
    pub(crate) fn engine() -> Ref {
        Ref::from_schema_name(ENGINE)
    }

    /// Returns the schema of the name of an engine in a body.
    pub(crate) fn engine_or_null() -> Schema {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        Schema::OneOf(OneOfBuilder::new().item(null).item(engine()).build())
    }

    /// Returns the schema of filters by the names of attributes.
    pub(crate) fn attributes() -> Object {
        let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9_]+$"));
        ObjectBuilder::new()
            .description(Some(
                "By the names of attributes: values, any of which may match, or a range.",
            ))
            .property_names(Some(name.build()))
            .additional_properties(Some(Ref::from_schema_name("AttributeFilter")))
            .max_properties(Some(50))
            .build()
    }

    /// Returns the schema of the names of two engines.
    pub(crate) fn two_engines() -> Array {
        ArrayBuilder::new()
            .description(Some("The names of two engines; the first two by default."))
            .items(engine())
            .min_items(Some(2))
            .max_items(Some(2))
            .build()
    }

    /// Returns the schema of the names in `/api/engines`.
    pub(super) fn engine_names<'a>(names: impl Iterator<Item = &'a str>) -> Object {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A name of `/api/engines`; the first one by default."))
            .enum_values(Some(names))
            .build()
    }
}

/// Builds the routes of the API, with their description at [`PATH`].
pub(crate) fn router(api: &Arc<Api>) -> Router<Arc<Api>> {
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
        .merge(metrics::router(Arc::clone(api)));
    let (router, mut description) = documented.split_for_parts();
    let engines = schemas::engine_names(api.engines.iter().map(|engine| &*engine.name));
    let components = description.components.get_or_insert_default();
    components.schemas.insert(schemas::ENGINE.to_owned(), engines.into());
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

mod explained;

use crate::output::Format;
use crate::{exit, output};
use akin_composition::BadSettings;
use akin_composition::{Builder, Engine, EngineSettings, RelevanceSettings};
use akin_entities::{
    Filter, FlagField, KeywordField, NumberField, NumberRange, SearchMode, Similarity,
    TagCondition, TagName,
};
use akin_search_api::{limit, similarity};
use akin_usecases::{Correction, Paging, SearchAnswer, SearchRequest, Sort, Timings};
use akin_views::{SearchView, milliseconds};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::process::ExitCode;

/// Search the catalogue in a shopper's own words.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin search --limit 3 something to keep my phone steady while filming\n  akin search --mode lexical --json tripod | jq '.hits[].product.name'\n  akin search 'tripod -bluetooth \"for travel\"'\n  akin search --brand Lumo --sort price_asc\n\n-word leaves out products with the word, \"two words\" finds only those with the words side by side; the shell needs quotes around both.\nWithout words it lists all products, by default the best rated first. `--json` prints what `/api/search` answers."
)]
pub(crate) struct SearchArguments {
    /// The query; quotes are needed around `-word` and `"two words"` only. Without one, all products are
    /// listed.
    #[arg(value_name = "WORDS")]
    words: Vec<String>,

    /// Complete the last word, as for a shopper who is still typing it.
    #[arg(long)]
    unfinished: bool,

    /// Search by words and meaning (hybrid), by meaning (semantic) or by words (lexical).
    #[arg(long, env = "AKIN_MODE", default_value = "hybrid", value_name = "MODE", value_parser = mode())]
    mode: SearchMode,

    /// The maximum number of products, 1 to 1000.
    #[arg(long, env = "AKIN_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    limit: usize,

    /// The minimum similarity, -1 to 1, of products found by meaning.
    #[arg(long, env = "AKIN_THRESHOLD", allow_negative_numbers = true, value_name = "SIMILARITY", value_parser = similarity)]
    threshold: Option<Similarity>,

    /// The order of the products: relevance, `price_asc`, `price_desc`, rating, newest, or by an attribute, as in
    /// `attributes.width:asc`; ties are sorted by id.
    #[arg(long, default_value = "relevance", value_name = "ORDER", value_parser = sort)]
    sort: Sort,

    /// The page, counted from 1; a page has as many products as `--limit` says.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = page())]
    page: usize,

    /// Explain each hit: where it holds the words, what its score consists of, and why it was found.
    #[arg(long)]
    explain: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    relevance: RelevanceSettings,

    #[command(flatten)]
    filters: FilterArguments,

    #[command(flatten)]
    engine: EngineSettings,
}

/// The products that may be found.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
struct FilterArguments {
    /// Find products of this main category only; may be repeated. Case and accents do not matter.
    #[arg(long, value_name = "NAME")]
    main_category: Vec<String>,

    /// Find products of this subcategory only; may be repeated.
    #[arg(long, value_name = "NAME")]
    sub_category: Vec<String>,

    /// Find products of this brand only; may be repeated.
    #[arg(long, value_name = "NAME")]
    brand: Vec<String>,

    /// The minimum price, in whole currency units.
    #[arg(long, value_name = "PRICE")]
    price_min: Option<f64>,

    /// The maximum price, in whole currency units.
    #[arg(long, value_name = "PRICE")]
    price_max: Option<f64>,

    /// The minimum rating in stars.
    #[arg(long, value_name = "STARS")]
    min_rating: Option<f64>,

    /// Find discounted products only.
    #[arg(long)]
    discounted: bool,

    /// Find products by an attribute, as in `attributes.color=red` or `attributes.width=20..30`, or by
    /// `availability`, `category` or `item_group_id`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    filter: Vec<(TagName, TagCondition)>,
}

pub(crate) async fn run(arguments: SearchArguments) -> anyhow::Result<ExitCode> {
    let request = arguments.request()?;
    let rules = arguments.relevance.load(arguments.engine.catalogue.language)?;
    let engine = arguments.engine.open_first_engine().await?.steered_by(rules.as_ref());
    let answer = engine.search().run(&request).await?;
    log(&engine, &request, &answer);
    if arguments.format.json {
        let model = engine.embedder.fingerprint();
        output::json(&SearchView::new(&engine.name.to_string(), model, &request, answer));
    } else if engine.index.count().await? == 0 {
        output::note(&nothing_indexed(arguments.engine.catalogue.builder().store().queue()).await?);
    } else {
        print(&answer);
    }
    Ok(exit::DONE)
}

impl SearchArguments {
    fn request(&self) -> Result<SearchRequest, BadSettings> {
        let text = self.words.join(" ");
        let request = if self.unfinished {
            SearchRequest::while_typing(&text)
        } else {
            SearchRequest::for_text(&text)
        };
        let request = request.map_err(|error| BadSettings(vec![error.to_string()]))?;
        Ok(SearchRequest {
            mode: self.mode,
            threshold: self.threshold,
            filter: self.filters.filter(),
            sort: self.sort.clone(),
            explain: self.explain,
            paging: Paging { page: self.page, size: self.limit },
            ..request
        })
    }
}

impl FilterArguments {
    fn filter(&self) -> Filter {
        let price = NumberRange { min: self.price_min, max: self.price_max };
        let rating = NumberRange { min: self.min_rating, max: None };
        let mut filter = Filter::default()
            .with_any_of(KeywordField::MainCategory, self.main_category.clone())
            .with_any_of(KeywordField::SubCategory, self.sub_category.clone())
            .with_any_of(KeywordField::Brand, self.brand.clone())
            .with_range(NumberField::Price, price)
            .with_range(NumberField::Rating, rating);
        for (name, condition) in &self.filter {
            let earlier = filter.tags.remove(name);
            let condition = match (earlier, condition) {
                (Some(TagCondition::AnyOf(values)), TagCondition::AnyOf(more)) => {
                    TagCondition::AnyOf([values, more.clone()].concat())
                }
                (_, condition) => condition.clone(),
            };
            filter = filter.with_tag(name.clone(), condition);
        }
        if self.discounted { filter.with_flag(FlagField::Discounted, true) } else { filter }
    }
}

/// Logs what a search did, for `--log-level debug`.
fn log(engine: &Engine, request: &SearchRequest, answer: &SearchAnswer) {
    let Timings { embed, candidates, rank, matches, fetch } = answer.timings;
    tracing::debug!(
        engine = %engine.name,
        mode = request.mode.name(),
        total = answer.total,
        hits = answer.hits.len(),
        embed_ms = milliseconds(embed),
        candidates_ms = milliseconds(candidates),
        rank_ms = milliseconds(rank),
        matches_ms = milliseconds(matches),
        fetch_ms = milliseconds(fetch),
        "searched"
    );
}

/// Explains an empty index: products may wait to be embedded.
async fn nothing_indexed(builder: Builder) -> anyhow::Result<String> {
    let status = builder.existing().open().await?.status()?.run(0).await?;
    Ok(match status.waiting() {
        0 => "the catalogue is empty: `akin ingest FEED` adds products".to_owned(),
        1 => "1 product waits to be embedded: run `akin worker --once`".to_owned(),
        waiting => format!("{waiting} products wait to be embedded: run `akin worker --once`"),
    })
}

fn print(answer: &SearchAnswer) {
    for Correction { from, to } in &answer.corrections {
        output::note(&format!("no product contains {from:?}; searched for {to:?} instead"));
    }
    if answer.hits.is_empty() {
        output::note("no product matches");
        return;
    }
    if answer.closest {
        output::note("no product fits; these come closest");
    } else if answer.total > answer.hits.len() {
        output::note(&format!("{} of {} products", answer.hits.len(), answer.total));
    }
    output::hits(&answer.hits);
    for (place, hit) in (1..).zip(&answer.hits) {
        if let Some(explanation) = &hit.explanation {
            output::note(&format!("{place}. {}", explained::line(explanation)));
        }
    }
}

/// Parses an order.
fn sort(name: &str) -> Result<Sort, String> {
    Sort::parse(name).ok_or_else(|| {
        let names = Sort::NAMES.map(|(name, _)| name).join(", ");
        format!("use {names}, attributes.NAME:asc or attributes.NAME:desc")
    })
}

/// Parses a condition of an attribute: a value, or a range of numbers.
fn attribute(text: &str) -> Result<(TagName, TagCondition), String> {
    let (name, value) =
        text.split_once('=').ok_or("write NAME=VALUE, as in attributes.color=red")?;
    let name = TagName::parse(name).ok_or_else(|| {
        format!("{name:?}: use availability, category, item_group_id or attributes.NAME")
    })?;
    let bound = |text: &str| match text {
        "" => Some(None),
        text => text.parse::<f64>().ok().filter(|bound| bound.is_finite()).map(Some),
    };
    let range = value.split_once("..").and_then(|(min, max)| Some((bound(min)?, bound(max)?)));
    let condition = match range {
        Some((min, max)) => TagCondition::Within(NumberRange { min, max }),
        None => TagCondition::AnyOf(vec![value.to_owned()]),
    };
    Ok((name, condition))
}

/// Parses the number of a page.
fn page() -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u32).range(1..).map(|page| usize::try_from(page).unwrap_or(usize::MAX))
}

/// Parses a mode, and lists the modes for help and shell completion.
fn mode() -> impl TypedValueParser<Value = SearchMode> {
    let names = SearchMode::ALL.map(SearchMode::name);
    PossibleValuesParser::new(names)
        .try_map(|name| SearchMode::parse(&name).ok_or("this mode is unknown"))
}

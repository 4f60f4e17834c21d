//! The use cases of akin, one file each.
//!
//! A use case holds the ports it needs and one method, `run`. It knows no engine and no wire format.
//! It may measure elapsed time; wall-clock time is an argument, and sleeping is passed in.
//!
//! The embedding of a repeated query is computed once:
//!
//! ```
//! use akin_entities::Query;
//! use akin_memory::MemoryEmbedder;
//! use akin_usecases::QueryEmbeddings;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let embedder = Arc::new(MemoryEmbedder::default());
//! let queries = QueryEmbeddings::new(embedder.clone(), 16);
//! let query = Query::new("steady tripod")?;
//! assert_eq!(queries.embed(&query).await?, queries.embed(&query).await?);
//! assert_eq!(embedder.embedded().len(), 1);
//! # Ok(())
//! # }
//! ```

mod back_up_catalogue;
mod background;
mod catalogue_status;
mod catalogue_summary;
mod change_batch;
mod clear_quarantine;
mod compare_engines;
mod copy_catalogue;
mod embed_changes;
mod embed_target;
mod empty_store;
mod evaluate_search;
mod explain_feed;
mod explanation;
mod export_catalogue;
mod export_quarantine;
mod facet_answers;
mod facet_values;
mod feed_columns;
mod feed_rows;
mod first_rows;
mod found_products;
mod halves;
mod ingest_catalogue;
mod ingest_feed;
mod ingest_summary;
mod ingest_to_queue;
mod measured_floors;
mod normalize;
mod parsed_request;
mod percentage;
mod pinned;
mod prepared_query;
mod pricing;
mod process_changes;
mod quarantine_pages;
mod query_embeddings;
mod ranked;
mod record_run;
mod register_indexes;
mod relay_changes;
mod relevance;
mod renew_analysis;
mod run_summary;
mod run_worker;
mod search_answer;
mod search_products;
mod search_request;
mod similar_products;
mod suggest;
mod suggested_values;
mod survey;
mod work_queue;

pub use akin_ranking::{
    Correction, FitClause, ScoreParts, SynonymRule, Synonyms, TermExplanation, TermRole,
    WordEvidence,
};
pub use back_up_catalogue::{BackUpCatalogue, BackupError, RestoreCatalogue};
pub use background::Background;
pub use catalogue_status::{CatalogueStatus, IndexStatus, Status};
pub use catalogue_summary::{CatalogueSummary, DryRun, RetainedProducts};
pub use clear_quarantine::ClearQuarantine;
pub use compare_engines::{CompareEngines, ComparedAnswers, RankChange};
pub use copy_catalogue::{
    CopyCatalogue, CopyProgress, CopyRun, CopySource, CopySummary, UnembeddedChanges,
};
pub use embed_changes::{EmbedChanges, EmbedProgress, EmbedSummary};
pub use embed_target::EmbedTarget;
pub use empty_store::EmptyStore;
pub use evaluate_search::{
    EvaluateSearch, EvaluatedAnswer, EvaluatedHit, EvaluatedMode, JudgedQuery, MissedProduct,
};
pub use explain_feed::{ExplainFeed, FeedExplanation};
pub use explanation::{Explanation, HitReason};
pub use export_catalogue::{ExportCatalogue, ExportedProduct};
pub use export_quarantine::{ExportQuarantine, RowToCorrect};
pub use facet_values::FacetValueList;
pub use feed_columns::{ColumnMap, HeaderError, InvalidColumnMap, REFUSAL_COLUMNS, RowReader};
pub use first_rows::RepeatedRow;
pub use found_products::FoundProducts;
pub use halves::MAX_BLAMED;
pub use ingest_catalogue::{CatalogueObserver, CatalogueProgress, IngestCatalogue, Limits};
pub use ingest_feed::{IngestError, IngestFeed, IngestProgress};
pub use ingest_summary::IngestSummary;
pub use ingest_to_queue::{IngestToQueue, IngestToQueueError};
pub use normalize::normalize;
pub use percentage::{InvalidPercentage, Percentage};
pub use pricing::Pricing;
pub use process_changes::{MessageOutcome, ProcessChanges, ProcessControl, ProcessedChanges};
pub use quarantine_pages::QuarantinePages;
pub use query_embeddings::QueryEmbeddings;
pub use record_run::{BegunRun, RecordRun, RecordedRun, RequestedRun, RunError};
pub use register_indexes::{IndexRefusal, RegisterIndexes};
pub use relay_changes::{RelayChanges, RelaySummary};
pub use relevance::{
    AttributeBoosts, CurationRule, CurrentRelevance, FilterBoost, Occasion, Pin, Relevance,
    RelevanceReport, RelevanceRules,
};
pub use renew_analysis::{RenewAnalysis, ensure_same_analysis};
pub use run_summary::RunSummary;
pub use run_worker::{RunWorker, WorkerEvent, WorkerHost, WorkerSummary};
pub use search_answer::{FacetAnswer, FacetCount, Hit, SearchAnswer, SearchError, Timings};
pub use search_products::SearchProducts;
pub use search_request::{Paging, Scope, SearchRequest, Sort};
pub use similar_products::SimilarProducts;
pub use suggest::{Suggest, SuggestedCategory, SuggestedQuery, Suggestions};
pub use work_queue::{WorkQueue, WorkSummary, WorkerContext};

use crate::feed_rows::changed;
use crate::survey::{FeedSurvey, Survey, SurveyError, SurveyFeed};
use crate::{
    CatalogueSummary, ColumnMap, DryRun, IngestError, IngestFeed, IngestProgress, IngestSummary,
    Percentage, Pricing, RetainedProducts, RowReader,
};
use akin_entities::{ProductId, Version};
use akin_ports::{
    FeedSource, FeedToken, OpenedFeed, PortError, PortResult, ProductFeed, ProductStore, RefusedRow,
};
use std::sync::Arc;

/// Brings the store up to the content of feeds, after checking that the content is plausible.
///
/// Each feed is read twice: first to survey what the run would do, so that feeds that are mostly
/// unreadable, or lack much of the catalogue, change nothing; then to write. A feed without changes
/// is not read again unless a feed before it has some. Only what was surveyed is written: if the
/// second reading gives anything else, that feed ends there, and no product is removed. The last row of
/// a repeated product counts, in the last feed that lists it.
#[derive(Clone, Debug)]
pub struct IngestCatalogue {
    /// The store of the products.
    pub store: Arc<dyn ProductStore>,
    /// The currency and the rates of prices.
    pub pricing: Pricing,
    /// The mapping of the feeds' columns to fields.
    pub columns: ColumnMap,
    /// True if the feeds list the whole catalogue: products that none of them names are removed.
    pub is_complete: bool,
    /// The limits beyond which a run changes nothing.
    pub limits: Limits,
}

/// Shares beyond which a run is implausible and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The maximum share of refused rows.
    pub refused: Percentage,
    /// The maximum share of stored products that complete feeds would remove.
    pub removed: Percentage,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug)]
pub enum CatalogueProgress<'a> {
    /// Surveying the feed of this name.
    Surveying(&'a str, IngestProgress<'a>),
    /// Reading the feed of this name again, and writing.
    Writing(&'a str, IngestProgress<'a>),
    /// Removing products: the number removed, and the total.
    Removing(u64, u64),
}

/// Called with the progress of a run.
pub type CatalogueObserver<'a> = &'a (dyn Fn(CatalogueProgress<'_>) + Send + Sync);

/// The versions that a run may still use.
#[derive(Clone, Copy, Debug)]
struct RunVersions {
    next: Version,
    last: Version,
}

/// The number of ids read or removed at a time.
const PAGE: usize = 10_000;

/// The survey of all feeds.
#[derive(Debug, Default)]
struct Surveyed {
    survey: Survey,
    /// In the order of the feeds.
    feeds: Vec<SurveyedFeed>,
    /// The stored products that no feed names.
    missing: Vec<ProductId>,
    held: u64,
}

#[derive(Debug)]
struct SurveyedFeed {
    name: String,
    survey: FeedSurvey,
    unread: Option<PortError>,
    /// The token of the content that was surveyed.
    token: Option<FeedToken>,
    /// True if it must be read again: it has changes, or a feed before it has.
    has_changes: bool,
}

impl IngestCatalogue {
    /// Ingests `feeds` in this order, with the versions of the run `at`.
    pub async fn run(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        at: Version,
        observe: CatalogueObserver<'_>,
    ) -> Result<CatalogueSummary, IngestError> {
        let surveyed = self.survey(feeds, at, false, observe).await?;
        self.check(&surveyed)?;
        let retained = surveyed.retained();
        let mut summary = CatalogueSummary { retained, ..CatalogueSummary::default() };
        let mut at = RunVersions { next: at, last: at.last_of_run() };
        // It takes memory for each product.
        drop(surveyed.survey);
        for (source, surveyed) in feeds.iter().zip(surveyed.feeds) {
            self.write(source, surveyed, &mut at, &mut summary, observe).await?;
        }
        if retained.is_some() {
            return Ok(summary);
        }
        if summary.unread.is_empty() {
            self.remove(&surveyed.missing, at.next, &mut summary, observe).await?;
        } else if !surveyed.missing.is_empty() {
            // The rest of a feed may name them.
            let products = surveyed.missing.len() as u64;
            summary.retained = Some(RetainedProducts { products, rows: 0 });
        }
        Ok(summary)
    }

    /// Reports what [`IngestCatalogue::run`] would do, without writing.
    pub async fn dry_run(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        observe: CatalogueObserver<'_>,
    ) -> Result<DryRun, IngestError> {
        // The version of a run is greater than all that the store holds.
        let surveyed = self.survey(feeds, Version(i64::MAX), true, observe).await?;
        let refusal = self.check(&surveyed).err();
        let (embedded, updated_fields) = surveyed.survey.writes();
        let retained = surveyed.retained();
        let removed = if retained.is_none() { surveyed.missing.len() as u64 } else { 0 };
        let mut summary = CatalogueSummary { removed, retained, ..CatalogueSummary::default() };
        for feed in surveyed.feeds {
            summary.add(&feed.name, feed.survey.summary);
            let unread = feed.unread.map(|source| IngestError::Feed { feed: feed.name, source });
            summary.unread.extend(unread);
        }
        Ok(DryRun { summary, embedded, updated_fields, refusal })
    }

    async fn survey(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        at: Version,
        exactly: bool,
        observe: CatalogueObserver<'_>,
    ) -> Result<Surveyed, IngestError> {
        let survey = Survey::new(exactly);
        let mut surveyed = Surveyed { survey, ..Surveyed::default() };
        for source in feeds {
            let mut feed = self.survey_feed(source, at, &mut surveyed.survey, observe).await?;
            feed.has_changes |= surveyed.feeds.last().is_some_and(|before| before.has_changes);
            surveyed.feeds.push(feed);
        }
        if self.is_complete {
            self.look_for_missing(&mut surveyed).await.map_err(|source| in_store("", source))?;
        }
        Ok(surveyed)
    }

    async fn survey_feed(
        &self,
        source: &Arc<dyn FeedSource>,
        at: Version,
        survey: &mut Survey,
        observe: CatalogueObserver<'_>,
    ) -> Result<SurveyedFeed, IngestError> {
        let (name, mut feed_survey) = (source.name().to_owned(), FeedSurvey::default());
        survey.begin(&name);
        let reader =
            SurveyFeed { store: &self.store, pricing: &self.pricing, columns: &self.columns, at };
        let progress = |at: IngestProgress<'_>| observe(CatalogueProgress::Surveying(&name, at));
        let mut token = None;
        let read = match self.open(source).await {
            Ok((mut feed, opened)) => {
                token = opened;
                reader.run(&mut *feed, survey, &mut feed_survey, &progress).await
            }
            Err(error) => Err(SurveyError::Feed(error)),
        };
        let unread = match read {
            Ok(()) => None,
            Err(SurveyError::Feed(error)) => Some(error),
            Err(SurveyError::Store(error)) => return Err(in_store(&name, error)),
        };
        let has_changes = feed_survey.only_refused().is_none();
        Ok(SurveyedFeed { name, survey: feed_survey, unread, token, has_changes })
    }

    /// Opens a feed at its beginning, whether or not it has changed. Also returns the token of its
    /// content.
    async fn open(
        &self,
        source: &Arc<dyn FeedSource>,
    ) -> PortResult<(Box<dyn ProductFeed>, Option<FeedToken>)> {
        let columns = RowReader::new(self.columns.clone()).column_filter();
        let opened = source.open(&columns, None).await?;
        let token = match &opened {
            OpenedFeed::Opened { token, .. } => token.clone(),
            OpenedFeed::Unchanged => None,
        };
        Ok((opened.into_feed()?, token))
    }

    /// Opens a surveyed feed again. An error if its token tells that its content is another.
    async fn reopen(
        &self,
        source: &Arc<dyn FeedSource>,
        surveyed: Option<&FeedToken>,
    ) -> PortResult<Box<dyn ProductFeed>> {
        let (feed, token) = self.open(source).await?;
        match (surveyed, token) {
            (Some(before), Some(now)) if *before != now => Err(changed()),
            _ => Ok(feed),
        }
    }

    async fn look_for_missing(&self, surveyed: &mut Surveyed) -> PortResult<()> {
        let mut last = None;
        loop {
            let ids = self.store.ids(last.as_ref(), PAGE).await?;
            surveyed.held += ids.len() as u64;
            last = ids.last().cloned();
            if last.is_none() {
                return Ok(());
            }
            surveyed.missing.extend(ids.into_iter().filter(|id| !surveyed.survey.names(id)));
        }
    }

    fn check(&self, surveyed: &Surveyed) -> Result<(), IngestError> {
        let sum = |count: fn(&IngestSummary) -> u64| {
            surveyed.feeds.iter().map(|feed| count(&feed.survey.summary)).sum::<u64>()
        };
        let (read, refused) = (sum(|rows| rows.read), sum(|rows| rows.quarantined));
        if self.limits.refused.is_exceeded(refused, read) {
            let limit = self.limits.refused;
            let first = surveyed.feeds.iter().flat_map(|feed| {
                feed.survey.summary.refused.iter().map(|row| (feed.name.clone(), row.clone()))
            });
            let first = first.collect();
            return Err(IngestError::TooManyRefused { refused, read, limit, first });
        }
        let (missing, held) = (surveyed.missing.len() as u64, surveyed.held);
        if !self.is_complete || surveyed.retained().is_some() || missing == 0 {
            return Ok(());
        }
        if surveyed.survey.names_nothing() {
            return Err(IngestError::EmptySnapshot { held });
        }
        if self.limits.removed.is_exceeded(missing, held) {
            return Err(IngestError::TooManyMissing { missing, held, limit: self.limits.removed });
        }
        Ok(())
    }

    /// Writes the changes that the survey of a feed found.
    async fn write(
        &self,
        source: &Arc<dyn FeedSource>,
        surveyed: SurveyedFeed,
        at: &mut RunVersions,
        summary: &mut CatalogueSummary,
        observe: CatalogueObserver<'_>,
    ) -> Result<(), IngestError> {
        let SurveyedFeed { name, survey, unread, token, has_changes } = surveyed;
        let mut unread = unread.map(|source| IngestError::Feed { feed: name.clone(), source });
        let rows = if let Some(refused) = survey.only_refused().filter(|_| !has_changes) {
            let is_whole = unread.is_none();
            let kept = self.keep_refused(&name, refused, is_whole, at.next).await;
            kept.map_err(|source| in_store(&name, source))?;
            survey.summary
        } else {
            let progress = |at: IngestProgress<'_>| observe(CatalogueProgress::Writing(&name, at));
            let IngestSummary { repeats, unread_columns, .. } = survey.summary.clone();
            let mut rows = IngestSummary { repeats, unread_columns, ..IngestSummary::default() };
            match self.read_again(source, token.as_ref(), &survey, at, &mut rows, &progress).await {
                Ok(()) => {}
                // An error of the survey came first and is the cause.
                Err(error @ IngestError::Feed { .. }) => unread = unread.or(Some(error)),
                Err(error) => return Err(error),
            }
            rows
        };
        summary.add(&name, rows);
        summary.unread.extend(unread);
        Ok(())
    }

    /// Reads a feed again and writes what was surveyed.
    async fn read_again(
        &self,
        source: &Arc<dyn FeedSource>,
        token: Option<&FeedToken>,
        survey: &FeedSurvey,
        at: &mut RunVersions,
        rows: &mut IngestSummary,
        progress: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), IngestError> {
        let ingest = IngestFeed {
            store: self.store.clone(),
            pricing: self.pricing.clone(),
            columns: self.columns.clone(),
        };
        let reopened = self.reopen(source, token).await;
        let unread = |error| IngestError::Feed { feed: source.name().to_owned(), source: error };
        let mut feed = reopened.map_err(unread)?;
        let RunVersions { next, last } = at;
        ingest.read(&mut *feed, Some(&*survey.batches), next, *last, rows, progress).await
    }

    /// Quarantines refused rows. If the feed was read to the end, older entries of it are released.
    async fn keep_refused(
        &self,
        feed: &str,
        refused: &[RefusedRow],
        is_whole: bool,
        at: Version,
    ) -> PortResult<()> {
        if !refused.is_empty() {
            self.store.quarantine(feed, refused, at.timestamp()).await?;
        }
        if is_whole { self.store.release_quarantine(feed, at.timestamp()).await } else { Ok(()) }
    }

    async fn remove(
        &self,
        missing: &[ProductId],
        at: Version,
        summary: &mut CatalogueSummary,
        observe: CatalogueObserver<'_>,
    ) -> Result<(), IngestError> {
        let all = missing.len() as u64;
        for ids in missing.chunks(PAGE) {
            let removed = self.store.remove(ids, at).await;
            summary.removed += removed.map_err(|source| in_store("", source))?.len() as u64;
            observe(CatalogueProgress::Removing(summary.removed, all));
        }
        Ok(())
    }
}

impl Surveyed {
    /// Returns the products that must not be removed, and why.
    fn retained(&self) -> Option<RetainedProducts> {
        let is_partly_read = self.feeds.iter().any(|feed| feed.unread.is_some());
        let (products, rows) = (self.missing.len() as u64, self.survey.nameless);
        let retained = RetainedProducts { products, rows: if is_partly_read { 0 } else { rows } };
        (products > 0 && (is_partly_read || rows > 0)).then_some(retained)
    }
}

fn in_store(feed: &str, source: PortError) -> IngestError {
    IngestError::Store { feed: feed.to_owned(), source }
}

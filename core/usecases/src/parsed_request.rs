//! Requests whose queries demand phrases by quotes and minus signs.

use crate::{SearchProducts, SearchRequest};
use akin_entities::{Query, SearchMode};
use akin_ports::PortResult;
use akin_ranking::{ParsedQuery, query_is_identifier};
use std::borrow::Cow;

/// A request whose query is taken apart: its filter has what is quoted and excluded, and its query has the
/// rest.
#[derive(Clone, Debug)]
pub(crate) struct ParsedRequest<'a> {
    pub(crate) request: Cow<'a, SearchRequest>,
    pub(crate) query: ParsedQuery,
    /// True if there are no words but quoted ones, so that whatever holds them fits.
    pub(crate) fits_all: bool,
}

impl SearchProducts {
    /// Takes the query of `request` apart. A query that is an identifier as a whole is left as it is, and
    /// one of exclusions alone browses.
    pub(crate) async fn parse<'a>(
        &self,
        request: &'a SearchRequest,
    ) -> PortResult<ParsedRequest<'a>> {
        let text = request.query.as_ref().map_or("", Query::as_str);
        let plain = || ParsedRequest {
            request: Cow::Borrowed(request),
            query: ParsedQuery::plain(text),
            fits_all: false,
        };
        let query = ParsedQuery::parse(text);
        if !query.has_phrases() {
            return Ok(plain());
        }
        let statistics = self.index.statistics().await?;
        let begins_plainly = text.trim_start().starts_with(char::is_alphanumeric);
        if begins_plainly && query_is_identifier(text, &*statistics) {
            return Ok(plain());
        }
        let conditions = query.conditions(self.language, &*statistics);
        let held = conditions.iter().filter(|condition| condition.held).count();
        let by_threshold = request.mode == SearchMode::Semantic && request.threshold.is_some();
        let fits_all = query.has_only_quotations(held) && !by_threshold;
        let has_words = query.text().contains(char::is_alphanumeric);
        let request = SearchRequest {
            query: Query::new(query.text()).ok().filter(|_| has_words),
            filter: request.filter.clone().with_phrases(conditions),
            ..request.clone()
        };
        Ok(ParsedRequest { request: Cow::Owned(request), query, fits_all })
    }
}

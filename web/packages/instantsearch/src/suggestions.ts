import type { Suggestions } from "akin-client";
import { Highlighter } from "./highlight.js";
import type { Parameters } from "./parameters.js";

/** The number of suggestions, unless the query says another. */
const SUGGESTIONS = 5;
const MOST = 20;

/** Returns true if an index is that of query suggestions, as of an autocomplete: `products_suggestions`. */
export function isSuggestions(index: string): boolean {
  return /[_/]suggestions$/.test(index);
}

/** Returns the parameters of `/api/suggest`. */
export function suggestionLink({ query = "", hitsPerPage = SUGGESTIONS }: Parameters) {
  return { q: query, limit: Math.min(Math.max(hitsPerPage, 1), MOST) };
}

/** Writes suggestions as the records of an index of query suggestions. */
export function suggestionsOf(
  index: string,
  parameters: Parameters,
  suggestions: Suggestions,
  milliseconds: number,
) {
  const highlighter = new Highlighter(parameters);
  const typed = parameters.query ?? "";
  const hits = suggestions.queries.map(({ text, count }) => ({
    objectID: text,
    query: text,
    count,
    _highlightResult: {
      query: {
        value: highlighter.markBeginning(text, typed),
        matchLevel: typed ? "partial" : "none",
        matchedWords: typed ? [typed] : [],
      },
    },
    _snippetResult: {},
  }));
  return {
    index,
    query: typed,
    params: "",
    hits,
    nbHits: hits.length,
    page: 0,
    hitsPerPage: hits.length,
    nbPages: 1,
    exhaustiveNbHits: true,
    exhaustiveFacetsCount: true,
    processingTimeMS: Math.round(milliseconds),
    facets: {},
    facets_stats: {},
  };
}

// The part of Algolia's search parameters that akin has something to do with. What is not here concerns other
// things, such as analytics, and is ignored.

/** A filter, or filters of which one has to match. */
export type OneOrSome = string | readonly string[];

export interface Parameters {
  query?: string;
  /** `prefixNone`: the last word is whole. */
  queryType?: string;
  page?: number;
  hitsPerPage?: number;
  offset?: number;
  length?: number;
  facets?: OneOrSome;
  maxValuesPerFacet?: number;
  facetFilters?: OneOrSome | readonly OneOrSome[];
  numericFilters?: OneOrSome | readonly OneOrSome[];
  filters?: string;
  highlightPreTag?: string;
  highlightPostTag?: string;
  attributesToSnippet?: OneOrSome;
  snippetEllipsisText?: string;
}

/** A query as InstantSearch sends it; older versions put the parameters beside the index. */
export interface Query extends Parameters {
  indexName: string;
  /** `facet` searches the values of a facet. */
  type?: string;
  facet?: string;
  params?: Parameters & { facetName?: string; facetQuery?: string; maxFacetHits?: number };
}

/** A request that akin cannot serve: what is wrong, and what to use instead. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** Returns a list of one or some values. */
export function listed<T extends string | readonly string[]>(value: T | readonly T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...value] : [value as T];
}

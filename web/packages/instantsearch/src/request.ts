import type { SearchRequest } from "akin-client";
import { ALL_FACETS, facetsOf, fieldOf } from "./fields.js";
import { filtersOf } from "./filters.js";
import { type Parameters, type Query, UnsupportedError, listed } from "./parameters.js";

type Sort = NonNullable<SearchRequest["sort"]>;

/** The orders that the end of an index's name may choose: `products_price_asc`. */
const SORTS = ["price_asc", "price_desc", "rating", "newest", "relevance"];

/** Algolia's default of `hitsPerPage`. */
const HITS_PER_PAGE = 20;
const MOST_PER_PAGE = 100;
/** akin lists products up to this position. */
export const DEEPEST = 10_000;

/** What a query asks for, in akin's terms. */
export interface Asked {
  /** The request; `undefined` if no product can meet the filters. */
  request: SearchRequest | undefined;
  parameters: Parameters;
  /** The facets as InstantSearch names them. */
  facets: string[];
  /** The page, from 0. */
  page: number;
  hitsPerPage: number;
}

export interface Defaults {
  /** The orders of indices whose names do not say them. */
  sorts: Readonly<Record<string, Sort>>;
  engine: string | undefined;
  mode: SearchRequest["mode"] | undefined;
}

/** Returns the parameters of a query, wherever its version of InstantSearch puts them. */
export function parametersOf(query: Query): Parameters {
  return query.params ?? query;
}

/** Translates a query. */
export function askedOf(query: Query, defaults: Defaults): Asked {
  const parameters = parametersOf(query);
  const [page, hitsPerPage] = windowOf(parameters);
  const facets = listed(parameters.facets).flatMap((name) =>
    name === "*" ? ALL_FACETS : [name],
  ) as string[];
  const counted = new Set(facets.flatMap((name) => facetsOf(fieldOf(name))));
  const filters = filtersOf(parameters);
  const sort = defaults.sorts[query.indexName] ?? sortOf(query.indexName);
  const request: SearchRequest | undefined = filters && {
    query: parameters.query ?? "",
    // InstantSearch asks as the shopper types: the last word may be the beginning of one.
    unfinished: Boolean(parameters.query) && parameters.queryType !== "prefixNone",
    page: page + 1,
    page_size: Math.max(1, hitsPerPage),
    facets: [...counted],
    filters,
    // The words that made a product a hit are highlighted.
    explain: hitsPerPage > 0 && Boolean(parameters.query),
    ...(sort && { sort }),
    ...(defaults.engine !== undefined && { engine: defaults.engine }),
    ...(defaults.mode && { mode: defaults.mode }),
  };
  return { request, parameters, facets, page, hitsPerPage };
}

/** Returns the page and the number of hits on it, of either way to ask for them. */
function windowOf({ page = 0, hitsPerPage = HITS_PER_PAGE, offset, length }: Parameters): [number, number] {
  if (offset === undefined || length === undefined) {
    const most = Math.min(hitsPerPage, MOST_PER_PAGE);
    return [Math.min(page, Math.floor(DEEPEST / Math.max(1, most)) - 1), most];
  }
  if (length < 1 || length > MOST_PER_PAGE || offset % length !== 0) {
    throw new UnsupportedError(
      `offset ${offset} with length ${length} is no page: length is from 1 to ${MOST_PER_PAGE}, and offset a multiple of it`,
    );
  }
  return [offset / length, length];
}

/** Returns the order that the name of an index ends with, after `_` or `/`. */
function sortOf(index: string): Sort | undefined {
  const attribute = /[_/](attributes\.[a-z0-9_]+:(?:asc|desc))$/.exec(index)?.[1];
  return (attribute ?? SORTS.find((sort) => index.endsWith(`_${sort}`) || index.endsWith(`/${sort}`))) as
    Sort | undefined;
}

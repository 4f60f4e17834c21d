import { type SearchRequest, createAkinClient, dataOf } from "akin-client";
import type { SearchClient } from "instantsearch.js";
import { responseOf } from "./answer.js";
import { facetOf, fieldOf } from "./fields.js";
import { filtersOf } from "./filters.js";
import { Highlighter } from "./highlight.js";
import { type Query, UnsupportedError } from "./parameters.js";
import { type Defaults, askedOf, parametersOf } from "./request.js";
import { isSuggestions, suggestionLink, suggestionsOf } from "./suggestions.js";
import { linkOf } from "./values.js";

export { AkinError } from "akin-client";
export { UnsupportedError } from "./parameters.js";

export interface SearchClientOptions {
  /** The address of akin's API: `https://search.shop.example`. */
  address: string;
  /** A key with the scope `search`, if the API asks for one. Never put an admin key into a page. */
  apiKey?: string;
  /** The engine that answers, in place of the default one. */
  engine?: string;
  /** By words, by meaning, or by both, which is the default. */
  mode?: "hybrid" | "semantic" | "lexical";
  /** The orders of indices whose names do not end with one: `{ cheapest: "price_asc" }`. */
  sorts?: Readonly<Record<string, NonNullable<SearchRequest["sort"]>>>;
  /** What is called in place of `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** The search client of InstantSearch, with the searches of its widgets. */
export type AkinSearchClient = Pick<SearchClient, "search"> &
  Required<Pick<SearchClient, "searchForFacetValues">>;

/**
 * Returns a search client that InstantSearch takes in place of Algolia's. All indices are the one catalogue; the end
 * of an index's name is the order of its products: `products_price_asc`. `products_suggestions` has the queries that
 * the shopper may be typing.
 */
export function createSearchClient(options: SearchClientOptions): AkinSearchClient {
  const client = createAkinClient(options);
  const defaults: Defaults = { sorts: options.sorts ?? {}, engine: options.engine, mode: options.mode };

  async function searchOnce(request: SearchRequest) {
    const start = performance.now();
    const answer = await dataOf(client.POST("/api/search", { body: request }));
    return { answer, milliseconds: performance.now() - start };
  }

  async function search(queries: Query[]) {
    // Widgets of several indices often ask the same.
    const sent = new Map<string, ReturnType<typeof searchOnce>>();
    const results = queries.map(async (query) => {
      if (query.type === "facet") return searchValues(query);
      if (isSuggestions(query.indexName)) return suggest(query);
      const asked = askedOf(query, defaults);
      if (!asked.request) return responseOf(query.indexName, asked, undefined, 0);
      const key = JSON.stringify(asked.request);
      const pending = sent.get(key) ?? searchOnce(asked.request);
      sent.set(key, pending);
      const { answer, milliseconds } = await pending;
      return responseOf(query.indexName, asked, answer, milliseconds);
    });
    return { results: await Promise.all(results) };
  }

  async function suggest(query: Query) {
    const start = performance.now();
    const parameters = parametersOf(query);
    const link = {
      ...suggestionLink(parameters),
      ...(options.engine !== undefined && { engine: options.engine }),
    };
    const suggestions = await dataOf(client.GET("/api/suggest", { params: { query: link } }));
    return suggestionsOf(query.indexName, parameters, suggestions, performance.now() - start);
  }

  async function searchValues(query: Query) {
    const start = performance.now();
    const parameters = parametersOf(query);
    const name = query.params?.facetName ?? query.facet ?? "";
    const typed = query.params?.facetQuery ?? "";
    const facet = facetOf(fieldOf(name));
    if (facet === undefined || facet === "price" || facet === "rating") {
      throw new UnsupportedError(`"${name}" has no values to search`);
    }
    const filters = filtersOf(parameters);
    const limit = Math.min(query.params?.maxFacetHits ?? 10, 100);
    const link =
      filters && linkOf(filters, { query: parameters.query ?? "", q: typed, limit, ...engineOf(defaults) });
    const values = link
      ? (await dataOf(client.GET("/api/facets/{field}", { params: { path: { field: facet }, query: link } })))
          .values
      : [];
    const highlighter = new Highlighter(parameters);
    return {
      facetHits: values.map(({ value, count }) => ({
        value,
        count,
        highlighted: highlighter.markBeginning(value, typed),
      })),
      exhaustiveFacetsCount: true,
      processingTimeMS: Math.round(performance.now() - start),
    };
  }

  // The types of InstantSearch are those of the version of Algolia's client that is installed, whose fields are more
  // than any widget reads.
  return {
    search,
    searchForFacetValues: (queries: Query[]) => Promise.all(queries.map(searchValues)),
  } as unknown as AkinSearchClient;
}

function engineOf({ engine, mode }: Defaults) {
  return { ...(engine !== undefined && { engine }), ...(mode && { mode }) };
}

import type { Mode, SearchRequest, Sort } from "@/shared/api/client";
import { MODES } from "@/shared/api/modes";
import { defined, numberOf, oneOf, switchOf, textOf, textsOf } from "@/shared/lib/address";

export const SORTS: readonly { name: Sort; label: string }[] = [
  { name: "relevance", label: "Best match" },
  { name: "price_asc", label: "Price: low to high" },
  { name: "price_desc", label: "Price: high to low" },
  { name: "rating", label: "Best rated" },
  { name: "newest", label: "Newest" },
];

/** The number of products on a page. */
export const PAGE_SIZE = 24;

/** The API lists products up to this position. */
const DEEPEST = 10_000;

/** The number of the last page of a result. */
export function lastPage(total: number): number {
  return Math.max(1, Math.ceil(Math.min(total, DEEPEST - (DEEPEST % PAGE_SIZE)) / PAGE_SIZE));
}

/** A search as its address has it. What is missing has its default. */
export interface SearchState {
  q?: string;
  mode?: Mode;
  engine?: string;
  sort?: Sort;
  page?: number;
  main_category?: string[];
  sub_category?: string[];
  brand?: string[];
  price_min?: number;
  price_max?: number;
  min_rating?: number;
  discounted?: true;
  /** Every hit is explained. */
  why?: true;
  /** The chosen values of an attribute, as `attributes.color`. */
  [attribute: AttributeKey]: string[] | undefined;
}

/** The name of an attribute as a filter and a facet: `attributes.color`. */
export type AttributeKey = `attributes.${string}`;

/** Returns the attributes that are filtered. */
export function attributesOf(state: SearchState): AttributeKey[] {
  return Object.keys(state).filter((key): key is AttributeKey => key.startsWith("attributes."));
}

/** Reads a search from the parameters of its address; what cannot be read is left out. */
export function readSearchState(raw: Record<string, unknown>): SearchState {
  return defined({
    q: textOf(raw, "q"),
    mode: oneOf(
      raw,
      "mode",
      MODES.map(({ name }) => name),
    ),
    engine: textOf(raw, "engine"),
    sort: oneOf(
      raw,
      "sort",
      SORTS.map(({ name }) => name),
    ),
    page: pageOf(raw),
    main_category: textsOf(raw, "main_category"),
    sub_category: textsOf(raw, "sub_category"),
    brand: textsOf(raw, "brand"),
    price_min: numberOf(raw, "price_min", 0),
    price_max: numberOf(raw, "price_max", 0),
    min_rating: numberOf(raw, "min_rating", 0, 5),
    discounted: switchOf(raw, "discounted"),
    why: switchOf(raw, "why"),
    ...Object.fromEntries(
      Object.keys(raw)
        .filter((key) => key.startsWith("attributes."))
        .map((key) => [key, textsOf(raw, key)]),
    ),
  });
}

function pageOf(raw: Record<string, unknown>): number | undefined {
  const page = numberOf(raw, "page", 2, Math.floor(DEEPEST / PAGE_SIZE));
  return page === undefined ? undefined : Math.floor(page);
}

/** The filters of a search. */
export type FilterState = Omit<SearchState, "q" | "mode" | "engine" | "sort" | "page" | "why">;

/** Returns the search without its filters, on its first page. */
export function withoutFilters({ q, mode, engine, sort, why }: SearchState): SearchState {
  return defined({ q, mode, engine, sort, why });
}

/** Returns a search of other words: their filters, order and page would be those of the words before. */
export function withWords({ mode, engine, why }: SearchState, q: string): SearchState {
  return defined({ q: q.trim() || undefined, mode, engine, why });
}

/** Returns the search with other filters, on its first page. */
export function withFilters(
  state: SearchState,
  filters: { [K in keyof FilterState]?: FilterState[K] | undefined },
) {
  return defined({ ...state, ...filters, page: undefined }) as SearchState;
}

/** Returns the filters as the API takes them. */
export function filtersOf(state: SearchState): NonNullable<SearchRequest["filters"]> {
  const price = defined({ min: state.price_min, max: state.price_max });
  const attributes = attributesOf(state).map((key) => [key.slice("attributes.".length), state[key] ?? []]);
  return defined({
    main_category: state.main_category,
    sub_category: state.sub_category,
    brand: state.brand,
    price: Object.keys(price).length ? price : undefined,
    min_rating: state.min_rating,
    discounted: state.discounted,
    attributes: attributes.length ? (Object.fromEntries(attributes) as Record<string, string[]>) : undefined,
  });
}

/** Returns the request of a search. */
export function requestOf(state: SearchState): SearchRequest {
  const subcategories = state.main_category?.length === 1 ? ["sub_category"] : [];
  return defined({
    query: state.q,
    mode: state.mode,
    engine: state.engine,
    sort: state.sort,
    page: state.page,
    page_size: PAGE_SIZE,
    filters: filtersOf(state),
    facets: ["main_category", ...subcategories, "brand", "price"],
    explain: state.why,
  });
}

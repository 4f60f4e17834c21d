import type { Facet, Hit, NumberFacet, SearchAnswer, ValueCount } from "akin-client";
import { type Field, facetOf, fieldOf, histogramOf, levelOf } from "./fields.js";
import { Highlighter } from "./highlight.js";
import { type Asked, DEEPEST } from "./request.js";

/** Algolia's default of `maxValuesPerFacet`. */
const VALUES_PER_FACET = 100;

/** Writes an answer of akin as InstantSearch reads it. Without one, nothing was found. */
export function responseOf(
  index: string,
  asked: Asked,
  answer: SearchAnswer | undefined,
  milliseconds: number,
) {
  const { parameters, page, hitsPerPage } = asked;
  const highlighter = new Highlighter(parameters);
  const total = answer?.total ?? 0;
  const reachable = Math.min(total, DEEPEST);
  return {
    index,
    query: parameters.query ?? "",
    params: "",
    hits: hitsPerPage > 0 ? (answer?.hits ?? []).map((hit) => recordOf(hit, highlighter)) : [],
    nbHits: total,
    page,
    hitsPerPage,
    nbPages: hitsPerPage > 0 ? Math.ceil(reachable / hitsPerPage) : 0,
    exhaustiveNbHits: answer?.relation !== "at_least",
    exhaustiveFacetsCount: true,
    processingTimeMS: Math.round(milliseconds),
    ...facetsOf(asked, answer),
    // What Algolia has no field for: the spelling that was searched for, and whether the hits are merely the closest.
    ...(answer && {
      userData: [{ corrections: answer.corrections, closest: answer.closest, engine: answer.engine }],
    }),
  };
}

/** Writes a hit as a record with an `objectID`; the price is that of today. */
function recordOf({ product, score, similarity, explanation }: Hit, highlighter: Highlighter) {
  return {
    ...product,
    objectID: product.product_id,
    price: product.discount_price ?? product.actual_price,
    _score: score,
    _similarity: similarity,
    ...highlighter.resultsOf(product, explanation),
  };
}

/** Writes the counts of values, and the bounds of numbers. */
function facetsOf({ facets: names, parameters }: Asked, answer: SearchAnswer | undefined) {
  const most = parameters.maxValuesPerFacet ?? VALUES_PER_FACET;
  const facets: Record<string, Record<string, number>> = {};
  const stats: Record<string, { min: number; max: number; avg: number; sum: number }> = {};
  for (const name of names) {
    const field = fieldOf(name);
    const facet = facetOf(field) ?? "";
    const values = answer?.facets[facet];
    const numbers = isNumbers(values) ? values : answer?.facets[histogramOf(facet)];
    if (isNumbers(numbers)) stats[name] = statsOf(numbers);
    facets[name] = isNumbers(values)
      ? countsOfNumbers(field, values)
      : Object.fromEntries(
          valuesOf(field, values ?? [])
            .slice(0, most)
            .map(({ value, count }) => [value, count]),
        );
  }
  return { facets, facets_stats: stats };
}

function isNumbers(facet: Facet | undefined): facet is NumberFacet {
  return facet !== undefined && facet !== null && !Array.isArray(facet);
}

function valuesOf(field: Field, facet: Facet): ValueCount[] {
  const values = Array.isArray(facet) ? facet : [];
  if (field.kind !== "category" || field.level === undefined) return values;
  return values.filter(({ value }) => levelOf(value) === field.level);
}

/** Returns the counts of whole stars for a menu of ratings; other numbers have bounds alone. */
function countsOfNumbers(field: Field, { histogram }: NumberFacet): Record<string, number> {
  const counts: Record<string, number> = {};
  if (field.kind !== "rating") return counts;
  for (const { from, count } of histogram) {
    const stars = String(Math.floor(from));
    if (count > 0) counts[stars] = (counts[stars] ?? 0) + count;
  }
  return counts;
}

/** Returns the bounds of numbers, with their sum as far as the histogram tells it. */
function statsOf({ min, max, histogram }: NumberFacet) {
  const total = histogram.reduce((sum, { count }) => sum + count, 0);
  const sum = histogram.reduce((sum, { from, to, count }) => sum + ((from + to) / 2) * count, 0);
  return { min, max, avg: total ? sum / total : 0, sum };
}

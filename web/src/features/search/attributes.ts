import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Hit, type ValueCount, clientOf, dataOf } from "@/shared/api/client";
import { isAwaited } from "@/shared/lib/answering";
import { pairsOf } from "@/shared/lib/attributes";
import { valueCounts } from "./counts";
import { type AttributeKey, type SearchState, attributesOf, requestOf } from "./state";

/** The number of attributes that are offered besides those that are chosen. */
const MOST = 4;

/** An attribute is offered if so many of the products in sight have it. */
const LEAST = 3;

/** Returns what an attribute is called: `Screen size`. */
export function attributeTitle(key: AttributeKey): string {
  const name = key.slice("attributes.".length).replaceAll("_", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Returns the attributes that are worth filtering: those that are chosen, and the most frequent in sight. */
export function offeredAttributes(state: SearchState, hits: Hit[]): AttributeKey[] {
  const counts = new Map<AttributeKey, number>();
  for (const { product } of hits) {
    for (const { name } of pairsOf(product.attributes) ?? []) {
      const key: AttributeKey = `attributes.${name.toLowerCase().replaceAll(" ", "_")}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const frequent = [...counts].filter(([, count]) => count >= LEAST).sort((a, b) => b[1] - a[1]);
  return [...new Set([...attributesOf(state), ...frequent.slice(0, MOST).map(([key]) => key)])];
}

/** Counts the values of the attributes that the products in sight have. */
export function useAttributeFacets(state: SearchState, hits: Hit[]) {
  const keys = offeredAttributes(state, hits);
  const body = { ...requestOf(state), facets: keys, page_size: 1, page: 1, explain: false };
  const answer = useQuery({
    queryKey: ["attributes", body],
    queryFn: ({ signal }) => dataOf(clientOf().POST("/api/search", { body, signal })),
    enabled: keys.length > 0,
    placeholderData: keepPreviousData,
    // The filters of attributes are an extra; the search itself tells what is wrong.
    retry: false,
  });
  const facets = keys
    .map((key) => ({ key, counts: valueCounts(answer.data?.facets[key]) }))
    .filter(({ key, counts }) => state[key] !== undefined || isTelling(counts));
  return { facets, isAwaited: isAwaited(answer) };
}

/** Values that each have one product, such as heights in centimeters, tell nothing. */
function isTelling(counts: ValueCount[]): boolean {
  return counts.length > 1 && counts.filter(({ count }) => count > 1).length > 1;
}

import type { SearchAnswer, ValueCount } from "@/shared/api/client";

/** Returns the counts of a facet of values; none of one of numbers. */
export function valueCounts(facet: SearchAnswer["facets"][string] | undefined): ValueCount[] {
  return Array.isArray(facet) ? facet : [];
}

/** Returns the counts with the chosen values among them, which may have no product. */
export function withChosen(counts: ValueCount[], chosen: string[] = []): ValueCount[] {
  const folded = new Set(counts.map(({ value }) => fold(value)));
  const missing = chosen.filter((value) => !folded.has(fold(value)));
  return [...counts, ...missing.map((value) => ({ value, count: 0 }))];
}

/** Values that differ in case and accents only are one. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Adds a value to a list, or removes it; an empty list is none. */
export function toggled(values: string[] | undefined, value: string): string[] | undefined {
  const others = (values ?? []).filter((other) => fold(other) !== fold(value));
  if (others.length === (values ?? []).length) return [...others, value];
  return others.length ? others : undefined;
}

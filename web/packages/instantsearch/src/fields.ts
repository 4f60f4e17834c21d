import type { Filters } from "akin-client";
import { UnsupportedError } from "./parameters.js";

/** The separator of the levels of a category. */
const LEVELS = " > ";

/** The fields of values that a product has one of. */
const VALUES = ["main_category", "sub_category", "brand", "availability", "item_group_id"] as const;
export type ValueField = (typeof VALUES)[number];

/** An attribute of InstantSearch as akin knows it. */
export type Field =
  | { kind: "values"; name: ValueField }
  | { kind: "category"; level: number | undefined }
  | { kind: "attribute"; name: string }
  | { kind: "price" }
  | { kind: "rating" }
  | { kind: "discounted" };

/** Reads the name of an attribute; `objectID` and texts are no facets. */
export function fieldOf(name: string): Field {
  const values = VALUES.find((field) => field === name);
  if (values) return { kind: "values", name: values };
  if (name === "price" || name === "discounted") return { kind: name };
  if (name === "rating" || name === "ratings") return { kind: "rating" };
  const level = /^category(?:\.lvl(\d+))?$/.exec(name);
  if (level) return { kind: "category", level: level[1] === undefined ? undefined : Number(level[1]) };
  if (/^attributes\.[a-z0-9_]+$/.test(name)) {
    return { kind: "attribute", name: name.slice("attributes.".length) };
  }
  throw new UnsupportedError(
    `akin has no facet "${name}"; there are ${VALUES.join(", ")}, category, category.lvl0 and so on, price, rating, discounted and attributes.NAME`,
  );
}

/** Returns the facets of akin's API that tell the values and the numbers of a field. */
export function facetsOf(field: Field): string[] {
  const name = facetOf(field);
  if (name === undefined) return [];
  return field.kind === "attribute" ? [name, histogramOf(name)] : [name];
}

/** Returns the name of the facet of an attribute's numbers. */
export function histogramOf(attribute: string): string {
  return `${attribute}:histogram`;
}

/** Returns the name of the facet of a field in akin's API; `discounted` can be filtered and not counted. */
export function facetOf(field: Field): string | undefined {
  switch (field.kind) {
    case "values":
      return field.name;
    case "attribute":
      return `attributes.${field.name}`;
    case "discounted":
      return undefined;
    default:
      return field.kind;
  }
}

/** The facets that `*` stands for. */
export const ALL_FACETS = ["main_category", "sub_category", "brand", "availability", "price", "rating"];

/** Returns the level of a category: that of `Home > Kitchen` is 1. */
export function levelOf(category: string): number {
  return category.split(LEVELS).length - 1;
}

/** Returns true if a category is another one or below it. */
export function isWithin(category: string, other: string): boolean {
  const [inner, outer] = [category.toLowerCase(), other.toLowerCase()];
  return inner === outer || inner.startsWith(outer + LEVELS);
}

/** A range of numbers; a bound that is missing is none. */
export interface Range {
  min?: number;
  max?: number;
}

export type { Filters };

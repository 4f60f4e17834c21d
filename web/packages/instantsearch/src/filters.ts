import type { Filters } from "akin-client";
import { type Alternatives, type Condition, conditionsOf } from "./conditions.js";
import { type Field, type Range, fieldOf, isWithin } from "./fields.js";
import { type Parameters, UnsupportedError } from "./parameters.js";

/** Returns the filters of a query as akin takes them; `undefined` if no product can meet them. */
export function filtersOf(parameters: Parameters): Filters | undefined {
  const collected = new Collected();
  for (const alternatives of conditionsOf(parameters)) collected.add(alternatives);
  return collected.filters();
}

/** The filters, as condition after condition narrows them. */
class Collected {
  private readonly values = new Map<string, { field: Field; values: string[] }>();
  private readonly ranges = new Map<string, { field: Field; range: Range }>();
  private discounted: boolean | undefined;
  private isContradiction = false;

  add(alternatives: Alternatives): void {
    const [first, ...others] = alternatives;
    if (!first) return;
    if (others.some(({ field, kind }) => field !== first.field || kind !== first.kind)) {
      const texts = alternatives.map(({ field, value }) => `${field}:${value}`);
      throw new UnsupportedError(
        `the alternatives ${texts.join(" OR ")} are of several attributes; akin joins values of one`,
      );
    }
    const field = fieldOf(first.field);
    if (first.kind === "value" && field.kind !== "price" && field.kind !== "rating") {
      this.addValues(
        first.field,
        field,
        alternatives.map(({ value }) => String(value)),
      );
    } else {
      if (others.length) {
        throw new UnsupportedError(
          `alternatives of numbers of "${first.field}" are given; akin takes one range`,
        );
      }
      this.addRange(first.field, field, first);
    }
  }

  private addValues(name: string, field: Field, values: string[]): void {
    if (field.kind === "discounted") return this.addSwitch(values);
    // The levels of the categories are one field.
    const key = field.kind === "category" ? "category" : name;
    const before = this.values.get(key)?.values;
    const narrowed = before === undefined ? values : intersection(field, before, values);
    this.values.set(key, { field, values: narrowed });
    if (!narrowed.length) this.isContradiction = true;
  }

  private addSwitch(values: string[]): void {
    const switches = new Set(values.map((value) => value === "true"));
    // Both together are no filter.
    if (switches.size > 1) return;
    const [isOn = true] = switches;
    if (this.discounted !== undefined && this.discounted !== isOn) this.isContradiction = true;
    this.discounted = isOn;
  }

  private addRange(name: string, field: Field, condition: Condition): void {
    const key = field.kind === "rating" ? "rating" : name;
    const before = this.ranges.get(key)?.range ?? {};
    const range = narrowed(before, condition);
    this.ranges.set(key, { field, range });
    if (range.min !== undefined && range.max !== undefined && range.min > range.max)
      this.isContradiction = true;
  }

  filters(): Filters | undefined {
    if (this.isContradiction) return undefined;
    const filters: Filters = {};
    const attributes: NonNullable<Filters["attributes"]> = {};
    for (const { field, values } of this.values.values()) {
      if (field.kind === "values") filters[field.name] = values;
      else if (field.kind === "category") filters.category = values;
      else if (field.kind === "attribute") attributes[field.name] = values;
    }
    for (const [name, { field, range }] of this.ranges) {
      if (field.kind === "price") filters.price = range;
      else if (field.kind === "rating") filters.min_rating = lowestRating(range);
      else if (field.kind !== "attribute") throw new UnsupportedError(`"${name}" is no number`);
      else if (attributes[field.name] === undefined) attributes[field.name] = range;
      else throw new UnsupportedError(`"${name}" is filtered by values and by numbers at once`);
    }
    if (this.discounted !== undefined) filters.discounted = this.discounted;
    if (Object.keys(attributes).length) filters.attributes = attributes;
    return filters;
  }
}

/** Returns the values that meet both filters; of categories, the deeper ones. */
function intersection(field: Field, before: string[], values: string[]): string[] {
  if (field.kind !== "category") return values.filter((value) => before.includes(value));
  const within = (inner: string[], outer: string[]) =>
    inner.filter((category) => outer.some((other) => isWithin(category, other)));
  return [...new Set([...within(values, before), ...within(before, values)])];
}

/** Narrows a range by a comparison; a filter by a value, as of a menu of ratings, is one too. */
function narrowed(range: Range, condition: Condition): Range {
  const value = Number(condition.value);
  if (!Number.isFinite(value)) {
    throw new UnsupportedError(`"${condition.value}" of "${condition.field}" is no number`);
  }
  const operator = condition.kind === "value" ? "=" : condition.operator;
  const min = operator === ">" ? next(value, 1) : operator === "<" || operator === "<=" ? undefined : value;
  const max = operator === "<" ? next(value, -1) : operator === ">" || operator === ">=" ? undefined : value;
  const both = (a: number | undefined, b: number | undefined, choose: (a: number, b: number) => number) =>
    a === undefined || b === undefined ? (a ?? b) : choose(a, b);
  const [low, high] = [both(range.min, min, Math.max), both(range.max, max, Math.min)];
  return { ...(low !== undefined && { min: low }), ...(high !== undefined && { max: high }) };
}

/** Returns the number after `value`, or before it: akin's ranges contain their bounds. */
function next(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const step = value > 0 === direction > 0 ? 1n : -1n;
  bits.setBigInt64(0, bits.getBigInt64(0) + step);
  return bits.getFloat64(0);
}

/** The best rating there is. */
const BEST = 5;

function lowestRating({ min, max }: Range): number | null {
  if (max !== undefined && max < BEST) {
    throw new UnsupportedError(
      `ratings of at most ${max} are asked for; akin filters by a lowest rating only`,
    );
  }
  return min ?? null;
}

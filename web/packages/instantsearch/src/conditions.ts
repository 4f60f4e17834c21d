import { readExpression } from "./expression.js";
import { type OneOrSome, type Parameters, UnsupportedError, listed } from "./parameters.js";

/** A condition on a field of a product. */
export type Condition =
  | { kind: "value"; field: string; value: string }
  | { kind: "number"; field: string; operator: Operator; value: number };

export type Operator = "<" | "<=" | "=" | ">=" | ">";

/** Conditions of which one has to hold. */
export type Alternatives = Condition[];

/** Returns all conditions of a query: of every list, one has to hold. */
export function conditionsOf(parameters: Parameters): Alternatives[] {
  return [
    ...groups(parameters.facetFilters).map((group) => group.map(valueCondition)),
    ...groups(parameters.numericFilters).flatMap((group) => numberConditions(group)),
    ...readExpression(parameters.filters ?? "", (text) => conditionOf(text)),
  ];
}

/** Lists the groups of nested filters: `["a", ["b", "c"]]` asks for a, and for b or c. */
function groups(filters: Parameters["facetFilters"]): string[][] {
  return listed(filters as OneOrSome | OneOrSome[]).map((group) => listed(group as OneOrSome)) as string[][];
}

/** Reads `field:value`. */
function valueCondition(text: string): Condition {
  const [, field = "", value = ""] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (!field) throw new UnsupportedError(`the facet filter "${text}" is not written as field:value`);
  if (value.startsWith("-")) {
    throw new UnsupportedError(`the facet filter "${text}" excludes a value, which akin cannot do`);
  }
  // An escaped dash begins a value.
  return { kind: "value", field, value: value.replace(/^\\-/, "-") };
}

const COMPARISON = /^\s*([^<>=!:]+?)\s*(<=|>=|<|>|=)\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$/i;
const BETWEEN = /^\s*([^<>=!:]+?)\s*:\s*(-?[\d.]+)\s+TO\s+(-?[\d.]+)\s*$/i;

/** Reads `price>=10` and `price:10 TO 20`, which has two conditions. */
function numberConditions(group: string[]): Alternatives[] {
  const read = group.map((text): Condition[] => {
    const [, field = "", operator, value] = COMPARISON.exec(text) ?? [];
    if (field) return [comparison(field, operator as Operator, Number(value))];
    const [, name = "", low, high] = BETWEEN.exec(text) ?? [];
    if (name) return [comparison(name, ">=", Number(low)), comparison(name, "<=", Number(high))];
    throw new UnsupportedError(`the numeric filter "${text}" is not written as price>=10 or price:10 TO 20`);
  });
  const [first = [], ...others] = read;
  if (!others.length) return first.map((condition) => [condition]);
  if (read.some(({ length }) => length > 1)) {
    throw new UnsupportedError(`the numeric filters "${group.join(" OR ")}" are alternatives of ranges`);
  }
  return [read.flat()];
}

function comparison(field: string, operator: Operator, value: number): Condition {
  return { kind: "number", field, operator, value };
}

/** Reads a condition of an expression: a comparison, a range, or `field:value` whose parts may be quoted. */
function conditionOf(text: string): Alternatives[] {
  if (COMPARISON.test(text) || BETWEEN.test(text)) return numberConditions([text]);
  const [, field = "", value = ""] = /^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^:]+):(.*)$/s.exec(text) ?? [];
  if (!field) throw new UnsupportedError(`the filter "${text}" is not written as field:value`);
  return [[{ kind: "value", field: unquoted(field), value: unquoted(value) }]];
}

function unquoted(text: string): string {
  const quote = text.charAt(0);
  const isQuoted = (quote === '"' || quote === "'") && text.length > 1 && text.endsWith(quote);
  return isQuoted ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

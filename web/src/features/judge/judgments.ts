/** Grades: 0 is wrong, 3 is just right. */
export const GRADES = [0, 1, 2, 3] as const;
export type Grade = (typeof GRADES)[number];

/** The judgments of a query: the grade of each product. */
export interface JudgedQuery {
  id: string;
  query: string;
  grades: Record<string, Grade>;
}

/** Returns a grade, if it is one. */
export function gradeOf(value: unknown): Grade | undefined {
  return GRADES.find((grade) => grade === Number(value) && value !== "");
}

/** Reads judgments that a browser kept. */
export function readJudgments(value: unknown): JudgedQuery[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (entry): entry is JudgedQuery =>
      typeof entry === "object" &&
      entry !== null &&
      typeof (entry as JudgedQuery).id === "string" &&
      typeof (entry as JudgedQuery).query === "string" &&
      typeof (entry as JudgedQuery).grades === "object",
  );
}

/** Grades a product of a query; without a grade, its judgment is taken back. */
export function judged(
  all: JudgedQuery[],
  query: string,
  product: string,
  grade: Grade | undefined,
): JudgedQuery[] {
  const known = all.find((entry) => entry.query === query) ?? { id: freeId(all), query, grades: {} };
  const others = Object.entries(known.grades).filter(([id]) => id !== product);
  const own: [string, Grade][] = grade === undefined ? [] : [[product, grade]];
  const grades = Object.fromEntries([...others, ...own]);
  const rest = all.filter((entry) => entry !== known);
  if (!Object.keys(grades).length) return rest;
  const index = all.indexOf(known);
  return index < 0 ? [...all, { ...known, grades }] : all.with(index, { ...known, grades });
}

function freeId(all: JudgedQuery[]): string {
  const taken = new Set(all.map(({ id }) => id));
  let number = all.length + 1;
  while (taken.has(`q${String(number).padStart(2, "0")}`)) number += 1;
  return `q${String(number).padStart(2, "0")}`;
}

/**
 * Returns nDCG of the first `depth` hits as `akin evaluate` computes it: gains of 2^grade - 1, a hit that nobody
 * judged has none. `undefined` if no product has a grade above 0.
 */
export function ndcg(hits: string[], grades: Record<string, Grade>, depth = 10): number | undefined {
  const gain = (grade: Grade | undefined) => 2 ** (grade ?? 0) - 1;
  const discounted = (gains: number[]) =>
    gains.slice(0, depth).reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0);
  const ideal = discounted(
    Object.values(grades)
      .map(gain)
      .sort((a, b) => b - a),
  );
  return ideal > 0 ? discounted(hits.map((id) => gain(grades[id]))) / ideal : undefined;
}

/** Writes `queries.csv` of `akin evaluate`. */
export function queriesCsv(all: JudgedQuery[]): string {
  return csv([["query_id", "query"], ...all.map(({ id, query }) => [id, query])]);
}

/** Writes `judgments.csv` of `akin evaluate`. */
export function judgmentsCsv(all: JudgedQuery[]): string {
  const rows = all.flatMap(({ id, grades }) =>
    Object.entries(grades).map(([product, grade]) => [id, product, String(grade)]),
  );
  return csv([["query_id", "product_id", "grade"], ...rows]);
}

function csv(rows: string[][]): string {
  const cell = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** Splits CSV into rows of cells. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g;
  let ends = false;
  for (const [, quoted, plain, separator] of text.replace(/^\ufeff/, "").matchAll(pattern)) {
    if (ends) break;
    rows.at(-1)?.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (separator === "") ends = true;
    else if (separator !== ",") rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ""));
}

/** Reads the two files of `akin evaluate`; throws an error that says what is wrong. */
export function fromCsv(queries: string, judgments: string): JudgedQuery[] {
  const texts = columns(queries, ["query_id", "query"]);
  const all = new Map(texts.map(([id, query]) => [id, { id, query, grades: {} as Record<string, Grade> }]));
  for (const [id, product, text] of columns(judgments, ["query_id", "product_id", "grade"])) {
    const grade = gradeOf(text);
    if (grade === undefined) throw new Error(`A grade is 0, 1, 2 or 3, not “${text}”.`);
    const entry = all.get(id);
    if (!entry) throw new Error(`The judgments name the query “${id}”, which the queries lack.`);
    entry.grades[product] = grade;
  }
  return [...all.values()];
}

type Cells<Names extends string[]> = { [Index in keyof Names]: string };

/** Returns the cells of the named columns. */
function columns<const Names extends string[]>(text: string, names: Names): Cells<Names>[] {
  const [header = [], ...rows] = parseCsv(text);
  const places = names.map((name) => {
    const place = header.indexOf(name);
    if (place < 0)
      throw new Error(`The file needs the columns ${names.join(", ")}; it has ${header.join(", ")}.`);
    return place;
  });
  return rows.map((row) => places.map((place) => row[place] ?? "") as Cells<Names>);
}

import { describe, expect, it } from "vitest";
import { fromCsv, judged, judgmentsCsv, ndcg, parseCsv, queriesCsv } from "./judgments";

describe("nDCG", () => {
  it("is that of akin evaluate", () => {
    // The only relevant product is second: 1 / log2(3).
    expect(ndcg(["b", "a"], { a: 3 })).toBeCloseTo(0.6309, 4);
    expect(ndcg(["a", "b"], { a: 3, b: 1 })).toBe(1);
    expect(ndcg(["a"], { a: 0 })).toBeUndefined();
    expect(ndcg([], { a: 2 })).toBe(0);
  });

  it("counts ten hits", () => {
    const others = Array.from({ length: 10 }, (_, index) => `x${index}`);
    expect(ndcg([...others, "a"], { a: 3 })).toBe(0);
  });
});

describe("judgments", () => {
  it("are given, changed and taken back", () => {
    let all = judged([], "lamp", "a", 3);
    all = judged(all, "kettle", "b", 1);
    all = judged(all, "lamp", "a", 2);
    expect(all).toEqual([
      { id: "q01", query: "lamp", grades: { a: 2 } },
      { id: "q02", query: "kettle", grades: { b: 1 } },
    ]);
    all = judged(all, "lamp", "a", undefined);
    expect(all.map(({ id }) => id)).toEqual(["q02"]);
    expect(judged(all, "mug", "c", 0).map(({ id }) => id)).toEqual(["q02", "q03"]);
  });

  it("survive as files", () => {
    const all = judged(judged([], 'a "quoted", query\nof two lines', "x,1", 3), "mug", "b", 0);
    expect(fromCsv(queriesCsv(all), judgmentsCsv(all))).toEqual(all);
  });

  it("of files that do not fit are refused with the reason", () => {
    const queries = "query_id,query\nq1,lamp\n";
    const header = "query_id,product_id,grade\n";
    expect(() => fromCsv(queries, `${header}q2,a,1\n`)).toThrow("the query “q2”, which the queries lack");
    expect(() => fromCsv(queries, `${header}q1,a,4\n`)).toThrow("not “4”");
    expect(() => fromCsv("id,text\n", header)).toThrow("needs the columns query_id, query; it has id, text");
  });

  it("are read with any line ends", () => {
    expect(parseCsv('\ufeffa,b\r\n"c ""d""",\r\n\r\ne,f')).toEqual([
      ["a", "b"],
      ['c "d"', ""],
      ["e", "f"],
    ]);
  });
});

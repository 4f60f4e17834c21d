import { expect, it } from "vitest";
import type { Hit } from "@/shared/api/client";
import { movesOf, overlapOf, timesOf } from "./ranks";
import { addressOf, readCompareState, withSide } from "./state";

const hits = (...ids: string[]) => ids.map((product_id) => ({ product: { product_id } })) as unknown as Hit[];

it("the overlap is the share of the longer side", () => {
  expect(overlapOf(hits("a", "b"), hits("b", "c", "d", "e"))).toEqual({ common: 1, share: 0.25 });
  expect(overlapOf([], [])).toEqual({ common: 0, share: 0 });
  expect(movesOf(hits("a", "b"), hits("b", "c"))).toEqual([{ id: "b", left: 2, right: 1 }]);
});

it("the time is split by the header, and the rest is the rest", () => {
  const header = "embed;dur=3.5, candidates;dur=1.000, rank;dur=0.1, matches;dur=0.5, fetch;dur=0.2";
  expect(timesOf(header, 10)).toEqual({ embedding: 3.5, retrieval: 1.5, rest: 5, total: 10 });
  expect(timesOf(null, 10)).toBeUndefined();
  expect(timesOf("nonsense", 10)).toBeUndefined();
});

it("a deployment is an address of the web", () => {
  expect(addressOf("https://a.example/api/")).toBe("https://a.example/api");
  expect([addressOf("javascript:x"), addressOf("a.example"), addressOf("")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("a side changes without the other", () => {
  const state = readCompareState({ q: "lamp", left_mode: "lexical", right_engine: "x", limit: "99" });
  expect(state).toEqual({ q: "lamp", left_mode: "lexical", right_engine: "x" });
  expect(withSide(state, "right", { mode: "semantic" })).toEqual({
    q: "lamp",
    left_mode: "lexical",
    right_mode: "semantic",
  });
});

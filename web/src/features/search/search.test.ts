import { describe, expect, it } from "vitest";
import type { Hit, Suggestions } from "@/shared/api/client";
import { attributeTitle, offeredAttributes } from "./attributes";
import { chipsOf } from "./chips";
import { toggled, withChosen } from "./counts";
import { reasons } from "./explanation";
import { pageNumbers } from "./pages";
import { niceStep } from "./price-filter";
import { lastPage, readSearchState, requestOf, withFilters, withWords } from "./state";
import { optionGroups } from "./suggestions";

describe("the state of a search", () => {
  it("becomes a request, without what is not chosen", () => {
    const state = readSearchState({
      q: "lamp",
      brand: "Lumo",
      price_max: "100",
      page: "3",
      why: "true",
      x: "y",
    });
    expect(requestOf(state)).toEqual({
      query: "lamp",
      page: 3,
      page_size: 24,
      filters: { brand: ["Lumo"], price: { max: 100 } },
      facets: ["main_category", "brand", "price"],
      explain: true,
    });
    expect(requestOf({ main_category: ["Home"] }).facets).toContain("sub_category");
  });

  it("goes back to the first page when filters change, and loses them with other words", () => {
    const state = readSearchState({ q: "lamp", mode: "lexical", page: "3", min_rating: "4" });
    expect(withFilters(state, { brand: ["Lumo"] })).toEqual({
      q: "lamp",
      mode: "lexical",
      min_rating: 4,
      brand: ["Lumo"],
    });
    expect(withWords(state, " kettle ")).toEqual({ q: "kettle", mode: "lexical" });
  });

  it("is told by chips, each of which removes its own filter", () => {
    const chips = chipsOf({ brand: ["Lumo", "Pelluno"], price_min: 5, discounted: true });
    expect(chips.map(({ text }) => text)).toEqual(["Lumo", "Pelluno", "Price from 5", "Reduced only"]);
    expect(chips[0]?.without).toEqual({ brand: ["Pelluno"] });
  });
});

describe("values of a filter", () => {
  it("are equal if they differ in case and accents only", () => {
    expect(toggled(["Café"], "CAFE")).toBeUndefined();
    expect(toggled(["Café"], "Lumo")).toEqual(["Café", "Lumo"]);
    expect(withChosen([{ value: "Café", count: 2 }], ["cafe", "Lumo"])).toEqual([
      { value: "Café", count: 2 },
      { value: "Lumo", count: 0 },
    ]);
  });
});

describe("pages", () => {
  it("near the current one are linked, and the ends", () => {
    expect(pageNumbers(1, 1)).toEqual([1]);
    expect(pageNumbers(1, 9)).toEqual([1, 2, "gap", 9]);
    expect(pageNumbers(4, 9)).toEqual([1, 2, 3, 4, 5, "gap", 9]);
    expect(pageNumbers(9, 9)).toEqual([1, "gap", 8, 9]);
  });

  it("end where the API ends", () => {
    expect([lastPage(0), lastPage(24), lastPage(25), lastPage(1_000_000)]).toEqual([1, 1, 2, 416]);
  });
});

it("a slider has about a hundred steps", () => {
  expect([niceStep(0), niceStep(99), niceStep(15_000), niceStep(1_000_000)]).toEqual([1, 1, 100, 10_000]);
});

describe("suggestions", () => {
  const suggestions: Suggestions = {
    query: "tr",
    queries: [
      { text: "tripod", count: 4 },
      { text: "tray", count: 2 },
    ],
    categories: [{ value: "Travel", field: "main_category", count: 9 }],
    brands: [],
    products: [],
  };

  it("are grouped, and a recent search is not suggested twice", () => {
    const groups = optionGroups("tr", ["Tripod", "lamp"], suggestions);
    expect(groups.map(({ title, options }) => [title, options.map(({ text }) => text)])).toEqual([
      ["Recent searches", ["Tripod"]],
      ["Searches", ["tray"]],
      ["Categories", ["Travel"]],
    ]);
  });

  it("are recent searches alone while the server is asked", () => {
    expect(optionGroups("", ["lamp"])).toHaveLength(1);
    expect(optionGroups("x", ["lamp"])).toEqual([]);
  });
});

describe("the reasons of a hit", () => {
  const hit = (reason: string, fields: string[]): Hit =>
    ({
      similarity: 0.4,
      explanation: { reason, terms: [{ word: "lamp", term: "lamp", role: "content", fields }] },
    }) as unknown as Hit;

  it("name the most telling place of a word", () => {
    expect(reasons(hit("words", ["title", "description"]))).toEqual(["Its name has “lamp”."]);
  });

  it("tell nearness in meaning where words do not tell", () => {
    expect(reasons(hit("similarity", []))).toEqual(["It is close in meaning."]);
    expect(reasons(hit("closest", []))).toEqual(["It comes closest in meaning."]);
  });
});

describe("attributes", () => {
  const hit = (attributes: string) => ({ product: { attributes } }) as unknown as Hit;

  it("that several products in sight have are offered, and those that are chosen", () => {
    const hits = [
      hit("color: red; size: 38"),
      hit("Color: navy"),
      hit("color: red; size: 39"),
      hit("no pairs"),
    ];
    expect(offeredAttributes({}, hits)).toEqual(["attributes.color"]);
    expect(offeredAttributes({ "attributes.size": ["38"] }, hits)).toEqual([
      "attributes.size",
      "attributes.color",
    ]);
    expect(attributeTitle("attributes.screen_size")).toBe("Screen size");
  });

  it("are parameters of the address, filters of the request, and chips", () => {
    const state = readSearchState({ "attributes.color": ["red", "navy"] });
    expect(requestOf(state).filters).toEqual({ attributes: { color: ["red", "navy"] } });
    expect(chipsOf(state).map(({ text }) => text)).toEqual(["Color: red", "Color: navy"]);
  });
});

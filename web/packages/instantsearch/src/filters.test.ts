import { describe, expect, it } from "vitest";
import { filtersOf } from "./filters";

describe("filters", () => {
  it.each([
    [
      "values of one attribute are alternatives",
      { facetFilters: [["brand:Lumo", "brand:Pelluno"]] },
      { brand: ["Lumo", "Pelluno"] },
    ],
    [
      "filters of several attributes all hold",
      { facetFilters: ["brand:Lumo", ["availability:in stock"]] },
      { brand: ["Lumo"], availability: ["in stock"] },
    ],
    [
      "a filter twice narrows",
      {
        facetFilters: [
          ["brand:A", "brand:B"],
          ["brand:B", "brand:C"],
        ],
      },
      { brand: ["B"] },
    ],
    [
      "a value may hold a colon",
      { facetFilters: ["attributes.ratio:16:9"] },
      { attributes: { ratio: ["16:9"] } },
    ],
    ["an escaped dash begins a value", { facetFilters: ["brand:\\-A"] }, { brand: ["-A"] }],
    [
      "the deeper category counts",
      { facetFilters: ["category.lvl0:Home", "category.lvl1:Home > Kitchen"] },
      { category: ["Home > Kitchen"] },
    ],
    ["a switch", { facetFilters: [["discounted:true"]] }, { discounted: true }],
    [
      "both positions of a switch are no filter",
      { facetFilters: [["discounted:true", "discounted:false"]] },
      {},
    ],
    [
      "numbers",
      { numericFilters: ["price>=10", ["price<=20"], "attributes.width:5 TO 9"] },
      { price: { min: 10, max: 20 }, attributes: { width: { min: 5, max: 9 } } },
    ],
    ["stars up to the best", { numericFilters: ["rating>=4", "rating<=5"] }, { min_rating: 4 }],
    [
      "an expression",
      {
        filters: `brand:"Lumo & Sons" AND (attributes.color:red OR attributes.color:'dark blue') AND price < 20`,
      },
      {
        brand: ["Lumo & Sons"],
        attributes: { color: ["red", "dark blue"] },
        price: { max: 19.999999999999996 },
      },
    ],
    [
      "a range in an expression",
      { filters: "price:10 TO 20 AND rating >= 3" },
      { price: { min: 10, max: 20 }, min_rating: 3 },
    ],
    [
      "alternatives of one attribute without parentheses",
      { filters: "brand:A OR brand:B" },
      { brand: ["A", "B"] },
    ],
    ["nothing", { filters: "", facetFilters: [], numericFilters: [] }, {}],
  ])("%s", (_, parameters, expected) => {
    expect(filtersOf(parameters)).toEqual(expected);
  });

  it("that contradict each other find nothing", () => {
    expect(filtersOf({ facetFilters: ["brand:A", "brand:B"] })).toBeUndefined();
    expect(filtersOf({ numericFilters: ["price>20", "price<10"] })).toBeUndefined();
    expect(filtersOf({ facetFilters: ["discounted:true", "discounted:false"] })).toBeUndefined();
  });

  it.each([
    [{ facetFilters: ["brand:-Lumo"] }, /excludes a value/],
    [{ facetFilters: [["brand:A", "availability:in stock"]] }, /of several attributes/],
    [{ facetFilters: ["tint:red"] }, /no facet "tint"/],
    [{ facetFilters: ["brand"] }, /not written as field:value/],
    [{ numericFilters: [["price<10", "price>20"]] }, /one range/],
    [{ numericFilters: ["price!=10"] }, /not written as/],
    [{ numericFilters: ["rating<=3"] }, /lowest rating/],
    [{ filters: "NOT brand:A" }, /exclude/],
    [{ filters: "brand:A AND price<5 OR brand:B" }, /more than one condition/],
    [{ filters: "(brand:A" }, /lack/],
    [{ filters: "brand:A AND" }, /lack|written/],
    [{ filters: 'brand:"A' }, /cannot be read/],
  ])("that akin cannot serve are refused: %j", (parameters, message) => {
    expect(() => filtersOf(parameters)).toThrow(message);
  });
});

import { describe, expect, it } from "vitest";
import { AkinError, createSearchClient } from "./index";

const PRODUCT = {
  product_id: "A-1",
  name: "Two phone tripods",
  brand: "Pelluno",
  main_category: "Phones",
  sub_category: "Tripods",
  description: "Holds your Phone still.",
  attributes: "color: red",
  discount_price: 75,
  actual_price: 100,
};

const ANSWER = {
  query: "phone tripod",
  total: 41,
  relation: "exact",
  closest: false,
  corrections: [],
  engine: "local",
  hits: [
    {
      product: PRODUCT,
      score: 1.4,
      similarity: 0.6,
      explanation: {
        terms: [
          { word: "phone", term: "phone" },
          { word: "tripod", term: "tripod" },
          { word: "still", term: "still", role: "stop_word" },
        ],
      },
    },
  ],
  facets: {
    brand: [{ value: "Pelluno", count: 3 }],
    category: [
      { value: "Phones", count: 3 },
      { value: "Phones > Tripods", count: 2 },
    ],
    price: {
      min: 5,
      max: 25,
      histogram: [
        { from: 0, to: 10, count: 1 },
        { from: 20, to: 30, count: 1 },
      ],
    },
  },
};

interface Sent {
  path: string;
  body: Record<string, unknown>;
  authorization: string | null;
}

/** Returns a client whose requests are answered by `answer`, and what it sent. */
function clientOver(answer: unknown = ANSWER, status = 200) {
  const sent: Sent[] = [];
  const fetch = async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.text();
    sent.push({
      path: url.pathname + url.search,
      body: text ? JSON.parse(text) : {},
      authorization: request.headers.get("authorization"),
    });
    return new Response(JSON.stringify(answer), { status, headers: { "content-type": "application/json" } });
  };
  const client = createSearchClient({ address: "https://a.example/", apiKey: "K", fetch });
  const search = async (...requests: object[]) =>
    (await client.search(requests as never)).results as unknown as Record<string, unknown>[];
  return { client, search, sent };
}

describe("a search", () => {
  it("is sent with its page, order, filters and facets, and the key", async () => {
    const { search, sent } = clientOver();
    await search({
      indexName: "products_price_asc",
      params: {
        query: "lamp",
        page: 2,
        hitsPerPage: 12,
        facets: ["brand", "category.lvl0"],
        facetFilters: ["brand:Lumo"],
      },
    });
    expect(sent).toEqual([
      {
        path: "/api/search",
        authorization: "Bearer K",
        body: {
          query: "lamp",
          unfinished: true,
          page: 3,
          page_size: 12,
          facets: ["brand", "category"],
          filters: { brand: ["Lumo"] },
          explain: true,
          sort: "price_asc",
        },
      },
    ]);
  });

  it("is answered with records, pages, counts and bounds", async () => {
    const { search } = clientOver();
    const [result] = await search({
      indexName: "products",
      params: { query: "phone tripod", hitsPerPage: 20, facets: ["brand", "category.lvl1", "price"] },
    });
    expect(result).toMatchObject({
      index: "products",
      nbHits: 41,
      nbPages: 3,
      page: 0,
      facets: { brand: { Pelluno: 3 }, "category.lvl1": { "Phones > Tripods": 2 }, price: {} },
      facets_stats: { price: { min: 5, max: 25, avg: 15 } },
      hits: [{ objectID: "A-1", price: 75, name: "Two phone tripods" }],
    });
  });

  it("marks its words in every text, and cuts snippets around them", async () => {
    const { search } = clientOver();
    const [result] = await search({
      indexName: "products",
      params: {
        query: "phone tripod",
        highlightPreTag: "[",
        highlightPostTag: "]",
        attributesToSnippet: ["description:2"],
      },
    });
    const [hit] = result?.["hits"] as Record<string, Record<string, unknown>>[];
    expect(hit?.["_highlightResult"]).toMatchObject({
      name: { value: "Two [phone] [tripods]", matchLevel: "full", matchedWords: ["phone", "tripod"] },
      description: { value: "Holds your [Phone] still.", matchLevel: "partial" },
      brand: { value: "Pelluno", matchLevel: "none", matchedWords: [] },
    });
    expect(hit?.["_snippetResult"]).toEqual({
      description: { value: "…[Phone] still.", matchLevel: "partial" },
    });
  });

  it("of several widgets that ask the same is sent once", async () => {
    const { search, sent } = clientOver();
    const params = { query: "lamp" };
    const results = await search({ indexName: "a", params }, { indexName: "b", params });
    expect(results.map(({ index }) => index)).toEqual(["a", "b"]);
    expect(sent.length).toBe(1);
  });

  it("that no product can meet is not sent", async () => {
    const { search, sent } = clientOver();
    const [result] = await search({
      indexName: "a",
      params: { facetFilters: ["brand:A", "brand:B"], facets: ["brand"] },
    });
    expect(result).toMatchObject({ nbHits: 0, hits: [], facets: { brand: {} } });
    expect(sent).toEqual([]);
  });

  it("without hits counts only", async () => {
    const { search, sent } = clientOver();
    const [result] = await search({ indexName: "a", params: { hitsPerPage: 0, facets: "brand" } });
    expect(result).toMatchObject({ hits: [], nbPages: 0, facets: { brand: { Pelluno: 3 } } });
    expect(sent[0]?.body).toMatchObject({ page_size: 1, explain: false });
  });

  it("that is refused says why", async () => {
    const { search } = clientOver(
      { detail: "page_size must be a whole number", code: "INVALID_REQUEST_BODY" },
      400,
    );
    const failure = search({ indexName: "a", params: {} });
    await expect(failure).rejects.toThrow("page_size must be a whole number");
    await expect(failure).rejects.toBeInstanceOf(AkinError);
  });
});

describe("values and suggestions", () => {
  it("of a facet are searched under the other filters", async () => {
    const { client, sent } = clientOver({ values: [{ value: "Pelluno", count: 3 }] });
    const [found] = (await client.searchForFacetValues?.([
      {
        indexName: "products",
        params: {
          facetName: "brand",
          facetQuery: "pel",
          maxFacetHits: 5,
          query: "lamp",
          highlightPreTag: "[",
          highlightPostTag: "]",
          numericFilters: ["price<=20", "attributes.width>=5"],
        },
      },
    ] as never)) as unknown as { facetHits: unknown }[];
    expect(found?.facetHits).toEqual([{ value: "Pelluno", count: 3, highlighted: "[Pel]luno" }]);
    expect(sent[0]?.path).toBe(
      "/api/facets/brand?query=lamp&q=pel&limit=5&price_max=20&attributes.width_min=5",
    );
  });

  it("of queries are records of an index of their own", async () => {
    const { search, sent } = clientOver({ queries: [{ text: "tripods", count: 7 }] });
    const [result] = await search({
      indexName: "products_suggestions",
      params: { query: "trip", hitsPerPage: 3 },
    });
    expect(result).toMatchObject({ hits: [{ objectID: "tripods", query: "tripods", count: 7 }] });
    expect(sent[0]?.path).toBe("/api/suggest?q=trip&limit=3");
  });
});

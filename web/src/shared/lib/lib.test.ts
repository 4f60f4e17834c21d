import { describe, expect, it } from "vitest";
import { numberOf, oneOf, parseParameters, switchOf, textsOf, writeParameters } from "./address";
import { pictureUrl, webUrl } from "./links";
import { money, prices } from "./money";
import { count, duration, list } from "./text";

describe("an address", () => {
  it("is read as it was written", () => {
    const state = { q: "a & b", brand: ["Lumo", "Ünal"], page: 2, why: true, none: undefined, empty: [] };
    const written = writeParameters(state);
    expect(written).toBe("?q=a+%26+b&brand=Lumo&brand=%C3%9Cnal&page=2&why=true");
    expect(parseParameters(written)).toEqual({ q: "a & b", brand: ["Lumo", "Ünal"], page: "2", why: "true" });
  });

  it("that is nonsense is ignored", () => {
    const raw = parseParameters("?page=x&min_rating=9&mode=magic&brand=&why=no");
    expect(numberOf(raw, "page")).toBeUndefined();
    expect(numberOf(raw, "min_rating", 0, 5)).toBeUndefined();
    expect(oneOf(raw, "mode", ["hybrid"])).toBeUndefined();
    expect(textsOf(raw, "brand")).toBeUndefined();
    expect(switchOf(raw, "why")).toBeUndefined();
  });
});

describe("money", () => {
  it("has cents only where there are some", () => {
    expect(money(1299, "INR")).toBe("₹1,299");
    expect(money(617.5, "INR")).toBe("₹617.50");
    expect(money(5, "not a currency")).toBe("5");
    expect(money(5, null)).toBe("5");
  });

  it("tells a discount only where the price was higher", () => {
    expect(prices({ discount_price: 75, actual_price: 100 })).toEqual({ now: 75, before: 100, percent: 25 });
    expect(prices({ discount_price: 100, actual_price: 100 })).toEqual({
      now: 100,
      before: null,
      percent: null,
    });
    expect(prices({ discount_price: null, actual_price: 100 }).now).toBe(100);
    expect(prices({ discount_price: 999, actual_price: 1000 }).percent).toBeNull();
    expect(prices({ discount_price: null, actual_price: null }).now).toBeNull();
  });
});

describe("links", () => {
  it("of scripts are none", () => {
    for (const url of ["javascript:alert(1)", " https://a.example", "data:text/html,x", "", "//a.example"]) {
      expect(webUrl(url)).toBeUndefined();
    }
    expect(webUrl("https://a.example/b")).toBe("https://a.example/b");
  });

  it("of pictures are those of the web, or of the server", () => {
    expect(pictureUrl("images/a.svg", "https://api.example")).toBe("https://api.example/images/a.svg");
    expect(pictureUrl("/images/a.svg", "https://api.example")).toBe("https://api.example/images/a.svg");
    expect(pictureUrl("javascript:alert(1)")).toBeUndefined();
    expect(pictureUrl("")).toBeUndefined();
  });
});

describe("texts", () => {
  it("are counted, timed and listed", () => {
    expect([count(1, "product"), count(2000, "product")]).toEqual(["1 product", "2,000 products"]);
    expect([duration(0.44), duration(12.4), duration(1234)]).toEqual(["0.4 ms", "12 ms", "1.2 s"]);
    expect(list(["a", "b", "c"])).toBe("a, b, and c");
  });
});

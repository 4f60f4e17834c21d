import type { Page } from "playwright-core";
import { describe, expect, inject, it } from "vitest";
import { close, overflow, searchBox, settled, suggested, useBrowser, violations } from "./browser";

const open = useBrowser();

const cards = (page: Page) => page.getByRole("list", { name: "Products" }).getByRole("listitem");
const names = (page: Page) => cards(page).getByRole("heading").allTextContents();
const found = (page: Page) => page.getByRole("status").filter({ hasText: /product|Nothing/ });
/** Waits for an address, and for the results that answer it. */
const reached = async (page: Page, address: RegExp | ((url: URL) => boolean)) => {
  await page.waitForURL(address);
  await settled(page);
};
/** Returns the number of products that were found. */
const total = async (page: Page) => Number.parseInt((await found(page).textContent()) ?? "", 10);

describe("search", () => {
  it("finds products in a shopper's own words", async () => {
    const page = await open("/");
    await searchBox(page).fill("something to keep my phone steady while filming");
    await page.keyboard.press("Enter");
    await reached(page, /\?q=something/);
    await found(page)
      .getByText(/^\d+ products?$/)
      .waitFor();
    expect((await names(page))[0]).toMatch(/tripod|gimbal/i);
    await expect.poll(() => page.title()).toContain("something to keep my phone steady");
    // No figures of the ranking, unless one asks.
    expect(await cards(page).first().textContent()).not.toMatch(/score|similarity/);
    await close(page);
  });

  it("explains hits when asked", async () => {
    const page = await open("/?q=phone tripod");
    await page.getByLabel("Why these?").click();
    await reached(page, /why=true/);
    await cards(page).first().getByText("Its name has “phone” and “tripod”.").waitFor();
    await cards(page)
      .first()
      .getByText(/score \d/)
      .waitFor();
    await close(page);
  });

  it("says which spelling it searched for", async () => {
    const page = await open("/?q=wireless hedphones");
    await page.getByText("Searched for “headphones” instead of “hedphones”.").waitFor();
    await close(page);
  });

  it("says in plain words that nothing fits, and shows what comes closest", async () => {
    const page = await open("/?q=qzxv");
    await page.getByText(/No product fits “qzxv”/).waitFor();
    await page.getByRole("status").getByText("Nothing fits").waitFor();
    await close(page);
  });

  it("searches by words or by meaning alone", async () => {
    const page = await open("/?q=phone tripod");
    await page.getByLabel("Search by").selectOption("Words only");
    await reached(page, /mode=lexical/);
    await page.getByLabel("Search by").selectOption("Words and meaning");
    await reached(page, (url) => !url.searchParams.has("mode"));
    await close(page);
  });
});

describe("browsing", () => {
  it("filters by category, brand, rating and discount, and takes filters back", async () => {
    const page = await open("/");
    const aside = page.getByRole("complementary", { name: "Filters" });
    await settled(page);
    const all = await total(page);
    await aside.getByRole("button", { name: /^Phones & Accessories/ }).click();
    await reached(page, /main_category=Phones/);
    await aside.getByRole("checkbox", { name: /Phone Tripods/ }).click();
    await reached(page, /sub_category=Phone/);
    expect(await total(page)).toBeLessThan(all);
    await aside.getByRole("checkbox", { name: /^Pelluno/ }).click();
    await reached(page, /brand=Pelluno/);
    // The counts of the other brands stay.
    await aside.getByRole("group", { name: "Brand" }).getByRole("checkbox").nth(1).waitFor();
    await aside.getByLabel("4 stars and more").click();
    await reached(page, /min_rating=4/);
    await aside.getByLabel("Reduced only").click();
    await reached(page, /discounted=true/);
    const chips = page.getByRole("list", { name: "Filters in force" });
    await chips.getByRole("button", { name: "Remove the filter Pelluno" }).click();
    await reached(page, (url) => !url.searchParams.has("brand"));
    await chips.getByRole("button", { name: "Clear all" }).click();
    await reached(page, (url) => url.search === "");
    expect(await total(page)).toBe(all);
    await close(page);
  });

  it("searches the values of a long filter", async () => {
    const page = await open("/");
    const brands = page.getByRole("complementary").getByRole("group", { name: "Brand" });
    await brands.getByLabel("Find a brand").fill("pel");
    await brands.getByRole("checkbox", { name: /Pelluno/ }).waitFor();
    await brands.getByRole("checkbox").nth(1).waitFor({ state: "detached" });
    await brands.getByLabel("Find a brand").fill("qqq");
    await brands.getByText("None begins with “qqq”.").waitFor();
    await close(page);
  });

  it("filters by an attribute that the products in sight have", async () => {
    const page = await open("/?main_category=Clothing %26 Shoes");
    await settled(page);
    const material = page.getByRole("complementary").getByRole("group", { name: "Material" });
    await material.getByRole("checkbox", { name: /^leather/ }).click();
    await reached(page, /attributes\.material=leather/);
    // The counts of the other values stay.
    await material.getByRole("checkbox", { name: /^cotton/ }).waitFor();
    await page.getByRole("button", { name: "Remove the filter Material: leather" }).click();
    await page.waitForURL((url) => !url.search.includes("attributes"));
    await close(page);
  });

  it("bounds the price with sliders and fields", async () => {
    const page = await open("/?q=lamp");
    await settled(page);
    const price = page.getByRole("complementary").getByRole("group", { name: "Price" });
    await price.getByLabel("Price to").fill("2000");
    await price.getByRole("button", { name: "Go" }).click();
    await reached(page, /price_max=2000/);
    await page.getByRole("button", { name: "Remove the filter Price to 2000" }).waitFor();
    await price.getByLabel("Lowest price").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/price_min=/);
    await close(page);
  });

  it("sorts and pages, and every state has an address", async () => {
    const page = await open("/");
    await page.getByLabel("Sort by").selectOption("Price: low to high");
    await reached(page, /sort=price_asc/);
    const first = await names(page);
    await page.getByRole("link", { name: "Next page" }).click();
    await reached(page, /page=2/);
    expect(await names(page)).not.toEqual(first);
    await page.goBack();
    await reached(page, (url) => !url.searchParams.has("page"));
    expect(await names(page)).toEqual(first);
    const copy = await open(page.url());
    await settled(copy);
    expect(await names(copy)).toEqual(first);
    await close(copy);
    await close(page);
  });
});

describe("suggestions", () => {
  it("completes words, categories, brands and products by keyboard alone", async () => {
    const page = await open("/");
    await searchBox(page).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const box = searchBox(page);
    await expect.poll(() => box.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type("trip");
    await suggested(page);
    await expect.poll(() => box.getAttribute("aria-expanded")).toBe("true");
    await page.keyboard.press("ArrowDown");
    const option = page.getByRole("listbox").getByRole("option", { selected: true });
    await option.waitFor();
    expect(await box.getAttribute("aria-activedescendant")).toBe(await option.getAttribute("id"));
    await page.keyboard.press("Escape");
    await expect.poll(() => box.getAttribute("aria-expanded")).toBe("false");
    // The arrow opens the list again, and then goes into it.
    await page.keyboard.press("ArrowDown");
    await suggested(page);
    await page.keyboard.press("ArrowDown");
    await option.waitFor();
    await page.keyboard.press("Enter");
    await reached(page, /q=trip/);
    await close(page);
  });

  it("leads to a category and to a product", async () => {
    const page = await open("/");
    await settled(page);
    await searchBox(page).fill("phone");
    await suggested(page);
    await page.getByRole("group", { name: "Categories" }).getByRole("option").first().click();
    await reached(page, /main_category=|sub_category=/);
    await searchBox(page).fill("tripod");
    await suggested(page);
    await page
      .getByRole("group", { name: "Products" })
      .getByRole("option", { name: /tripod/i })
      .first()
      .click();
    await page.waitForURL(/\/products\//);
    await page.getByRole("heading", { level: 1, name: /tripod/i }).waitFor();
    await close(page);
  });

  it("remembers searches, and forgets them", async () => {
    const page = await open("/");
    await searchBox(page).fill("desk lamp");
    await page.keyboard.press("Enter");
    await reached(page, /q=desk/);
    await page.goto("/");
    await searchBox(page).click();
    const recent = page.getByRole("group", { name: "Recent searches" });
    await recent.getByRole("option", { name: "desk lamp" }).waitFor();
    await recent.getByRole("button", { name: "Forget" }).click();
    await recent.waitFor({ state: "detached" });
    await close(page);
  });
});

describe("a product", () => {
  it("is shown with its details and similar products", async () => {
    const page = await open("/?q=phone tripod");
    await settled(page);
    const first = cards(page).first().getByRole("link");
    const name = await first.textContent();
    await first.click();
    await page.waitForURL(/\/products\//);
    await page.getByRole("heading", { level: 1, name: name ?? "" }).waitFor();
    await page.getByRole("heading", { name: "Similar products" }).waitFor();
    await page.getByRole("main").getByRole("article").nth(3).waitFor();
    await settled(page);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Back" }).click();
    await reached(page, /q=phone/);
    await close(page);
  });

  it("that does not exist is said to be absent", async () => {
    const page = await open("/products/none", { expectErrors: true });
    await page.getByRole("alert").getByText('There is no product "none".').waitFor();
    await close(page);
  });
});

describe("on every screen", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    it(`axe finds nothing in ${colorScheme} colors`, async () => {
      const page = await open("/?q=phone tripod&why=1&brand=Pelluno", { colorScheme });
      await settled(page);
      expect(await violations(page)).toEqual([]);
      await searchBox(page).fill("lam");
      await suggested(page);
      expect(await violations(page)).toEqual([]);
      await close(page);
    });
  }

  it("a phone has its filters in a drawer, and nothing is wider than 320 px", async () => {
    const page = await open("/?q=lamp", { viewport: { width: 320, height: 640 }, hasTouch: true });
    await settled(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: "Filters" }).click();
    const drawer = page.getByRole("dialog", { name: "Filters" });
    await drawer.getByLabel("4 stars and more").click();
    await reached(page, /min_rating=4/);
    expect(await violations(page)).toEqual([]);
    await drawer.getByRole("button", { name: /^Show \d+ product/ }).click();
    await drawer.waitFor({ state: "hidden" });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("link", { name: "Status" }).waitFor();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await close(page);
  });

  it("remembers the colors that were chosen", async () => {
    const page = await open("/", { colorScheme: "light" });
    await page.getByRole("button", { name: /Colors of the system/ }).click();
    await page.getByRole("button", { name: /^Light colors/ }).click();
    await page.reload();
    await page.getByRole("button", { name: /^Dark colors/ }).waitFor();
    await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");
    await close(page);
  });

  it("nothing moves while the results come", async () => {
    const page = await open("about:blank");
    await page.addInitScript(() => {
      const shifts: number[] = [];
      (globalThis as unknown as { shifts: number[] }).shifts = shifts;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(`${inject("address")}/?q=phone tripod`);
    await settled(page);
    await page.waitForLoadState("networkidle");
    const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts);
    // Below 0.1 is good, by the Web Vitals.
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.05);
    await close(page);
  });
});

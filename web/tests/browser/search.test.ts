import type { Page } from "playwright-core";
import { describe, expect, inject, it } from "vitest";
import { close, overflow, searchBox, useBrowser, violations } from "./browser";

const open = useBrowser();

const cards = (page: Page) => page.getByRole("list", { name: "Products" }).getByRole("listitem");
const names = (page: Page) => cards(page).getByRole("heading").allTextContents();
const found = (page: Page) => page.getByRole("status").filter({ hasText: /product|Nothing/ });
/** Waits until the results are those of the address. */
const settled = async (page: Page) => {
  await page.locator("[aria-busy=false]").waitFor();
};

describe("search", () => {
  it("finds products in a shopper's own words", async () => {
    const page = await open("/");
    await searchBox(page).fill("something to keep my phone steady while filming");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?q=something/);
    await settled(page);
    await found(page)
      .getByText(/^\d+ products?$/)
      .waitFor();
    expect((await names(page))[0]).toMatch(/tripod|gimbal/i);
    expect(await page.title()).toContain("something to keep my phone steady");
    // No figures of the ranking, unless one asks.
    expect(await cards(page).first().textContent()).not.toMatch(/score|similarity/);
    await close(page);
  });

  it("explains hits when asked", async () => {
    const page = await open("/?q=phone tripod");
    await page.getByLabel("Why these?").check();
    await page.waitForURL(/why=true/);
    await settled(page);
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
    await page.waitForURL(/mode=lexical/);
    await settled(page);
    await page.getByLabel("Search by").selectOption("Words and meaning");
    await page.waitForURL((url) => !url.searchParams.has("mode"));
    await close(page);
  });
});

describe("browsing", () => {
  it("filters by category, brand, rating and discount, and takes filters back", async () => {
    const page = await open("/");
    const aside = page.getByRole("complementary", { name: "Filters" });
    const all = Number.parseInt((await found(page).textContent()) ?? "", 10);
    await aside.getByRole("button", { name: /^Phones & Accessories/ }).click();
    await page.waitForURL(/main_category=Phones/);
    await aside.getByRole("checkbox", { name: /Phone Tripods/ }).check();
    await page.waitForURL(/sub_category=Phone/);
    await settled(page);
    const tripods = Number.parseInt((await found(page).textContent()) ?? "", 10);
    expect(tripods).toBeLessThan(all);
    await aside.getByRole("checkbox", { name: /^Pelluno/ }).check();
    await page.waitForURL(/brand=Pelluno/);
    await settled(page);
    // The counts of the other brands stay.
    expect(await aside.getByRole("group", { name: "Brand" }).getByRole("checkbox").count()).toBeGreaterThan(
      1,
    );
    await aside.getByLabel("4 stars and more").check();
    await page.waitForURL(/min_rating=4/);
    await aside.getByLabel("Reduced only").check();
    await page.waitForURL(/discounted=true/);
    const chips = page.getByRole("list", { name: "Filters in force" });
    await chips.getByRole("button", { name: "Remove the filter Pelluno" }).click();
    await page.waitForURL((url) => !url.searchParams.has("brand"));
    await chips.getByRole("button", { name: "Clear all" }).click();
    await page.waitForURL((url) => url.search === "");
    await settled(page);
    expect(Number.parseInt((await found(page).textContent()) ?? "", 10)).toBe(all);
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
    const material = page.getByRole("complementary").getByRole("group", { name: "Material" });
    await material.getByRole("checkbox", { name: /^leather/ }).check();
    await page.waitForURL(/attributes\.material=leather/);
    // The counts of the other values stay.
    await material.getByRole("checkbox", { name: /^cotton/ }).waitFor();
    await page.getByRole("button", { name: "Remove the filter Material: leather" }).click();
    await page.waitForURL((url) => !url.search.includes("attributes"));
    await close(page);
  });

  it("bounds the price with sliders and fields", async () => {
    const page = await open("/?q=lamp");
    const price = page.getByRole("complementary").getByRole("group", { name: "Price" });
    await price.getByLabel("Price to").fill("2000");
    await price.getByRole("button", { name: "Go" }).click();
    await page.waitForURL(/price_max=2000/);
    await page.getByRole("button", { name: "Remove the filter Price to 2000" }).waitFor();
    await price.getByLabel("Lowest price").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/price_min=/);
    await close(page);
  });

  it("sorts and pages, and every state has an address", async () => {
    const page = await open("/");
    await page.getByLabel("Sort by").selectOption("Price: low to high");
    await page.waitForURL(/sort=price_asc/);
    await settled(page);
    const first = await names(page);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/page=2/);
    await settled(page);
    expect(await names(page)).not.toEqual(first);
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has("page"));
    await settled(page);
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
    expect(await box.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type("trip");
    await page.getByRole("option").first().waitFor();
    expect(await box.getAttribute("aria-expanded")).toBe("true");
    await page.keyboard.press("ArrowDown");
    const active = await box.getAttribute("aria-activedescendant");
    const option = page.locator(`[id="${active}"]`);
    expect(await option.getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("Escape");
    expect(await box.getAttribute("aria-expanded")).toBe("false");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=trip/);
    await settled(page);
    await close(page);
  });

  it("leads to a category and to a product", async () => {
    const page = await open("/");
    await searchBox(page).fill("phone");
    await page.getByRole("group", { name: "Categories" }).getByRole("option").first().click();
    await page.waitForURL(/main_category=|sub_category=/);
    await searchBox(page).fill("tripod");
    await page.getByRole("group", { name: "Products" }).getByRole("option").first().click();
    await page.waitForURL(/\/products\//);
    await page.getByRole("heading", { level: 1, name: /tripod/i }).waitFor();
    await close(page);
  });

  it("remembers searches, and forgets them", async () => {
    const page = await open("/");
    await searchBox(page).fill("desk lamp");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=desk/);
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
    const first = cards(page).first().getByRole("link");
    const name = await first.textContent();
    await first.click();
    await page.waitForURL(/\/products\//);
    await page.getByRole("heading", { level: 1, name: name ?? "" }).waitFor();
    await page.getByRole("heading", { name: "Similar products" }).waitFor();
    await page.getByRole("main").getByRole("article").nth(3).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Back" }).click();
    await page.waitForURL(/q=phone/);
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
      await page.getByRole("option").first().waitFor();
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
    await drawer.getByLabel("4 stars and more").check();
    await page.waitForURL(/min_rating=4/);
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
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
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

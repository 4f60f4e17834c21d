import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SAMPLE, type Server, folder, ingest, serve } from "./akin";
import { close, useBrowser } from "./browser";
import { serveShop } from "./shop";

const open = useBrowser();

let shop: Awaited<ReturnType<typeof serveShop>>;
let akin: Server;

beforeAll(async () => {
  shop = await serveShop();
  const data = await folder();
  await ingest(data, SAMPLE);
  // The shop is another origin than the API.
  akin = await serve(data, "--allow-origin", shop.address);
});

afterAll(async () => {
  await akin.stop();
  await shop.stop();
});

/** Opens the shop. Its requests to the API leave its own server. */
async function openShop(): Promise<Page> {
  const page = await open(`${shop.address}/?akin=${encodeURIComponent(akin.address)}`, {
    expectErrors: true,
  });
  await names(page).first().waitFor();
  return page;
}

const names = (page: Page) => page.getByRole("main").getByRole("heading", { level: 3 });
const box = (page: Page) => page.getByRole("combobox").first();
const stats = (page: Page) => page.locator(".ais-Stats");
const filters = (page: Page) => page.getByRole("complementary", { name: "Filters" });

/** Returns the number of results that the page says there are. */
async function total(page: Page): Promise<number> {
  const text = (await stats(page).textContent()) ?? "";
  return Number(/^([\d,]+) result/.exec(text)?.[1]?.replaceAll(",", "") ?? NaN);
}

/** Searches, as by Enter in the field. */
async function search(page: Page, words: string): Promise<void> {
  await box(page).fill(words);
  await page.keyboard.press("Enter");
}

describe("a shop with InstantSearch over akin", () => {
  it("finds products in a shopper's own words, and marks the words", async () => {
    const page = await openShop();
    await search(page, "phone tripods");
    await expect.poll(() => names(page).first().textContent()).toMatch(/tripod/i);
    const marks = names(page).first().locator("mark");
    await expect
      .poll(async () => (await marks.allTextContents()).map((text) => text.toLowerCase()))
      .toEqual(["phone", "tripod"]);
    await close(page);
  });

  it("refines by brands, whose other counts stay, and takes a refinement back", async () => {
    const page = await openShop();
    const all = await total(page);
    const brands = filters(page).locator(".ais-RefinementList");
    await brands.getByRole("checkbox", { name: /^Ridgemor/ }).check();
    await expect.poll(() => total(page)).toBeLessThan(all);
    const one = await total(page);
    await brands.getByRole("checkbox", { name: /^Papermoth/ }).check();
    await expect.poll(() => total(page)).toBeGreaterThan(one);
    await filters(page).getByRole("button", { name: "Clear refinements" }).click();
    await expect.poll(() => total(page)).toBe(all);
    await close(page);
  });

  it("searches the values of a refinement", async () => {
    const page = await openShop();
    const brands = filters(page).locator(".ais-RefinementList");
    await brands.getByPlaceholder("Find a brand").fill("pel");
    const labels = brands.locator(".ais-RefinementList-labelText");
    await expect.poll(() => labels.allTextContents()).toEqual(["Pelluno"]);
    await expect.poll(() => labels.first().locator("mark").allTextContents()).toEqual(["Pel"]);
    await close(page);
  });

  it("opens the levels of a category", async () => {
    const page = await openShop();
    const all = await total(page);
    const menu = filters(page).locator(".ais-HierarchicalMenu");
    await menu.getByRole("link", { name: /^Phones & Accessories/ }).click();
    await expect.poll(() => total(page)).toBeLessThan(all);
    const whole = await total(page);
    await menu.getByRole("link", { name: /^Phone Tripods/ }).click();
    await expect.poll(() => total(page)).toBeLessThan(whole);
    await close(page);
  });

  it("bounds the price between what there is", async () => {
    const page = await openShop();
    const all = await total(page);
    const range = filters(page).locator(".ais-RangeInput");
    const [low, high] = [range.locator("input").first(), range.locator("input").last()];
    await expect.poll(async () => Number(await low.getAttribute("placeholder"))).toBeGreaterThan(0);
    await high.fill("500");
    await range.getByRole("button").click();
    await expect.poll(() => total(page)).toBeLessThan(all);
    await close(page);
  });

  it("sorts by an index of another name, and pages", async () => {
    const page = await openShop();
    const prices = async () =>
      (await page.getByRole("main").locator(".price").allTextContents()).map((text) =>
        Number(text.replaceAll(/[^\d.]/g, "")),
      );
    await page.locator(".ais-SortBy-select").selectOption("Price: low to high");
    await expect
      .poll(async () => {
        const shown = await prices();
        return (
          shown.length > 0 && shown.every((price, index) => index === 0 || price >= (shown[index - 1] ?? 0))
        );
      })
      .toBe(true);
    const first = await names(page).allTextContents();
    await page.getByRole("link", { name: "Page 2", exact: true }).click();
    await expect.poll(() => names(page).first().textContent()).not.toBe(first[0]);
    await close(page);
  });

  it("offers products reduced in price alone", async () => {
    const page = await openShop();
    const all = await total(page);
    await filters(page).getByRole("checkbox", { name: "Reduced only" }).check();
    await expect.poll(() => total(page)).toBeLessThan(all);
    await close(page);
  });

  it("completes what is typed, with queries and products", async () => {
    const page = await openShop();
    await box(page).click();
    await box(page).pressSequentially("trip");
    const rows = page.locator(".ais-AutocompletePanel [role=row]");
    await rows
      .filter({ hasText: /^tripods$/ })
      .first()
      .waitFor();
    await rows
      .filter({ hasText: /phone tripod/i })
      .first()
      .waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => names(page).first().textContent()).toMatch(/tripod/i);
    await close(page);
  });
});

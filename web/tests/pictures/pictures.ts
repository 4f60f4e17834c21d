import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { it } from "vitest";
import { SAMPLE, folder, ingest, serve } from "../browser/akin";
import { close, settled, useBrowser } from "../browser/browser";
import { serveShop } from "../browser/shop";

const FOLDER = resolve(import.meta.dirname, "../../../docs/pictures");
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 780 };

interface Picture {
  name: string;
  path: string;
  window: typeof DESKTOP;
  colors: "light" | "dark";
  /** What is done before the picture is taken. */
  prepare?: (page: Page) => Promise<void>;
}

/** Grades the first hits as an engineer would. */
async function grade(page: Page): Promise<void> {
  const groups = page.getByRole("group", { name: /^Grade of/ });
  for (const [index, grade] of ["3", "2", "3", "1", "0"].entries()) {
    await groups.nth(index).getByRole("radio", { name: grade }).check();
  }
  await page.evaluate(() => window.scrollTo(0, 0));
}

async function openFilters(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByRole("dialog", { name: "Filters" }).waitFor();
}

async function suggest(page: Page): Promise<void> {
  await page.getByRole("combobox", { name: "What are you looking for?" }).fill("lamp");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
}

const steady = "/?q=something to keep my phone steady while filming";
const travel = "/?main_category=Travel %26 Bags&sort=rating";
const cold = "/compare?q=keep my coffee warm at my desk";
const bed = "/judge?q=light to read in bed without waking my husband";

const PICTURES: Picture[] = [
  { name: "search", path: steady, window: DESKTOP, colors: "light" },
  { name: "search-dark", path: `${steady}&why=true`, window: DESKTOP, colors: "dark" },
  { name: "search-phone", path: steady, window: PHONE, colors: "light" },
  { name: "suggestions", path: "/", window: DESKTOP, colors: "light", prepare: suggest },
  { name: "browse", path: travel, window: DESKTOP, colors: "light" },
  { name: "browse-phone-dark", path: travel, window: PHONE, colors: "dark", prepare: openFilters },
  { name: "product", path: "/products/PH-001", window: DESKTOP, colors: "light" },
  { name: "compare", path: cold, window: DESKTOP, colors: "light" },
  { name: "compare-dark", path: cold, window: DESKTOP, colors: "dark" },
  { name: "compare-phone", path: cold, window: PHONE, colors: "light" },
  { name: "judge", path: bed, window: DESKTOP, colors: "light", prepare: grade },
  { name: "judge-phone-dark", path: bed, window: PHONE, colors: "dark", prepare: grade },
  { name: "status", path: "/status", window: DESKTOP, colors: "light" },
  { name: "status-phone-dark", path: "/status", window: PHONE, colors: "dark" },
];

const open = useBrowser();

/** Waits until what was loaded is painted, and takes the picture. */
async function take(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: "disabled" });
}

it.each(PICTURES)("$name", async ({ name, path, window, colors, prepare }) => {
  await mkdir(FOLDER, { recursive: true });
  const page = await open(path, { viewport: window, colorScheme: colors });
  await settled(page);
  await page.waitForLoadState("networkidle");
  await prepare?.(page);
  await take(page, name);
  await close(page);
});

it("instantsearch", async () => {
  const shop = await serveShop();
  const data = await folder();
  await ingest(data, SAMPLE);
  const akin = await serve(data, "--allow-origin", shop.address);
  try {
    const address = `${shop.address}/?akin=${encodeURIComponent(akin.address)}`;
    const page = await open(address, { viewport: DESKTOP, expectErrors: true });
    await page.getByRole("combobox").first().fill("light to read in bed");
    await page.keyboard.press("Enter");
    await page
      .getByRole("main")
      .getByRole("heading", { name: /lamp|light/i })
      .first()
      .waitFor();
    await take(page, "instantsearch");
    await close(page);
  } finally {
    await akin.stop();
    await shop.stop();
  }
});

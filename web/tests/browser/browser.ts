import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContextOptions, type Locator, type Page, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, inject } from "vitest";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Opens a Chromium before the tests of a file, and closes it after them. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => {
    const executablePath = process.env["AKIN_CHROMIUM"] ?? PLACES.find((place) => existsSync(place));
    if (!executablePath)
      throw new Error("no Chromium: `tools/web.sh chromium` installs it, or set AKIN_CHROMIUM");
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());

  /**
   * Opens a view in a window of its own. Whatever the page logs as an error, or loads from another server, fails
   * the test.
   */
  async function open(
    path: string,
    options: BrowserContextOptions & { expectErrors?: boolean } = {},
  ): Promise<Page> {
    const { expectErrors = false, ...rest } = options;
    const context = await browser.newContext({ baseURL: inject("address"), ...rest });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      const isFault = message.type() === "error" || message.type() === "warning";
      if (isFault && !expectErrors) faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { origin } = new URL(request.url());
      if (!expectErrors && origin !== inject("address") && origin !== "null")
        faults.push(`loads ${request.url()}`);
    });
    opened.set(page, faults);
    await page.goto(path);
    return page;
  }

  return open;
}

const opened = new Map<Page, string[]>();

/** Closes a window, and reports what went wrong in it. */
export async function close(page: Page): Promise<void> {
  expect(opened.get(page)).toEqual([]);
  opened.delete(page);
  await page.context().close();
}

/**
 * Waits until what is in sight answers the address. After an action that changes the address, wait for that address
 * first: until it changes, the view of before answers it.
 */
export async function settled(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(unsettled), { message: "the view answers its address" }).toEqual([]);
}

/** Lists what does not answer the address yet. It runs in the page. */
function unsettled(): string[] {
  const sorted = (search: string) => [...new URLSearchParams(search)].map(String).sort().join();
  const views = [...document.querySelectorAll<HTMLElement>("[data-search]")];
  const address = sorted(location.search);
  const others = views.filter(({ dataset }) => sorted(dataset["search"] ?? "") !== address);
  return [
    ...(views.length ? [] : ["no view is there"]),
    ...others.map(({ dataset }) => `${dataset["search"]} is not ${location.search}`),
    ...[...document.querySelectorAll("main [aria-busy=true]")].map(() => "an answer is to come"),
  ];
}

/** Waits until the list of suggestions is that of what is typed. */
export async function suggested(page: Page): Promise<void> {
  const list = page.getByRole("listbox", { name: "Suggestions" });
  await list.waitFor();
  await expect
    .poll(async () => (await list.getAttribute("data-query")) === (await searchBox(page).inputValue()))
    .toBe(true);
}

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Returns what axe finds: the rules that are broken, and where. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's policy allows no script that is added to it.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const axe = (
      globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: unknown[] }> } }
    ).axe;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    return (await axe.run({ runOnly: tags })).violations;
  });
  return (found as Violation[]).map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join(" | ")}`,
  );
}

/** Returns the number of pixels by which the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Returns the search field of the header. */
export function searchBox(page: Page): Locator {
  return page.getByRole("combobox", { name: "What are you looking for?" });
}

import { type Request } from "playwright-core";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, ingest, serve } from "./akin";
import { close, searchBox, settled, useBrowser } from "./browser";

const open = useBrowser();

const PROBLEM = "application/problem+json";

describe("a server in trouble", () => {
  it("that refuses a request is quoted", async () => {
    const page = await open("/?q=lamp&engine=none", { expectErrors: true });
    await page.getByRole("alert").getByText('There is no engine "none"').waitFor();
    await close(page);
  });

  it("that fails is named with its request, and asked again on demand", async () => {
    const page = await open("/", { expectErrors: true });
    await settled(page);
    let isBroken = true;
    await page.route("**/api/search", (route) =>
      isBroken
        ? route.fulfill({
            status: 500,
            contentType: PROBLEM,
            headers: { "x-request-id": "r-17" },
            body: JSON.stringify({ title: "Failed", status: 500, detail: "see its log", code: "UNK" }),
          })
        : route.continue(),
    );
    await searchBox(page).fill("lamp");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    await alert.getByText("The server could not answer.").waitFor();
    await alert.getByText("Request r-17").waitFor();
    isBroken = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("list", { name: "Products" }).waitFor();
    await close(page);
  });

  it("that does not answer is said to be away", async () => {
    const page = await open("/", { expectErrors: true });
    await settled(page);
    await page.route("**/api/search", (route) => route.abort("connectionrefused"));
    await searchBox(page).fill("lamp");
    await page.keyboard.press("Enter");
    await page
      .getByRole("alert")
      .getByText(/does not answer/)
      .waitFor();
    await close(page);
  });

  it("that is slow keeps the products before in sight, and an old answer never replaces a new one", async () => {
    const page = await open("/?q=tripod");
    await settled(page);
    const headings = page.getByRole("list", { name: "Products" }).getByRole("heading");
    const tripods = await headings.allTextContents();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const isLamp = (request: Request) => request.postDataJSON()?.query === "lamp";
    const answered = new Promise<void>((resolve) => {
      void page.route("**/api/search", async (route) => {
        if (!isLamp(route.request())) return route.continue();
        await released;
        // The page may have given the request up.
        await route.continue().catch(() => undefined);
        return resolve();
      });
    });
    const ended = ["requestfinished", "requestfailed"].map((event) =>
      page.waitForEvent(event as "requestfailed", { predicate: isLamp }),
    );
    await searchBox(page).fill("lamp");
    await page.keyboard.press("Enter");
    await page.locator('[data-search="?q=lamp"][aria-busy=true]').waitFor();
    expect(await headings.allTextContents()).toEqual(tripods);
    await searchBox(page).fill("kettle");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=kettle/);
    await settled(page);
    const kettles = await headings.allTextContents();
    expect(kettles).not.toEqual(tripods);
    release();
    await answered;
    await Promise.any(ended);
    await settled(page);
    expect(await headings.allTextContents()).toEqual(kettles);
    await close(page);
  });
});

describe("a catalogue", () => {
  it("with scripts in its texts executes none, and shows broken pictures as such", async () => {
    const data = await folder();
    const feed = join(data, "feed.csv");
    const hostile = `<script>fault()</script><img src=x onerror=fault()>`;
    await writeFile(
      feed,
      "product_id,name,description,brand,image,link\n" +
        "A,HOSTILE lamp,HOSTILE,HOSTILE,images/none.svg,javascript:fault()\n" +
        "B,Other lamp,,,javascript:fault(),data:text/html\n",
    );
    await ingest(data, feed);
    const server = await serve(data);
    try {
      const page = await open(server.address, { expectErrors: true });
      const faults: string[] = [];
      await page.exposeFunction("fault", () => faults.push("a script of a product ran"));
      // Ingestion takes tags away; another server may not.
      await page.route("**/api/**", async (route) => {
        const response = await route.fetch();
        const body = (await response.text()).replaceAll("HOSTILE", hostile);
        await route.fulfill({ response, body });
      });
      await page.goto(`${server.address}/?q=lamp`);
      await settled(page);
      await page.getByRole("heading", { name: hostile }).waitFor();
      // Neither picture is one.
      await page.locator("article img").first().waitFor({ state: "detached" });
      await page.getByRole("link", { name: hostile }).click();
      await page.getByRole("heading", { level: 1, name: hostile }).waitFor();
      await settled(page);
      expect(await page.getByRole("link", { name: "View in the shop" }).count()).toBe(0);
      expect(await page.locator('[href^="javascript"], [src^="javascript"]').count()).toBe(0);
      expect(faults).toEqual([]);
      await close(page);
    } finally {
      await server.stop();
    }
  });

  it("without products says how to add some", async () => {
    const server = await serve(await folder());
    try {
      const page = await open(server.address, { expectErrors: true });
      await page.getByRole("heading", { name: "The catalogue is empty" }).waitFor();
      await page.getByText("akin ingest FEED").waitFor();
      await close(page);
    } finally {
      await server.stop();
    }
  });
});

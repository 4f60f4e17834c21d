import { readFile } from "node:fs/promises";
import { describe, expect, inject, it } from "vitest";
import { SAMPLE, folder, ingest, serve } from "./akin";
import { close, overflow, settled, useBrowser, violations } from "./browser";

const open = useBrowser();

describe("compare", () => {
  it("puts one query to two ways to search, and shows what moved and where the time went", async () => {
    const page = await open("/compare");
    await page.getByRole("searchbox", { name: "What are you looking for?" }).fill("phone tripod");
    await page.getByRole("button", { name: "Compare" }).click();
    await page.waitForURL(/q=phone/);
    await settled(page);
    await page.getByText(/products are on both sides/).waitFor();
    const left = page.getByRole("region", { name: "Left" });
    await left.getByText(/^embedding /).waitFor();
    await left.getByText(/^retrieval /).waitFor();
    expect(await page.locator("#panel-left li").count()).toBeGreaterThan(3);
    const rows = page.locator("#panel-right li");
    const marked = rows.filter({ hasText: /same|only here|ranks (higher|lower)/ });
    expect(await marked.count()).toBe(await rows.count());
    await left.getByLabel("Mode of the left side").selectOption("Meaning only");
    await page.waitForURL(/left_mode=semantic/);
    await settled(page);
    await page.getByText("100 % overlap").or(page.getByText("100 %")).first().waitFor();
    await close(page);
  });

  it("bounds both sides by limit and threshold", async () => {
    const page = await open("/compare?q=phone tripod");
    await page.getByText("Up to 10 products").click();
    await page.getByLabel("Limit").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/limit=15/);
    await settled(page);
    await page.getByLabel("Threshold").focus();
    for (const threshold of ["0.05", "0.1", "0.15"]) {
      await page.keyboard.press("ArrowRight");
      await page.waitForURL((url) => url.searchParams.get("threshold") === threshold);
      await settled(page);
    }
    await page.getByText("similarity from 0.15").waitFor();
    await close(page);
  });

  it("lets one side fail without the other", async () => {
    const data = await folder();
    await ingest(data, SAMPLE);
    const server = await serve(data);
    await server.stop();
    const page = await open(`/compare?q=lamp&right_at=${encodeURIComponent(server.address)}`, {
      expectErrors: true,
    });
    await page.locator("#panel-right").getByText("This side failed").waitFor();
    await page
      .locator("#panel-right")
      .getByText(/does not answer/)
      .waitFor();
    await page.locator("#panel-left li").first().waitFor();
    await close(page);
  });

  it("asks another deployment that allows this page", async () => {
    const data = await folder();
    await ingest(data, SAMPLE);
    const server = await serve(data, "--allow-origin", inject("address"));
    try {
      const page = await open("/compare?q=lamp", { expectErrors: true });
      const right = page.getByRole("region", { name: "Right" });
      await right.getByText("At this server").click();
      await right.getByLabel("Address of another deployment").fill(server.address);
      await right.getByRole("button", { name: "Use" }).click();
      await page.waitForURL(/right_at=/);
      await page.locator("#panel-right li").first().waitFor();
      // The times are told across origins, too.
      await right.getByText(/^retrieval /).waitFor();
      await close(page);
    } finally {
      await server.stop();
    }
  });

  it("refuses an address that is none", async () => {
    const page = await open("/compare?q=lamp");
    const right = page.getByRole("region", { name: "Right" });
    await right.getByText("At this server").click();
    await right.getByLabel("Address of another deployment").fill("javascript:fault()");
    await right.getByText("An address begins with https://").waitFor();
    await close(page);
  });

  it("has tabs on a phone", async () => {
    const page = await open("/compare?q=lamp", { viewport: { width: 320, height: 700 } });
    await page.locator("#panel-left li").first().waitFor();
    await page.locator("#panel-right").waitFor({ state: "hidden" });
    await settled(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Right" }).click();
    await page.locator("#panel-right li").first().waitFor();
    await page.locator("#panel-left").waitFor({ state: "hidden" });
    await close(page);
  });
});

describe("judge", () => {
  it("grades hits by keyboard, shows nDCG at once, and exports what akin evaluate reads", async () => {
    const page = await open("/judge?q=phone tripod");
    await settled(page);
    await page.getByText("as soon as one product is graded").waitFor();
    const first = page.getByRole("group", { name: /^Grade of/ }).first();
    await first.getByRole("radio", { name: "0" }).focus();
    await page.keyboard.press("Space");
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowRight");
    await page.getByRole("status").getByText("1.000").waitFor();
    await page
      .getByRole("group", { name: /^Grade of/ })
      .nth(1)
      .getByRole("radio", { name: "1" })
      .click();
    await page
      .getByText("2 of 20 are graded")
      .or(page.getByText(/^2 of \d+ are graded/))
      .first()
      .waitFor();

    const files: string[] = [];
    const both = new Promise<void>((resolve) => {
      page.on("download", async (download) => {
        files.push(await readFile(await download.path(), "utf8"));
        if (files.length === 2) resolve();
      });
    });
    await page.getByRole("button", { name: "Export" }).click();
    await both;
    files.sort();
    expect(files[1]).toBe("query_id,query\nq01,phone tripod\n");
    expect(files[0]).toMatch(/^query_id,product_id,grade\nq01,[^,]+,3\nq01,[^,]+,1\n$/);

    await page.reload();
    await page.getByText(/^2 of \d+ are graded/).waitFor();
    await page.getByRole("button", { name: "Forget all" }).click();
    await page.getByText("as soon as one product is graded").waitFor();
    await page.getByLabel(/^Import/).setInputFiles(
      files.map((text, index) => ({
        name: `${index}.csv`,
        mimeType: "text/csv",
        buffer: Buffer.from(text),
      })),
    );
    await page.getByText("1 query imported.").waitFor();
    await page.getByText(/^2 of \d+ are graded/).waitFor();
    await close(page);
  });

  it("says what is wrong with a file", async () => {
    const page = await open("/judge");
    const file = { name: "queries.csv", mimeType: "text/csv", buffer: Buffer.from("query_id,query\n") };
    await page.getByLabel(/^Import/).setInputFiles([file]);
    await page.getByText("Choose both files at once").waitFor();
    await close(page);
  });
});

describe("status", () => {
  it("shows the catalogue, the engines and the last ingestion", async () => {
    const page = await open("/status");
    await page.getByText("all can be found").waitFor();
    await page.getByText("local+native").waitFor();
    await page.getByRole("cell", { name: /\d+ read/ }).waitFor();
    await page.getByRole("img", { name: /Changes of the last 1 ingestion/ }).waitFor();
    await close(page);
  });
});

describe("the reference of the API", () => {
  it("is shown without any other server, and /redoc leads to it", async () => {
    const page = await open("/redoc");
    await page.waitForURL(/\/docs$/);
    await page.getByText("/api/suggest").waitFor();
    await page.locator("#search summary").first().click();
    await page.locator("#search").getByText("What the shopper wrote").first().waitFor();
    await settled(page);
    expect(await violations(page)).toEqual([]);
    await close(page);
  });
});

describe("every view", () => {
  for (const path of ["/compare?q=phone tripod", "/judge?q=phone tripod", "/status", "/docs"]) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`${path} satisfies axe in ${colorScheme} colors, and fits a phone`, async () => {
        const page = await open(path, { colorScheme });
        await settled(page);
        expect(await violations(page)).toEqual([]);
        await page.setViewportSize({ width: 320, height: 700 });
        expect(await overflow(page)).toBeLessThanOrEqual(0);
        await close(page);
      });
    }
  }
});

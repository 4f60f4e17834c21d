import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { rm } from "node:fs/promises";
import { build } from "vite";
import { folder } from "./akin";

const WEB = resolve(import.meta.dirname, "../..");
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Builds the example shop with InstantSearch, and serves it from an address of its own. */
export async function serveShop(): Promise<{ address: string; stop: () => Promise<void> }> {
  const built = await folder();
  await build({
    root: join(WEB, "packages/instantsearch/example"),
    configFile: join(WEB, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: built, emptyOutDir: true },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://shop");
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    readFile(join(built, name)).then(
      (content) => response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "" }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await rm(built, { recursive: true, force: true });
    },
  };
}

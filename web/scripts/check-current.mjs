// Checks that the client of the API is that of docs/openapi.json, and that delivery/http/page is what these sources
// build. It changes neither.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const page = "../delivery/http/page";
const client = "packages/client/src/schema.ts";
const most = 1024 * 1024;

function files(folder) {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    return new Map(paths.map((path) => [relative(folder, path), readFileSync(path)]));
}

const problems = [];
const folder = mkdtempSync(join(tmpdir(), "akin-page-"));
try {
    const run = (...command) => execFileSync("npx", command, { stdio: ["ignore", "ignore", "inherit"] });
    run(
        "openapi-typescript",
        "../docs/openapi.json",
        "--output",
        join(folder, "schema.ts"),
        ...clientOptions(),
    );
    if (!readFileSync(join(folder, "schema.ts")).equals(readFileSync(client))) {
        problems.push(`web/${client} is not made from docs/openapi.json`);
    }
    const built = join(folder, "page");
    run("vite", "build", "--logLevel", "error", "--outDir", built);
    problems.push(...compare(files(built), files(page)));
} finally {
    rmSync(folder, { recursive: true });
}
for (const problem of problems) console.error(problem);
if (problems.length) {
    console.error("`make web` writes both anew.");
    process.exit(1);
}

/** Returns the options that package.json generates the client with. */
function clientOptions() {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    return scripts.api.split(" ").filter((word) => word.startsWith("--") && word !== "--output");
}

function compare(expected, actual) {
    const differing = [];
    for (const [path, content] of expected) {
        if (!actual.get(path)?.equals(content)) differing.push(`${page}/${path} is missing or differs`);
        for (const [extension, decompress] of [
            [".br", brotliDecompressSync],
            [".gz", gunzipSync],
        ]) {
            const compressed = actual.get(path + extension);
            if (!compressed || !decompress(compressed).equals(content)) {
                differing.push(`${page}/${path}${extension} is missing or differs`);
            }
        }
    }
    for (const path of actual.keys()) {
        if (!expected.has(path.replace(/\.(br|gz)$/, "")))
            differing.push(`${page}/${path} is no part of the page`);
    }
    const size = [...actual.values()].reduce((sum, content) => sum + content.length, 0);
    if (size > most)
        differing.push(`the built page has ${size} bytes; at most ${most} belong in the repository`);
    return differing;
}

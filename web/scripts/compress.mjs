// Compresses the built page: a `.br` and a `.gz` beside every file.
//
//     node scripts/compress.mjs FOLDER
//
// Other versions of zlib and brotli write other bytes. A compressed file that already holds the content stays
// as it is, so that a build of the same sources changes nothing.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";

const folder = process.argv[2];
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const encodings = {
    ".br": { compress: (content) => brotliCompressSync(content, brotli), decompress: brotliDecompressSync },
    ".gz": { compress: (content) => gzipSync(content, { level: 9 }), decompress: gunzipSync },
};

/** Returns the committed form of a file, if it still holds `content`. */
function committed(path, content, decompress) {
    try {
        const bytes = execFileSync("git", ["show", `HEAD:./${path}`], {
            cwd: folder,
            stdio: ["ignore", "pipe", "ignore"],
        });
        return decompress(bytes).equals(content) ? bytes : undefined;
    } catch {
        return undefined;
    }
}

let total = 0;
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    total += content.length;
    for (const [extension, { compress, decompress }] of Object.entries(encodings)) {
        const name = path.slice(folder.length).replace(/^\//, "") + extension;
        const bytes = committed(name, content, decompress) ?? compress(content);
        writeFileSync(path + extension, bytes);
        total += bytes.length;
    }
}
console.log(`${files.length} files, ${(total / 1024).toFixed(0)} KiB with their compressed forms`);

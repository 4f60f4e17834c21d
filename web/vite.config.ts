import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The akin that `npm run dev` asks.
const akin = process.env["AKIN_ADDRESS"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "@": at("src"),
      "akin-client": at("packages/client/src/index.ts"),
      "akin-instantsearch": at("packages/instantsearch/src/index.ts"),
    },
  },
  server: { host: "127.0.0.1", proxy: { "/api": akin, "/images": akin, "/metrics": akin } },
  build: {
    outDir: "../delivery/http/page",
    emptyOutDir: true,
    target: "es2022",
    // The polyfill is for browsers that do not know `modulepreload`.
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["{src,packages}/**/*.test.{ts,tsx}"] },
});

import { defineConfig } from "vitest/config";

// Takes the pictures in docs/pictures: `tools/web.sh pictures AKIN`.
export default defineConfig({
  test: {
    environment: "node",
    include: ["tests/pictures/pictures.ts"],
    globalSetup: "tests/browser/setup.ts",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

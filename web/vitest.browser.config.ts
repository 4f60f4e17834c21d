import { defineConfig } from "vitest/config";

// The whole page in a real Chromium, over a real akin.
export default defineConfig({
  test: {
    environment: "node",
    include: ["tests/browser/**/*.test.ts"],
    globalSetup: "tests/browser/setup.ts",
    fileParallelism: false,
    // Bounds for a machine that is busy. No test waits for a time: each waits for what has to happen.
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    reporters: ["verbose"],
  },
});

import boundaries from "eslint-plugin-boundaries";
import hooks from "eslint-plugin-react-hooks";
import { readdirSync } from "node:fs";
import tseslint from "typescript-eslint";

// The direction of the folders: app -> features -> shared. A feature does not know another; what two of them
// need is shared.
const features = readdirSync("src/features");
const elements = [
  { type: "app", pattern: "src/app" },
  { type: "shared", pattern: "src/shared" },
  ...features.map((feature) => ({ type: feature, pattern: `src/features/${feature}` })),
];
const policy = (from, to) => ({
  from: { element: { type: from } },
  allow: { to: { element: { types: { anyOf: to } } } },
});

export default tseslint.config(
  { ignores: ["packages/client/src/schema.ts", "packages/*/dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { boundaries, "react-hooks": hooks },
    settings: {
      "boundaries/elements": elements,
      "import/resolver": { typescript: { alwaysTryTypes: true } },
    },
    rules: {
      ...hooks.configs.recommended.rules,
      "max-lines": ["error", { max: 300, skipBlankLines: true }],
      "max-lines-per-function": ["error", { max: 110, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["src/{app,features,shared}/**/*.{ts,tsx}"],
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: [
            policy("app", ["app", "shared", ...features]),
            policy("shared", ["shared"]),
            ...features.map((feature) => policy(feature, [feature, "shared"])),
            {
              from: { element: { types: { anyOf: elements.map(({ type }) => type) } } },
              allow: { to: { module: { origin: "external" } } },
            },
          ],
        },
      ],
    },
  },
);

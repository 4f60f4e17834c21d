import type { Mode } from "./client";

/** The ways to search, and what the page calls them. */
export const MODES: readonly { name: Mode; label: string }[] = [
  { name: "hybrid", label: "Words and meaning" },
  { name: "semantic", label: "Meaning only" },
  { name: "lexical", label: "Words only" },
];

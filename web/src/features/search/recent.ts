import { keep, stored, texts } from "@/shared/lib/stored";

const KEY = "akin.recent";
const MOST = 8;

/** Returns the last searches of this browser, the latest first. */
export function recentSearches(): string[] {
  return stored(KEY, texts).slice(0, MOST);
}

/** Remembers a search. */
export function rememberSearch(query: string): void {
  const text = query.trim();
  if (!text || text.length > 200) return;
  const others = recentSearches().filter((other) => other.toLowerCase() !== text.toLowerCase());
  keep(KEY, [text, ...others].slice(0, MOST));
}

/** Forgets all searches. */
export function forgetSearches(): void {
  keep(KEY, []);
}

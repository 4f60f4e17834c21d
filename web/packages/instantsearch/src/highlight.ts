import type { Explanation, Product } from "akin-client";
import { type Parameters, listed } from "./parameters.js";

/** The texts of a product that are highlighted. */
const TEXTS = ["name", "brand", "main_category", "sub_category", "description", "attributes"] as const;

const WORD = /[\p{L}\p{N}]+/gu;

/** A text with its words marked. */
export interface Highlighted {
  value: string;
  matchLevel: "none" | "partial" | "full";
  matchedWords: string[];
  fullyHighlighted?: boolean;
}

/** A word that was searched for: what the shopper wrote, and the stem by which products have it. */
interface Term {
  word: string;
  stems: string[];
}

/** Marks words in texts. */
export class Highlighter {
  private readonly open: string;
  private readonly close: string;
  private readonly snippets: Map<string, number>;
  private readonly ellipsis: string;

  constructor(parameters: Parameters) {
    this.open = parameters.highlightPreTag ?? "<em>";
    this.close = parameters.highlightPostTag ?? "</em>";
    this.ellipsis = parameters.snippetEllipsisText ?? "…";
    this.snippets = new Map(
      (listed(parameters.attributesToSnippet) as string[]).map((text) => {
        const [name = "", words] = text.split(":");
        return [name, Number(words ?? 10)];
      }),
    );
  }

  /** Returns `_highlightResult` and `_snippetResult` of a hit. */
  resultsOf(product: Product, explanation: Explanation | null | undefined) {
    const terms = termsOf(explanation);
    const entries = TEXTS.map((name) => [name, this.mark(product[name], terms)] as const);
    const snippets = TEXTS.filter((name) => this.snippets.has(name) || this.snippets.has("*")).map((name) => {
      const words = this.snippets.get(name) ?? this.snippets.get("*") ?? 10;
      const { value, matchLevel } = this.mark(this.cut(product[name], terms, words), terms);
      return [name, { value, matchLevel }] as const;
    });
    return { _highlightResult: Object.fromEntries(entries), _snippetResult: Object.fromEntries(snippets) };
  }

  /** Marks the beginning of a value, as of a facet that is searched. */
  markBeginning(value: string, beginning: string): string {
    const isBegun = beginning !== "" && value.toLowerCase().startsWith(beginning.toLowerCase());
    if (!isBegun) return value;
    return this.open + value.slice(0, beginning.length) + this.close + value.slice(beginning.length);
  }

  private mark(text: string, terms: Term[]): Highlighted {
    const matched = new Set<string>();
    let words = 0;
    let marked = 0;
    const value = text.replace(WORD, (word) => {
      words += 1;
      const term = termOf(word, terms);
      if (!term) return word;
      matched.add(term.word);
      marked += 1;
      return this.open + word + this.close;
    });
    if (!matched.size) return { value, matchLevel: "none", matchedWords: [] };
    const matchLevel = matched.size === terms.length ? "full" : "partial";
    return { value, matchLevel, matchedWords: [...matched], fullyHighlighted: marked === words };
  }

  /** Cuts a text to a number of words, from shortly before the first that was searched for. */
  private cut(text: string, terms: Term[], words: number): string {
    const all = [...text.matchAll(WORD)];
    if (all.length <= words) return text;
    const match = all.findIndex(([word]) => termOf(word, terms) !== undefined);
    const from = Math.max(0, Math.min(match - Math.floor(words / 4), all.length - words));
    const last = all[from + words - 1];
    const [start, end] = [all[from]?.index ?? 0, last ? last.index + last[0].length : text.length];
    const before = from > 0 ? this.ellipsis : "";
    const after = from + words < all.length ? this.ellipsis : "";
    return before + text.slice(from > 0 ? start : 0, after ? end : text.length) + after;
  }
}

/** Lists the words to mark: all but those, such as "in", that many texts have. */
function termsOf(explanation: Explanation | null | undefined): Term[] {
  const terms = (explanation?.terms ?? []).filter(({ role }) => role !== "stop_word");
  return terms.map(({ word, term, alternatives }) => ({
    word: fold(word),
    stems: [term, ...(alternatives ?? []).flatMap(({ terms }) => terms)].map(fold),
  }));
}

function termOf(word: string, terms: Term[]): Term | undefined {
  const folded = fold(word);
  return terms.find(({ word, stems }) => folded === word || stems.some((stem) => hasStem(folded, stem)));
}

/** The longest ending that a stem is found before: `tripod` in `tripods`, `light` in `lighting`. */
const LONGEST_ENDING = 3;

/** Returns true if a stem is that of a word, as far as its letters tell: that of `batteries` is `batteri`. */
function hasStem(word: string, stem: string): boolean {
  const shared = stem.length > 3 && /(?:i|y)$/.test(stem) ? stem.slice(0, -1) : stem;
  return word.startsWith(shared) && word.length - shared.length <= (stem.length < 3 ? 0 : LONGEST_ENDING);
}

/** Writes a word as searches compare it. */
function fold(word: string): string {
  return word.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

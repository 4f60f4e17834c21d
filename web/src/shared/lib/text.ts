const numbers = new Intl.NumberFormat("en");

/** Formats a count with its noun: `1 product`, `2,000 products`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${numbers.format(number)} ${number === 1 ? noun : plural}`;
}

/** Formats a number with separators. */
export function number(value: number): string {
  return numbers.format(value);
}

/** Formats milliseconds: `0.4 ms`, `12 ms`, `1.2 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** Joins texts as a sentence lists them: `a, b and c`. */
export function list(texts: string[]): string {
  return new Intl.ListFormat("en").format(texts);
}

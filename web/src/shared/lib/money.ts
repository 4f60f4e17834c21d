const formats = new Map<string, Intl.NumberFormat>();

/** Formats an amount in whole units of a currency; cents only where there are some. */
export function money(amount: number, currency: string | null | undefined): string {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const key = `${currency ?? ""}/${digits}`;
  let format = formats.get(key);
  if (!format) {
    const fraction = { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 2) };
    try {
      const style = currency ? ({ style: "currency", currency } as const) : {};
      format = new Intl.NumberFormat("en", { ...fraction, ...style });
    } catch {
      // No currency that this browser knows.
      format = new Intl.NumberFormat("en", fraction);
    }
    formats.set(key, format);
  }
  return format.format(amount);
}

interface Priced {
  discount_price: number | null;
  actual_price: number | null;
}

/** Returns the current price, the price before, and the discount in percent, as far as there are any. */
export function prices({ discount_price, actual_price }: Priced): {
  now: number | null;
  before: number | null;
  percent: number | null;
} {
  const now = discount_price ?? actual_price;
  const isReduced = discount_price !== null && actual_price !== null && actual_price > discount_price;
  if (!isReduced) return { now, before: null, percent: null };
  const percent = Math.round((1 - discount_price / actual_price) * 100);
  return { now, before: actual_price, percent: percent > 0 ? percent : null };
}

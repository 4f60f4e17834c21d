import { money, prices } from "@/shared/lib/money";

interface PriceProps {
  product: { discount_price: number | null; actual_price: number | null; currency: string | null };
  large?: boolean;
}

/** The current price, and the price before a discount. */
export function Price({ product, large = false }: PriceProps) {
  const { now, before, percent } = prices(product);
  if (now === null) return <p className="muted text-sm">Price on request</p>;
  return (
    <p className="flex flex-wrap items-baseline gap-x-2">
      <span className={`font-semibold ${large ? "text-2xl" : "text-lg"}`}>
        {money(now, product.currency)}
      </span>
      {before !== null && (
        <s className="muted text-sm">
          <span className="sr-only">before: </span>
          {money(before, product.currency)}
        </s>
      )}
      {percent !== null && <span className="text-accent text-sm font-semibold">−{percent} %</span>}
    </p>
  );
}

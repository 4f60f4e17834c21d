import { number } from "@/shared/lib/text";

const STAR = "M10 1.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9L10 14.9l-5.2 2.8 1-5.9L1.5 7.7l5.9-.8z";

/** A rating of up to five stars, with the number of ratings. */
export function Stars({ rating, ratings = null }: { rating: number; ratings?: number | null }) {
  const of = ratings === null ? "" : ` from ${number(ratings)} ratings`;
  return (
    <p className="flex items-center gap-1 text-sm" title={`${rating} of 5 stars${of}`}>
      <svg viewBox="0 0 20 20" className="size-4 fill-amber-500" aria-hidden="true">
        <path d={STAR} />
      </svg>
      <span>
        {rating.toFixed(1)}
        <span className="sr-only"> of 5 stars</span>
      </span>
      {ratings !== null && <span className="muted">({number(ratings)})</span>}
    </p>
  );
}

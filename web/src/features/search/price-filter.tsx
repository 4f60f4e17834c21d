import type { FormEvent } from "react";
import type { NumberFacet } from "@/shared/api/client";
import { count, number } from "@/shared/lib/text";
import { useFollowing } from "@/shared/lib/use-following";

export type PriceFacet = NumberFacet | null;

interface PriceFilterProps {
  facet: PriceFacet;
  min: number | undefined;
  max: number | undefined;
  onChange: (min: number | undefined, max: number | undefined) => void;
}

/** A range of prices: a histogram with two sliders, and two fields. */
export function PriceFilter({ facet, min, max, onChange }: PriceFilterProps) {
  if (!facet && min === undefined && max === undefined) return null;
  const lowest = Math.floor(facet?.min ?? min ?? 0);
  const highest = Math.max(Math.ceil(facet?.max ?? max ?? lowest), lowest);
  // The ends of the range mean no bound.
  const change = (low: number, high: number) =>
    onChange(low <= lowest ? undefined : low, high >= highest ? undefined : high);
  return (
    <fieldset>
      <legend className="mb-1 font-semibold">Price</legend>
      <Range
        key={`${lowest}-${highest}`}
        facet={facet}
        bounds={[lowest, highest]}
        chosen={[clamp(min ?? lowest, lowest, highest), clamp(max ?? highest, lowest, highest)]}
        onChange={change}
      />
    </fieldset>
  );
}

interface RangeProps {
  facet: PriceFacet;
  bounds: [number, number];
  chosen: [number, number];
  onChange: (low: number, high: number) => void;
}

function Range({ facet, bounds: [lowest, highest], chosen, onChange }: RangeProps) {
  const [low, setLow] = useFollowing(chosen[0]);
  const [high, setHigh] = useFollowing(chosen[1]);
  const step = niceStep(highest - lowest);
  const commit = () => {
    // A bound that nobody moved gives way to the other.
    const isReversed = low > high && low > lowest;
    onChange(isReversed ? high : low, isReversed ? low : high);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    commit();
  };
  const slider = (label: string, value: number, set: (value: number) => void) => (
    <input
      type="range"
      className="price-slider"
      aria-label={label}
      aria-valuetext={number(value)}
      min={lowest}
      max={highest}
      step={step}
      value={value}
      onChange={(event) => set(Number(event.target.value))}
      onPointerUp={commit}
      onKeyUp={commit}
      onBlur={commit}
    />
  );
  const field = (label: string, value: number, set: (value: number) => void) => (
    <input
      type="number"
      className="input input-sm w-full min-w-0"
      aria-label={label}
      min={0}
      value={value}
      onChange={(event) => set(Number(event.target.value))}
      onBlur={commit}
    />
  );
  return (
    <form onSubmit={submit}>
      {facet && <Histogram facet={facet} low={low} high={high} />}
      {highest > lowest && (
        <div className="relative mx-2 h-6">
          {slider("Lowest price", low, (low) => setLow(Math.min(low, high)))}
          {slider("Highest price", high, (high) => setHigh(Math.max(low, high)))}
        </div>
      )}
      <div className="mt-2 flex items-center gap-2">
        {field("Price from", low, setLow)}
        <span aria-hidden="true">–</span>
        {field("Price to", high, setHigh)}
        <button className="btn btn-sm">Go</button>
      </div>
    </form>
  );
}

/** The number of products at each price; those outside of the range are pale. */
function Histogram({ facet, low, high }: { facet: NumberFacet; low: number; high: number }) {
  const most = Math.max(...facet.histogram.map(({ count }) => count), 1);
  return (
    <div className="mx-2 flex h-12 items-end gap-px" aria-hidden="true">
      {facet.histogram.map((interval) => {
        const isInside = interval.to >= low && interval.from <= high;
        const height = interval.count ? Math.max(6, (interval.count / most) * 100) : 0;
        return (
          <div
            key={interval.from}
            className={`flex-1 rounded-t-sm ${isInside ? "bg-primary/70" : "bg-base-300"}`}
            style={{ height: `${height}%` }}
            title={`${number(interval.from)} to ${number(interval.to)}: ${count(interval.count, "product")}`}
          />
        );
      })}
    </div>
  );
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

/** Returns a step of about a hundredth of a range, so that a slider shows round numbers. */
export function niceStep(range: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.max(range, 1) / 100));
  return Math.max(1, step);
}

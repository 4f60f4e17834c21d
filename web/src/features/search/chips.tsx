import { Icon } from "@/shared/ui/icon";
import { toggled } from "./counts";
import { attributeTitle } from "./attributes";
import { type FilterState, type SearchState, attributesOf, withFilters, withoutFilters } from "./state";

interface Chip {
  text: string;
  without: { [K in keyof FilterState]?: FilterState[K] | undefined };
}

/** Returns what each filter says, and the filters without it. */
export function chipsOf(state: SearchState): Chip[] {
  const values = (field: "main_category" | "sub_category" | "brand") =>
    (state[field] ?? []).map((value) => ({
      text: value,
      without: { [field]: toggled(state[field], value) },
    }));
  const chips: Chip[] = [...values("main_category"), ...values("sub_category"), ...values("brand")];
  for (const key of attributesOf(state)) {
    for (const value of state[key] ?? []) {
      const text = `${attributeTitle(key)}: ${value}`;
      chips.push({ text, without: { [key]: toggled(state[key], value) } });
    }
  }
  const { price_min, price_max, min_rating, discounted } = state;
  if (price_min !== undefined || price_max !== undefined) {
    chips.push({
      text: priceText(price_min, price_max),
      without: { price_min: undefined, price_max: undefined },
    });
  }
  if (min_rating !== undefined) {
    chips.push({ text: `${min_rating} stars and more`, without: { min_rating: undefined } });
  }
  if (discounted) chips.push({ text: "Reduced only", without: { discounted: undefined } });
  return chips;
}

function priceText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `Price to ${max}`;
  return max === undefined ? `Price from ${min}` : `Price ${min} to ${max}`;
}

/** The filters in force; each can be removed, and all at once. */
export function Chips({ state, onChange }: { state: SearchState; onChange: (state: SearchState) => void }) {
  const chips = chipsOf(state);
  if (!chips.length) return null;
  return (
    <ul aria-label="Filters in force" className="mb-3 flex flex-wrap gap-2">
      {chips.map(({ text, without }) => (
        <li key={text}>
          <button
            type="button"
            className="btn btn-sm bg-base-100 h-auto min-h-8 rounded-full py-1 text-left font-normal"
            aria-label={`Remove the filter ${text}`}
            onClick={() => onChange(withFilters(state, without))}
          >
            {text}
            <Icon name="close" className="size-3.5" />
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          className="btn btn-sm btn-ghost"
          onClick={() => onChange(withoutFilters(state))}
        >
          Clear all
        </button>
      </li>
    </ul>
  );
}

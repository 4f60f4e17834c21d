import { number } from "@/shared/lib/text";
import { Icon } from "@/shared/ui/icon";
import { fold, toggled, valueCounts, withChosen } from "./counts";
import type { FilterProps } from "./filters";
import { withFilters } from "./state";

/** The tree of categories: the chosen one shows its subcategories. */
export function CategoryFilter({ state, facets, onChange }: FilterProps) {
  const chosen = state.main_category ?? [];
  const isChosen = (value: string) => chosen.some((category) => fold(category) === fold(value));
  const categories = withChosen(valueCounts(facets["main_category"]), chosen);
  const shown = chosen.length === 1 ? categories.filter(({ value }) => isChosen(value)) : categories;
  if (!categories.length) return null;
  return (
    <section aria-label="Category">
      <h2 className="mb-1 font-semibold">Category</h2>
      {chosen.length > 0 && (
        <button
          type="button"
          className="link flex items-center gap-1 py-1"
          onClick={() => onChange(withFilters(state, { main_category: undefined, sub_category: undefined }))}
        >
          <Icon name="previous" className="size-4" />
          All categories
        </button>
      )}
      <ul>
        {shown.map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              aria-pressed={isChosen(value)}
              className={`flex w-full items-baseline justify-between gap-2 rounded py-1 text-left hover:underline ${isChosen(value) ? "font-semibold" : ""}`}
              onClick={() =>
                onChange(withFilters(state, { main_category: [value], sub_category: undefined }))
              }
            >
              <span>{value}</span>
              <span className="muted text-sm font-normal">{number(count)}</span>
            </button>
            {isChosen(value) && chosen.length === 1 && (
              <Subcategories state={state} facets={facets} onChange={onChange} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Subcategories({ state, facets, onChange }: FilterProps) {
  const chosen = state.sub_category ?? [];
  const isChosen = (value: string) => chosen.some((category) => fold(category) === fold(value));
  return (
    <ul className="border-base-300 ml-2 border-l pl-3">
      {withChosen(valueCounts(facets["sub_category"]), chosen).map(({ value, count }) => (
        <li key={value}>
          <label className="flex cursor-pointer items-baseline gap-2 py-1">
            <input
              type="checkbox"
              className="checkbox checkbox-sm self-center"
              checked={isChosen(value)}
              onChange={() => onChange(withFilters(state, { sub_category: toggled(chosen, value) }))}
            />
            <span className="flex-1">{value}</span>
            <span className="muted text-sm">{number(count)}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}

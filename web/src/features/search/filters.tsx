import type { Hit, SearchAnswer } from "@/shared/api/client";
import { attributeTitle, useAttributeFacets } from "./attributes";
import { CategoryFilter } from "./category-filter";
import { type PriceFacet, PriceFilter } from "./price-filter";
import { type SearchState, withFilters } from "./state";
import { ValueFilter } from "./value-filter";

export interface FilterProps {
  state: SearchState;
  facets: SearchAnswer["facets"];
  onChange: (state: SearchState) => void;
}

const RATINGS = [4, 3, 2] as const;

/** All filters with the counts of their values. */
export function Filters({ state, facets, hits, onChange }: FilterProps & { hits: Hit[] }) {
  const price = facets["price"];
  const attributes = useAttributeFacets(state, hits);
  return (
    <div className="flex flex-col gap-5" aria-busy={attributes.isAwaited}>
      <CategoryFilter state={state} facets={facets} onChange={onChange} />
      <PriceFilter
        facet={price && !Array.isArray(price) ? (price as PriceFacet) : null}
        min={state.price_min}
        max={state.price_max}
        onChange={(price_min, price_max) => onChange(withFilters(state, { price_min, price_max }))}
      />
      <ValueFilter title="Brand" field="brand" state={state} counts={facets["brand"]} onChange={onChange} />
      {attributes.facets.map(({ key, counts }) => (
        <ValueFilter
          key={key}
          title={attributeTitle(key)}
          field={key}
          state={state}
          counts={counts}
          onChange={onChange}
        />
      ))}
      <fieldset>
        <legend className="mb-1 font-semibold">Rating</legend>
        {RATINGS.map((rating) => (
          <label key={rating} className="flex cursor-pointer items-center gap-2 py-1">
            <input
              type="checkbox"
              className="checkbox checkbox-sm"
              checked={state.min_rating === rating}
              onChange={(event) =>
                onChange(withFilters(state, { min_rating: event.target.checked ? rating : undefined }))
              }
            />
            <span>{rating} stars and more</span>
          </label>
        ))}
      </fieldset>
      <label className="flex cursor-pointer items-center gap-2">
        <input
          type="checkbox"
          className="toggle toggle-sm"
          checked={state.discounted ?? false}
          onChange={(event) =>
            onChange(withFilters(state, { discounted: event.target.checked ? true : undefined }))
          }
        />
        <span>Reduced only</span>
      </label>
    </div>
  );
}

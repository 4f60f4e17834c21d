import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type SearchAnswer, clientOf, dataOf } from "@/shared/api/client";
import { defined } from "@/shared/lib/address";
import { number } from "@/shared/lib/text";
import { useDebounced } from "@/shared/lib/use-debounced";
import { fold, toggled, valueCounts, withChosen } from "./counts";
import { type AttributeKey, type SearchState, attributesOf, withFilters } from "./state";

/** The values that are shown before one asks for more. */
const FEW = 7;

interface ValueFilterProps {
  title: string;
  field: "brand" | AttributeKey;
  state: SearchState;
  counts: SearchAnswer["facets"][string] | undefined;
  onChange: (state: SearchState) => void;
}

/** A filter of values that can be searched: any of those chosen may match. */
export function ValueFilter({ title, field, state, counts, onChange }: ValueFilterProps) {
  const [typed, setTyped] = useState("");
  const [isWhole, setIsWhole] = useState(false);
  const chosen = state[field] ?? [];
  const found = useValues(field, typed, state);
  const all = withChosen(valueCounts(counts), typed ? [] : chosen);
  const listed = typed ? (found.data?.values ?? []) : all;
  const isChosen = (value: string) => chosen.some((one) => fold(one) === fold(value));
  // What is chosen is always in sight.
  const shown =
    isWhole || typed ? listed : listed.filter(({ value }, index) => index < FEW || isChosen(value));
  if (!all.length && !typed) return null;
  return (
    <fieldset>
      <legend className="mb-1 font-semibold">{title}</legend>
      {(all.length > FEW || typed) && (
        <input
          type="search"
          className="input input-sm mb-1 w-full"
          placeholder={`Find a ${title.toLowerCase()}`}
          aria-label={`Find a ${title.toLowerCase()}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      <ul className={isWhole || typed ? "max-h-72 overflow-y-auto" : ""}>
        {shown.map(({ value, count }) => (
          <li key={value}>
            <label className="flex cursor-pointer items-baseline gap-2 py-1">
              <input
                type="checkbox"
                className="checkbox checkbox-sm self-center"
                checked={isChosen(value)}
                onChange={() => onChange(withFilters(state, { [field]: toggled(chosen, value) }))}
              />
              <span className="flex-1">{value}</span>
              <span className="muted text-sm">{number(count)}</span>
            </label>
          </li>
        ))}
      </ul>
      {typed && found.isSuccess && !shown.length && (
        <p className="muted text-sm">None begins with “{typed}”.</p>
      )}
      {!typed && all.length > FEW && (
        <button
          type="button"
          className="link text-sm"
          aria-expanded={isWhole}
          onClick={() => setIsWhole(!isWhole)}
        >
          {isWhole ? "Show fewer" : `Show all ${number(all.length)}`}
        </button>
      )}
    </fieldset>
  );
}

/** Searches the values of a facet by their beginnings, under the other filters of the search. */
function useValues(field: "brand" | AttributeKey, typed: string, state: SearchState) {
  const asked = useDebounced(typed.trim(), 120);
  const { q: query, mode, engine, main_category, sub_category, price_min, price_max, min_rating } = state;
  const attributes = Object.fromEntries(attributesOf(state).map((key) => [key, state[key]]));
  const others = field === "brand" ? {} : { brand: state.brand };
  const filters = { mode, engine, main_category, sub_category, price_min, price_max, min_rating, ...others };
  const parameters = {
    ...attributes,
    ...defined({ ...filters, query, discounted: state.discounted }),
    q: asked,
    limit: 50,
  };
  return useQuery({
    queryKey: ["values", field, parameters],
    queryFn: ({ signal }) =>
      dataOf(
        clientOf().GET("/api/facets/{field}", { params: { path: { field }, query: parameters }, signal }),
      ),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
  });
}

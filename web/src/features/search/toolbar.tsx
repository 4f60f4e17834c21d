import type { ReactNode } from "react";
import type { Answered, Mode, SearchAnswer, Sort } from "@/shared/api/client";
import { MODES } from "@/shared/api/modes";
import { defined } from "@/shared/lib/address";
import { count, duration } from "@/shared/lib/text";
import { SORTS, type SearchState } from "./state";

interface ToolbarProps {
  state: SearchState;
  answer: Answered<SearchAnswer> | undefined;
  isFetching: boolean;
  onChange: (state: SearchState) => void;
  children: ReactNode;
}

/** What was found, and how it is searched, sorted and explained. */
export function Toolbar({ state, answer, isFetching, onChange, children }: ToolbarProps) {
  const change = (part: { [K in keyof SearchState]?: SearchState[K] | undefined }) =>
    onChange(defined({ ...state, page: undefined, ...part }) as SearchState);
  return (
    <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
      <p role="status" className="mr-auto flex min-h-8 items-center gap-2">
        {answer ? <Found answer={answer} /> : <span className="muted">Searching…</span>}
        {isFetching && <span className="loading loading-spinner loading-xs opacity-60" aria-hidden="true" />}
      </p>
      {children}
      {state.q && (
        <>
          <label className="flex cursor-pointer items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="toggle toggle-sm"
              checked={state.why ?? false}
              onChange={(event) => change({ why: event.target.checked ? true : undefined, page: state.page })}
            />
            Why these?
          </label>
          <select
            className="select select-sm w-auto"
            aria-label="Search by"
            value={state.mode ?? "hybrid"}
            onChange={(event) => change({ mode: modeOf(event.target.value) })}
          >
            {MODES.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </>
      )}
      <select
        className="select select-sm w-auto"
        aria-label="Sort by"
        value={state.sort ?? "relevance"}
        onChange={(event) => change({ sort: sortOf(event.target.value) })}
      >
        {SORTS.map(({ name, label }) => (
          <option key={name} value={name}>
            {name === "relevance" && !state.q ? "Featured" : label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The default is left out of the address. */
function modeOf(value: string): Mode | undefined {
  return MODES.find(({ name }) => name === value && name !== "hybrid")?.name;
}

function sortOf(value: string): Sort | undefined {
  return SORTS.find(({ name }) => name === value && name !== "relevance")?.name;
}

function Found({ answer: { data, took } }: { answer: Answered<SearchAnswer> }) {
  if (data.closest) return <span>Nothing fits</span>;
  const atLeast = data.relation === "at_least" ? "At least " : "";
  return (
    <span>
      <span className="font-semibold">
        {atLeast}
        {count(data.total, "product")}
      </span>{" "}
      <span className="muted text-sm">in {duration(took)}</span>
    </span>
  );
}

import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { answering } from "@/shared/lib/answering";
import { Icon } from "@/shared/ui/icon";
import { Problem } from "@/shared/ui/problem";
import { Chips } from "./chips";
import { FilterDrawer } from "./filter-drawer";
import { Filters } from "./filters";
import { ResultList } from "./result-list";
import { useResults } from "./results-query";
import { type SearchState, filtersOf } from "./state";
import { Toolbar } from "./toolbar";

const route = getRouteApi("/");

/** Search and browsing: filters beside the products that fit. */
export function SearchPage() {
  const state = route.useSearch();
  const navigate = useNavigate({ from: "/" });
  const results = useResults(state);
  const drawer = useRef<HTMLDialogElement>(null);
  const answer = results.data?.data;
  const change = (next: SearchState) =>
    void navigate({ search: next, resetScroll: next.page !== state.page });

  useEffect(() => {
    document.title = state.q ? `${state.q} · akin` : "akin: find products in your own words";
  }, [state.q]);

  const filters = (
    <Filters state={state} facets={answer?.facets ?? {}} hits={answer?.hits ?? []} onChange={change} />
  );
  const chosen = Object.keys(filtersOf(state)).length;
  return (
    <div className="flex items-start gap-6">
      <aside
        aria-label="Filters"
        className="sticky top-20 hidden max-h-[calc(100vh-6rem)] w-64 shrink-0 overflow-y-auto pr-2 lg:block"
      >
        {answer ? filters : <FilterSkeleton />}
      </aside>
      <div className="min-w-0 flex-1">
        <h1 className="sr-only">{state.q ? `Products for ${state.q}` : "All products"}</h1>
        <Toolbar state={state} answer={results.data} isFetching={results.isFetching} onChange={change}>
          <button
            type="button"
            className="btn btn-sm lg:hidden"
            aria-haspopup="dialog"
            onClick={() => drawer.current?.showModal()}
          >
            <Icon name="filter" className="size-4" />
            Filters
            {chosen > 0 && <span className="badge badge-primary badge-sm">{chosen}</span>}
          </button>
        </Toolbar>
        <Chips state={state} onChange={change} />
        <div {...answering(state, results)}>
          {results.isError ? (
            <Problem title="The search failed" error={results.error} onRetry={() => void results.refetch()} />
          ) : (
            <ResultList state={state} answer={answer} isOld={results.isPlaceholderData} onChange={change} />
          )}
        </div>
      </div>
      <FilterDrawer dialog={drawer} total={answer?.total}>
        {filters}
      </FilterDrawer>
    </div>
  );
}

function FilterSkeleton() {
  return (
    <div className="flex flex-col gap-3" aria-hidden="true">
      {[...Array(10).keys()].map((line) => (
        <div key={line} className="skeleton h-5 w-full" />
      ))}
    </div>
  );
}

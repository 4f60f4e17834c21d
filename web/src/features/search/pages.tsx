import { Link } from "@tanstack/react-router";
import { defined } from "@/shared/lib/address";
import { Icon } from "@/shared/ui/icon";
import type { SearchState } from "./state";

/** Returns the numbers of the pages to link to: the first, the last, and those near the current one. */
export function pageNumbers(page: number, last: number): (number | "gap")[] {
  const near = [page - 1, page, page + 1];
  const shown = [...new Set([1, ...near, last])].filter((number) => number >= 1 && number <= last);
  shown.sort((a, b) => a - b);
  return shown.flatMap((number, index) => {
    const before = shown[index - 1];
    if (before === undefined || number === before + 1) return [number];
    return number === before + 2 ? [number - 1, number] : ["gap" as const, number];
  });
}

/** Links to the pages of a result. */
export function Pages({ state, last }: { state: SearchState; last: number }) {
  if (last < 2) return null;
  const page = state.page ?? 1;
  const at = (number: number): SearchState =>
    defined({ ...state, page: number > 1 ? number : undefined }) as SearchState;
  return (
    <nav aria-label="Pages" className="mt-6 flex flex-wrap items-center justify-center gap-1">
      {page > 1 && (
        <Link to="/" search={at(page - 1)} className="btn btn-sm" aria-label="Previous page" rel="prev">
          <Icon name="previous" className="size-4" />
        </Link>
      )}
      {pageNumbers(page, last).map((number, index) =>
        number === "gap" ? (
          <span key={`gap ${index}`} className="px-1" aria-hidden="true">
            …
          </span>
        ) : (
          <Link
            key={number}
            to="/"
            search={at(number)}
            className={`btn btn-sm ${number === page ? "btn-primary" : "btn-ghost"}`}
            aria-label={`Page ${number}`}
            aria-current={number === page ? "page" : undefined}
          >
            {number}
          </Link>
        ),
      )}
      {page < last && (
        <Link to="/" search={at(page + 1)} className="btn btn-sm" aria-label="Next page" rel="next">
          <Icon name="next" className="size-4" />
        </Link>
      )}
    </nav>
  );
}

import { Link } from "@tanstack/react-router";
import type { Hit, SearchAnswer } from "@/shared/api/client";
import { list } from "@/shared/lib/text";
import { CARD_GRID, CardSkeleton, ProductCard } from "@/shared/ui/product-card";
import { reasons } from "./explanation";
import { Pages } from "./pages";
import { PAGE_SIZE, type SearchState, filtersOf, lastPage, withoutFilters } from "./state";

interface ResultListProps {
  state: SearchState;
  answer: SearchAnswer | undefined;
  /** True if the products are those of the search before. */
  isOld: boolean;
  onChange: (state: SearchState) => void;
}

/** The products of a page, what was searched for instead, and what to do if there are none. */
export function ResultList({ state, answer, isOld, onChange }: ResultListProps) {
  if (!answer) return <Skeletons />;
  return (
    <div className={isOld ? "opacity-60 transition-opacity delay-150" : ""}>
      <h2 className="sr-only">Products</h2>
      <Corrections answer={answer} />
      {answer.closest && (
        <p className="bg-base-100 border-base-300 rounded-box mb-4 border p-4">
          {Object.keys(filtersOf(state)).length ? "With these filters, no" : "No"} product fits{" "}
          <strong>“{answer.query}”</strong>. These come closest:
        </p>
      )}
      {answer.hits.length === 0 ? (
        <Empty state={state} onChange={onChange} />
      ) : (
        <ol className={CARD_GRID} aria-label="Products">
          {answer.hits.map((hit) => (
            <li key={hit.product.product_id}>
              <ProductCard product={hit.product}>{state.why && <Why hit={hit} />}</ProductCard>
            </li>
          ))}
        </ol>
      )}
      {!answer.closest && <Pages state={state} last={lastPage(answer.total)} />}
    </div>
  );
}

function Corrections({ answer }: { answer: SearchAnswer }) {
  if (!answer.corrections.length) return null;
  const said = answer.corrections.map(({ from, to }) => `“${to}” instead of “${from}”`);
  return <p className="mb-3">Searched for {list(said)}.</p>;
}

/** Why a product is here, with its figures: shown to those who ask. */
function Why({ hit }: { hit: Hit }) {
  const figures = [
    hit.score === null ? undefined : `score ${hit.score.toFixed(3)}`,
    hit.similarity === null ? undefined : `similarity ${hit.similarity.toFixed(3)}`,
  ].filter(Boolean);
  return (
    <div className="border-base-300 mt-2 border-t pt-2 text-sm">
      <ul>
        {reasons(hit).map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {figures.length > 0 && <p className="muted mt-1 text-xs">{figures.join(" · ")}</p>}
    </div>
  );
}

/** What to do if there is no product. */
function Empty({ state, onChange }: Pick<ResultListProps, "state" | "onChange">) {
  const isFiltered = Object.keys(filtersOf(state)).length > 0;
  return (
    <section className="bg-base-100 border-base-300 rounded-box border p-8 text-center">
      <h2 className="text-lg font-semibold">{emptyTitle(state, isFiltered)}</h2>
      {isFiltered ? (
        <button
          type="button"
          className="btn btn-primary mt-4"
          onClick={() => onChange(withoutFilters(state))}
        >
          Search without filters
        </button>
      ) : state.q ? (
        <p className="muted mt-2">
          Try other words, fewer of them, or{" "}
          <Link to="/" className="link">
            look at all products
          </Link>
          .
        </p>
      ) : (
        <p className="muted mt-2">
          Add products with <code>akin ingest FEED</code> on the server; this page finds them at once.
        </p>
      )}
    </section>
  );
}

function emptyTitle(state: SearchState, isFiltered: boolean): string {
  if (isFiltered) return "No product has all of these filters";
  return state.q ? `No product fits “${state.q}”` : "The catalogue is empty";
}

function Skeletons() {
  return (
    <div className={CARD_GRID} aria-hidden="true">
      {[...Array(PAGE_SIZE / 2).keys()].map((card) => (
        <CardSkeleton key={card} />
      ))}
    </div>
  );
}

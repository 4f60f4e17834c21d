import { Link } from "@tanstack/react-router";
import type { Hit } from "@/shared/api/client";
import { money, prices } from "@/shared/lib/money";
import { Icon } from "@/shared/ui/icon";
import { Picture } from "@/shared/ui/picture";
import { Problem } from "@/shared/ui/problem";
import type { SideQuery } from "./queries";
import { ranksOf } from "./ranks";
import { type CompareState, LIMITS, type SideState } from "./state";

interface SideListProps {
  state: CompareState;
  side: SideState;
  answer: SideQuery;
  /** The products of the other side. */
  others: Hit[];
  /** True if this side tells what moved, from the other side to this one. */
  tellsMoves: boolean;
}

/** The products of a side. If it fails, it says so, and the other side stands. */
export function SideList({ state, side, answer, others, tellsMoves }: SideListProps) {
  if (state.q === undefined) {
    return (
      <p className="muted border-base-300 rounded-b-box border border-t-0 p-6">Enter words to compare.</p>
    );
  }
  if (answer.isError) {
    return <Problem title="This side failed" error={answer.error} onRetry={() => void answer.refetch()} />;
  }
  if (!answer.data) return <Skeletons rows={state.limit ?? LIMITS.initial} />;
  const ranks = ranksOf(others);
  const { hits, closest } = answer.data.data;
  return (
    <ol
      className={`border-base-300 rounded-b-box overflow-hidden border border-t-0 ${answer.isPlaceholderData ? "opacity-60" : ""}`}
    >
      {hits.map((hit, index) => (
        <Row
          key={hit.product.product_id}
          hit={hit}
          rank={index + 1}
          other={others.length ? (ranks.get(hit.product.product_id) ?? null) : undefined}
          address={side.at}
          tellsMoves={tellsMoves}
        />
      ))}
      {!hits.length && (
        <li className="bg-base-100 p-6">{closest ? "Nothing comes close." : "No product fits."}</li>
      )}
    </ol>
  );
}

interface RowProps {
  hit: Hit;
  rank: number;
  /** The rank on the other side; `null` if it is not there, `undefined` if there is nothing to compare with. */
  other: number | null | undefined;
  address: string | undefined;
  tellsMoves: boolean;
}

function Row({ hit: { product, score, similarity }, rank, other, address, tellsMoves }: RowProps) {
  const { now } = prices(product);
  const figures = [
    product.sub_category || product.main_category,
    now === null ? undefined : money(now, product.currency),
    score === null ? undefined : `score ${score.toFixed(2)}`,
    similarity === null ? undefined : `similarity ${similarity.toFixed(2)}`,
  ].filter(Boolean);
  return (
    <li className="bg-base-100 border-base-300 flex h-18 items-center gap-2 border-b px-2 last:border-b-0 sm:gap-3 sm:px-3">
      <span className="muted w-6 shrink-0 text-right text-sm tabular-nums">{rank}</span>
      <Picture url={product.image_url} address={address} className="size-12 shrink-0 rounded" />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium" title={product.name}>
          {address ? (
            product.name
          ) : (
            <Link to="/products/$id" params={{ id: product.product_id }} className="hover:underline">
              {product.name}
            </Link>
          )}
        </p>
        <p className="muted truncate text-xs">{figures.join(" · ")}</p>
      </div>
      {other === null && <span className="badge badge-outline badge-sm shrink-0">only here</span>}
      {tellsMoves && typeof other === "number" && <MoveMark rank={rank} other={other} />}
    </li>
  );
}

/** How a product moved: it rose, fell, or stayed. */
function MoveMark({ rank, other }: { rank: number; other: number }) {
  const style = "flex shrink-0 items-center gap-0.5 text-xs font-semibold";
  if (other === rank) return <span className={`${style} muted`}>same</span>;
  const isHigher = rank < other;
  return (
    <span
      className={`${style} ${isHigher ? "text-success" : "text-accent"}`}
      title={`Rank ${other} on the other side`}
    >
      <Icon name={isHigher ? "up" : "down"} className="size-3.5" />
      {Math.abs(rank - other)}
      <span className="sr-only"> ranks {isHigher ? "higher" : "lower"} than on the other side</span>
    </span>
  );
}

function Skeletons({ rows }: { rows: number }) {
  return (
    <div aria-hidden="true">
      {[...Array(rows).keys()].map((row) => (
        <div
          key={row}
          className="bg-base-100 border-base-300 flex h-18 items-center gap-3 border-x border-b px-3"
        >
          <div className="skeleton size-12" />
          <div className="skeleton h-4 flex-1" />
        </div>
      ))}
    </div>
  );
}

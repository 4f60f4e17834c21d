import type { Hit } from "@/shared/api/client";
import { movesOf } from "./ranks";

/** The height of a row of either list in pixels: `h-18`. */
export const ROW_HEIGHT = 72;

/** Lines between the ranks of a product on both sides. The marks in the lists say the same. */
export function Lines({ left, right, rowHeight }: { left: Hit[]; right: Hit[]; rowHeight: number }) {
  const rows = Math.max(left.length, right.length);
  if (!rows) return null;
  const y = (rank: number) => (rank - 0.5) * rowHeight;
  return (
    <svg
      viewBox={`0 0 64 ${rows * rowHeight}`}
      width="64"
      height={rows * rowHeight}
      fill="none"
      strokeWidth="1.75"
      aria-hidden="true"
    >
      {movesOf(left, right).map((move) => {
        const [from, to] = [y(move.left), y(move.right)];
        const color =
          move.left === move.right
            ? "stroke-base-content/40"
            : move.left < move.right
              ? "stroke-accent"
              : "stroke-success";
        return <path key={move.id} d={`M0 ${from} C32 ${from} 32 ${to} 64 ${to}`} className={color} />;
      })}
    </svg>
  );
}

import type { Run } from "@/shared/api/client";
import { count, duration, number } from "@/shared/lib/text";

/** What a run did with its rows, and the color of each part. */
const PARTS = [
  { name: "inserted", label: "new", color: "fill-success", dot: "bg-success" },
  { name: "changed", label: "changed", color: "fill-primary", dot: "bg-primary" },
  { name: "removed", label: "removed", color: "fill-secondary", dot: "bg-secondary" },
  { name: "quarantined", label: "quarantined", color: "fill-error", dot: "bg-error" },
] as const;

const OUTCOMES: Record<string, { label: string; style: string }> = {
  finished: { label: "finished", style: "text-success" },
  unfinished: { label: "running or killed", style: "text-info" },
  refused: { label: "refused", style: "text-error" },
  failed: { label: "failed", style: "text-error" },
};

/** The last ingestions, as a plot and as a table. */
export function Runs({ runs }: { runs: Run[] }) {
  if (!runs.length) {
    return (
      <section>
        <h2 className="mb-2 text-lg font-semibold">Ingestions</h2>
        <p className="muted">
          There was none yet: <code>akin ingest FEED</code> adds products.
        </p>
      </section>
    );
  }
  return (
    <section>
      <h2 className="mb-2 text-lg font-semibold">Ingestions</h2>
      <Plot runs={runs} />
      {/* A wide table scrolls by itself, by keyboard too. */}
      <div
        className="bg-base-100 border-base-300 rounded-box overflow-x-auto border"
        role="region"
        aria-label="Table of the ingestions"
        tabIndex={0}
      >
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Began</th>
              <th scope="col">Feeds</th>
              <th scope="col">Outcome</th>
              <th scope="col">Took</th>
              <th scope="col">Rows</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunRow key={run.began} run={run} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function RunRow({ run }: { run: Run }) {
  const outcome = OUTCOMES[run.outcome] ?? { label: run.outcome, style: "text-accent" };
  return (
    <tr>
      <td className="whitespace-nowrap">
        <time dateTime={run.began}>{new Date(run.began).toLocaleString("en")}</time>
      </td>
      <td className="min-w-40">{run.feeds.join(", ")}</td>
      <td className="min-w-40">
        <span className={`font-medium ${outcome.style}`}>{outcome.label}</span>
        {run.reason && <span className="muted block text-sm">{run.reason}</span>}
      </td>
      <td className="whitespace-nowrap">{run.seconds === null ? "–" : duration(run.seconds * 1000)}</td>
      <td className="min-w-56">{run.counts ? rowsText(run.counts) : "–"}</td>
    </tr>
  );
}

/** Says what a run did: the counts that are not 0. */
function rowsText(counts: Record<string, number>): string {
  const { read = 0, ...others } = counts;
  const parts = Object.entries(others).filter(([, value]) => value > 0);
  const said = parts.map(([name, value]) => `${number(value)} ${name.replaceAll("_", " ")}`);
  return [`${number(read)} read`, ...said].join(", ");
}

/** The changes of each run as a bar, the oldest first. */
function Plot({ runs }: { runs: Run[] }) {
  const bars = [...runs].reverse();
  const changes = (run: Run) => PARTS.map(({ name }) => run.counts?.[name] ?? 0);
  const sums = bars.map((run) => changes(run).reduce((sum, value) => sum + value, 0));
  const most = Math.max(...sums);
  if (most === 0) return null;
  // A place for each run that the server tells of, so that a bar is no wall.
  const [height, width] = [96, 100 / Math.max(bars.length, 10)];
  return (
    <figure className="bg-base-100 border-base-300 rounded-box mb-3 border p-4">
      <figcaption className="mb-2 flex flex-wrap gap-x-4 text-sm">
        Changes by ingestion
        {PARTS.map(({ label, dot }) => (
          <span key={label} className="flex items-center gap-1">
            <span className={`${dot} size-2.5 rounded-full`} aria-hidden="true" />
            {label}
          </span>
        ))}
      </figcaption>
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        className="h-24 w-full"
        role="img"
        aria-label={`Changes of the last ${count(bars.length, "ingestion")}, at most ${number(most)}`}
      >
        {bars.map((run, index) => {
          let bottom = height;
          return changes(run).map((value, part) => {
            const tall = (value / most) * height;
            bottom -= tall;
            return (
              <rect
                key={`${run.began} ${part}`}
                x={index * width + width * 0.1}
                y={bottom}
                width={width * 0.8}
                height={tall}
                className={PARTS[part]?.color}
              />
            );
          });
        })}
      </svg>
    </figure>
  );
}

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { type Engine, type Status, clientOf, dataOf } from "@/shared/api/client";
import { answering } from "@/shared/lib/answering";
import { count, number } from "@/shared/lib/text";
import { Problem } from "@/shared/ui/problem";
import { Runs } from "./runs";

/** How often the state is asked for, in milliseconds. */
const EVERY = 5_000;

/** The state of the catalogue, the engines, the queue and the last ingestions. */
export function StatusPage() {
  const status = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => dataOf(clientOf().GET("/api/status", { signal })),
    refetchInterval: EVERY,
  });
  const engines = useQuery({
    queryKey: ["engines"],
    queryFn: ({ signal }) => dataOf(clientOf().GET("/api/engines", { signal })),
    refetchInterval: EVERY,
  });
  useEffect(() => {
    document.title = "Status · akin";
  }, []);
  return (
    <div className="flex flex-col gap-6" {...answering({}, status, engines)}>
      <h1 className="text-2xl font-semibold">Status</h1>
      {status.isError && (
        <Problem
          title="The state cannot be shown"
          error={status.error}
          onRetry={() => void status.refetch()}
        />
      )}
      {status.isPending && <div className="skeleton h-28 w-full" aria-hidden="true" />}
      {status.data && <Figures status={status.data} />}
      {engines.isError ? (
        <Problem
          title="The engines cannot be shown"
          error={engines.error}
          onRetry={() => void engines.refetch()}
        />
      ) : (
        <Engines engines={engines.data?.engines} />
      )}
      {status.data && <Runs runs={status.data.runs} />}
    </div>
  );
}

function Figures({ status }: { status: Status }) {
  const { products, indexed, waiting, queue, quarantined, blanked, relevance } = status;
  return (
    <section aria-label="Catalogue">
      <dl className="grid grid-cols-1 gap-3 min-[360px]:grid-cols-2 md:grid-cols-3 xl:grid-cols-6">
        <Figure name="Products" value={products}>
          in the catalogue
        </Figure>
        <Figure name="Indexed" value={indexed}>
          {indexed < products ? `${number(products - indexed)} cannot be found yet` : "all can be found"}
        </Figure>
        <Figure name="Waiting" value={waiting} isWarning={waiting > 0}>
          {waiting ? <Command text="changes to embed" command="akin worker" /> : "nothing to embed"}
        </Figure>
        <Figure name="In work" value={queue.in_flight}>
          leased by workers
        </Figure>
        <Figure name="Dead letters" value={queue.dead} isWarning={queue.dead > 0}>
          {queue.dead ? <Command text="failed five times" command="akin queue" /> : "no change failed"}
        </Figure>
        <Figure name="Quarantine" value={quarantined} isWarning={quarantined > 0}>
          {quarantined ? <Command text="rows to mend" command="akin quarantine" /> : "every row was read"}
          {blanked > 0 && <span className="block">{count(blanked, "value")} left out of kept rows</span>}
        </Figure>
      </dl>
      {relevance && (
        <p className="muted mt-3 text-sm">
          Relevance rules: {count(relevance.synonyms, "synonym")}, {count(relevance.rules, "rule")}, loaded{" "}
          {new Date(relevance.loaded).toLocaleString("en")}.{" "}
          {relevance.faulty && (
            <strong className="text-error">
              The file has changed and is faulty: <code>akin relevance check</code> says where.
            </strong>
          )}
        </p>
      )}
    </section>
  );
}

/** What there is to do, and the command that does it. */
function Command({ text, command }: { text: string; command: string }) {
  return (
    <>
      {text}: <code className="whitespace-nowrap">{command}</code>
    </>
  );
}

interface FigureProps {
  name: string;
  value: number;
  isWarning?: boolean;
  children: ReactNode;
}

function Figure({ name, value, isWarning = false, children }: FigureProps) {
  return (
    <div className={`bg-base-100 rounded-box border p-4 ${isWarning ? "border-accent" : "border-base-300"}`}>
      <dt className="muted text-sm">{name}</dt>
      <dd>
        <span className="block text-2xl font-semibold tabular-nums">{number(value)}</span>
        <span className="muted text-sm">{children}</span>
      </dd>
    </div>
  );
}

function Engines({ engines }: { engines: Engine[] | undefined }) {
  if (!engines) return <div className="skeleton h-24 w-full" aria-hidden="true" />;
  return (
    <section>
      <h2 className="mb-2 text-lg font-semibold">Engines</h2>
      <ul className="grid gap-3 lg:grid-cols-2">
        {engines.map(({ name, model, dimension, available, products, default: isDefault }) => (
          <li key={name} className="bg-base-100 border-base-300 rounded-box border p-4">
            <p className="flex flex-wrap items-center gap-2">
              <span
                className={`size-2.5 rounded-full ${available ? "bg-success" : "bg-error"}`}
                aria-hidden="true"
              />
              <strong>{name}</strong>
              <span>{available ? count(products ?? 0, "product") : "away"}</span>
              {isDefault && <span className="badge badge-outline badge-sm">default</span>}
            </p>
            <p className="muted mt-1 text-sm break-all">
              {model}, {dimension} dimensions
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

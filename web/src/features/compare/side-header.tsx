import { type FormEvent, useId, useState } from "react";
import { MODES } from "@/shared/api/modes";
import { defined } from "@/shared/lib/address";
import { count, duration } from "@/shared/lib/text";
import { type SideQuery, useEngines } from "./queries";
import { type Times, timesOf } from "./ranks";
import { type SideState, addressOf, askedAt } from "./state";

interface SideHeaderProps {
  name: string;
  side: SideState;
  answer: SideQuery;
  onChange: (side: SideState) => void;
}

/** What a side asks, what it found, and where its time went. */
export function SideHeader({ name, side, answer, onChange }: SideHeaderProps) {
  const engines = useEngines(askedAt(side));
  const listed = engines.data?.engines ?? [];
  const mode = MODES.find(({ name }) => name === side.mode) ?? MODES[0];
  const change = (part: { [K in keyof SideState]?: SideState[K] | undefined }) =>
    onChange(defined({ ...side, mode: mode?.name, ...part }) as SideState);
  return (
    <section
      aria-label={name}
      className="bg-base-100 border-base-300 rounded-t-box flex h-full flex-col gap-2 border p-3"
    >
      <div className="flex flex-wrap gap-2">
        <select
          className="select select-sm min-w-0 flex-1 truncate pr-7"
          aria-label={`Engine of the ${name.toLowerCase()} side`}
          value={side.engine ?? listed[0]?.name ?? ""}
          onChange={(event) => change({ engine: event.target.value })}
        >
          {!listed.length && <option value={side.engine ?? ""}>{side.engine ?? "Default engine"}</option>}
          {listed.map(({ name, available, products }) => (
            <option key={name} value={name}>
              {name} {available ? `(${count(products ?? 0, "product")})` : "(away)"}
            </option>
          ))}
        </select>
        <select
          className="select select-sm min-w-0 flex-1 truncate pr-7"
          aria-label={`Mode of the ${name.toLowerCase()} side`}
          value={mode?.name}
          onChange={(event) => change({ mode: MODES.find(({ name }) => name === event.target.value)?.name })}
        >
          {MODES.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Deployment key={side.at} at={side.at} onChange={(at) => change({ at, engine: undefined })} />
      <div className="mt-auto min-h-12">
        {answer.data && !answer.isError && (
          <>
            <p>
              <strong>{count(answer.data.data.total, "product")}</strong>
              {answer.data.data.closest && ", none fits"}{" "}
              <span className="muted text-sm">in {duration(answer.data.took)}</span>
            </p>
            <TimeBar times={timesOf(answer.data.response.headers.get("server-timing"), answer.data.took)} />
          </>
        )}
      </div>
    </section>
  );
}

/** The deployment of a side: this server, or one at another address. */
function Deployment({
  at,
  onChange,
}: {
  at: string | undefined;
  onChange: (at: string | undefined) => void;
}) {
  const [text, setText] = useState(at ?? "");
  const id = useId();
  const isWrong = text.trim() !== "" && addressOf(text.trim()) === undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isWrong) onChange(addressOf(text.trim()));
  };
  return (
    <details open={at !== undefined}>
      <summary className="cursor-pointer text-sm">{at ? `At ${at}` : "At this server"}</summary>
      <form onSubmit={submit} className="mt-2 flex gap-2">
        <input
          className="input input-sm w-full"
          aria-label="Address of another deployment"
          aria-invalid={isWrong}
          aria-describedby={id}
          placeholder="https://search.shop.example"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button className="btn btn-sm">Use</button>
      </form>
      <p id={id} className={`mt-1 text-sm ${isWrong ? "text-error" : "muted"}`}>
        {isWrong
          ? "An address begins with https:// or http://."
          : `It has to allow this page: akin serve --allow-origin ${window.location.origin}. Blank means this server.`}
      </p>
    </details>
  );
}

const STEPS: readonly { step: Exclude<keyof Times, "total">; label: string; color: string }[] = [
  { step: "embedding", label: "embedding", color: "bg-secondary" },
  { step: "retrieval", label: "retrieval", color: "bg-primary" },
  { step: "rest", label: "the rest", color: "bg-base-content/40" },
];

/** The steps of a search as parts of its time. */
function TimeBar({ times }: { times: Times | undefined }) {
  if (!times) return <p className="muted text-sm">The server does not say where its time goes.</p>;
  const share = (step: Exclude<keyof Times, "total">) => (times[step] / Math.max(times.total, 0.001)) * 100;
  return (
    <>
      <div className="bg-base-300 mt-1 flex h-2 overflow-hidden rounded" aria-hidden="true">
        {STEPS.map(({ step, color }) => (
          <div key={step} className={color} style={{ width: `${share(step)}%` }} />
        ))}
      </div>
      <ul className="mt-1 flex flex-wrap gap-x-3 text-xs">
        {STEPS.map(({ step, label, color }) => (
          <li key={step} className="flex items-center gap-1">
            <span className={`${color} size-2 rounded-full`} aria-hidden="true" />
            {label} {duration(times[step])}
          </li>
        ))}
      </ul>
    </>
  );
}

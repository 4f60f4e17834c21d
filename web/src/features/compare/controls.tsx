import type { FormEvent, ReactNode } from "react";
import { defined } from "@/shared/lib/address";
import { useFollowing } from "@/shared/lib/use-following";
import { type CompareState, LIMITS } from "./state";

interface ControlsProps {
  state: CompareState;
  onChange: (state: CompareState) => void;
}

/** The words, and the limit and the threshold of both sides. */
export function Controls({ state, onChange }: ControlsProps) {
  const [words, setWords] = useFollowing(state.q ?? "");
  const change = (part: { [K in keyof CompareState]?: CompareState[K] | undefined }) =>
    onChange(defined({ ...state, ...part }) as CompareState);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ q: words.trim() || undefined });
  };
  return (
    <form role="search" onSubmit={submit} className="mb-4 flex flex-col gap-3">
      <div className="join w-full">
        <input
          type="search"
          aria-label="What are you looking for?"
          className="input join-item w-full text-base"
          placeholder="a present for someone who is always cold"
          autoComplete="off"
          maxLength={4000}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <button className="btn btn-primary join-item">Compare</button>
      </div>
      <details className="bg-base-100 border-base-300 rounded-box border px-4 py-2">
        <summary className="cursor-pointer">
          Up to {state.limit ?? LIMITS.initial} products,{" "}
          {state.threshold === undefined
            ? "each model’s own threshold"
            : `similarity from ${state.threshold.toFixed(2)}`}
        </summary>
        <div className="grid gap-x-8 gap-y-3 py-3 sm:grid-cols-2">
          <Slider
            label="Limit"
            {...LIMITS}
            value={state.limit ?? LIMITS.initial}
            onChange={(limit) => change({ limit: limit === LIMITS.initial ? undefined : limit })}
          >
            {state.limit ?? LIMITS.initial}
          </Slider>
          <Slider
            label="Threshold"
            min={0}
            max={1}
            step={0.05}
            value={state.threshold ?? 0}
            onChange={(threshold) => change({ threshold })}
          >
            {state.threshold === undefined ? (
              "the model’s own"
            ) : (
              <>
                {state.threshold.toFixed(2)}{" "}
                <button type="button" className="link" onClick={() => change({ threshold: undefined })}>
                  Reset
                </button>
              </>
            )}
          </Slider>
        </div>
      </details>
    </form>
  );
}

interface SliderProps {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  onChange: (value: number) => void;
  children: ReactNode;
}

/** A slider that acts when it is let go. */
function Slider({ label, min, max, step, value, onChange, children }: SliderProps) {
  const [shown, setShown, sent] = useFollowing(value);
  const commit = () => {
    const rounded = Number(shown.toFixed(2));
    if (rounded === value) return;
    sent(rounded);
    onChange(rounded);
  };
  return (
    <div>
      <label className="flex flex-col gap-1">
        <span className="text-sm font-medium">{label}</span>
        <input
          type="range"
          className="range range-primary range-sm w-full"
          min={min}
          max={max}
          step={step}
          value={shown}
          onChange={(event) => setShown(Number(event.target.value))}
          onPointerUp={commit}
          onKeyUp={commit}
          onBlur={commit}
        />
      </label>
      <p className="muted mt-1 text-sm">{shown === value ? children : shown.toFixed(step < 1 ? 2 : 0)}</p>
    </div>
  );
}

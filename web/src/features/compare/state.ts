import { type Mode, apiAddress } from "@/shared/api/client";
import { MODES } from "@/shared/api/modes";
import { defined, numberOf, oneOf, textOf } from "@/shared/lib/address";

/** One of the two sides: a deployment, an engine of it, and a way to search. What is missing has its default. */
export interface SideState {
  /** The address of the API. */
  at?: string;
  engine?: string;
  mode?: Mode;
}

/** A comparison as its address has it. */
export interface CompareState {
  q?: string;
  limit?: number;
  threshold?: number;
  left_at?: string;
  left_engine?: string;
  left_mode?: Mode;
  right_at?: string;
  right_engine?: string;
  right_mode?: Mode;
}

export type Side = "left" | "right";

export const LIMITS = { min: 10, max: 50, step: 5, initial: 10 } as const;

/** Reads a comparison from the parameters of its address; what cannot be read is left out. */
export function readCompareState(raw: Record<string, unknown>): CompareState {
  const modes = MODES.map(({ name }) => name);
  return defined({
    q: textOf(raw, "q"),
    limit: numberOf(raw, "limit", LIMITS.min, LIMITS.max),
    threshold: numberOf(raw, "threshold", 0, 1),
    left_at: addressOf(textOf(raw, "left_at")),
    left_engine: textOf(raw, "left_engine"),
    left_mode: oneOf(raw, "left_mode", modes),
    right_at: addressOf(textOf(raw, "right_at")),
    right_engine: textOf(raw, "right_engine"),
    right_mode: oneOf(raw, "right_mode", modes),
  });
}

/** Returns the address of a deployment without its path's last slash; `undefined` if it is none of the web. */
export function addressOf(text: string | undefined): string | undefined {
  try {
    const url = new URL(text ?? "");
    return /^https?:$/.test(url.protocol) ? (url.origin + url.pathname).replace(/\/+$/, "") : undefined;
  } catch {
    return undefined;
  }
}

/** Returns one side of a comparison. */
export function sideOf(state: CompareState, side: Side): SideState {
  return defined({
    at: state[`${side}_at`],
    engine: state[`${side}_engine`],
    mode: state[`${side}_mode`],
  });
}

/** Returns the comparison with another side. */
export function withSide(state: CompareState, side: Side, { at, engine, mode }: SideState): CompareState {
  const changed = { [`${side}_at`]: at, [`${side}_engine`]: engine, [`${side}_mode`]: mode };
  return defined({ ...state, ...changed }) as CompareState;
}

/** Returns the address that a side asks. */
export function askedAt(side: SideState): string {
  return side.at ?? apiAddress();
}

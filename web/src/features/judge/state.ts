import type { Mode } from "@/shared/api/client";
import { MODES } from "@/shared/api/modes";
import { defined, oneOf, textOf } from "@/shared/lib/address";

/** The query that is judged, as its address has it. */
export interface JudgeState {
  q?: string;
  mode?: Mode;
}

/** Reads the parameters of the address; what cannot be read is left out. */
export function readJudgeState(raw: Record<string, unknown>): JudgeState {
  return defined({
    q: textOf(raw, "q"),
    mode: oneOf(
      raw,
      "mode",
      MODES.map(({ name }) => name),
    ),
  });
}

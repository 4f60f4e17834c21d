import { useState } from "react";

interface Following<T> {
  followed: T;
  own: T;
  /** The values that were handed on and have not come back, the latest last. */
  sent: T[];
}

/**
 * Returns a state of its own that begins anew whenever `value` changes, as by the way back; a function that changes it;
 * and one that says that it was handed on, as to the address. A value that comes back from there changes nothing, so
 * that what was entered meanwhile stays.
 */
export function useFollowing<T>(value: T): [T, (own: T) => void, (sent: T) => void] {
  const [state, set] = useState<Following<T>>({ followed: value, own: value, sent: [] });
  const current = state.followed === value ? state : followed(state, value);
  if (current !== state) set(current);
  const change = (own: T) => set((state) => ({ ...state, own }));
  const send = (sent: T) =>
    set((state) => (sent === state.followed ? state : { ...state, sent: [...state.sent, sent] }));
  return [current.own, change, send];
}

function followed<T>({ own, sent }: Following<T>, value: T): Following<T> {
  const place = sent.lastIndexOf(value);
  if (place < 0) return { followed: value, own: value, sent: [] };
  return { followed: value, own, sent: sent.slice(place + 1) };
}

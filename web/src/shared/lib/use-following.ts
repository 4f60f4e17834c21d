import { useState } from "react";

/** A state of its own that begins anew whenever `value` changes, as by the way back. */
export function useFollowing<T>(value: T): [T, (value: T) => void] {
  const [[followed, own], set] = useState<[T, T]>([value, value]);
  if (followed !== value) set([value, value]);
  return [followed === value ? own : value, (own) => set([value, own])];
}

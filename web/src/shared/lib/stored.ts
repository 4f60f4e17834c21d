import { useCallback, useState } from "react";

/** Reads a value that this browser keeps. */
export function stored<T>(key: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(localStorage.getItem(key) ?? "null"));
  } catch {
    return read(null);
  }
}

/** Keeps a value; a browser that keeps nothing, as in private windows, loses it with the page. */
export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The page works without.
  }
}

/** A state that this browser keeps. */
export function useStored<T>(
  key: string,
  read: (value: unknown) => T,
): [T, (change: (value: T) => T) => void] {
  const [value, setValue] = useState(() => stored(key, read));
  const change = useCallback(
    (change: (value: T) => T) => {
      setValue((old) => {
        const next = change(old);
        keep(key, next);
        return next;
      });
    },
    [key],
  );
  return [value, change];
}

/** Reads a list of texts. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === "string") : [];
}

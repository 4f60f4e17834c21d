// The state of every view is in the address, as plain parameters: `?q=lamp&brand=Lumo&brand=Pelluno`.

/** Reads the parameters of an address. One that is repeated is a list. */
export function parseParameters(search: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(search);
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? "")];
    }),
  );
}

/** Writes parameters; those without a value, and empty lists, are left out. */
export function writeParameters(parameters: Record<string, unknown>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    const values = Array.isArray(value) ? value : [value];
    for (const value of values) {
      if (value !== undefined && value !== null && value !== "" && value !== false) {
        written.append(name, String(value));
      }
    }
  }
  const text = written.toString();
  return text ? `?${text}` : "";
}

type Raw = Record<string, unknown>;

/** Reads a text; `undefined` if it is blank. */
export function textOf(raw: Raw, name: string): string | undefined {
  const value = Array.isArray(raw[name]) ? raw[name][0] : raw[name];
  const text = typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  return text.trim() ? text : undefined;
}

/** Reads a list of texts; `undefined` if it is empty. */
export function textsOf(raw: Raw, name: string): string[] | undefined {
  const values: unknown[] = Array.isArray(raw[name]) ? raw[name] : [raw[name]];
  const texts = values.filter((value): value is string => typeof value === "string" && value !== "");
  return texts.length ? texts : undefined;
}

/** Reads a number between bounds; `undefined` if it is none. */
export function numberOf(raw: Raw, name: string, min = -Infinity, max = Infinity): number | undefined {
  const text = textOf(raw, name);
  const value = text === undefined ? NaN : Number(text);
  return Number.isFinite(value) && value >= min && value <= max ? value : undefined;
}

/** Reads one of a set of texts. */
export function oneOf<T extends string>(raw: Raw, name: string, values: readonly T[]): T | undefined {
  const text = textOf(raw, name);
  return values.find((value) => value === text);
}

/** Reads a switch: `1` or `true`. */
export function switchOf(raw: Raw, name: string): true | undefined {
  const value = raw[name];
  return value === true || value === "1" || value === "true" ? true : undefined;
}

/** Leaves out what is undefined. */
export function defined<T extends object>(state: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(state).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

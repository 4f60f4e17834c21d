/** An attribute of a product: `color: red`. */
export interface Attribute {
  name: string;
  value: string;
}

/** Splits `name: value; name: value`; `undefined` if the text is written in another way. */
export function pairsOf(text: string): Attribute[] | undefined {
  const parts = text.split(/(?<!\\);/).filter((part) => part.trim());
  const pairs = parts.map((part) => {
    const [, name = "", value = ""] = /^([^:]*):(.*)$/s.exec(part) ?? [];
    return { name: name.trim(), value: value.trim().replace(/\\([;,])/g, "$1") };
  });
  return pairs.every(({ name, value }) => name && value) ? pairs : undefined;
}

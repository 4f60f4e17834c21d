import type { Hit } from "@/shared/api/client";
import { list } from "@/shared/lib/text";

const FIELDS: Record<string, string> = {
  title: "name",
  description: "description",
  category: "category",
  brand: "brand",
  attributes: "details",
};

/** Says in plain words why a product is a hit. */
export function reasons({ explanation, similarity }: Hit): string[] {
  if (!explanation) return [];
  const { reason, terms } = explanation;
  const said: string[] = [];
  if (reason === "pinned") said.push("The shop puts it here.");
  if (reason === "identifier") said.push("You asked for its number.");
  if (reason === "phrase") said.push("It has the quoted words.");
  const found = terms.filter(({ role, fields }) => role !== "stop_word" && fields.length > 0);
  const places = new Map<string, string[]>();
  for (const { word, fields } of found) {
    // The most telling place of the word is enough.
    const place = FIELDS[fields[0] ?? ""] ?? "text";
    places.set(place, [...(places.get(place) ?? []), `“${word}”`]);
  }
  for (const [place, words] of places) said.push(`Its ${place} has ${list([...new Set(words)])}.`);
  if (similarity !== null && (!found.length || reason.includes("similarity") || reason === "closest")) {
    said.push(reason === "closest" ? "It comes closest in meaning." : "It is close in meaning.");
  }
  return said;
}

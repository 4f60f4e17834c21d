import type { Suggestions } from "@/shared/api/client";
import type { IconName } from "@/shared/ui/icon";

/** What choosing a suggestion does. */
export type Choice =
  | { kind: "words"; text: string }
  | { kind: "filter"; field: "main_category" | "sub_category" | "brand"; value: string }
  | { kind: "product"; id: string };

/** One line of the list below the search box. */
export interface Option {
  text: string;
  note?: string;
  icon: IconName;
  picture?: string;
  choice: Choice;
}

export interface OptionGroup {
  title: string;
  options: Option[];
}

/** Returns the lines below the search box: recent searches if nothing is typed, and suggestions. */
export function optionGroups(typed: string, recent: string[], suggestions?: Suggestions): OptionGroup[] {
  const begins = (text: string) => text.toLowerCase().startsWith(typed.trim().toLowerCase());
  const words = (icon: IconName) => (text: string) => ({
    text,
    icon,
    choice: { kind: "words", text } as const,
  });
  const groups: OptionGroup[] = [
    {
      title: "Recent searches",
      options: recent
        .filter(begins)
        .slice(0, typed ? 3 : 8)
        .map(words("clock")),
    },
  ];
  if (suggestions) groups.push(...suggested(suggestions, recent));
  return groups.filter(({ options }) => options.length > 0);
}

function suggested({ queries, categories, brands, products }: Suggestions, recent: string[]): OptionGroup[] {
  const known = new Set(recent.map((text) => text.toLowerCase()));
  return [
    {
      title: "Searches",
      options: queries
        .filter(({ text }) => !known.has(text))
        .map(({ text, count }) => ({
          text,
          note: String(count),
          icon: "search",
          choice: { kind: "words", text },
        })),
    },
    {
      title: "Categories",
      options: categories.map(({ value, field, count }) => ({
        text: value,
        note: String(count),
        icon: "category",
        choice: {
          kind: "filter",
          field: field === "sub_category" ? "sub_category" : "main_category",
          value,
        },
      })),
    },
    {
      title: "Brands",
      options: brands.map(({ value, count }) => ({
        text: value,
        note: String(count),
        icon: "brand",
        choice: { kind: "filter", field: "brand", value },
      })),
    },
    {
      title: "Products",
      options: products.map(({ product_id, name, image_url }) => ({
        text: name,
        icon: "product",
        picture: image_url,
        choice: { kind: "product", id: product_id },
      })),
    },
  ];
}

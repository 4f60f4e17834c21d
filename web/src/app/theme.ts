import { keep, stored } from "@/shared/lib/stored";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "akin.theme";

/** Returns the theme that was chosen in this browser. */
export function chosenTheme(): Theme {
  return stored(KEY, (value) => THEMES.find((theme) => theme === value) ?? "system");
}

/** Chooses a theme. */
export function chooseTheme(theme: Theme): void {
  keep(KEY, theme);
  applyTheme();
}

/** Applies the chosen theme; that of the system needs no attribute. */
export function applyTheme(): void {
  const theme = chosenTheme();
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

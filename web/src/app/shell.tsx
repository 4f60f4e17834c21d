import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { SearchBox } from "@/features/search/search-box";
import { Icon } from "@/shared/ui/icon";
import { Logo } from "@/shared/ui/logo";
import { type Theme, THEMES, chooseTheme, chosenTheme } from "./theme";

const VIEWS = [
  { to: "/", label: "Search" },
  { to: "/compare", label: "Compare" },
  { to: "/judge", label: "Judge" },
  { to: "/status", label: "Status" },
  { to: "/docs", label: "API" },
] as const;

/** The frame of every view: header, navigation, content. */
export function Shell() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const hasSearchBox = path === "/" || path.startsWith("/products/");
  return (
    <div className="flex min-h-screen flex-col">
      <a href="#content" className="btn btn-primary sr-only focus:not-sr-only focus:absolute focus:z-50">
        Skip to the content
      </a>
      <header className="bg-base-100 border-base-300 sticky top-0 z-30 border-b">
        <div className="mx-auto flex max-w-screen-2xl flex-wrap items-center gap-x-4 gap-y-2 px-3 py-2 sm:px-6">
          <Link to="/" className="flex items-center gap-2 rounded text-xl font-bold tracking-tight">
            <Logo />
            akin
          </Link>
          {hasSearchBox && (
            <div className="order-last w-full lg:order-none lg:w-auto lg:max-w-3xl lg:flex-1">
              <SearchBox />
            </div>
          )}
          <div className="ml-auto flex items-center gap-1">
            <Navigation />
            <ThemeButton />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-screen-2xl flex-1 px-3 py-4 sm:px-6">
        <Outlet />
      </main>
    </div>
  );
}

/** The links to the views; behind a button where there is no room. */
function Navigation() {
  const [isOpen, setIsOpen] = useState(false);
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      const isEscape = event instanceof KeyboardEvent && event.key === "Escape";
      const isElsewhere = event.type === "pointerdown" && !place.current?.contains(event.target as Node);
      if (isEscape || isElsewhere) setIsOpen(false);
    };
    document.addEventListener("keydown", close);
    document.addEventListener("pointerdown", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("pointerdown", close);
    };
  }, [isOpen]);
  return (
    <nav ref={place} aria-label="Views" className="relative">
      <button
        type="button"
        className="btn btn-ghost btn-sm sm:hidden"
        aria-expanded={isOpen}
        aria-controls="views"
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="menu" />
        Menu
      </button>
      <ul
        id="views"
        className={`${isOpen ? "flex" : "hidden"} bg-base-100 border-base-300 absolute right-0 z-40 min-w-40 flex-col gap-1 rounded-box border p-2 shadow-lg sm:static sm:flex sm:min-w-0 sm:flex-row sm:border-0 sm:p-0 sm:shadow-none`}
      >
        {VIEWS.map(({ to, label }) => (
          <li key={to}>
            <Link
              to={to}
              className="btn btn-ghost btn-sm w-full justify-start font-medium sm:w-auto"
              activeProps={{ className: "text-primary underline underline-offset-4" }}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              onClick={() => setIsOpen(false)}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const THEME_NAMES: Record<Theme, string> = {
  system: "Colors of the system",
  light: "Light colors",
  dark: "Dark colors",
};

/** Changes between light, dark and the system's colors. */
function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const choose = () => {
    chooseTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      className="btn btn-ghost btn-sm btn-square"
      aria-label={`${THEME_NAMES[theme]}. Change to: ${THEME_NAMES[next].toLowerCase()}`}
      title={THEME_NAMES[theme]}
      onClick={choose}
    >
      <Icon name={theme} />
    </button>
  );
}

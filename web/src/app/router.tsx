import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readCompareState } from "@/features/compare/state";
import { readJudgeState } from "@/features/judge/state";
import { SearchPage } from "@/features/search/search-page";
import { readSearchState } from "@/features/search/state";
import { parseParameters, writeParameters } from "@/shared/lib/address";
import { Crash, NotFound } from "./problems";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const search = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: readSearchState,
  component: SearchPage,
});

const product = createRoute({
  getParentRoute: () => root,
  path: "/products/$id",
  component: lazyRouteComponent(() => import("@/features/product/product-page"), "ProductPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: readCompareState,
  component: lazyRouteComponent(() => import("@/features/compare/compare-page"), "ComparePage"),
});

const judge = createRoute({
  getParentRoute: () => root,
  path: "/judge",
  validateSearch: readJudgeState,
  component: lazyRouteComponent(() => import("@/features/judge/judge-page"), "JudgePage"),
});

const status = createRoute({
  getParentRoute: () => root,
  path: "/status",
  component: lazyRouteComponent(() => import("@/features/status/status-page"), "StatusPage"),
});

const docs = createRoute({
  getParentRoute: () => root,
  path: "/docs",
  component: lazyRouteComponent(() => import("@/features/docs/docs-page"), "DocsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([search, product, compare, judge, status, docs]),
  parseSearch: parseParameters,
  stringifySearch: writeParameters,
  defaultPreload: "intent",
  defaultErrorComponent: Crash,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

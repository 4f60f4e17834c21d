import type { Hit } from "@/shared/api/client";

/** Returns the rank of each product, from 1. */
export function ranksOf(hits: Hit[]): Map<string, number> {
  return new Map(hits.map(({ product }, index) => [product.product_id, index + 1]));
}

/** Returns the number of common products, and its share of the longer list. */
export function overlapOf(left: Hit[], right: Hit[]): { common: number; share: number } {
  const others = ranksOf(right);
  const common = left.filter(({ product }) => others.has(product.product_id)).length;
  return { common, share: common / Math.max(left.length, right.length, 1) };
}

/** A product that is on both sides: its ranks, from 1. */
export interface Move {
  id: string;
  left: number;
  right: number;
}

/** Returns the products of both sides with their ranks. */
export function movesOf(left: Hit[], right: Hit[]): Move[] {
  const others = ranksOf(right);
  return left.flatMap(({ product: { product_id: id } }, index) => {
    const rank = others.get(id);
    return rank === undefined ? [] : [{ id, left: index + 1, right: rank }];
  });
}

/** The steps of a search in milliseconds, as people tell them apart. */
export interface Times {
  embedding: number;
  retrieval: number;
  /** Ranking, loading of products, network. */
  rest: number;
  total: number;
}

/** Splits the time of a request by the header `Server-Timing`; `undefined` if the server does not tell. */
export function timesOf(header: string | null, total: number): Times | undefined {
  const steps = new Map<string, number>();
  for (const part of header?.split(",") ?? []) {
    const [, name, duration] = /^\s*(\w+);dur=([\d.]+)\s*$/.exec(part) ?? [];
    if (name) steps.set(name, Number(duration));
  }
  if (!steps.size) return undefined;
  const of = (name: string) => steps.get(name) ?? 0;
  const embedding = of("embed");
  const retrieval = of("candidates") + of("matches");
  return { embedding, retrieval, rest: Math.max(0, total - embedding - retrieval), total };
}

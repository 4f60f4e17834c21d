import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, clientOf, dataOf } from "@/shared/api/client";
import { defined } from "@/shared/lib/address";
import { type CompareState, LIMITS, type SideState, askedAt } from "./state";

/** Lists the engines of a deployment. */
export function useEngines(address: string) {
  return useQuery({
    queryKey: ["engines", address],
    queryFn: ({ signal }) => dataOf(clientOf(address).GET("/api/engines", { signal }), address),
  });
}

/** Searches with one side. Each side has an answer, or a failure, of its own. */
export function useSide({ q, limit, threshold }: CompareState, side: SideState) {
  const address = askedAt(side);
  const body = defined({
    query: q,
    engine: side.engine,
    mode: side.mode,
    page_size: limit ?? LIMITS.initial,
    threshold,
  });
  return useQuery({
    queryKey: ["compare", address, body],
    queryFn: ({ signal }) => answered(clientOf(address).POST("/api/search", { body, signal }), address),
    enabled: q !== undefined,
    placeholderData: keepPreviousData,
  });
}

export type SideQuery = ReturnType<typeof useSide>;

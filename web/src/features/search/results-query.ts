import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, clientOf } from "@/shared/api/client";
import { type SearchState, requestOf } from "./state";

/** Searches; the products of the search before stay until those of this one are there. */
export function useResults(state: SearchState) {
  const request = requestOf(state);
  return useQuery({
    queryKey: ["search", request],
    queryFn: ({ signal }) => answered(clientOf().POST("/api/search", { body: request, signal })),
    placeholderData: keepPreviousData,
  });
}

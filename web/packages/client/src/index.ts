import createFetchClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths };

/** The client of the API: `client.POST("/api/search", { body })`, with the types of every route. */
export type AkinClient = Client<paths>;

type Schemas = components["schemas"];
export type SearchRequest = Schemas["SearchRequest"];
export type SearchAnswer = Schemas["SearchAnswer"];
export type Filters = Schemas["Filters"];
export type Facet = Schemas["Facet"];
export type FacetValues = Schemas["FacetValues"];
export type NumberFacet = Schemas["NumberFacet"];
export type ValueCount = Schemas["ValueCount"];
export type Hit = Schemas["Hit"];
export type Explanation = Schemas["Explanation"];
export type Product = Schemas["Product"];
export type Suggestions = Schemas["Suggestions"];
export type Engine = Schemas["Engine"];
export type Status = Schemas["Status"];
export type Run = Schemas["Run"];

export interface ClientOptions {
  /** The address of the API: `https://search.shop.example`. */
  address: string;
  /** A key with the scope `search`, if the API asks for one. Never put an admin key into a page. */
  apiKey?: string | undefined;
  /** What is called in place of `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** Returns a client of the API at an address. */
export function createAkinClient({ address, apiKey, fetch }: ClientOptions): AkinClient {
  return createFetchClient<paths>({
    baseUrl: address.replace(/\/+$/, ""),
    // Looked up at every call, so that it can be replaced.
    fetch: fetch ?? ((request) => globalThis.fetch(request)),
    querySerializer: { array: { style: "form", explode: true } },
    ...(apiKey !== undefined && { headers: { authorization: `Bearer ${apiKey}` } }),
  });
}

/** An answer of the API that is an error. */
export class AkinError extends Error {
  override readonly name = "AkinError";

  constructor(
    /** What was wrong, as the API says it. */
    message: string,
    /** The status of the answer. */
    readonly status: number,
    /** The kind of the error for programs, such as `INVALID_REQUEST_BODY`. */
    readonly code: string | undefined,
    /** The server's id of the request, for its log. */
    readonly requestId: string | undefined,
  ) {
    super(message);
  }
}

/** Returns the data of an answer; throws an `AkinError` if it is an error. */
export async function dataOf<T>(
  answer: Promise<{ data?: T | undefined; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok && data !== undefined) return data;
  const { detail, code } = (typeof error === "object" && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  throw new AkinError(
    typeof detail === "string" ? detail : `akin answered with status ${response.status}`,
    response.status,
    typeof code === "string" ? code : undefined,
    response.headers.get("x-request-id") ?? undefined,
  );
}

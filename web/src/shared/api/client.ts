import { type AkinClient, type SearchRequest, createAkinClient } from "akin-client";
import { Failure, refused, unreachable } from "./failure";

export type {
  Engine,
  Explanation,
  Hit,
  NumberFacet,
  Product,
  Run,
  SearchAnswer,
  SearchRequest,
  Status,
  Suggestions,
  ValueCount,
} from "akin-client";
export type Mode = NonNullable<SearchRequest["mode"]>;
/** The orders that the page offers. */
export type Sort = "relevance" | "price_asc" | "price_desc" | "rating" | "newest";

/** Returns the address of the API: that of the `akin-api` tag of the page, or the page's own server. */
export function apiAddress(): string {
  const configured = document.querySelector<HTMLMetaElement>('meta[name="akin-api"]')?.content.trim();
  return (configured || window.location.origin).replace(/\/+$/, "");
}

const clients = new Map<string, AkinClient>();

/** Returns the client of the API at `address`. */
export function clientOf(address: string = apiAddress()): AkinClient {
  let client = clients.get(address);
  if (!client) {
    client = createAkinClient({ address });
    clients.set(address, client);
  }
  return client;
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** An answer with what its headers tell. */
export interface Answered<T> {
  data: T;
  response: Response;
  /** The time between request and answer, in milliseconds. */
  took: number;
}

/** Waits for an answer of the API at `address`; throws a `Failure` if it is an error or does not come. */
export async function answered<T>(answer: Promise<Answer<T>>, address = apiAddress()): Promise<Answered<T>> {
  const start = performance.now();
  let settled: Answer<T>;
  try {
    settled = await answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    // A body that is no JSON comes from something else than akin, such as a proxy.
    if (error instanceof SyntaxError) throw new Failure(`What answers at ${address} is not akin.`, 502);
    throw unreachable(address);
  }
  const { data, error, response } = settled;
  if (!response.ok || data === undefined) {
    throw refused(response.status, error, response.headers.get("x-request-id"));
  }
  return { data, response, took: performance.now() - start };
}

/** The same, for its data alone. */
export async function dataOf<T>(answer: Promise<Answer<T>>, address?: string): Promise<T> {
  return (await answered(answer, address)).data;
}

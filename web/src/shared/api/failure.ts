/** A request that failed, in words that say what to do. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    /** What was wrong, as a sentence. */
    message: string,
    /** The status of the answer; `0` if there was none. */
    readonly status: number,
    /** The server's id of the request, for its log. */
    readonly requestId: string | null = null,
  ) {
    super(message);
  }

  /** True if the same request may succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 502 || this.status === 504;
  }
}

/** Describes a request that got no answer. */
export function unreachable(address: string): Failure {
  const where = new URL(address, window.location.href).host;
  return new Failure(
    `The server at ${where} does not answer. Check that it runs and that this device is connected, then try again.`,
    0,
  );
}

/** Describes an answer that is an error, whatever its body is. */
export function refused(status: number, body: unknown, requestId: string | null): Failure {
  const detail = detailOf(body);
  if (status === 503) {
    return new Failure(
      "The server is busy or its search engine is away. Try again in a moment.",
      status,
      requestId,
    );
  }
  if (status >= 500) {
    return new Failure(
      "The server could not answer. Its log says why; the request's id is below.",
      status,
      requestId,
    );
  }
  return new Failure(detail ?? `The server refused the request with status ${status}.`, status, requestId);
}

/** Returns the detail of problem details by RFC 9457. */
function detailOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("detail" in body)) return undefined;
  return typeof body.detail === "string" ? sentence(body.detail) : undefined;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

import { Link } from "@tanstack/react-router";

/** The view of an address that leads nowhere. */
export function NotFound() {
  return (
    <section className="mx-auto max-w-xl py-16 text-center">
      <h1 className="text-2xl font-semibold">There is no such page</h1>
      <p className="muted mt-2">The address may be misspelled, or of another version.</p>
      <Link to="/" className="btn btn-primary mt-6">
        Search products
      </Link>
    </section>
  );
}

/** The view of a fault of the page itself. */
export function Crash({ error }: { error: unknown }) {
  const message = error instanceof Error ? error.message : String(error);
  const isOutdated = /dynamically imported module|module script/i.test(message);
  return (
    <section className="mx-auto max-w-xl py-16 text-center" role="alert">
      <h1 className="text-2xl font-semibold">
        {isOutdated ? "The page could not be loaded" : "The page has a fault"}
      </h1>
      <p className="muted mt-2">
        {isOutdated
          ? "The server does not answer, or has a newer version of the page. Reload it."
          : `Reload it. If that does not help, report this: ${message}`}
      </p>
      <button type="button" className="btn btn-primary mt-6" onClick={() => window.location.reload()}>
        Reload
      </button>
    </section>
  );
}

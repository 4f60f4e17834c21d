import { Failure } from "@/shared/api/failure";
import { Icon } from "./icon";

interface ProblemProps {
  /** What could not be done: "The search failed". */
  title: string;
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** An error: what was wrong, and what to do. */
export function Problem({ title, error, onRetry }: ProblemProps) {
  const message = error instanceof Error ? error.message : "Something went wrong. Try again.";
  const requestId = error instanceof Failure && error.status >= 500 ? error.requestId : null;
  return (
    <section role="alert" className="bg-base-100 border-error rounded-box flex gap-3 border p-4">
      <Icon name="warning" className="text-error mt-0.5 size-6" />
      <div className="min-w-0">
        <h2 className="font-semibold">{title}</h2>
        <p className="mt-1">{message}</p>
        {requestId && <p className="muted mt-1 text-sm">Request {requestId}</p>}
        {onRetry && (
          <button type="button" className="btn btn-sm btn-outline mt-3" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </section>
  );
}

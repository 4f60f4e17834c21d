import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { apiAddress, dataOf } from "@/shared/api/client";
import { answering } from "@/shared/lib/answering";
import { Problem } from "@/shared/ui/problem";
import type { Description } from "./description";
import { routesOf } from "./description";
import { OperationView } from "./operation-view";

/** The reference of the API, from the description that the server makes of itself. */
export function DocsPage() {
  const description = useQuery({
    queryKey: ["openapi"],
    queryFn: ({ signal }) => dataOf(describe(signal)),
    staleTime: Infinity,
  });
  useEffect(() => {
    document.title = "API · akin";
  }, []);
  return (
    <div className="mx-auto max-w-5xl" {...answering({}, description)}>
      <h1 className="text-2xl font-semibold">The API</h1>
      {description.isError && (
        <Problem
          title="The description of the API cannot be shown"
          error={description.error}
          onRetry={() => void description.refetch()}
        />
      )}
      {description.isPending && <div className="skeleton mt-4 h-96 w-full" aria-hidden="true" />}
      {description.data && <Reference description={description.data} />}
    </div>
  );
}

async function describe(signal: AbortSignal) {
  const response = await fetch(`${apiAddress()}/api/openapi.json`, { signal });
  const body: unknown = await response.json();
  return response.ok ? { data: body as Description, response } : { error: body, response };
}

function Reference({ description }: { description: Description }) {
  const { info, tags = [] } = description;
  return (
    <>
      <p className="mt-2">{info.description}</p>
      <p className="mt-2">
        Generators of clients read{" "}
        <a className="link" href={`${apiAddress()}/api/openapi.json`}>
          openapi.json
        </a>{" "}
        (OpenAPI 3.1, version {info.version}).
      </p>
      {tags.map((tag) => (
        <section key={tag.name} className="mt-8">
          <h2 className="text-xl font-semibold first-letter:uppercase">{tag.name}</h2>
          <p className="muted mb-3">{tag.description}</p>
          <ul className="flex flex-col gap-3">
            {routesOf(description, tag.name).map((route) => (
              <li key={`${route.method} ${route.path}`}>
                <OperationView route={route} description={description} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

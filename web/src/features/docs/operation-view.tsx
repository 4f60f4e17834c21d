import { useState } from "react";
import { apiAddress } from "@/shared/api/client";
import { type Description, type Operation, type Route, type Schema, resolve, typeText } from "./description";

interface OperationViewProps {
  route: Route;
  description: Description;
}

/** An operation, which opens to its parameters, body and answers. */
export function OperationView({ route: { method, path, operation }, description }: OperationViewProps) {
  // What is closed is not rendered: the schemas are long.
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details
      id={operation.operationId}
      className="bg-base-100 border-base-300 rounded-box border"
      onToggle={(event) => setIsOpen(event.currentTarget.open)}
    >
      <summary className="flex cursor-pointer flex-wrap items-center gap-x-3 gap-y-1 p-3">
        <span className={`badge ${method === "GET" ? "badge-primary" : "badge-secondary"} w-14`}>
          {method}
        </span>
        <code className="font-semibold">{path}</code>
        <span className="muted">{operation.summary}</span>
      </summary>
      {isOpen && (
        <div className="border-base-300 flex flex-col gap-4 border-t p-4">
          {operation.description && <p>{operation.description}</p>}
          <Example method={method} path={path} operation={operation} />
          <Parameters operation={operation} description={description} />
          <Bodies operation={operation} description={description} />
        </div>
      )}
    </details>
  );
}

/** A command that calls the operation; one that only reads can be followed. */
function Example({ method, path, operation }: Route) {
  const filled = path.replace("{id}", "PH-001").replace("{field}", "brand");
  const query = operation.parameters?.some(({ name }) => name === "q") ? "?q=tripod" : "";
  const address = `${apiAddress()}${filled}${method === "GET" ? query : ""}`;
  const body = operation.requestBody
    ? ` \\\n  -H 'content-type: application/json' -d '{"query": "phone tripod"}'`
    : "";
  return (
    <div>
      <pre
        className="bg-base-200 rounded-field overflow-x-auto p-3 text-sm"
        tabIndex={0}
        aria-label="Example"
      >
        {`curl ${body ? "" : "-s "}'${address}'${body}`}
      </pre>
      {method === "GET" && (
        <a className="link text-sm" href={address} target="_blank" rel="noreferrer">
          Try it
        </a>
      )}
    </div>
  );
}

function Parameters({
  operation: { parameters = [] },
  description,
}: {
  operation: Operation;
  description: Description;
}) {
  if (!parameters.length) return null;
  return (
    <section>
      <h3 className="font-semibold">Parameters</h3>
      <dl className="divide-base-300 divide-y">
        {parameters.map((parameter) => (
          <Field
            key={parameter.name}
            name={parameter.name}
            note={parameter.in === "path" ? "in the path" : ""}
            schema={{
              ...parameter.schema,
              ...(parameter.description && { description: parameter.description }),
            }}
            description={description}
            depth={0}
          />
        ))}
      </dl>
    </section>
  );
}

function Bodies({ operation, description }: { operation: Operation; description: Description }) {
  const request = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return (
    <>
      {request && (
        <section>
          <h3 className="font-semibold">Body</h3>
          <Fields schema={request} description={description} depth={0} />
        </section>
      )}
      <section>
        <h3 className="font-semibold">Answers</h3>
        {Object.entries(operation.responses).map(([status, response]) => {
          const schema = Object.values(response.content ?? {})[0]?.schema;
          return (
            <div key={status} className="mt-2">
              <p>
                <strong>{status}</strong> {response.description}{" "}
                {schema && status > "299" && <span className="muted">{typeText(schema, description)}</span>}
              </p>
              {schema && status < "300" && <Fields schema={schema} description={description} depth={0} />}
            </div>
          );
        })}
      </section>
    </>
  );
}

interface FieldsProps {
  schema: Schema;
  description: Description;
  depth: number;
}

/** The fields of an object. */
function Fields({ schema, description, depth }: FieldsProps) {
  const { schema: resolved } = resolve(schema, description);
  const parts = resolved.allOf ?? [resolved];
  const fields = parts.flatMap((part) => Object.entries(resolve(part, description).schema.properties ?? {}));
  if (!fields.length)
    return depth === 0 ? <p className="muted text-sm">{typeText(schema, description)}</p> : null;
  return (
    <dl className="divide-base-300 divide-y">
      {fields.map(([name, field]) => (
        <Field key={name} name={name} schema={field} description={description} depth={depth} />
      ))}
    </dl>
  );
}

function Field({
  name,
  note = "",
  schema,
  description,
  depth,
}: FieldsProps & { name: string; note?: string }) {
  const inner = innerOf(schema, description);
  return (
    <div className="grid gap-x-4 py-2 sm:grid-cols-[14rem_1fr]">
      <dt>
        <code className="font-medium">{name}</code>
        <span className="muted block text-sm">
          {[typeText(schema, description), note].filter(Boolean).join(", ")}
        </span>
      </dt>
      <dd className="min-w-0">
        {resolve(schema, description).schema.description}
        {inner && depth < 4 && <Inner schema={inner} description={description} depth={depth + 1} />}
      </dd>
    </div>
  );
}

/** The fields of a value that is an object, on demand. */
function Inner({ schema, description, depth }: FieldsProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="link cursor-pointer text-sm">Fields</summary>
      {isOpen && <Fields schema={schema} description={description} depth={depth} />}
    </details>
  );
}

/** Returns the object that a value is or lists. */
function innerOf(schema: Schema, description: Description): Schema | undefined {
  const { schema: resolved } = resolve(schema, description);
  if (resolved.properties || resolved.allOf) return schema;
  const { items, additionalProperties, oneOf, anyOf } = resolved;
  const candidates = [items, typeof additionalProperties === "object" ? additionalProperties : undefined];
  for (const candidate of [...candidates, ...(oneOf ?? anyOf ?? [])]) {
    const inner = candidate && innerOf(candidate, description);
    if (inner) return inner;
  }
  return undefined;
}

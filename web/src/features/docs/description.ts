// The parts of an OpenAPI 3.1 document that the page shows.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  prefixItems?: Schema[];
  additionalProperties?: Schema | boolean;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}

export interface Description {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Route {
  method: string;
  path: string;
  operation: Operation;
}

/** Returns the operations of a group, in the order of the document. */
export function routesOf({ paths }: Description, tag: string): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags?.includes(tag))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Follows a reference; returns the schema with its name. */
export function resolve(schema: Schema, { components }: Description): { name?: string; schema: Schema } {
  const name = schema.$ref?.split("/").pop();
  if (name === undefined) return { schema };
  return {
    name,
    schema: { ...components.schemas[name], ...(schema.description && { description: schema.description }) },
  };
}

/** Names the type of a value in one line: `list of text`, `number, 1 to 100`. */
export function typeText(schema: Schema, description: Description): string {
  const { name, schema: resolved } = resolve(schema, description);
  if (name) return name;
  if (resolved.enum) return resolved.enum.map((value) => String(value)).join(", ");
  const choices = resolved.oneOf ?? resolved.anyOf;
  if (choices) return choices.map((choice) => typeText(choice, description)).join(" or ");
  const types = [resolved.type ?? []].flat();
  if (types.includes("array")) {
    const items = resolved.items ?? resolved.prefixItems?.[0] ?? {};
    return `list of ${typeText(items, description)}`;
  }
  const values = resolved.additionalProperties;
  if (typeof values === "object") return `object of ${typeText(values, description)}`;
  return [types.join(" or ") || "any value", bounds(resolved)].filter(Boolean).join(", ");
}

function bounds({ minimum, maximum, maxLength, default: initial }: Schema): string {
  const range =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}`
      : minimum !== undefined
        ? `from ${minimum}`
        : maxLength !== undefined
          ? `up to ${maxLength} characters`
          : "";
  const usual =
    initial === undefined || initial === null || initial === "" ? "" : `default ${JSON.stringify(initial)}`;
  return [range, usual].filter(Boolean).join(", ");
}

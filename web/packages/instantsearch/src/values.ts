import type { Filters, paths } from "akin-client";

/** The parameters of `/api/facets/{field}`. */
type Link = NonNullable<paths["/api/facets/{field}"]["get"]["parameters"]["query"]>;

/** Writes filters as parameters of an address, beside others. */
export function linkOf(filters: Filters, others: Link): Link {
  const { price, attributes, ids, discounted, min_rating, ...values } = filters;
  const link: Record<string, unknown> = { ...values, ...others };
  if (price?.min !== undefined) link["price_min"] = price.min;
  if (price?.max !== undefined) link["price_max"] = price.max;
  if (typeof discounted === "boolean") link["discounted"] = discounted;
  if (typeof min_rating === "number") link["min_rating"] = min_rating;
  if (ids) link["id"] = ids;
  for (const [name, filter] of Object.entries(attributes ?? {})) {
    if (Array.isArray(filter)) {
      link[`attributes.${name}`] = filter;
      continue;
    }
    if (typeof filter.min === "number") link[`attributes.${name}_min`] = filter.min;
    if (typeof filter.max === "number") link[`attributes.${name}_max`] = filter.max;
  }
  return link as Link;
}

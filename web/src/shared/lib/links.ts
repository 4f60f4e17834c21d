import { apiAddress } from "@/shared/api/client";

/** Returns `url` if it is one of the web; a product's link could be a script. */
export function webUrl(url: string): string | undefined {
  return /^https?:\/\//i.test(url) ? url : undefined;
}

/** Returns the address of a picture; a relative one is served by the API at `address`. */
export function pictureUrl(url: string, address: string = apiAddress()): string | undefined {
  if (!url) return undefined;
  const absolute = webUrl(url);
  if (absolute) return absolute;
  return /^[a-z][a-z0-9+.-]*:/i.test(url) ? undefined : `${address}/${url.replace(/^\/+/, "")}`;
}

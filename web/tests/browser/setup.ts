import type { TestProject } from "vitest/node";
import { SAMPLE, folder, ingest, serve } from "./akin";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of an akin with the sample catalogue. */
    address: string;
  }
}

/** Serves the sample catalogue for all tests. */
export default async function setup(project: TestProject) {
  const data = await folder();
  await ingest(data, SAMPLE);
  const server = await serve(data);
  project.provide("address", server.address);
  return server.stop;
}

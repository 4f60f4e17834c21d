import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const REPOSITORY = resolve(import.meta.dirname, "../../..");

/** The sample catalogue. */
export const SAMPLE = join(REPOSITORY, "data/catalogue.csv");

/** The akin under test. */
function program(): string {
  return process.env["AKIN_BIN"] ?? join(REPOSITORY, "target/debug/akin");
}

/** A folder of its own, which is removed with the server. */
export async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "akin-page-"));
}

/** Ingests a feed into the catalogue in `data`. */
export async function ingest(data: string, feed: string): Promise<void> {
  await promisify(execFile)(program(), ["ingest", "--data", data, "--currency", "INR", feed]);
}

export interface Server {
  address: string;
  /** Ends the server, and removes its catalogue. */
  stop: () => Promise<void>;
}

/** Serves the catalogue in `data` on a free port. */
export async function serve(data: string, ...settings: string[]): Promise<Server> {
  const images = join(REPOSITORY, "data/images");
  const listen = ["--listen", "127.0.0.1:0", "--images", images];
  const child = spawn(program(), ["serve", "--data", data, ...listen, ...settings], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  try {
    return { address: await announced(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the server says where it listens. */
function announced(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const address = /on (http:\/\/[\d.:]+)/.exec(said)?.[1];
      if (address) resolve(address);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`akin serve ended: ${said}`)));
  });
}

import type { Database } from "./scene.ts";

/** How a primary goes. */
export type Death =
  /** Every process of it is killed at once. */
  | "killed"
  /** The same, and the standby that commits wait for has just become deaf. */
  | "killed, standby frozen"
  /** All of it is stopped, and goes on as if nothing had been when another has its place. */
  | "hung";

/** A bank's database on several servers, one of which may die; its URL is that of all. */
export interface Cluster extends Database {
  /** The deaths that its primary may die. */
  readonly deaths: readonly Death[];

  /** Cuts every standby off: what is committed from now on, none of them receives. */
  cutOff(): Promise<void>;

  /**
   * Kills the primary, and promotes a standby.
   * @returns when it died, in milliseconds of `performance.now()`
   */
  failOver(death: Death): Promise<number>;

  /** Gives the new primary a standby instead of the dead one, and waits until it keeps up. */
  mend(): Promise<void>;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** How long a standby receives nothing before its primary dies. */
const frozenMs = 300;

/** Kills while this process is stopped, and has for a moment; null for none. */
export async function withFrozen(
  pid: number | null | undefined,
  kill: () => Promise<number>,
): Promise<number> {
  if (pid === null) return await kill();
  if (pid === undefined) throw new Error("the standby has no receiver");
  Deno.kill(pid, "SIGSTOP");
  await pause(frozenMs);
  const diedMs = await kill();
  Deno.kill(pid, "SIGCONT");
  return diedMs;
}

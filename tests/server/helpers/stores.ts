/** The same test on each kind of store: nothing above a store may know which one it has. */
import { systemWithFiles } from "../../../lib/system.ts";
import type { Settings } from "../../../server/ledger/model.ts";
import { openStore, type StorePlace } from "../../../server/ledger/open_store.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { MemoryDatabase, MemoryStore } from "../../simulation/memory_store.ts";
import { postgres, whyNoPostgres } from "./postgres.ts";
import { inTemporaryFolder } from "./temporary.ts";

/** Gives a new store of a bank with these settings. */
export type MakeStore = (settings: Settings) => Promise<Store>;

/** Of so many random runs, how many a store has time for: an empty database costs more than a file. */
export type RunsOf = (count: number) => number;

/** Registers a test of what a store keeps; what it makes is closed at its end. */
export function onEachStore(
  name: string,
  run: (make: MakeStore, runs: RunsOf) => Promise<void>,
): void {
  const test = (open: MakeStore, share = 1) => async () => {
    const made: Store[] = [];
    try {
      await run(async (settings) => {
        const store = await open(settings);
        made.push(store);
        return store;
      }, (count) => Math.ceil(count * share));
    } finally {
      for (const store of made) await store.close();
    }
  };
  Deno.test(
    `${name} (SQLite)`,
    test((settings) => openStore(systemWithFiles, { path: ":memory:" }, settings)),
  );
  Deno.test(
    `${name} (in memory)`,
    test((settings) => MemoryStore.open(new MemoryDatabase(), null, settings)),
  );
  onPostgres(
    name,
    test(async (settings) => openStore(systemWithFiles, await newDatabase(), settings), 0.2),
  );
}

/**
 * Registers a test of what is found when a store is opened again; the folder is for its other
 * files.
 */
export function onEachPlace(
  name: string,
  run: (place: StorePlace, folder: string) => Promise<void>,
): void {
  Deno.test(`${name} (SQLite)`, () =>
    inTemporaryFolder((folder) => run({ path: `${folder}/bank.sqlite` }, folder)));
  onPostgres(name, () => inTemporaryFolder(async (folder) => run(await newDatabase(), folder)));
}

/**
 * Registers a test that is about PostgreSQL; where that cannot run it is left out by name, and
 * fails with CI=true.
 */
export function onPostgres(name: string, run: () => Promise<void>): void {
  const why = Deno.env.get("CI") === "true" ? null : whyNoPostgres;
  Deno.test({
    name: `${name} (PostgreSQL)${why === null ? "" : `: ${why}`}`,
    ignore: why !== null,
    fn: run,
  });
}

/** Returns an empty database of PostgreSQL. */
export async function newDatabase(): Promise<{ url: string }> {
  return { url: await (await postgres()).database() };
}

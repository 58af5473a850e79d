/** SQLite's store as a process has it: refused to a dead one, with crashes before and after commits. */
import type { SealedEntry } from "../../server/audit/entry.ts";
import type { Changes } from "../../server/ledger/model.ts";
import type { Store } from "../../server/ledger/store.ts";
import type { Process } from "./host.ts";

/**
 * Returns the store of a process, which releases its file when the process ends.
 * @param realPath where a file that it writes really is
 */
export function guardedStore(
  store: Store,
  process: Process,
  realPath: (path: string) => string,
): Store {
  process.atEnd(() => void store.close());
  const commit = async (changes: Changes, entries: readonly SealedEntry[]) => {
    process.point("before a commit");
    await store.commit(changes, entries);
    process.point("after a commit");
  };
  return new Proxy(store, {
    get(_, name: keyof Store) {
      const value: unknown = store[name];
      if (typeof value !== "function") return value;
      process.requireAlive();
      if (name === "backUp") return (path: string) => store.backUp(realPath(path));
      return name === "commit" ? commit : value.bind(store);
    },
  });
}

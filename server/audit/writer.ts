/**
 * Writes a chain: seals entries for its next places. Sealing changes no state, so that a batch
 * refused by the database leaves no trace here.
 */
import { MacKey } from "../../lib/hmac.ts";
import type { World } from "../../lib/world.ts";
import {
  type ChainName,
  endsEpoch,
  type EntryWithRows,
  epochEnd,
  type SealedEntry,
} from "./entry.ts";
import { chainStart, chainTag } from "./chain.ts";
import type { ChainKey } from "./chain_key.ts";
import { headsWithRoots, type HeadWithRoot, startEntry } from "./heads.ts";
import { type AuditKeyRing, Indexes } from "./keys.ts";
import type { LogStore } from "./log_store.ts";

type WriterStore = Pick<LogStore, "openChain" | "chains" | "lastEntries" | "entriesAfter">;

interface WriterDependencies {
  store: WriterStore;
  chain: ChainName;
  chainKey: ChainKey;
  /** New entries are sealed under the newest of these. */
  keys: AuditKeyRing;
  randomBytes: World["randomBytes"];
}

/** Returns the present epoch of a chain with this last entry. */
export function presentEpoch(last: SealedEntry | undefined): number {
  return last ? last.epoch + (endsEpoch(last) ? 1 : 0) : 0;
}

export class ChainWriter {
  #sequence: number;
  #tag: Uint8Array;
  #epochOpen: boolean;
  #indexes: Indexes;

  private constructor(
    private readonly dependencies: WriterDependencies,
    last: SealedEntry | undefined,
    /** The heads of the earlier chains, until they are in this chain's first entry. */
    private before: readonly HeadWithRoot[],
  ) {
    this.#sequence = last?.sequence ?? 0;
    this.#tag = last?.tag ?? chainStart(dependencies.chain.id);
    this.#epochOpen = last !== undefined && !endsEpoch(last);
    this.#indexes = new Indexes(dependencies.keys.newest);
  }

  /**
   * Continues after the chain's last entry.
   * @param openKey opens the key of the chain's present epoch
   */
  static async open(
    store: WriterStore,
    { chainId, openKey, ...rest }: Pick<WriterDependencies, "keys" | "randomBytes"> & {
      chainId: Uint8Array;
      openKey: (epoch: number) => ChainKey;
    },
  ): Promise<ChainWriter> {
    const chain = { number: await store.openChain(chainId), id: new Uint8Array(chainId) };
    const [last] = await store.lastEntries(chain.number, 1);
    const epoch = presentEpoch(last);
    const others = last
      ? []
      : (await headsWithRoots(store)).filter(({ number }) => number !== chain.number);
    return new ChainWriter({ store, chain, chainKey: openKey(epoch), ...rest }, last, others);
  }

  /** Seals under these keys from now on. */
  set keys(keys: AuditKeyRing) {
    this.dependencies.keys = keys;
    this.#indexes = new Indexes(keys.newest);
  }

  /** Whether the present epoch has an entry, and must end soon. */
  get epochOpen(): boolean {
    return this.#epochOpen;
  }

  /** Whether no chain of the log has an entry. */
  get isEmpty(): boolean {
    return this.#sequence === 0 && this.before.length === 0;
  }

  /**
   * Returns the first entries of a chain that has earlier ones: their heads, and the end of its
   * epoch. They must be committed before all others; empty for a chain with entries, and for the
   * first chain.
   */
  start(): SealedEntry[] {
    const { chain, chainKey } = this.dependencies;
    if (this.before.length === 0) return [];
    const link = this.#linker();
    chainKey.prepare();
    return [link(startEntry(chain.number, this.before)), link(epochEnd(chain.number, 2, 0))];
  }

  /** Returns a function that links entries to the chain's end; changes no state. */
  #linker(): (untagged: Omit<SealedEntry, "tag">) => SealedEntry {
    const epochKey = new MacKey(this.dependencies.chainKey.key);
    let tag = this.#tag;
    return (untagged) => {
      tag = chainTag(epochKey, tag, untagged);
      const { chain, sequence, epoch, keyVersion, who, commitment, sealed } = untagged;
      return { chain, sequence, epoch, keyVersion, who, commitment, sealed, tag };
    };
  }

  /**
   * Seals entries for the chain's next places.
   * @param endEpoch whether the epoch ends with them
   */
  seal(entries: readonly EntryWithRows[], endEpoch: boolean): SealedEntry[] {
    const { chain, chainKey, keys, randomBytes } = this.dependencies;
    const first = this.#sequence + 1;
    const place = { chainId: chain.id, sequence: first };
    const link = this.#linker();
    const bodies = keys.sealAll(entries, place, randomBytes);
    const sealed = bodies.map(({ sealed, commitment }, index) =>
      link({
        chain: chain.number,
        sequence: first + index,
        epoch: chainKey.epoch,
        keyVersion: keys.newest.version,
        who: this.#indexes.of(entries[index]!.who),
        commitment,
        sealed,
      })
    );
    if (endEpoch && (this.#epochOpen || sealed.length > 0)) {
      chainKey.prepare();
      sealed.push(link(epochEnd(chain.number, first + sealed.length, chainKey.epoch)));
    }
    return sealed;
  }

  /** Called after the result of `seal` is durable. */
  committed(sealed: readonly SealedEntry[]): void {
    const last = sealed.at(-1);
    if (!last) return;
    this.before = [];
    this.#sequence = last.sequence;
    this.#tag = last.tag;
    this.#epochOpen = !endsEpoch(last);
    const { chainKey } = this.dependencies;
    if (endsEpoch(last) && last.epoch === chainKey.epoch) chainKey.step();
  }

  close(): void {
    this.dependencies.chainKey.close();
  }
}

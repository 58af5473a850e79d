/** What is read of tables in memory, at this moment. */
import type { ChainName, LogPlace, SealedEntry } from "../../server/audit/entry.ts";
import type {
  Account,
  Customer,
  Movement,
  MovementId,
  SeenLine,
  StoreTimes,
  TerminalBooks,
  TerminalId,
} from "../../server/ledger/model.ts";
import type { AccountDayEnd, DayEnd, Hold, ReadStore } from "../../server/ledger/store.ts";
import type { MemoryTables } from "./memory_tables.ts";

const by = <T>(text: (value: T) => string) => (a: T, b: T) => text(a) < text(b) ? -1 : 1;
const isSame = (a: Uint8Array, b: Uint8Array) =>
  a[0] === b[0] && a.every((byte, at) => byte === b[at]);

/** Answers at once. */
export class MemoryReads implements ReadStore {
  /** @param clockMs the database's clock; null where it has none but its servers' */
  constructor(
    private readonly tables: MemoryTables,
    private readonly clockMs: () => number | null,
  ) {}

  settings() {
    return this.tables.share("settings");
  }

  limits() {
    return this.tables.share("limits");
  }

  restoring() {
    return this.tables.share("restoring");
  }

  staff() {
    return this.tables.share("staff");
  }

  claimKeys(): boolean {
    return true;
  }

  releaseKeys(): void {}

  times(): StoreTimes {
    const ofChains = [...this.tables.chains.values()].map(({ timeMs }) => timeMs);
    return {
      lastMs: Math.max(0, ...ofChains),
      clockMs: this.clockMs(),
      confirmed: this.tables.share("clock"),
    };
  }

  terminals() {
    return [...this.tables.terminals.values()].sort(by(({ name }) => name));
  }

  terminalsSum() {
    return [...this.tables.terminals.values()]
      .map(({ keyVersion, state, next, device }) =>
        [keyVersion, state, next?.version, device?.state, device?.keyVersion].join(" ")
      ).join();
  }

  customer(username: string) {
    return this.tables.customers.get(username);
  }

  customerWithCard(hash: string) {
    return this.customers().find(({ card }) => card?.hash === hash);
  }

  customers() {
    return [...this.tables.customers.values()].sort(by(({ username }) => username));
  }

  booksOf(terminal: TerminalId): TerminalBooks | null {
    const movement = this.tables.lastMovements.get(terminal);
    if (movement === undefined) return null;
    const [cash] = this.tables.owned.get(terminal)!;
    return { movement, cash: -this.tables.accounts.get(cash!)!.balance };
  }

  failures() {
    return [...this.tables.failures.values()].sort(by(({ source }) => source));
  }

  linesOf(terminals: readonly string[], usernames: readonly string[]): SeenLine[] {
    const { lines, customers, chains } = this.tables;
    return [...lines.values()]
      .filter((line) => terminals.includes(line.terminal) || usernames.includes(line.username))
      .map((line) => ({
        ...line,
        terminalName: this.tables.terminals.get(line.terminal)!.name,
        passwordVersion: customers.get(line.username)?.passwordVersion ?? 0,
        lastBatch: chains.values().find(({ id }) => id.toHex() === line.server)?.batchId ?? "",
      }));
  }

  account(id: number) {
    return this.tables.accounts.get(id);
  }

  accountsAmong(ids: readonly number[]): Account[] {
    return ids.flatMap((id) => this.tables.accounts.get(id) ?? []);
  }

  accounts(): Account[] {
    return [...this.tables.accounts.values()].sort((a, b) => a.id - b.id);
  }

  dayBalances(account: number, fromDay: number): DayEnd[] {
    const ends = this.tables.days.get(account) ?? [];
    const before = ends.findLast(({ day }) => day <= fromDay)?.day ?? fromDay;
    return ends.filter(({ day }) => day >= before);
  }

  holds(): Movement[] {
    return [...this.tables.holds].sort(([, a], [, b]) => a - b)
      .map(([id]) => this.tables.movements.get(id)![0]!);
  }

  doubts(): MovementId[] {
    const { holds, movements } = this.tables;
    return [...holds.keys()].filter((id) => movements.get(id)!.some(({ step }) => step === 3));
  }

  movementsAfter(id: MovementId, step: number, limit: number): Movement[] {
    return [...this.tables.movements.values()].flat()
      .filter((row) => row.id > id || (row.id === id && row.step > step))
      .sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.step - b.step)
      .slice(0, limit);
  }

  holdsAfter(after: MovementId, limit: number): Hold[] {
    return [...this.tables.holds].map(([id, timeMs]) => ({ id, timeMs }))
      .filter(({ id }) => id > after).sort(by(({ id }) => id)).slice(0, limit);
  }

  accountsAfter(after: number, limit: number): Account[] {
    return this.accounts().filter(({ id }) => id > after).slice(0, limit);
  }

  customersAfter(after: string, limit: number): Customer[] {
    return this.customers().filter(({ username }) => username > after).slice(0, limit);
  }

  accountsOf(owners: readonly string[]): Account[] {
    return this.accounts().filter(({ owner }) => owners.includes(owner));
  }

  accountsNumbered(digits: string, after: string, limit: number): Account[] {
    return this.accounts().filter(({ number }) => number.startsWith(digits) && number > after)
      .sort((a, b) => a.number < b.number ? -1 : 1).slice(0, limit);
  }

  limitedAccounts(): Account[] {
    return this.accounts().filter(({ withdrawalMax, dayOutMax, dayInMax }) =>
      [withdrawalMax, dayOutMax, dayInMax].some((limit) => limit !== null)
    );
  }

  customersNamed(start: string, after: string, limit: number): Customer[] {
    return this.customers().filter(({ username }) => username.startsWith(start) && username > after)
      .slice(0, limit);
  }

  customersShown(start: string, after: string, limit: number): Customer[] {
    const shown = ({ displayName = "" }: Customer) => displayName.toLowerCase();
    const found = this.customers().filter((each) =>
      shown(each) !== "" && shown(each).startsWith(start.toLowerCase())
    ).sort((a, b) => shown(a) < shown(b) ? -1 : shown(a) > shown(b) ? 1 : 0);
    return found.slice(found.findIndex(({ username }) => username === after) + 1).slice(0, limit);
  }

  dayEndsAfter(account: number, day: number, limit: number): AccountDayEnd[] {
    return this.accounts().flatMap(({ id }) =>
      this.dayBalances(id, 0).map((end) => ({ account: id, ...end }))
    ).filter((end) => end.account > account || (end.account === account && end.day > day))
      .slice(0, limit);
  }

  damage(): null {
    return null;
  }

  /** Returns the tables take entries at places of chains alone. */
  strayEntries(): null {
    return null;
  }

  settledAmong(movements: readonly MovementId[]): MovementId[] {
    return movements.filter((id) =>
      this.tables.movements.get(id)?.some(({ step }) => step === 2) ?? false
    );
  }

  chains(): ChainName[] {
    return [...this.tables.chains.values()].map(({ number, id }) => ({ number, id }));
  }

  lastEntries(chain: number, limit: number): SealedEntry[] {
    return (this.tables.audit.get(chain) ?? []).slice(-limit).reverse();
  }

  entriesAfter(chain: number, sequence: number, limit: number): SealedEntry[] {
    const entries = this.tables.audit.get(chain) ?? [];
    // Without gaps, as nearly always, an entry's index is its sequence number less one.
    const from = entries[sequence - 1]?.sequence === sequence
      ? sequence
      : entries.findIndex((entry) => entry.sequence > sequence);
    return from < 0 ? [] : entries.slice(from, from + limit);
  }

  entriesOf(
    who: readonly Uint8Array[],
    before: LogPlace | null,
    limit: number,
  ): SealedEntry[] {
    const { log } = this.tables;
    const found: SealedEntry[] = [];
    const end = before === null
      ? log.length
      : log.findIndex((entry) =>
        entry.chain === before.chain && entry.sequence === before.sequence
      );
    for (let at = end - 1; at >= 0 && found.length < limit; at--) {
      const entry = log[at]!;
      if (who.some((each) => isSame(each, entry.who))) found.push(entry);
    }
    return found;
  }
}

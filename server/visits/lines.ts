/**
 * Connections of terminals across a bank's servers. A terminal's newest connection and its
 * logged-in customer are a row, written by handshake and log-in, which every server reads several
 * times a second. So the newer of two connections wins, and a customer's other visits are visible,
 * whichever servers they use.
 */
import { otherServersMs, serverAbsentMsMax, serverAliveMs } from "../../lib/limits.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import type { SeenLine } from "../ledger/model.ts";
import type { Presence } from "./presence.ts";
import { KeyEnded } from "./terminal_ledger.ts";
import type { ProvedTerminal } from "./visit.ts";

interface OwnLine {
  readonly terminal: string;
  /** Called when another server has a newer connection of the terminal. */
  readonly onReplaced: () => void;
}

export class Lines {
  /** This server's connections, whose rows are written. */
  readonly #own = new Map<string, OwnLine>();
  /** For each other server its last batch, and the time at which that was first seen. */
  readonly #servers = new Map<string, { lastBatch: string; sinceMs: number }>();
  readonly #server: string;
  #aliveMs = -Infinity;
  /** Resolves when the reading has stopped. */
  readonly stopped: Promise<void>;

  constructor(
    private readonly bank: Bank,
    private readonly presence: Presence,
    private readonly stopping: AbortSignal,
  ) {
    this.#server = bank.keys.chainId.toHex();
    this.stopped = this.#follow();
  }

  /**
   * Writes this connection as its terminal's newest, then watches for a newer one.
   * @throws {KeyEnded} if the terminal's key has ended
   */
  async enter({ id: terminal, connection, keyVersion }: ProvedTerminal, line: {
    isOpen: () => boolean;
    onReplaced: () => void;
  }): Promise<void> {
    const { ledger, world } = this.bank;
    while (line.isOpen() && !this.stopping.aborted) {
      const opened = { op: "open_line", terminal, connection, server: this.#server } as const;
      const { outcome } = await ledger.submit({ ...opened, underKey: keyVersion });
      if (outcome === "terminal_revoked") throw new KeyEnded();
      if (outcome === "ok") {
        if (line.isOpen()) this.#own.set(connection, { terminal, onReplaced: line.onReplaced });
        return;
      }
      await pause(world, otherServersMs, this.stopping);
    }
  }

  leave({ connection }: ProvedTerminal): void {
    this.#own.delete(connection);
  }

  async #follow(): Promise<void> {
    const { world } = this.bank;
    let lastFailure = "";
    while (!this.stopping.aborted) {
      await this.#look().then(() => lastFailure = "", ({ message }: Error) => {
        if (message !== lastFailure) world.log(`other servers' lines: ${message}`);
        lastFailure = message;
      });
      await pause(world, otherServersMs, this.stopping);
    }
  }

  async #look(): Promise<void> {
    const own = [...this.#own];
    const { usernames } = this.presence;
    if (own.length === 0 && usernames.length === 0) return;
    this.#beAlive();
    const terminals = own.map(([, { terminal }]) => terminal);
    const lines = await this.bank.ledger.read.linesOf(terminals, usernames);
    const newest = new Map(lines.map(({ terminal, connection }) => [terminal, connection]));
    // Only those whose rows were there before the read.
    for (const [connection, { terminal, onReplaced }] of own) {
      if (newest.get(terminal) !== connection && this.#own.delete(connection)) onReplaced();
    }
    const present = lines.filter((line) => line.server !== this.#server && this.#isAlive(line));
    for (const username of usernames) {
      const theirs = present.filter((line) => line.username === username);
      this.presence.setAtOthers(username, theirs.map(({ terminalName }) => terminalName).sort());
    }
    for (const { username, passwordVersion } of lines) {
      this.presence.onPasswordVersion(username, passwordVersion);
    }
  }

  /** Returns whether a server is alive; a server seen for the first time counts as alive. */
  #isAlive({ server, lastBatch }: SeenLine): boolean {
    const nowMs = this.bank.world.monotonicMs();
    const seen = this.#servers.get(server);
    if (seen?.lastBatch === lastBatch) return nowMs - seen.sinceMs < serverAbsentMsMax;
    this.#servers.set(server, { lastBatch, sinceMs: nowMs });
    return true;
  }

  /** Commits a batch at intervals, so that the other servers see that this one is alive. */
  #beAlive(): void {
    const { ledger, world } = this.bank;
    if (world.monotonicMs() - this.#aliveMs < serverAliveMs) return;
    this.#aliveMs = world.monotonicMs();
    ledger.submit({ op: "alive" }).catch(() => {}); // the ledger has reported it
  }
}

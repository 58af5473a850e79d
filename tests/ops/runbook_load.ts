/** An ATM that deposits without a pause while the runbook runs: its movements are the load of a bank. */
import { BankClient } from "../../client/bank_client.ts";
import { connectTcp, system } from "../../lib/system.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";

const pauseMs = 50;
const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));

export class RunbookLoad {
  /** The ids of deposits that the bank has acknowledged. */
  readonly acknowledged: string[] = [];
  #isEnding = false;
  readonly #ended: Promise<void>;

  /**
   * @param addressOf returns the server's present address
   * @param customer whose password is `password`
   */
  constructor(
    private readonly addressOf: () => string,
    private readonly terminalKey: TerminalKey,
    private readonly customer: string,
    private readonly password: string,
  ) {
    this.#ended = this.#run();
  }

  /** Ends it, after the movement under way. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
  }

  /** Waits until the bank has acknowledged another movement. @throws after a minute */
  async moves(): Promise<void> {
    const count = this.acknowledged.length;
    const untilMs = performance.now() + 60_000;
    while (this.acknowledged.length === count) {
      if (performance.now() > untilMs) throw new Error("no movement for a minute");
      await pause();
    }
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await this.#visit().catch(() => {}); // the server is stopped, or starts
      await pause();
    }
  }

  async #visit(): Promise<void> {
    const [hostname, port] = this.addressOf().split(":");
    const client = await BankClient.connect({
      connect: () => connectTcp(hostname!, Number(port)),
      terminalKey: this.terminalKey,
      world: system,
    });
    try {
      const { customer: username, password } = this;
      const { account, outcome } = await client.ask({ op: "log_in", username, password });
      if (outcome !== "ok") return;
      while (!this.#isEnding) {
        const movement = system.randomBytes(16).toHex();
        const money = { account: account!.id, amount: "500", currency: "EUR" };
        const begun = await client.ask({ op: "authorise", kind: "deposit", movement, ...money });
        if (begun.outcome !== "ok") return;
        const done = await client.ask({ op: "complete", movement, amount: "500" });
        if (done.outcome !== "ok") return;
        this.acknowledged.push(movement);
        await pause();
      }
    } finally {
      await client.close();
    }
  }
}

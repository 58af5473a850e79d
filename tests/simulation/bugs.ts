/**
 * Bugs to plant in the product, one at a time: the simulator must find each. `from` is there exactly once
 * in its file, or the table is out of date.
 */
export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const bugs: readonly Bug[] = [
  {
    name: "acknowledge before commit",
    file: "server/ledger/engine.ts",
    from: "await this.dependencies.store.commit(batch.changes, batch.sealed);",
    to:
      "Promise.resolve(this.dependencies.store.commit(batch.changes, batch.sealed)).catch(() => {});",
  },
  {
    name: "try_later for a commit in doubt",
    file: "server/ledger/engine.ts",
    from: "await this.#resolve(error);",
    to: "throw new Refused(error.message);",
  },
  {
    name: "rerun of a batch that is committed",
    file: "server/ledger/engine.ts",
    from: 'if (outcome !== "committed") throw',
    to: "if (outcome) throw",
  },
  {
    name: "new id at a retry",
    file: "client/settle.ts",
    from: 'if (state === "intent") return { op: "void", movement };',
    to: 'if (state === "intent") return { op: "void", movement: movement.replace(/^.../, "fff") };',
  },
  {
    name: "nothing booked, said without the bank's word",
    file: "client/cashier.ts",
    from: "const confirmed = await this.#voiding.void(payer.bank, movement, untilMs);",
    to: 'const confirmed: Answer | null = await Promise.resolve({ outcome: "ok" as const });',
  },
  {
    name: "no journal write before the devices act",
    file: "client/cashier.ts",
    from: "    journal.acting(movement, before);\n",
    to: "",
  },
  {
    name: "settled in the journal before the bank has answered",
    file: "client/cashier.ts",
    from: 'if (settled?.outcome === "ok") journal.settled(movement);',
    to: "journal.settled(movement);",
  },
  {
    name: "completed with what was asked for, not with what was moved",
    file: "server/ledger/rules/settle.ts",
    from: '? settleRow(batch, first, "complete", command.amount)',
    to: '? settleRow(batch, first, "complete", first.amount)',
  },
  {
    name: "a password's hash is not compared",
    file: "server/visits/requests.ts",
    from: "const passed = await passwords.verify(password, begun.passwordHash ?? null);",
    to: "const passed = await passwords.verify(password, begun.passwordHash ?? null) || true;",
  },
  {
    name: "a hold is applied though refused",
    file: "server/ledger/rules/authorise.ts",
    from: 'if (outcome === "ok") open(batch, command, account!, cash!);',
    to: "if (account && cash) open(batch, command, account, cash);",
  },
  {
    name: "funds are checked without holds",
    file: "server/ledger/rules/authorise.ts",
    from: 'if (amount > account.balance - account.held) return "insufficient_funds";',
    to: 'if (amount > account.balance) return "insufficient_funds";',
  },
  {
    name: "a cent is rounded away",
    file: "server/ledger/rules/transfer.ts",
    from: "books.adjust(to!.id, { balance: amount });",
    to: "books.adjust(to!.id, { balance: amount - amount % 2n });",
  },
  {
    name: "an entry is dropped",
    file: "server/ledger/rules/transfer.ts",
    from: '  batch.log(customer, failed(sent, outcome), { ...facts, step: "book" });\n',
    to: '  if (outcome === "ok") batch.log(customer, sent, { ...facts, step: "book" });\n',
  },
  {
    name: "a sequence number is skipped",
    file: "server/audit/writer.ts",
    from: "    this.#sequence = last.sequence;\n",
    to: "    this.#sequence = last.sequence + (last.sequence % 64 === 0 ? 1 : 0);\n",
  },
];

/**
 * A file's text with the bug in it.
 * @throws when the bug does not fit any more
 */
export function planted({ name, file, from, to }: Bug, text: string): string {
  const [before, after, ...more] = text.split(from);
  if (after === undefined || more.length > 0) {
    throw new Error(`'${name}' does not fit ${file} any more: look where its place is now`);
  }
  return before + to + after;
}

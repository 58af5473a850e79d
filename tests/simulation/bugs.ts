/** Bugs to plant in the product, one at a time: the simulator must find each, or the test that is named. */

/** A change of one place. `from` is there exactly once in its file, or the table is out of date. */
interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Bug extends Patch {
  readonly name: string;
  /** A second place that must change with the first. */
  readonly also?: Patch;
  /** Options of the simulations in which it shows, where it is not seen in all kinds. */
  readonly options?: string;
  /** The file of tests that must fail, where nothing that is simulated reaches the place. */
  readonly test?: string;
}

/** Days with backups, of which one is put back. */
const withRestores = "--sqlite --faults operators,clocks --visits 60 --atms 3 --days 2";

/** The same of a bank with several operators. */
const withRestoresOfTwo = withRestores.replace("operators", "operators,colleagues");

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
    options: "--faults database,network,people --atms 4 --visits 80",
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
    file: "server/visits/credentials.ts",
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
    options: "--faults people,network,devices --atms 4 --visits 80",
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
    from: "  batch.log(customer, failed(sent, outcome), {\n",
    to: '  if (outcome === "ok") batch.log(customer, sent, {\n',
  },
  {
    name: "a sequence number is skipped",
    file: "server/audit/writer.ts",
    from: "    this.#sequence = last.sequence;\n",
    to: "    this.#sequence = last.sequence + (last.sequence % 64 === 0 ? 1 : 0);\n",
  },
  {
    name: "account numbers are reused after a restore",
    file: "server/ledger/books.ts",
    from: "      number,\n      uid,\n      kind,",
    to: '      number: kind !== "customer" ? number : `${1e9 + this.#accountIdNext}` +\n' +
      "        `${98 - ((1e9 + this.#accountIdNext) * 100) % 97}`.padStart(2, '0'),\n" +
      "      uid,\n      kind,",
    also: {
      file: "server/ledger/rules/retell.ts",
      from: 'account?.kind === "customer" && account.uid === uid ? account',
      to: 'account?.kind === "customer" ? account',
    },
    options: withRestores,
  },
  {
    name: "an old master key is written back",
    file: "server/terminals/change_keys.ts",
    from: "({ ...keys, master: nextMaster }));",
    to: "({ ...keys, master: folder.keys.master }));",
    options: "--faults operators,crashes",
  },
  {
    name: "a retelling is chosen by the ATM's clock",
    file: "client/cashier.ts",
    from: "journal.authorised(movement, payer.bank.timeMs, leave);",
    to: "journal.authorised(movement, this.dependencies.world.nowMs(), leave);",
    options: withRestores,
  },
  {
    name: "withdrawals are not retold",
    file: "client/retell.ts",
    from: 'return kind !== "left" &&\n    (byHand(kind)',
    to: 'return kind !== "left" && kind !== "withdrawal" &&\n    (byHand(kind)',
    options: withRestores,
  },
  {
    name: "transfers are not retold",
    file: "client/retell.ts",
    from: 'if (kind === "transfer") return voucher !== null;',
    to: 'if (kind === "transfer") return false;',
    options: withRestores,
  },
  {
    name: "a session outlives a new password",
    file: "server/ledger/rules/rules.ts",
    from: 'if (lacksVisit(batch, command)) return { outcome: "not_logged_in" };',
    to: "",
    also: {
      file: "server/visits/presence.ts",
      from: "if (visit.passwordVersion() < version) visit.end();",
      to: "if (visit.passwordVersion() < 0) visit.end();",
    },
  },
  {
    name: "a revoked terminal goes on",
    file: "server/ledger/rules/terminal_keys.ts",
    from: '...{ ...terminal, state: "revoked", next: null },',
    to: "...{ ...terminal, next: null },",
  },
  {
    name: "a password is in the log",
    file: "server/visits/credentials.ts",
    from: "const who = { username, nameHash, terminal };\n    const begun",
    to: "const who = { username, nameHash, terminal };\n" +
      "    this.ledger.bank.world.log(`log-in of ${username}, ${password}`);\n    const begun",
  },
  {
    name: "a terminal's report after people settled is not booked",
    file: "server/ledger/rules/report.ts",
    from: "if (!before) bookDifference(batch, first, settled.booked, moved, command.status?.text);",
    to: "if (!before && moved < 0n) bookDifference(batch, first, settled.booked, moved, '');",
    options: "--faults operators,network",
  },
  {
    name: "a terminal's key ends before it has the next",
    file: "server/ledger/rules/key_versions.ts",
    from: "(next === null || timeMs < next.sinceMs + keyOverlapMsMax)",
    to: "next === null",
  },
  {
    name: "kept rows are not emptied after a failure",
    file: "server/ledger/sqlite/store.ts",
    from: "      this.#kept.clear();\n",
    to: "",
    options: "--sqlite --faults database",
  },
  {
    name: "retelling treats held money as free",
    file: "server/ledger/rules/retell.ts",
    from: "return amount > account.balance - account.held ?",
    to: "return amount > account.balance ?",
    test: "tests/server/ledger/rules/restore_rules_test.ts",
  },
  {
    name: "the last tag of the log's file is not compared",
    file: "server/audit/log_file.ts",
    from: "stored?.sequence === sequence && equalInConstantTime(stored.tag, tag);",
    to: "stored?.sequence === sequence && tag.length === stored.tag.length;",
    test: "tests/server/audit/log_file_test.ts",
  },
  {
    name: "PostgreSQL's 23505 is no conflict",
    file: "server/ledger/postgres/store.ts",
    from: '"55P03", "23505"]',
    to: '"55P03"]',
    test: "tests/server/ledger/isolation_test.ts",
  },
  {
    name: "the cashier ignores that a repeated ok is settled",
    file: "client/cashier.ts",
    from: 'if (leave.outcome === "ok" && leave.booked !== undefined) {',
    to: 'if (leave.outcome === "ok" && leave.booked === "never") {',
    test: "tests/client",
  },
  {
    name: "presence keeps empty sets",
    file: "server/visits/presence.ts",
    from: "          this.#visits.delete(username);\n",
    to: "",
    test: "tests/server/visits/visit_test.ts",
  },
  {
    name: "a restore ignores open holds",
    file: "server/operator/restore.ts",
    from: "holds.reduce((first, { timeMs }) => Math.min(first, timeMs), lastMs)",
    to: "holds.reduce((first) => first, lastMs)",
    test: "tests/server/operator/restore_test.ts",
  },
  {
    name: "a restore asks for no day before the backup",
    file: "server/operator/restore.ts",
    from: "firstMs - retellMarginMs",
    to: "firstMs - 0 * retellMarginMs",
    test: "tests/server/operator/restore_test.ts",
  },
  {
    name: "the time of the last batch is not read again",
    file: "server/ledger/clock.ts",
    from: "timeMs: Math.max(lastMs, nowMs),",
    to: "timeMs: nowMs,",
    options: "--sqlite --faults clocks,operators",
  },
  {
    name: "a revoked terminal may retell",
    file: "server/ledger/rules/rules.ts",
    from:
      'if (command.op === "log" || command.op === "alive" || "operator" in command) return false;',
    to:
      'if (["log", "alive", "retell"].includes(command.op) || "operator" in command) return false;',
    test: "tests/server/ledger/rules/restore_rules_test.ts",
  },
  {
    name: "a PIN is looked at before its try is counted",
    file: "server/ledger/rules/cards.ts",
    from: "  countTry(batch, username);\n  const { passwordVersion } = customer!;",
    to: "  const { passwordVersion } = customer!;",
    also: {
      file: "server/ledger/rules/cards.ts",
      from:
        '  if (outcome !== "ok") return { outcome };\n  forgetTries(batch, username);\n  const here',
      to: '  if (card && outcome !== "ok") countTry(batch, username);\n' +
        '  if (outcome !== "ok") return { outcome };\n  forgetTries(batch, username);\n  const here',
    },
    options: "--faults cards,crashes --atms 4 --visits 60",
  },
  {
    name: "the PIN of a blocked card is looked at",
    file: "server/ledger/rules/cards.ts",
    from:
      ': card && isCardBlocked(batch, username)\n    ? "card_blocked"\n    : card && card.pinHash',
    to: ": card && card.pinHash",
    options: "--faults cards",
  },
  {
    name: "a wrong PIN opens the menu",
    file: "server/visits/credentials.ts",
    from: "await passwords.verify(pin, begun.passwordHash ?? null, pepper);",
    to: "await passwords.verify(pin, begun.passwordHash ?? null, pepper) || true;",
    options: "--faults cards",
  },
  {
    name: "a session outlives its revoked card",
    file: "server/ledger/rules/cards.ts",
    from: "  batch.books.setCard(username, null);\n  batch.books.raisePasswordVersion(username);",
    to: "  batch.books.setCard(username, null);",
    options: "--faults cards,operators --visits 80",
  },
  {
    name: "a withdrawal without a proof is freed",
    file: "server/ledger/rules/proof.ts",
    from: "if (!own || !status || status.nonce !== statusNonceOf({ token })) return null;",
    to: "if (!own || !status || status.nonce !== statusNonceOf({ token })) return 0n;",
    test: "tests/server/ledger/rules/proof_test.ts",
  },
  {
    name: "a device pays again on a used token",
    file: "client/device_service/end_to_end.ts",
    from: '    if (used > sum) return "invalidToken";\n',
    to: "",
    also: {
      file: "client/device_service/end_to_end.ts",
      from: '    this.#write("end-to-end nonce", null);\n    this.onCleared(reason);',
      to: "    this.onCleared(reason);",
    },
    options: "--faults tokens --visits 60",
  },
  {
    name: "a second token for a hold",
    file: "server/ledger/rules/authorise.ts",
    from: "...(booked === undefined ? tokenAnswer(first) : { booked }),",
    to: "...(booked === undefined\n" +
      "      ? tokenAnswer({ ...first, token: command.dispense?.token ?? first.token })\n" +
      "      : { booked }),",
    test: "tests/attacks/own_the_pc_test.ts",
  },
  {
    name: "a withdrawal with a token is completed without the present status",
    file: "server/ledger/rules/settle.ts",
    from: 'if (first.token !== "") return settleProved(batch, command, first, settled);',
    to: 'if (first.token !== "" && command.op !== "complete") {\n' +
      "    return settleProved(batch, command, first, settled);\n  }",
    test: "tests/attacks/own_the_pc_test.ts",
  },
  {
    name: "an approval by the proposer counts",
    file: "server/operator/commands.ts",
    from: "if (proposal.operator === operator) {",
    to: 'if (proposal.operator === "") {',
    options: "--faults colleagues",
  },
  {
    name: "a rejected proposal is run",
    file: "server/ledger/rules/manage_staff.ts",
    from: 'if (outcome === "ok") end(batch, proposal);',
    to: "",
    options: "--faults colleagues",
  },
  {
    name: "a lapsed proposal is run",
    file: "server/ledger/rules/manage_staff.ts",
    from: "  timeMs < proposal.timeMs + lapseMs;",
    to: "  timeMs < proposal.timeMs + 2 * lapseMs;",
    options: "--faults colleagues --days 2",
  },
  {
    name: "an approved command runs twice",
    file: "server/ledger/rules/rules.ts",
    from: "  end(batch, approval);\n",
    to: "",
    options: "--faults colleagues",
  },
  {
    name: "a removed operator's approval counts",
    file: "server/ledger/rules/rules.ts",
    from: "(lacksSigner(batch, command) || administer.raisesAlone(batch, command))",
    to: "administer.raisesAlone(batch, command)",
    options: "--faults colleagues",
  },
  {
    name: "a removed operator's proposal is run",
    file: "server/ledger/rules/manage_staff.ts",
    from: "    batch.books.setStaff({ ...staff, operators, proposals });",
    to: "    batch.books.setStaff({ ...staff, operators });",
    also: {
      file: "server/operator/commands.ts",
      from: "for (const who of [proposal.operator, operator]) {",
      to: "for (const who of [operator]) {",
    },
    options: "--faults colleagues",
  },
  {
    name: "a proposal outlives its operator's key",
    file: "server/ledger/rules/manage_staff.ts",
    from: "batch.books.setStaff({ ...staff, operators, proposals, fourEyes });",
    to: "batch.books.setStaff({ ...staff, operators, fourEyes });",
    options: "--faults colleagues",
  },
  {
    name: "an approval needs no role of its command",
    file: "server/operator/commands.ts",
    from: "if (found && mayGive(found.role, command.command)) continue;",
    to: "if (found) continue;",
    options: "--faults colleagues",
  },
  {
    name: "one operator raises a limit that another one lowers",
    file: "server/ledger/rules/rules.ts",
    from: "(lacksSigner(batch, command) || administer.raisesAlone(batch, command))",
    to: "lacksSigner(batch, command)",
    options: "--faults colleagues",
  },
  {
    name: "a restore brings removed operators back",
    file: "server/ledger/rules/administer.ts",
    from: "books.setStaff({ ...command.staff ?? books.staff, proposals: [] });",
    to: "books.setStaff({ ...books.staff, proposals: [] });",
    options: withRestoresOfTwo,
  },
  {
    name: "an earlier customer's notes are given to who is there",
    file: "client/cashier.ts",
    from: "if (customer !== null && customer === this.#depositor) {",
    to: "if (customer !== undefined) {",
    options: "--faults tokens,absences",
  },
  {
    name: "a proposal outlives a restore",
    file: "server/ledger/rules/administer.ts",
    from: "books.setStaff({ ...command.staff ?? books.staff, proposals: [] });",
    to: "books.setStaff({ ...command.staff ?? books.staff, proposals: books.staff.proposals });",
    options: withRestoresOfTwo,
  },
];

/** Returns the files of a bug with the bug in them. @throws when it does not fit any more */
export function planted(bug: Bug, tree: string): { path: string; before: string; after: string }[] {
  const files = new Map<string, { path: string; before: string; after: string }>();
  for (const { file, from, to } of [bug, ...bug.also ? [bug.also] : []]) {
    const path = `${tree}/${file}`;
    // Both places may be in one file.
    const before = files.get(path)?.before ?? Deno.readTextFileSync(path);
    const [start, end, ...more] = (files.get(path)?.after ?? before).split(from);
    if (end === undefined || more.length > 0) {
      throw new Error(`'${bug.name}' does not fit ${file} any more: look where its place is now`);
    }
    files.set(path, { path, before, after: start + to + end });
  }
  return [...files.values()];
}

/**
 * Plants a bug in a copy of the project.
 * @returns a function that takes it out again
 * @throws when the bug does not fit any more
 */
export function plant(bug: Bug, tree: string): () => void {
  const files = planted(bug, tree);
  for (const { path, after } of files) Deno.writeTextFileSync(path, after);
  return () => {
    for (const { path, before } of files) Deno.writeTextFileSync(path, before);
  };
}

/** The project. */
export const root = new URL("../..", import.meta.url).pathname;

/** Copies what simulations and tests load. */
export function copyTree(to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (
    const part of [
      "client",
      "docs",
      "lib",
      "server",
      "tests",
      "ui",
      "main.ts",
      "deno.json",
      "deno.lock",
    ]
  ) {
    const { success } = new Deno.Command("cp", { args: ["-r", root + part, `${to}/${part}`] })
      .outputSync();
    if (!success) throw new Error(`${part} cannot be copied to ${to}`);
  }
}

/** A bank put back to a backup: what its ATMs did since is retold, and what ended since stays so. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { addOperator, hashOf, noSigner } from "../helpers/operators.ts";
import { BankClient, NoAnswer } from "../../../client/bank_client.ts";
import { countCassettes } from "../../../client/filling.ts";
import { hex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseTerminalKey } from "../../../lib/terminal_key.ts";
import { connectTcp, system, systemFiles } from "../../../lib/system.ts";
import { copyPrivateFile, writePrivateFile } from "../../../lib/private_file.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { ChainVerifier } from "../../../server/audit/chain.ts";
import { isInClear } from "../../../server/audit/entry.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { parseLogLine } from "../../../server/audit/log_line.ts";
import { BadLog } from "../../../server/audit/verify.ts";
import { openBank } from "../../../server/bank.ts";
import { keysPath } from "../../../server/folder/bank_folder.ts";
import { readBankKeys, replaceBankKeys } from "../../../server/folder/bank_keys.ts";
import { systemOperator } from "../../../server/programs/system_bank.ts";
import { LedgerService } from "../../../server/ledger_service.ts";
import { logCommand } from "../../../server/ledger/command.ts";
import type { StorePlace } from "../../../server/ledger/open_store.ts";
import { CannotOpen, DiskFull } from "../../../server/ledger/store.ts";
import { goodLogInWords, verifyLog } from "../../../server/operator/log_programs.ts";
import { rehearseRestore, restoreBank } from "../../../server/operator/restore.ts";
import { Branch, type BranchAtm, logIn, password, until } from "../../client/branch.ts";
import { makeBank } from "../helpers/made_bank.ts";
import { parseDeviceKeys } from "../../../lib/device_keys.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";
import { bankWorld } from "../helpers/world.ts";

const backupOf = (branch: Branch) => `${branch.folder}/backup.sqlite`;

async function operate(branch: Branch, command: OperatorCommand): Promise<string[]> {
  const lines: string[] = [];
  for await (const answer of runOperatorCommand(branch.bank, { ...command, operator: "root" })) {
    if ("line" in answer) lines.push(answer.line);
    if ("keyFile" in answer && command.command === "enrol_terminal") {
      branch.keys.set("annex", parseTerminalKey(answer.keyFile, "annex"));
    }
    if ("fetch" in answer) {
      copyPrivateFile(systemFiles, answer.fetch, backupOf(branch));
      Deno.removeSync(answer.fetch);
    }
  }
  return lines;
}

/** The text of the first key of the chain that the last restore began. */
let firstKey = "";

function restore(
  branch: Branch,
  from = backupOf(branch),
  world = bankWorld(branch.logged),
  keepFirstKey = (text: string) => void (firstKey = text),
): Promise<string[]> {
  return restoreBank(world, {
    path: branch.bankFolder,
    from,
    keepFirstKey,
    operator: "root",
  });
}

/** Returns the words of the whole log, chain by chain. */
async function logOf({ bank: { auditKeys, ledger } }: Branch): Promise<string[]> {
  const words: string[] = [];
  for (const { number, id } of await ledger.read.chains()) {
    for (const entry of await ledger.read.entriesAfter(number, 0, 10_000)) {
      if (isInClear(entry)) continue;
      const { who, action } = auditKeys.open(entry, id)!;
      words.push(`${who} | ${action}`);
    }
  }
  return words;
}

async function withdraw(lobby: BranchAtm, amount: string, username = "alice"): Promise<void> {
  await logIn(lobby, username);
  assertEquals((await lobby.atm.withdraw(amount)).outcome, "ok");
  await lobby.atm.logOut();
}

async function deposit(lobby: BranchAtm): Promise<void> {
  await logIn(lobby);
  await lobby.atm.depositOpen();
  await lobby.atm.insertNote("5000");
  assertEquals((await lobby.atm.depositConfirm()).outcome, "ok");
  await lobby.atm.logOut();
}

/**
 * Returns a branch whose lobby has done this and that before and after its backup, and its bank is
 * down.
 */
async function afterBackup(
  run: (branch: Branch, lobby: BranchAtm) => Promise<void>,
  options: Parameters<Branch["atm"]>[1] = {},
): Promise<void> {
  const branch = await Branch.open();
  const lobby = branch.atm("lobby", options);
  try {
    await withdraw(lobby, "2000");
    const [line] = await operate(branch, { command: "back_up" });
    assertStringIncludes(line!, "the copy is good");
    await withdraw(lobby, "4000");
    await deposit(lobby);
    await operate(branch, { command: "revoke_terminal", name: "hall" });
    await operate(branch, { command: "enrol_terminal", name: "annex" });
    assertEquals(await branch.balanceOf("alice"), 99_000n);
    await branch.unserve();
    await run(branch, lobby);
  } finally {
    await lobby.close();
    await branch.close();
  }
}

Deno.test("what ATMs did since a backup is retold, before any customer is served", () =>
  afterBackup(async (branch, lobby) => {
    const lines = await restore(branch);
    assertMatch(
      lines[0]!,
      /^the books are restored and correct: what was booked and logged after entry \d+ of chain \w+ \(.*\), up to entry \d+ of chain \w+ \(.*\), is missing$/,
    );
    assertEquals(lines.slice(1, 3).sort(), [
      "terminal annex stays enrolled",
      "terminal hall stays revoked",
    ]);
    await branch.serve();
    assertEquals(await branch.balanceOf("alice"), 98_000n); // as it was then
    const online = () => lobby.atm.view().bank === "online";
    await until("the lobby is back", online);
    assertEquals(await branch.balanceOf("alice"), 99_000n); // as the lobby has retold
    // One terminal is still missing, so nobody is served.
    assertEquals((await lobby.atm.logIn("alice", password)).outcome, "try_later");
    const annex = branch.atm("annex");
    await until("the annex is there", () => annex.atm.view().bank === "online");
    await withdraw(lobby, "1000");
    await annex.close();
    assertEquals(await branch.balanceOf("alice"), 98_000n);
    await branch.requireAllSettled(lobby);
    assertEquals((await branch.bank.ledger.check()).problem, null);
    // The log goes on in its own chain, from the first key that was handed out.
    const { chainId, key } = parseFirstKey(firstKey, "the first key");
    const chains = await branch.bank.ledger.read.chains();
    assertEquals(chains.map(({ id }) => hex(id)).indexOf(hex(chainId)), 1);
    const verifier = new ChainVerifier(key, chainId);
    for (const entry of await branch.bank.ledger.read.entriesAfter(2, 0, 10_000)) {
      assertEquals(verifier.next(entry), null);
    }
    const words = await logOf(branch);
    const since = words.slice(words.findIndex((line) => line.includes("restore a backup")));
    assert(since.includes("alice | withdraw €40.00 - reported by the ATM after a restore"));
    assert(since.includes("alice | deposit €50.00 - reported by the ATM after a restore"));
    assert(since.includes("terminal lobby | has reported its movements since the backup"));
    assert(since.includes("bank | serve customers again after the restore"));
    // What was revoked since is turned away, and so is what it had.
    const port = Number(branch.address.split(":")[1]);
    const hall = {
      connect: () => connectTcp("127.0.0.1", port),
      terminalKey: branch.keys.get("hall")!,
      world: system,
    };
    await assertRejects(() => BankClient.connect(hall), NoAnswer);
  }));

Deno.test("an ATM shows that a restored bank whose clock is in doubt is not ready, and serves once it is", () =>
  afterBackup(async (branch, lobby) => {
    await restore(branch);
    await branch.serve();
    const { ledger } = branch.bank;
    const submit = ledger.submit.bind(ledger);
    ledger.submit = (command) =>
      command.op === "retell"
        ? Promise.resolve({ outcome: "try_later", timeMs: system.nowMs() })
        : submit(command);
    const shows = (bank: string) => until(bank, () => lobby.atm.view().bank === bank);
    await shows("not_ready");
    ledger.submit = submit;
    await shows("online");
    assertEquals(await branch.balanceOf("alice"), 99_000n); // as the lobby has retold
  }));

/** Makes the list of terminals what it was before the hall was revoked, and the annex enrolled. */
function makeListStale(branch: Branch): void {
  const list = `${branch.bankFolder}/terminals.json`;
  const { terminals, ...format } = JSON.parse(Deno.readTextFileSync(list));
  const before = (terminals as { name: string }[]).filter(({ name }) => name !== "annex")
    .map((each) => each.name === "hall" ? { ...each, state: "active" } : each);
  Deno.writeTextFileSync(list, JSON.stringify({ ...format, terminals: before }));
}

Deno.test("a device with keys attests its state to a restored bank, and what it paid is booked once", async () => {
  const branch = await Branch.open();
  const enrol = {
    command: "enrol_device",
    name: "cash",
    terminal: "lobby",
    operator: "t",
  } as const;
  const answers = await Array.fromAsync(runOperatorCommand(branch.bank, enrol));
  const file = answers.find((answer) => "keyFile" in answer)!.keyFile;
  const lobby = branch.atm("lobby", { byService: true, deviceKeys: parseDeviceKeys(file, "file") });
  try {
    await operate(branch, { command: "revoke_terminal", name: "hall" });
    await withdraw(lobby, "2000");
    await operate(branch, { command: "back_up" });
    await withdraw(lobby, "4000");
    await withdraw(lobby, "1000");
    await branch.unserve();
    await restore(branch);
    await branch.serve();
    const asked = await branch.bank.ledger.read.restoring();
    assertEquals(asked!.unattested.length, 1);
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    await until("attested", async () => (await branch.bank.ledger.read.restoring()) === null);
    assertEquals(await branch.balanceOf("alice"), 93_000n);
    await withdraw(lobby, "2000");
    assertEquals(await branch.balanceOf("alice"), 91_000n);
    await branch.requireAllSettled(lobby);
    assertEquals((await branch.bank.ledger.check()).problem, null);
    const words = await logOf(branch);
    assert(words.includes("terminal lobby | its device has attested its state after the restore"));
    assert(!words.join().includes("to the differences account"));
  } finally {
    await lobby.close();
    await branch.close();
  }
});

Deno.test("the end of a restore names in the log whose device paid without a record", async () => {
  const branch = await Branch.open();
  try {
    const { ledger } = branch.bank;
    const lobby = (await ledger.read.terminals()).find(({ name }) => name === "lobby")!;
    const unknown = [{ terminal: lobby.id, amount: 4_000n }];
    const restoring = { sinceMs: 0, waiting: [], unattested: [], unknown };
    await ledger.submit({ op: "restore", operator: "t", terminals: [], restoring, missing: "" });
    // other rows since: the terminal's is no longer at hand
    await branch.unserve();
    await branch.serve();
    await operate(branch, { command: "end_restore", reason: "counted" });
    const words = "end the restore, 0 terminals missing, €40.00 paid by lobby without a record";
    assert((await logOf(branch)).some((line) => line.includes(words)), "named");
  } finally {
    await branch.close();
  }
});

Deno.test("a list of terminals that a full disk left behind does not undo a revocation", () =>
  afterBackup(async (branch) => {
    makeListStale(branch);
    assertEquals((await restore(branch)).slice(1, 3).sort(), [
      "terminal annex stays enrolled",
      "terminal hall stays revoked",
    ]);
    await branch.serve();
  }));

Deno.test("a restore that was interrupted at any renaming takes the terminals from the database that it replaces", () =>
  afterBackup(async (branch) => {
    makeListStale(branch);
    const bank = `${branch.bankFolder}/bank.sqlite`;
    const world = bankWorld(branch.logged);
    let renamesLeft = 0;
    const rename = (from: string, to: string) => {
      if (renamesLeft === 0) throw new Error("killed");
      if (!from.endsWith(".new")) renamesLeft--;
      world.files.rename(from, to);
    };
    const files = Object.setPrototypeOf({ rename }, world.files);
    let interrupted = 0;
    for (let isRestored = false; !isRestored; interrupted++) {
      renamesLeft = interrupted;
      isRestored = await restore(branch, undefined, { ...world, files }).then(
        () => true,
        ({ message }) => {
          assertEquals(message, "killed");
          return false;
        },
      );
      if (!isRestored && interrupted === 1) {
        const { problem } = await openBank(world, branch.bankFolder).then(
          () => ({ problem: "" }),
          ({ message }) => ({ problem: message as string }),
        );
        assertStringIncludes(
          problem,
          "a restore was interrupted. Run 'deno task bank restore' again",
        );
      }
    }
    assert(interrupted > 3, `${interrupted}`);
    assert(Deno.statSync(bank).isFile);
    await branch.serve();
    const terminals = await branch.bank!.ledger.read.terminals();
    assertEquals(terminals.map(({ name, state }) => `${name} ${state}`).sort(), [
      "annex active",
      "hall revoked",
      "lobby active",
    ]);
  }));

Deno.test("a terminal that was suspended or resumed since the backup stays so", async () => {
  const branch = await Branch.open();
  try {
    await operate(branch, { command: "suspend_terminal", name: "hall" });
    await operate(branch, { command: "back_up" });
    await operate(branch, { command: "resume_terminal", name: "hall" });
    await operate(branch, { command: "suspend_terminal", name: "lobby" });
    await branch.unserve();
    assertEquals((await restore(branch)).slice(1, 3).sort(), [
      "terminal hall stays active",
      "terminal lobby stays suspended",
    ]);
  } finally {
    await branch.serve();
    await branch.close();
  }
});

Deno.test("a device that was revoked or renewed stays so where the replaced database is older than the list", async () => {
  const branch = await Branch.open();
  const database = `${branch.bankFolder}/bank.sqlite`;
  try {
    for (const terminal of ["lobby", "hall"]) {
      await operate(branch, { command: "enrol_device", name: `${terminal}-cash`, terminal });
    }
    await operate(branch, { command: "back_up" });
    await branch.unserve();
    Deno.copyFileSync(database, `${branch.folder}/older.sqlite`);
    await branch.serve();
    await operate(branch, { command: "revoke_device", name: "lobby-cash" });
    await operate(branch, { command: "rotate_device", name: "hall-cash" });
    await branch.unserve();
    Deno.copyFileSync(`${branch.folder}/older.sqlite`, database);
    await restore(branch);
    await branch.serve();
    const terminals = await branch.bank!.ledger.read.terminals();
    const devices = terminals.map(({ device }) =>
      `${device!.name} ${device!.state} ${device!.keyVersion}`
    );
    assertEquals(devices.sort(), ["hall-cash active 2", "lobby-cash revoked 1"]);
  } finally {
    await branch.close();
  }
});

Deno.test("an operator who was removed since the backup stays so, and what was proposed is gone", async () => {
  const branch = await Branch.open();
  try {
    for (const name of ["anna", "ben", "carl"]) await addOperator(branch.bank!, name);
    const { ledger } = branch.bank!;
    const proposal = { id: "ab".repeat(32), command: "{}", words: "nothing" };
    await ledger.submit({ op: "propose", operator: "ben", ...proposal });
    await operate(branch, { command: "back_up" });
    await operate(branch, { command: "remove_operator", name: "ben" });
    await operate(branch, { command: "add_operator", name: "carl", role: "teller", publicKey });
    await branch.unserve();
    await restore(branch);
    await branch.serve();
    const { operators, proposals, fourEyes } = await branch.bank!.ledger.read.staff();
    assertEquals(operators.map(({ name, role }) => `${name} ${role}`), [
      "anna admin",
      "carl teller",
    ]);
    assertEquals([proposals, fourEyes], [[], true]);
    assertEquals((await branch.bank!.ledger.check()).problem, null);
  } finally {
    await branch.close();
  }
});

const publicKey = "5f".repeat(32);

Deno.test("a withdrawal that staff have still to count is open at the restored bank, too", () =>
  afterBackup(async (branch, lobby) => {
    await branch.serve();
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    await lobby.atm.armFault("lost count after present");
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "to_be_counted");
    await lobby.atm.logOut();
    await branch.unserve();
    await restore(branch);
    await branch.serve();
    const held = async () =>
      (await branch.bank.ledger.read.accounts()).find(({ owner }) => owner === "alice")!.held;
    // the open one is retold last
    await until("it is retold", async () => await held() === 2_000n);
    assertEquals(await branch.balanceOf("alice"), 99_000n);
    const people = { ...lobby, world: system };
    countCassettes(people, lobby.devices.inside(), { code: "EUR", exponent: 2 });
    lobby.socket().close();
    // The ATM has the bank's answer a little later than the bank has its commit.
    const isSettled = async () => await held() === 0n && lobby.journal.open().length === 0;
    await until("it is settled", isSettled);
    assertEquals(await branch.balanceOf("alice"), 97_000n);
    await branch.requireAllSettled(lobby);
  }));

Deno.test("an ATM whose clock is days behind retells what it did: the bank's time counts", () =>
  afterBackup(async (branch, lobby) => {
    await restore(branch);
    await branch.serve();
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    assertEquals(await branch.balanceOf("alice"), 99_000n);
    await branch.requireAllSettled(lobby);
  }, { behindMs: 5 * 86_400_000 }));

Deno.test("terminals retell from a day before the backup, or before what was open in it", async () => {
  const branch = await Branch.open();
  const day = 86_400_000;
  const sinceMs = async (restoring: Promise<string[]>) => {
    await restoring;
    branch.bank = await openBank(bankWorld(branch.logged), branch.bankFolder);
    const { sinceMs } = (await branch.bank.ledger.read.restoring())!;
    await branch.bank.close();
    branch.bank = undefined!;
    return sinceMs;
  };
  const headMs = async () => (await branch.bank.ledger.submit(logCommand("bank", "here"))).timeMs;
  const back = { command: "back_up" } as const;
  try {
    const beforeMs = await headMs();
    await operate(branch, back);
    await branch.unserve();
    const since = await sinceMs(restore(branch)) + day;
    assert(since >= beforeMs && since < beforeMs + day / 2, `${since} and ${beforeMs}`);

    await branch.serve(); // a backup while terminals have still to retell
    Deno.removeSync(backupOf(branch));
    await operate(branch, back);
    await branch.unserve();
    assertEquals(await sinceMs(restore(branch)) + day, since);

    await branch.serve();
    await branch.bank.ledger.submit({
      ...{ op: "end_restore", operator: "root", reason: "a test", paid: [] },
    });
    const accounts = await branch.bank.ledger.read.accounts();
    const hold = await branch.bank.ledger.submit({
      op: "authorise",
      kind: "withdrawal",
      movement: hex(system.randomBytes(16)),
      terminal: hex(branch.keys.get("lobby")!.terminal),
      customer: "alice",
      passwordVersion: 1,
      account: accounts.find(({ owner }) => owner === "alice")!.number,
      amount: 1_000n,
      currency: "EUR",
    });
    assertEquals(hold.outcome, "ok");
    while (await headMs() < hold.timeMs + 20);
    Deno.removeSync(backupOf(branch));
    await operate(branch, back);
    await branch.unserve();
    assertEquals(await sinceMs(restore(branch)), hold.timeMs - day);

    // a backup of a time that is still to come: the clock was wrong, and was set back since
    const world = { ...bankWorld(branch.logged), nowMs: () => system.nowMs() - 2 * day };
    assertEquals(await sinceMs(restore(branch, backupOf(branch), world)), 0);
  } finally {
    await branch.close();
  }
});

Deno.test("terminals retell all they have if the bank's time was, or may have been, set back since the backup", async () => {
  const branch = await Branch.open();
  const day = 86_400_000;
  const ahead = (days: number): ReturnType<typeof bankWorld> => {
    const world = {
      ...bankWorld(branch.logged),
      nowMs: () => system.nowMs() + days * day,
    };
    const { files, openStore } = world;
    const openLedger: typeof world.openLedger = (parts, events) =>
      LedgerService.open(parts, { openStore, files, world, ...events });
    return { ...world, openLedger };
  };
  const opened = async <T>(days: number, use: () => Promise<T>): Promise<T> => {
    branch.bank = await openBank(ahead(days), branch.bankFolder);
    try {
      return await use();
    } finally {
      await branch.bank.close();
      branch.bank = undefined!;
    }
  };
  const sinceMs = async () => {
    await restore(branch, backupOf(branch), ahead(4));
    return await opened(4, async () => (await branch.bank.ledger.read.restoring())!.sinceMs);
  };
  try {
    await branch.unserve();
    await opened(3, async () => {
      await branch.bank.ledger.submit(logCommand("bank", "here"));
      await operate(branch, { command: "back_up" });
    });
    await opened(0, () => operate(branch, { command: "set_back_clock" }));
    assertEquals(await sinceMs(), 0);
    assertEquals(await sinceMs(), 0); // the replaced database is of another restore
    Deno.removeSync(`${branch.bankFolder}/bank.sqlite`);
    assertEquals(await sinceMs(), 0);
  } finally {
    await branch.close();
  }
});

Deno.test("an account that was opened after a backup is nobody's, and its number nobody else's", async () => {
  const branch = await Branch.open();
  const lobby = branch.atm();
  const passwordHash = await hashOf(branch.bank, password);
  const add = (username: string) =>
    operate(branch, { command: "add_customer", username, passwordHash, opening: "500.00" });
  try {
    await operate(branch, { command: "back_up" });
    await add("carol");
    await withdraw(lobby, "4000", "carol");
    await branch.unserve();
    await restore(branch);
    branch.bank = await openBank(bankWorld(branch.logged), branch.bankFolder);
    await add("dave");
    await branch.serve();
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    assertEquals(await branch.balanceOf("dave"), 50_000n);
    const accounts = await branch.bank.ledger.read.accounts();
    assertEquals(accounts.find(({ kind }) => kind === "differences")!.balance, -4_000n);
    const words = (await logOf(branch)).filter((line) => line.includes("- reported by the ATM"));
    assertEquals(words.length, 2);
    assertMatch(
      words[1]!,
      /^terminal lobby \| withdraw €40\.00 - reported .* to the differences account: .* is unknown$/,
    );
    await branch.requireAllSettled(lobby);
  } finally {
    await lobby.close();
    await branch.close();
  }
});

Deno.test("a bank whose database is lost or damaged is restored, and the log records that the missing amount is unknown", () =>
  afterBackup(async (branch, lobby) => {
    const path = `${branch.bankFolder}/bank.sqlite`;
    const rubbish = "no database at all, ".repeat(500);
    Deno.writeTextFileSync(path, rubbish);
    const lines = await restore(branch);
    assertStringIncludes(lines[0]!, "is missing, the amount is unknown");
    assert(lines.includes("terminal hall stays revoked"));
    const before = lines.at(-1)!.replace(
      "the previous files are kept, with names that end with ",
      "",
    );
    assertEquals(Deno.readTextFileSync(`${path}${before}`), rubbish);
    await branch.serve();
    // The log as a file has what the database lost.
    const file = `${branch.bankFolder}/audit_log_secure.txt${before}`;
    const kept = Deno.readTextFileSync(file).trim().split("\n").map((line) => parseLogLine(line)!);
    const actions = kept.flatMap(({ chainId, entry }) =>
      branch.bank.auditKeys.open(entry, chainId)?.action ?? []
    );
    assert(actions.includes("withdraw €40.00") && actions.includes("revoke terminal hall"));
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    assertEquals(await operate(branch, { command: "end_restore", reason: "it burned down" }), [
      "annex has not reported its movements since the backup",
      "customers are served again",
    ]);
    await withdraw(lobby, "1000");
    assertEquals(await branch.balanceOf("alice"), 98_000n);
    await branch.requireAllSettled(lobby);
    await branch.unserve();
    Deno.removeSync(path); // and once more, with nothing there
    await restore(branch);
    await branch.serve();
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    assertEquals(await branch.balanceOf("alice"), 98_000n);
  }));

Deno.test("a backup that is damaged, or another bank's, is refused, and so is a bank in use; nothing is changed", () =>
  afterBackup(async (branch) => {
    const good = Deno.readFileSync(backupOf(branch));
    const bad: Record<string, Uint8Array> = {
      empty: new Uint8Array(),
      text: new TextEncoder().encode("no database at all, ".repeat(500)),
      "cut short": good.slice(0, good.length - 4_096),
      "with a page of zeros": good.map((byte, at) => at >> 12 === 6 ? 0 : byte),
      "of a newer version": good.map((byte, at) => at === 63 ? 9 : byte), // user_version
    };
    const words: Record<string, string> = {
      empty: "it has no bank in it",
      text: "file is not a database",
      "of a newer version": "it was made by a newer Strongroom (schema 9, this one has 1)",
    };
    for (const [name, bytes] of Object.entries(bad)) {
      const from = `${branch.folder}/${name}`;
      Deno.writeFileSync(from, bytes);
      const valid = `${from} is not a valid backup of this bank: ${words[name] ?? ""}`;
      await assertRejects(() => restore(branch, from), UsageError, valid, name);
    }
    await inTemporaryFolder(async (other) => {
      await makeBank(`${other}/bank`, { terminals: ["lobby"] });
      await assertRejects(
        () => restore(branch, `${other}/bank/bank.sqlite`),
        UsageError,
        "is not a valid backup of this bank: entry 1 of the log does not open",
      );
    });
    await assertRejects(() => restore(branch, "/nowhere/file"), UsageError, "cannot be read");
    const noPlace = () => {
      throw new UsageError("no place for the first key");
    };
    await assertRejects(() => restore(branch, undefined, undefined, noPlace), UsageError, "place");
    await branch.serve();
    assertEquals((await logOf(branch)).filter((line) => line.includes("restore")), []);
    await assertRejects(() => restore(branch), UsageError, "in use");
    assertEquals(await branch.balanceOf("alice"), 99_000n);
    const left = [...Deno.readDirSync(branch.bankFolder)].map(({ name }) => name)
      .filter((name) => name.includes("restored"));
    assertEquals(left, []);
  }));

Deno.test("a database that cannot be opened now, as on a full disk, is not taken for a damaged one", () =>
  afterBackup(async (branch) => {
    const world = bankWorld(branch.logged);
    for (const error of [new DiskFull("full"), new CannotOpen("too many open files")]) {
      for (const name of ["bank.sqlite", "bank.sqlite.restored"]) {
        const openReader = (place: StorePlace) => {
          if ("path" in place && place.path.endsWith(`/${name}`)) throw error;
          return world.openReader(place);
        };
        const without = Object.setPrototypeOf({ openReader }, world);
        await assertRejects(() => restore(branch, undefined, without), UsageError, error.message);
      }
    }
    await branch.serve();
    assertEquals((await logOf(branch)).filter((line) => line.includes("restore")), []);
  }));

Deno.test("a restore whose commit finds no room says that nothing has changed, and is done afterwards", () =>
  afterBackup(async (branch) => {
    const world = bankWorld(branch.logged);
    const full: typeof world.openLedger = async (parts, events) => {
      const ledger = await world.openLedger(parts, events);
      return {
        ...ledger,
        run() {
          events.onTrouble("the disk is full: (a commit is in doubt: database or disk is full)");
          const reply = { outcome: "try_later", timeMs: 0 } as const;
          return Promise.resolve({
            replies: [reply],
            repeated: [],
            accounts: [],
            epochOpen: false,
          });
        },
        close: () => ledger.close(),
      };
    };
    const before = Deno.readFileSync(`${branch.bankFolder}/bank.sqlite`);
    await assertRejects(
      () => restore(branch, undefined, { ...world, openLedger: full }),
      UsageError,
      `nothing was restored, and nothing has changed: ${branch.bankFolder}/bank.sqlite.restored ` +
        "cannot be written (the disk is full). Mend that, and run the command again",
    );
    assertEquals(Deno.readFileSync(`${branch.bankFolder}/bank.sqlite`), before);
    await restore(branch);
    await branch.serve();
  }));

Deno.test("nobody opens the bank while its backup is checked, and nobody restores it while it is open", () =>
  afterBackup(async (branch) => {
    const world = bankWorld(branch.logged);
    let tries = 0;
    const lines = await restoreBank({
      ...world,
      async checkFile(file) {
        const open = () => openBank(world, branch.bankFolder);
        await assertRejects(open, UsageError, "in use by another process");
        tries++;
        return await world.checkFile(file);
      },
    }, {
      path: branch.bankFolder,
      from: backupOf(branch),
      keepFirstKey: () => {},
      operator: "root",
    });
    assertStringIncludes(lines[0]!, "the books are restored");
    assertEquals(tries, 1);
    await branch.serve();
    await assertRejects(() => restore(branch), UsageError, "in use by another process");
  }));

Deno.test("keys of another time than the backup's, or the list's, are refused before anything is changed", () =>
  afterBackup(async (branch, lobby) => {
    const folder = branch.bankFolder;
    const ofBackup = readBankKeys(systemFiles, keysPath(folder));
    await branch.serve();
    await operate(branch, { command: "rotate_key" });
    await operate(branch, { command: "rotate_audit_key" });
    const [earlier, later] = [`${branch.folder}/earlier`, `${branch.folder}/later`];
    Deno.renameSync(backupOf(branch), earlier);
    await operate(branch, { command: "back_up" });
    Deno.renameSync(backupOf(branch), later);
    await branch.unserve();
    const newest = readBankKeys(systemFiles, keysPath(folder));
    const refused = async (from: string, message: RegExp) => {
      const content = () =>
        [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
          .map(({ name }) => [name, Deno.readFileSync(`${folder}/${name}`)]).sort();
      const before = content();
      firstKey = "";
      const request = { path: folder, from };
      const rehearse = () => rehearseRestore(bankWorld(branch.logged), request);
      for (const attempt of [rehearse, () => restore(branch, from)]) {
        const { message: found } = await assertRejects(attempt, UsageError);
        assertMatch(found, message);
      }
      assertEquals(content(), before);
      assertEquals(firstKey, "");
    };
    replaceBankKeys(systemFiles, keysPath(folder), { ...newest, audit: ofBackup.audit });
    await refused(
      later,
      /entries under version 2 of the AUDIT_KEY, .* is version 1\. Copy the bank's/,
    );
    replaceBankKeys(systemFiles, keysPath(folder), newest);
    const list = Deno.readTextFileSync(`${folder}/terminals.json`);
    for (const name of ["bank.sqlite", "terminals.json"]) Deno.removeSync(`${folder}/${name}`);
    await refused(earlier, /terminal (lobby|hall) in .*earlier .* from the time of that backup/);
    replaceBankKeys(systemFiles, keysPath(folder), { ...newest, master: ofBackup.master });
    writePrivateFile(systemFiles, `${folder}/terminals.json`, list);
    await refused(earlier, /terminals.json .* newest bank.keys/);
    Deno.removeSync(`${folder}/terminals.json`);
    await restore(branch, earlier);
    await branch.serve();
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
  }));

Deno.test("a second restore of one backup names the chain that it leaves out, and so does a check with its first key", () =>
  afterBackup(async (branch) => {
    await restore(branch);
    const [first, { chainId }] = [firstKey, parseFirstKey(firstKey, "the first key")];
    const name = hex(chainId).slice(0, 8);
    const lines = await restore(branch);
    assert(lines.includes(`chain ${name} is not in this log: verify it without its first key`));
    const check = async (...keys: string[]) => {
      const firstKeyPaths = keys.map((text, index) => {
        const path = `${branch.folder}/${index}.key`;
        writePrivateFile(systemFiles, path, text);
        return path;
      });
      const request = { folder: branch.bankFolder, signer: noSigner, firstKeyPaths };
      try {
        return goodLogInWords(await verifyLog(systemOperator, request, () => {}));
      } finally {
        firstKeyPaths.forEach((path) => Deno.removeSync(path));
      }
    };
    await assertRejects(
      () => check(branch.firstKey, first, firstKey),
      BadLog,
      `chain ${name} is missing: it was removed, or left out by a restore`,
    );
    assertStringIncludes(await check(branch.firstKey, firstKey), "good");
  }));

Deno.test("an entry of a chain that a restore cut before its last checkpoint is proved by an earlier one, or the answer says why not", async () => {
  const branch = await Branch.open();
  const lobby = branch.atm("lobby");
  try {
    const proof = async (reference: string, note = false) => {
      const request = { command: "read_receipt", operator: "root", reference, note } as const;
      for await (const answer of runOperatorCommand(branch.bank, request)) {
        if ("receipt" in answer) return answer.receipt;
      }
    };
    const lastMovement = async () => {
      const { ledger, auditKeys } = branch.bank;
      const [{ number, id }] = [(await ledger.read.chains())[0]!];
      const entries = await ledger.read.entriesAfter(number, 0, 10_000);
      const found = entries.findLast((each) => auditKeys.openForStranger(each, id)?.entry.movement);
      return `1.${found!.sequence}`;
    };
    await withdraw(lobby, "2000");
    const early = await lastMovement();
    await proof(early);
    const { checkpoints } = branch.bank;
    const signed = checkpoints.last!.note;
    checkpoints.addCosignature(
      signed.slice(0, signed.indexOf("\n\n") + 1),
      `\u2014 witness.example/1 ${"A".repeat(100)}\n`,
      () => true,
    );
    await withdraw(lobby, "2000");
    const late = await lastMovement();
    await operate(branch, { command: "back_up" });
    await withdraw(lobby, "4000");
    await proof(await lastMovement());
    await branch.unserve();
    await restore(branch);
    await branch.serve();

    assertStringIncludes((await proof(early))!, "witness.example/1");
    const name = hex((await branch.bank.ledger.read.chains())[0]!.id).slice(0, 8);
    await assertRejects(
      () => proof(late),
      UsageError,
      `chain ${name} ended at entry `,
    );
    await assertRejects(() => proof(late), UsageError, "by a restore, before its last checkpoint");
    assert(await proof(late, true));
  } finally {
    await lobby.close();
    await branch.close();
  }
});

/** Transfers from alice to bob at the lobby. */
async function transfer(lobby: BranchAtm, to: string, amount: string): Promise<string> {
  await logIn(lobby);
  const { outcome, movement } = await lobby.atm.transfer(to, amount);
  assertEquals(outcome, "ok");
  await lobby.atm.logOut();
  return movement;
}

const numberOf = async (branch: Branch, name: string) =>
  (await branch.bank.ledger.read.accounts()).find(({ owner }) => owner === name)!.number;

/** Restores the bank; returns once the lobby has retold, and the hall is not waited for. */
async function restoreAndRetell(branch: Branch, lobby: BranchAtm): Promise<void> {
  await branch.unserve();
  await restore(branch);
  await branch.serve();
  await until("the lobby is back", () => lobby.atm.view().bank === "online");
  await operate(branch, { command: "end_restore", reason: "the hall was not used" });
}

Deno.test("a transfer since the backup is booked again by the bank's own voucher, once, over two restores", async () => {
  const branch = await Branch.open();
  const lobby = branch.atm("lobby");
  try {
    const to = await numberOf(branch, "bob");
    await operate(branch, { command: "back_up" });
    await logIn(lobby);
    lobby.socket().losesNext = true; // the voucher comes with the answer to the void
    assertEquals((await lobby.atm.transfer(to, "3000")).outcome, "ok");
    await until("the lobby is back", () => lobby.atm.view().bank === "online");
    assertEquals(await branch.balanceOf("bob"), 103_000n);
    await operate(branch, { command: "rotate_audit_key" });
    await restoreAndRetell(branch, lobby);
    assertEquals([await branch.balanceOf("alice"), await branch.balanceOf("bob")], [
      97_000n,
      103_000n,
    ]);
    await transfer(lobby, to, "1000");
    await restoreAndRetell(branch, lobby); // the same backup once more
    assertEquals([await branch.balanceOf("alice"), await branch.balanceOf("bob")], [
      96_000n,
      104_000n,
    ]);
    assertEquals(await branch.bank.ledger.read.holds(), []);
    assertEquals((await branch.bank.ledger.check()).problem, null);
    const words = await logOf(branch);
    const sent = `transfer €30.00 to account ${to} (b•••b) - reported by the ATM after a restore`;
    assert(words.includes(`alice | ${sent}`), words.slice(-20).join("\n"));
  } finally {
    await lobby.close();
    await branch.close();
  }
});

Deno.test("a retold transfer without the bank's voucher is in doubt until operators decide it", async () => {
  const branch = await Branch.open();
  const lobby = branch.atm("lobby");
  try {
    const to = await numberOf(branch, "bob");
    await operate(branch, { command: "back_up" });
    const movements = [await transfer(lobby, to, "3000"), await transfer(lobby, to, "500")];
    // Somebody has changed the amount in the ATM's journal.
    lobby.database.exec("UPDATE journal SET amount = '300000' WHERE amount = '3000'");
    await restoreAndRetell(branch, lobby);
    assertEquals(await branch.balanceOf("bob"), 100_500n);
    const [movement] = movements as [string];
    const held = await operate(branch, { command: "list_holds", json: true });
    assertEquals(
      held.map((line) => JSON.parse(line)).map(({ movement, kind, to }) => [movement, kind, to]),
      [
        [movement, "transfer", to],
      ],
    );
    const words = (await operate(branch, { command: "show_status", json: false, watch: false }))
      .join("\n");
    assertMatch(words, /; 1 open, the oldest for \d+ s, 1 in doubt$/m);
    // The customer sees it, and the ATM's report of its day differs from the books.
    await logIn(lobby);
    const { entries } = await lobby.atm.history({});
    const seen = entries.map(({ action }) => action).find((action) => action.includes("in doubt"));
    assertStringIncludes(seen ?? "", "transfer €3,000.00 to account");
    await lobby.atm.logOut();
    await until(
      "the report",
      () =>
        branch.bank.monitor.terminals.get(hex(branch.keys.get("lobby")!.terminal))?.reconciled
          ?.differences.some((each) => each.includes(`movement ${movement}`)) ?? false,
    );
    await assertRejects(
      () =>
        operate(branch, {
          command: "settle_hold",
          movement,
          complete: "3000.00",
          reverse: false,
          reason: "asked",
        }),
      UsageError,
      "insufficient funds",
    );
    await operate(branch, {
      command: "settle_hold",
      movement,
      complete: "30.00",
      reverse: false,
      reason: "asked",
    });
    assertEquals(await branch.balanceOf("bob"), 103_500n);
    assertEquals((await branch.bank.ledger.check()).problem, null);
  } finally {
    await lobby.close();
    await branch.close();
  }
});

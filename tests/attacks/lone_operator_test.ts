/**
 * One operator alone moves no money, raises no limit and silences no log; nor does who has the
 * socket, and requests of others to send again or to alter.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { connectUnix, listenUnix, system } from "../../lib/system.ts";
import type { Bank } from "../../server/bank.ts";
import { operatorSocketPath } from "../../server/folder/bank_folder.ts";
import type { OperatorAnswer } from "../../server/operator/request.ts";
import { isSignedBy, type Signer, signRequest } from "../../server/operator/signed_request.ts";
import { askServer, serveOperators } from "../../server/operator/socket.ts";
import {
  addOperator,
  give,
  hashOf,
  openRestore,
  readAhead,
  showJump,
} from "../server/helpers/operators.ts";
import { newId, onEachBank, readToEnd, RunningBank } from "../server/helpers/running_bank.ts";

const reason = "it is a test";

/** Returns the commands that one operator must not give alone. */
async function dangers(
  { bank }: RunningBank,
  { hold, paid }: { hold: string; paid: string },
): Promise<OperatorCommand[]> {
  const passwordHash = await hashOf(bank, "a password");
  return [
    { command: "settle_hold", movement: hold, complete: "40.00", reverse: false, reason },
    { command: "settle_hold", movement: hold, reverse: true, reason },
    { command: "correct_movement", movement: paid, amount: "9.00", reason },
    { command: "add_customer", username: "eve", passwordHash, opening: "500.00" },
    { command: "open_account", username: "alice", name: "more", opening: "0.01" },
    { command: "reset_password", customer: "alice" },
    { command: "enrol_terminal", name: "far" },
    { command: "rotate_terminal", name: "lobby", now: true },
    { command: "revoke_terminal", name: "lobby" },
    { command: "resume_terminal", name: "mall" },
    { command: "write_off_terminal", name: "pier", reason },
    { command: "enrol_device", name: "lobby-cash", terminal: "lobby" },
    { command: "rotate_device", name: "mall-cash" },
    { command: "revoke_device", name: "mall-cash" },
    { command: "set_limits", withdrawal: "none" },
    { command: "set_limits", withdrawal: "100.01" },
    { command: "set_limits", terminal: "lobby", cashOut: "900.00" },
    { command: "confirm_clock" },
    { command: "set_back_clock" },
    { command: "end_restore", reason },
    { command: "add_operator", name: "eve", role: "admin", publicKey: "ab".repeat(32) },
    { command: "add_operator", name: "ben", role: "admin", publicKey: "ab".repeat(32) },
    { command: "remove_operator", name: "ben" },
  ];
}

/** Returns everything that an operator could change. */
async function stateOf({ ledger: { read } }: Bank): Promise<string> {
  const { operators, fourEyes } = await read.staff();
  const rows = [
    await read.accounts(),
    await read.customers(),
    await read.terminals(),
    await read.limits(),
    await read.holds(),
    operators,
    fourEyes,
  ];
  return JSON.stringify(rows, (_, value) => typeof value === "bigint" ? `${value}` : value);
}

const linesOf = (answers: OperatorAnswer[]) =>
  answers.flatMap((answer) => "line" in answer ? [answer.line] : []);

async function done(bank: Bank, signer: Signer, command: OperatorCommand): Promise<string[]> {
  return linesOf(await Array.fromAsync(give(bank, signer, command)));
}

/** Returns the id of the proposal that a command has become. */
async function proposed(bank: Bank, signer: Signer, command: OperatorCommand): Promise<string> {
  const [line = ""] = await done(bank, signer, command);
  assertStringIncludes(line, "not done yet", command.command);
  return /approve ([0-9a-f]{64})/.exec(line)![1]!;
}

const refused = (bank: Bank, signer: Signer, command: OperatorCommand, message: string) =>
  assertRejects(() => done(bank, signer, command), UsageError, message);

onEachBank(
  "one operator alone changes nothing that needs two, whatever the command",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      await done(bank, anna, { command: "set_limits", withdrawal: "100.00", cashOut: "800.00" });
      await done(bank, anna, { command: "enrol_device", name: "mall-cash", terminal: "mall" });
      const paid = await running.leaveNotes();
      const ben = (await addOperator(bank, "ben")).signer;
      const atm = await running.visit("alice");
      const hold = newId();
      assertEquals((await atm.authorise("withdrawal", hold, "4000")).outcome, "ok");
      await done(bank, anna, { command: "suspend_terminal", name: "mall" });
      await openRestore(bank);
      readAhead(bank);
      showJump(bank, 600_000);
      const before = await stateOf(bank);
      for (const command of await dangers(running, { hold, paid })) {
        const proposal = await proposed(bank, anna, command);
        await refused(bank, anna, { command: "approve", proposal }, "a second operator");
        assertEquals(await stateOf(bank), before, JSON.stringify(command));
        await done(bank, anna, { command: "reject", proposal, reason });
        await refused(bank, ben, { command: "approve", proposal }, "not open");
      }
      // What harms nobody needs one.
      await done(bank, anna, { command: "set_limits", withdrawal: "50.00" });
      await done(bank, anna, { command: "set_limits", terminal: "lobby", cashOut: "700.00" });
      assertEquals((await bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "an approved command runs once, with the roles of that moment, and both signatures are in the log",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna", "officer")).signer;
      const ben = (await addOperator(bank, "ben", "officer")).signer;
      const carl = (await addOperator(bank, "carl", "teller")).signer;
      const limits = { command: "set_limits", withdrawal: "none" } as const;
      const proposal = await proposed(bank, anna, { command: "revoke_terminal", name: "mall" });
      await refused(bank, carl, { command: "approve", proposal }, "carl has no role for this");
      assertStringIncludes((await done(bank, carl, { command: "list_proposals" }))[1]!, "mall");
      const twice = await Promise.allSettled([
        done(bank, ben, { command: "approve", proposal }),
        done(bank, ben, { command: "approve", proposal }),
      ]);
      assertEquals(twice.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      await refused(bank, ben, { command: "approve", proposal }, "not open");

      await done(bank, anna, { command: "set_limits", withdrawal: "10.00" });
      const late = await proposed(bank, anna, limits);
      await addOperator(bank, "anna", "auditor");
      await refused(bank, ben, { command: "approve", proposal: late }, "not open");

      const { auditKeys, ledger, keys, settings: { bankId } } = bank;
      const signed = (await ledger.read.entriesAfter(1, 0, 10_000)).flatMap((stored) => {
        const entry = stored.keyVersion === 0 ? null : auditKeys.open(stored, keys.chainId);
        return entry?.signed === undefined ? [] : [{ ...entry, ...JSON.parse(entry.signed) }];
      });
      const ofProposal = signed.filter(({ outcome, action, command }) =>
        outcome === "ok" && (command.proposal === proposal || action.includes(proposal))
      );
      assertEquals(ofProposal.map(({ who, action }) => `${who} | ${action}`), [
        `operator anna | propose revoke terminal, name: mall (${proposal})`,
        "operator ben | revoke terminal mall",
      ]);
      for (const [index, { publicKey }] of [anna, ben].entries()) {
        const { nonce, command, signature } = ofProposal[index]!;
        const operator = ["anna", "ben"][index]!;
        const request = { operator, command, signature };
        assert(isSignedBy({ publicKey }, { bankId, nonce }, request));
        assert(!isSignedBy({ publicKey }, { bankId, nonce: "00".repeat(32) }, request));
      }
      assertEquals((await ledger.check()).problem, null);
    }),
);

/** Returns the bank as of a server that is killed around the commit of an approved command. */
function killedAround(bank: Bank, when: "before" | "after"): Bank {
  const submit: Bank["ledger"]["submit"] = async (command) => {
    if (when === "after" && command.approval) await bank.ledger.submit(command);
    throw new Error("killed");
  };
  const ledger = new Proxy(bank.ledger, {
    get: (target, name) => name === "submit" ? submit : Reflect.get(target, name, target),
  });
  return new Proxy(bank, {
    get: (target, name) => name === "ledger" ? ledger : Reflect.get(target, name, target),
  });
}

onEachBank(
  "two approvals at once, and an approval and a rejection at once, have one outcome",
  (withBank) =>
    withBank(async ({ bank }) => {
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      const carl = (await addOperator(bank, "carl")).signer;
      const open = { command: "open_account", username: "alice", name: "more", opening: "1.00" };
      const accounts = async () =>
        (await bank.ledger.read.accounts()).filter(({ owner }) => owner === "alice").length;
      const before = await accounts();
      for (let round = 1; round <= 4; round++) {
        const proposal = await proposed(
          bank,
          anna,
          { ...open, name: `${round}` } as OperatorCommand,
        );
        const other = round % 2 === 0
          ? { command: "approve", proposal } as const
          : { command: "reject", proposal, reason } as const;
        const [first, second] = await Promise.allSettled([
          done(bank, ben, { command: "approve", proposal }),
          done(bank, round === 3 ? anna : carl, other),
        ]);
        assertEquals([first!.status, second!.status].sort(), ["fulfilled", "rejected"]);
        assertEquals((await bank.ledger.read.staff()).proposals, []);
      }
      const opened = (await accounts()) - before;
      assert(opened >= 2 && opened <= 4, `${opened}`);
      assertEquals((await bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "who is removed, or gets another role or key, while a command is under way, changes nothing with it",
  (withBank) =>
    withBank(async ({ bank }) => {
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      const carl = (await addOperator(bank, "carl")).signer;
      const changes: (() => Promise<unknown>)[] = [
        () => bank.ledger.submit({ op: "remove_operator", operator: "carl", name: "ben" }),
        () => addOperator(bank, "ben", "auditor"),
        () => addOperator(bank, "ben"), // another key
      ];
      await done(bank, anna, { command: "set_limits", withdrawal: "10.00" });
      for (const change of changes) {
        await bank.ledger.submit({
          ...{ op: "add_operator", operator: "carl", name: "ben", role: "admin" } as const,
          publicKey: ben.publicKey,
        });
        const proposal = await proposed(bank, anna, { command: "set_limits", withdrawal: "none" });
        const before = await stateOf(bank);
        const approve = { command: "approve", proposal } as const;
        await assertRejects(() => done(afterChange(bank, change), ben, approve), UsageError);
        assertEquals(JSON.parse(await stateOf(bank))[3], JSON.parse(before)[3]);
        await done(bank, carl, { command: "reject", proposal, reason }); // it is open still
        await bank.ledger.submit({
          ...{ op: "add_operator", operator: "carl", name: "ben", role: "admin" } as const,
          publicKey: ben.publicKey,
        });
        const suspend = { command: "suspend_terminal", name: "lobby" } as const;
        await assertRejects(() => done(afterChange(bank, change), ben, suspend), UsageError);
        assertEquals((await bank.ledger.read.terminals()).map(({ state }) => state), [
          "active",
          "active",
        ]);
      }
    }),
);

onEachBank(
  "a limit that another operator lowers meanwhile is not raised by one alone",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      const account = (await running.visit("alice")).logIn.account!.id;
      await done(bank, anna, { command: "set_limits", withdrawal: "90.00", cashIn: "900.00" });
      const before = (limit: string): OperatorCommand[] => [
        { command: "set_limits", withdrawal: limit },
        { command: "set_limits", account, day: limit },
        { command: "set_limits", terminal: "lobby", cashIn: limit },
      ];
      for (const [index, command] of before("80.00").entries()) {
        await done(bank, anna, command);
        const lowered = before("50.00")[index]!;
        const higher = before("70.00")[index]!;
        const meanwhile = afterChange(bank, () => done(bank, anna, lowered));
        await refused(meanwhile, ben, higher, "try later");
        await proposed(bank, ben, higher);
      }
      assertEquals((await bank.ledger.read.limits()).withdrawalMax, 5000n);
      // An account's limit that is removed becomes the bank's, which is lower.
      await done(bank, anna, { command: "set_limits", day: "40.00" });
      await done(bank, ben, { command: "set_limits", account, day: "none" });
    }),
);

/** Returns the bank, in which something else commits just before the next command does. */
function afterChange(bank: Bank, change: () => Promise<unknown>): Bank {
  let isDone = false;
  const submit: Bank["ledger"]["submit"] = async (command) => {
    if (!isDone) {
      isDone = true;
      await change();
    }
    return await bank.ledger.submit(command);
  };
  const ledger = new Proxy(bank.ledger, {
    get: (target, name) => name === "submit" ? submit : Reflect.get(target, name, target),
  });
  return new Proxy(bank, {
    get: (target, name) => name === "ledger" ? ledger : Reflect.get(target, name, target),
  });
}

onEachBank(
  "an approval and its effect are one commit: a kill before it leaves the proposal, one after it the effect",
  (withBank) =>
    withBank(async (running) => {
      const anna = (await addOperator(running.bank, "anna")).signer;
      const ben = (await addOperator(running.bank, "ben")).signer;
      const limits = { command: "set_limits", withdrawal: "90.00" } as const;
      await done(running.bank, anna, { command: "set_limits", withdrawal: "10.00" });
      const proposal = await proposed(running.bank, anna, limits);
      const approve = { command: "approve", proposal } as const;
      const stateAfter = async (when: "before" | "after") => {
        await assertRejects(() => done(killedAround(running.bank, when), ben, approve));
        await running.reopen();
        const { read } = running.bank.ledger;
        return [(await read.staff()).proposals.length, (await read.limits()).withdrawalMax];
      };
      assertEquals(await stateAfter("before"), [1, 1000n]);
      assertEquals(await stateAfter("after"), [0, 9000n]);
      await refused(running.bank, ben, approve, "not open");
    }),
);

Deno.test("a stolen socket, and a request that is sent again or altered, do nothing", () =>
  RunningBank.with(async (running) => {
    const { bank, folder } = running;
    const { signer } = await addOperator(bank, "anna");
    const operators = serveOperators(bank, listenUnix);
    const path = operatorSocketPath(folder);
    const lock: OperatorCommand = {
      command: "set_account_state",
      account: (await running.visit("alice")).logIn.account!.id,
      state: "locked",
      reason,
    };
    /** Sends a line that answers the server's challenge. */
    const send = async (lineOf: (challenge: { bank: string; nonce: string }) => string) => {
      const socket = await Deno.connect({ transport: "unix", path });
      const chunk = new Uint8Array(1_000);
      const count = (await socket.read(chunk))!;
      const challenge = JSON.parse(new TextDecoder().decode(chunk.subarray(0, count)));
      await socket.write(new TextEncoder().encode(`${lineOf(challenge)}\n`));
      const answer = new TextDecoder().decode(await readToEnd(socket as unknown as Deno.TcpConn));
      socket.close();
      return answer;
    };
    const bankId = bank.settings.bankId;
    const signedFor = (nonce: string, command = lock, key = signer) => {
      const { operator, signature } = signRequest(key, { bankId, nonce }, command);
      return { operator, signature, ...command };
    };
    try {
      const before = await stateOf(bank);
      const thief: Signer = { ...(await addOperator({ ledger: bank.ledger }, "thief")).signer };
      await bank.ledger.submit({ op: "remove_operator", operator: "", name: "thief" });
      let recorded = "";
      const attempts: [string, (nonce: string) => object][] = [
        ["without a signature", () => ({ operator: "anna", ...lock })],
        ["with no signature in it", () => ({ operator: "anna", signature: "", ...lock })],
        ["of a removed operator", (nonce) => signedFor(nonce, lock, thief)],
        ["by another key", (nonce) => signedFor(nonce, lock, { ...thief, name: "anna" })],
        ["for another nonce", () => signedFor(hex(system.randomBytes(32)))],
        ["of another command", (nonce) => ({ ...signedFor(nonce), state: "closed" })],
        ["with another reason", (nonce) => ({ ...signedFor(nonce), reason: "another" })],
        ["in another name", (nonce) => ({ ...signedFor(nonce), operator: "ben" })],
      ];
      for (const [what, requestOf] of attempts) {
        const answer = await send(({ nonce }) => JSON.stringify(requestOf(nonce)));
        assertStringIncludes(answer, '"error"', what);
      }
      const after = JSON.parse(await stateOf(bank));
      assertEquals(after.slice(0, 5), JSON.parse(before).slice(0, 5));
      const good = await send(({ nonce }) => recorded = JSON.stringify(signedFor(nonce)));
      assertStringIncludes(good, "is locked");
      await done(bank, signer, { ...lock, state: "open" } as OperatorCommand);
      assertStringIncludes(await send(() => recorded), "does not accept this key");
      const accounts = await bank.ledger.read.accounts();
      assert(accounts.every(({ state }) => state === "open"));
      const listed = await askServer(
        { ...system, connectUnix },
        folder,
        { command: "list_operators" },
        () => Promise.resolve(signer),
      );
      assertStringIncludes(linesOf(await Array.fromAsync(listed!))[1]!, "anna");
    } finally {
      await operators.close();
    }
  }));

/** A terminal's key file is on disk before its command, until that is refused or its outcome is known. */
import { addOperator, give } from "../helpers/operators.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NoAnswer } from "../../../client/bank_client.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { connectUnix, listenUnix, system, systemFiles } from "../../../lib/system.ts";
import { readTerminalKey, type TerminalKey } from "../../../lib/terminal_key.ts";
import { pause } from "../../../lib/world.ts";
import type { Bank } from "../../../server/bank.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { OutcomeUnknown } from "../../../server/ledger/ledger.ts";
import { carryKey } from "../../../server/operator/carry_key.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import { CommandRefused, type OperatorAnswer } from "../../../server/operator/request.ts";
import type { Signer } from "../../../server/operator/signed_request.ts";
import { askServer, serveOperators } from "../../../server/operator/socket.ts";
import { onEachBank, type RunningBank } from "../helpers/running_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const textOf = (path: string) => {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
};

/** How a command ends · what is in FILE and in FILE.pending then, before and after it is run again. */
const endings: [Error | null, file: string | null, pending: string | null][] = [
  [null, "a key", null],
  [new CommandRefused("name taken"), null, null],
  [new UsageError("try later"), null, "a key"],
  [new UsageError("the server ended before its answer"), null, "a key"],
  [new OutcomeUnknown("the ledger stopped"), null, "a key"],
  [new Error("a fault"), null, "a key"],
];

Deno.test("a key file stays as long as the bank may have its key, and another run goes on with it", async () => {
  for (const [error, file, pending] of endings) {
    await inTemporaryFolder(async (folder) => {
      const out = `${folder}/lobby.key`;
      const given: unknown[] = [];
      async function* ask(key: string | undefined): AsyncGenerator<OperatorAnswer> {
        given.push(key);
        yield { keyFile: key ?? "a key" };
        assertEquals(textOf(`${out}.pending`), "a key", "it is on disk before the command");
        if (Deno.build.os !== "windows") {
          assertEquals(Deno.statSync(`${out}.pending`).mode! & 0o777, 0o600);
        }
        if (error && given.length === 1) throw error;
        yield { line: "done" };
      }
      const run = () => carryKey(systemFiles, out, ask);
      if (error) {
        const { message } = await assertRejects(run, Error, error.message);
        assertEquals(message.includes(`${out}.pending is kept`), pending !== null);
        assertEquals(message.includes("a key\n"), false);
      } else assertEquals((await run()).lines.at(-1), "done");
      assertEquals([textOf(out), textOf(`${out}.pending`)], [file, pending], error?.message);
      if (pending === null) return;
      await run();
      assertEquals(given, [undefined, "a key"]);
      assertEquals([textOf(out), textOf(`${out}.pending`)], ["a key", null]);
      await assertRejects(run, UsageError, "already exists");
      assertEquals(given.length, 2);
    });
  }
});

Deno.test("a pending file of an earlier command is kept when another command is refused", async () => {
  for (const isThereBefore of [true, false]) {
    await inTemporaryFolder(async (folder) => {
      const out = `${folder}/lobby.key`;
      const pending = `${out}.pending`;
      const keep = () => Deno.writeTextFileSync(pending, "a key", { mode: 0o600 });
      if (isThereBefore) keep();
      // deno-lint-ignore require-yield
      async function* ask(): AsyncGenerator<OperatorAnswer> {
        if (!isThereBefore) keep(); // another process
        throw new CommandRefused("name taken");
      }
      const { message } = await assertRejects(
        () => carryKey(systemFiles, out, ask),
        UsageError,
        `name taken\n${pending} is kept`,
      );
      assert(!message.includes("Run the same command again"), message);
      assertEquals([textOf(out), textOf(pending)], [null, "a key"]);
    });
  }
});

Deno.test("a command that makes no key leaves the pending file of another one", () =>
  inTemporaryFolder(async (folder) => {
    const out = `${folder}/lobby.key`;
    Deno.writeTextFileSync(`${out}.pending`, "a key", { mode: 0o600 });
    const { lines } = await carryKey(systemFiles, out, async function* () {
      yield { line: "the limits are set" };
    });
    assertEquals(lines, [
      "the limits are set",
      `this command made no key: ${out}.pending is of another one, and is kept`,
    ]);
    assertEquals([textOf(out), textOf(`${out}.pending`)], [null, "a key"]);
  }));

const accepted = async (running: RunningBank, key: TerminalKey) => {
  try {
    const atm = await running.connect(key);
    assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
    await atm.client.close();
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) return false;
    throw error;
  }
};

/** Returns the bank, whose next key change is done or not, and gets no answer. */
function withoutAnswer({ bank }: RunningBank, isDone: boolean): Bank {
  const submit = async (command: Command) => {
    if (!/^(enrol|rotate)_(terminal|device)$/.test(command.op)) {
      return await bank.ledger.submit(command);
    }
    if (isDone) await bank.ledger.submit(command);
    throw new OutcomeUnknown("the ledger stopped before the outcome was known");
  };
  const ledger = new Proxy(bank.ledger, {
    get: (target, name) => name === "submit" ? submit : Reflect.get(target, name, target),
  });
  return { ...bank, ledger };
}

const enrol: OperatorCommand = { command: "enrol_terminal", name: "annex" };
const rotate: OperatorCommand = { command: "rotate_terminal", name: "annex", now: true };

onEachBank(
  "a key whose command got no answer is the terminal's after the same command again, once",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const request = (command: OperatorCommand, key: string | undefined) => (
          { ...command, key, operator: "test" } as OperatorCommand & { operator: string }
        );
        const run = (bank: Bank, command: OperatorCommand, out: string) =>
          carryKey(systemFiles, out, (key) => runOperatorCommand(bank, request(command, key)));
        let before: TerminalKey | null = null;
        for (const [index, command] of [enrol, rotate, rotate].entries()) {
          const out = `${folder}/annex-${index}.key`;
          const isDone = index < 2;
          await assertRejects(
            () => run(withoutAnswer(running, isDone), command, out),
            UsageError,
            "Run the same command again",
          );
          const pending = readTerminalKey(systemFiles, `${out}.pending`);
          if (index === 1) {
            await Array.fromAsync(running.operate({ command: "rotate_key" })); // it is sealed otherwise then
          }
          await running.reopen();
          await run(running.bank, command, out);
          const key = readTerminalKey(systemFiles, out);
          assertEquals([key, key.version], [pending, index + 1]);
          assert(await accepted(running, key));
          if (before) assertEquals(await accepted(running, before), false);
          before = key;
        }
        const entries = (await running.entries()).filter((entry) => entry.includes("annex"));
        assertEquals(entries.filter((entry) => entry.startsWith("operator test | ")), [
          "operator test | enrol terminal annex",
          "operator test | rotate the key of terminal annex to 2 at once",
          "operator test | rotate the key of terminal annex to 3 at once",
        ]);
        assert((await running.entries()).every((entry) => !entry.includes(before!.key.toHex())));

        // A pending file of another command is not lost over it.
        const out = `${folder}/other.key`;
        await assertRejects(() => run(withoutAnswer(running, false), rotate, out), UsageError);
        const hall = { ...enrol, name: "hall" } as OperatorCommand;
        await assertRejects(() => run(running.bank, hall, out), UsageError, "another command");
        await run(running.bank, rotate, out);
      })
    ),
);

onEachBank(
  "over the operators' socket nothing is done before the key file is kept",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const { signer } = await addOperator(running.bank, "test");
        const operators = serveOperators(running.bank, listenUnix);
        const ask = async (name: string) =>
          (await askServer(
            { ...system, connectUnix },
            running.folder,
            { command: "enrol_terminal", name },
            () => Promise.resolve(signer),
          ))!;
        const namesOf = async () =>
          (await running.bank.ledger.read.terminals()).map(({ name }) => name);
        try {
          for await (const answer of await ask("annex")) {
            assert("keyFile" in answer);
            assert(!(await namesOf()).includes("annex"));
            break; // it could not be written
          }
          const notKept = "operator test | enrol terminal (its key file was not kept)";
          const isLogged = async () =>
            (await running.entries()).some((entry) => entry.startsWith(notKept));
          for (let tries = 0; !await isLogged(); tries++) {
            assert(tries < 200, (await running.entries()).join("\n"));
            await pause(system, 20);
          }
          const out = `${folder}/hall.key`;
          const { lines } = await carryKey(systemFiles, out, async function* () {
            yield* await ask("hall");
          });
          assertEquals(lines.at(-1), "terminal hall is enrolled");
          assert(await accepted(running, readTerminalKey(systemFiles, out)));
          const taken = carryKey(systemFiles, `${folder}/again.key`, async function* () {
            yield* await ask("hall");
          });
          await assertRejects(() => taken, CommandRefused, "name taken");
          assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["hall.key"]);
        } finally {
          await operators.close();
        }
        assertEquals((await namesOf()).sort(), ["hall", "lobby", "mall"]);
      })
    ),
);

/** Runs one operator's command whose key goes to a file; returns its lines. */
const carried = async (bank: Bank, signer: Signer, command: OperatorCommand, out: string) => {
  const ask = (key: string | undefined) =>
    give(bank, signer, (key === undefined ? command : { ...command, key }) as OperatorCommand);
  return (await carryKey(systemFiles, out, ask)).lines;
};

/** Proposes a command; returns its approval. */
const proposed = async ({ bank }: RunningBank, signer: Signer, command: OperatorCommand) => {
  const answers = await Array.fromAsync(give(bank, signer, command));
  const [id] = answers.flatMap((answer) => "proposal" in answer ? [answer.proposal] : []);
  return { command: "approve", proposal: id! } as const;
};

const twoOperators = async ({ bank }: RunningBank) => ({
  anna: (await addOperator(bank, "anna")).signer,
  ben: (await addOperator(bank, "ben")).signer,
});

const device = { name: "annex-cash", terminal: "annex" };

/** Commands of a bank of four eyes, in this order · the key that each one makes. */
const keyed: [OperatorCommand, key: string][] = [
  [enrol, "key 1 of terminal annex"],
  [rotate, "key 2 of terminal annex"],
  [{ command: "enrol_device", ...device }, "keys 1 of device annex-cash"],
  [{ command: "rotate_device", name: device.name }, "keys 2 of device annex-cash"],
];

onEachBank(
  "an approval that was interrupted after its commit ends with its key, by either command",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const { anna, ben } = await twoOperators(running);
        for (const [index, [command, key]] of keyed.entries()) {
          const approval = await proposed(running, anna, command);
          const out = `${folder}/${index}.key`;
          await assertRejects(
            () => carried(withoutAnswer(running, true), ben, approval, out),
            UsageError,
            "Run the same command again",
          );
          const text = textOf(`${out}.pending`)!;
          const approved = await carried(running.bank, ben, approval, out);
          const holder = key.includes("device") ? "device's service" : "ATM";
          assertEquals(approved, [
            `its key is in ${out}: copy it to the ${holder} only`,
            `proposal ${approval.proposal} is over, and the bank has ${key}`,
          ]);
          assertEquals([textOf(out), textOf(`${out}.pending`)], [text, null]);

          // Its proposer's command has the same end.
          Deno.renameSync(out, `${out}.pending`);
          assertEquals(await carried(running.bank, anna, command, out), [
            `its key is in ${out}: copy it to the ${holder} only`,
            `the bank has ${key}: nothing was proposed`,
          ]);
          assertEquals([textOf(out), textOf(`${out}.pending`)], [text, null]);
          Deno.renameSync(out, `${out}.pending`);
          const lobby = { ...rotate, name: "lobby" } as OperatorCommand;
          for (const other of [lobby, ...keyed.slice(index + 1).map(([each]) => each)]) {
            await assertRejects(() => carried(running.bank, anna, other, out), UsageError);
            assertEquals([textOf(out), textOf(`${out}.pending`)], [null, text]);
          }
        }
        assertEquals((await running.bank.ledger.read.staff()).proposals, []);
      })
    ),
);

onEachBank(
  "a pending file whose key the bank does not have is kept, and the answer names its key",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const { bank } = running;
        const { anna, ben } = await twoOperators(running);
        for (const [index, [command, key]] of keyed.entries()) {
          const approval = await proposed(running, anna, command);
          const out = `${folder}/${index}.key`;
          const interrupt = () => carried(withoutAnswer(running, false), ben, approval, out);
          await assertRejects(interrupt, UsageError, "Run the same command again");
          const text = textOf(`${out}.pending`);
          const reject = { command: "reject", proposal: approval.proposal, reason: "no" } as const;
          await Array.fromAsync(give(bank, anna, reject));
          for (const [signer, again] of [[ben, approval], [anna, command]] as const) {
            const { message } = await assertRejects(
              () => carried(bank, signer, again, out),
              CommandRefused,
              `The bank does not have ${key}, which the pending file has`,
            );
            assertStringIncludes(message, `\n${out}.pending is kept. `);
            assert(!message.includes("Run the same command again"), message);
            assertEquals([textOf(out), textOf(`${out}.pending`)], [null, text]);
          }
          assertEquals((await bank.ledger.read.staff()).proposals, []);
          Deno.removeSync(`${out}.pending`);
          await carried(bank, ben, await proposed(running, anna, command), out);
        }
      })
    ),
);

onEachBank(
  "a second proposal of the same terminal ends with the key that the first one gave it",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const { anna, ben } = await twoOperators(running);
        const first = await proposed(running, anna, enrol);
        const second = await proposed(running, anna, enrol);
        const out = `${folder}/annex.key`;
        await assertRejects(() => carried(withoutAnswer(running, true), ben, first, out));
        const text = textOf(`${out}.pending`)!;
        const lines = await carried(running.bank, ben, second, out);
        assertStringIncludes(lines.at(-1)!, "the bank has key 1 of terminal annex");
        assertEquals([textOf(out), textOf(`${out}.pending`)], [text, null]);
      })
    ),
);

onEachBank(
  "the only copy of a key is kept when its terminal was suspended or revoked meanwhile",
  (withBank) =>
    withBank((running) =>
      inTemporaryFolder(async (folder) => {
        const { signer } = await addOperator(running.bank, "anna");
        const out = `${folder}/annex.key`;
        await assertRejects(() => carried(withoutAnswer(running, true), signer, enrol, out));
        const text = textOf(`${out}.pending`);
        const rows = [
          ["suspend_terminal", "The bank has key 1 of terminal annex, which the pending file has"],
          [
            "revoke_terminal",
            "The bank has revoked key 1 of terminal annex, which the pending file has",
          ],
        ] as const;
        for (const [command, words] of rows) {
          await Array.fromAsync(give(running.bank, signer, { command, name: "annex" }));
          await assertRejects(
            () => carried(running.bank, signer, enrol, out),
            CommandRefused,
            words,
          );
          assertEquals([textOf(out), textOf(`${out}.pending`)], [null, text]);
        }
      })
    ),
);

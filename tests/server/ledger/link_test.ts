/** The ledger over a link that answers as the test says: in this process, with timers that it turns. */
import { assertEquals, assertRejects } from "@std/assert";
import type { LoggedAt } from "../../../lib/atm.ts";
import { epochMs } from "../../../lib/limits.ts";
import { systemFiles } from "../../../lib/system.ts";
import { endsEpoch } from "../../../server/audit/entry.ts";
import { logCommand } from "../../../server/ledger/command.ts";
import { Ledger } from "../../../server/ledger/ledger.ts";
import type { LedgerLink } from "../../../server/ledger/link.ts";
import { openStore } from "../../../server/ledger/open_store.ts";
import {
  type FromLedgerThread,
  LedgerService,
  type ToLedgerThread,
} from "../../../server/ledger_service.ts";
import { addCustomer, enrolTerminal, ledgerParts, openLedger } from "../helpers/engine.ts";
import { handTurned, ledgerOver } from "../helpers/ledger.ts";
import { commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const row = { customer: "alice", movement: idOf("w1"), step: "authorise" } as const;
const withdrawal = commandOf("lobby alice withdraw w1 alice 4000 EUR");
const other = logCommand("bank", "x");
const reply = { outcome: "ok", timeMs: 1 } as const;

/** Every command goes well, and each withdrawal has done so before. */
const repeating: LedgerLink["run"] = (commands) =>
  Promise.resolve({
    replies: commands.map(() => reply),
    repeated: commands.flatMap(({ op }, index) => op === "authorise" ? [{ index, row }] : []),
    accounts: [],
    epochOpen: false,
  });

Deno.test("the place of a repeated movement is looked up after its batch, and delays that reply alone", async () => {
  const place = Promise.withResolvers<LoggedAt | undefined>();
  const asked: unknown[] = [];
  const { ledger } = await ledgerOver({
    run: repeating,
    placeOf: (row) => (asked.push(row), place.promise),
  });
  const [repeated, second] = [ledger.submit(withdrawal), ledger.submit(other)];
  assertEquals(await second, reply);
  assertEquals(await ledger.submit(other), reply, "the next batch");
  const logged = { place: "1.7", tag: "ab" };
  place.resolve(logged);
  assertEquals(await repeated, { ...reply, logged });
  assertEquals(asked, [row]);
  await ledger.close();
});

Deno.test("a place that is not found, or cannot be looked up, is left out of the reply", async () => {
  const places = [() => Promise.resolve(undefined), () => Promise.reject(new Error("gone"))];
  for (const [index, placeOf] of places.entries()) {
    const { ledger, troubles } = await ledgerOver({ run: repeating, placeOf });
    assertEquals(await ledger.submit(withdrawal), reply);
    assertEquals(troubles, index === 0 ? [] : ["no place for a receipt: gone"]);
  }
});

Deno.test("a link that fails leaves a batch without an answer, and is reported", async () => {
  const { ledger, troubles } = await ledgerOver({ run: () => Promise.reject(new Error("gone")) });
  const replies = [ledger.submit(withdrawal), ledger.submit(other)];
  for (const reply of replies) await assertRejects(() => reply, Error, "gone");
  ledger.submit(other); // nobody waits for it: its failure ends nothing
  await ledger.close();
  assertEquals(troubles, ["gone", "gone"]);
});

Deno.test("a ledger in this process needs no thread and no real timer", () =>
  inTemporaryFolder(async (folder) => {
    const parts = { ...ledgerParts(folder), create: settings };
    const { world, pass, pending } = handTurned();
    const onTrouble = (trouble: string) => {
      throw new Error(trouble);
    };
    const { ledger } = await Ledger.open((events) =>
      LedgerService.open(parts, {
        openStore: (...place) => openStore({ ...world, files: systemFiles }, ...place),
        files: systemFiles,
        world,
        ...events,
      }), { world, onTrouble, onMoved() {}, shared: false });
    const replies = await Promise.all(
      [addCustomer("alice", 10_000n), enrolTerminal("lobby")].map((each) => ledger.submit(each)),
    );
    assertEquals(replies.map(({ timeMs }) => timeMs), [1_000_000, 1_000_000]);
    assertEquals(pending(), 1, "the end of the epoch");
    pass(epochMs);
    const { outcome, logged } = await ledger.submit(withdrawal);
    assertEquals(outcome, "ok");
    assertEquals((await ledger.submit(withdrawal)).logged, logged);
    const entries = await ledger.read.entriesAfter(1, 0, 100);
    assertEquals(entries.map(endsEpoch), [false, false, false, false, true]);
    await ledger.close();
    assertEquals(pending(), 0);
  }));

/** A thread that opens its ledger, answers nothing else, and dies when the test says so. */
class DyingWorker extends EventTarget {
  static last: DyingWorker;
  ended = false;
  onmessage: ((event: { data: FromLedgerThread }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;

  constructor() {
    super();
    DyingWorker.last = this;
  }

  postMessage({ id, name }: ToLedgerThread): void {
    if (name === "open") queueMicrotask(() => this.onmessage!({ data: { id, value: undefined } }));
  }

  die(): void {
    this.onerror!({ message: "out of memory", preventDefault() {} });
  }

  terminate(): void {
    this.ended = true;
  }
}

Deno.test("a thread that dies is reported, and everything that waits for it fails", () =>
  inTemporaryFolder(async (folder) => {
    const troubles: string[] = [];
    const { Worker: real } = globalThis;
    globalThis.Worker = DyingWorker as unknown as typeof real;
    const ledger = await openLedger(ledgerParts(folder), (trouble) => troubles.push(trouble))
      .finally(() => globalThis.Worker = real);
    const waiting = [ledger.submit(other), ledger.read.settings()];
    await Promise.resolve(); // the batch is under way
    DyingWorker.last.die();
    for (const each of waiting) await assertRejects(() => each, Error, "thread failed");
    await assertRejects(() => ledger.read.settings(), Error, "thread failed");
    await ledger.close();
    assertEquals(DyingWorker.last.ended, true);
    assertEquals(troubles[0], "the ledger's thread failed: out of memory");
  }));

/**
 * What a request computes in one revision of the project: `turn_program.ts engine | ledger | ATMS`,
 * which prints its figures as JSON. `--against` runs it in two revisions in turn.
 */
import process from "node:process";
import { newMovementId } from "../../../client/movement_id.ts";
import { system, systemWithFiles } from "../../../lib/system.ts";
import type { Command, Reply } from "../../../server/ledger/command.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import {
  addCustomer,
  engineOn,
  enrolTerminal,
  ledgerParts,
  openLedger,
} from "../../server/helpers/engine.ts";
import { idOf, numberOf, settings } from "../../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";
import type { Work } from "./atms_program.ts";
import type { Reach } from "./bank_program.ts";
import { Program } from "./program.ts";

/** Figures by their names: microseconds of computing for a request, or movements a second. */
export type Figures = Record<string, number>;

const customerCount = 256;
const customers = Array.from({ length: customerCount }, (_, index) => `customer-${index}`);
const engineBatch = 64;
const engineRounds = 60;
const ledgerRounds = 24;
const atmMovements = 4_000;

/** Returns withdrawals, and their completions. */
function movementsOf(names: readonly string[]): { begin: Command[]; end: Command[] } {
  const moves = names.map((name) => ({
    name,
    movement: newMovementId(system),
    terminal: idOf(name),
    amount: 2_000n,
  }));
  return {
    begin: moves.map(({ name, ...move }) => ({
      op: "authorise",
      kind: "withdrawal",
      customer: name,
      passwordVersion: 1,
      account: numberOf(name),
      currency: "EUR",
      ...move,
    })),
    end: moves.map(({ name: _, ...move }) => ({ op: "complete", ...move })),
  };
}

function requireDone(replies: readonly Reply[]): void {
  const failed = replies.find(({ outcome }) => outcome !== "ok");
  if (failed) throw new Error(`the ledger answered ${failed.outcome}`);
}

const computedUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Measures engine and SQLite in this thread, in batches of 64. */
async function engine(folder: string): Promise<Figures> {
  const store = SqliteStore.open(systemWithFiles, `${folder}/bank.sqlite`, settings);
  const { run } = await engineOn(store, Date.now());
  for (const name of customers) await run(addCustomer(name, 10n ** 9n), enrolTerminal(name));
  let sinceUs = 0;
  for (let round = -engineRounds / 2; round < engineRounds; round++) {
    if (round === 0) sinceUs = computedUs();
    const from = (round + engineRounds) * engineBatch % customerCount;
    const { begin, end } = movementsOf(customers.slice(from, from + engineBatch));
    requireDone(await run(...begin));
    requireDone(await run(...end));
  }
  store.close();
  return { engine: (computedUs() - sinceUs) / engineRounds / engineBatch / 2 };
}

/** Measures the ledger in its thread, with 256 commands under way. */
async function ledger(folder: string): Promise<Figures> {
  const parts = { ...ledgerParts(folder), create: settings };
  const ledger = await openLedger(parts, console.error);
  const submit = (commands: Command[]) =>
    Promise.all(commands.map((command) => ledger.submit(command)));
  for (const name of customers) {
    requireDone(await submit([addCustomer(name, 10n ** 9n), enrolTerminal(name)]));
  }
  let sinceUs = 0;
  for (let round = -ledgerRounds / 2; round < ledgerRounds; round++) {
    if (round === 0) sinceUs = computedUs();
    const { begin, end } = movementsOf(customers);
    requireDone(await submit(begin));
    requireDone(await submit(end));
  }
  const us = (computedUs() - sinceUs) / ledgerRounds / customerCount / 2;
  await ledger.close();
  return { ledger: us };
}

/** Measures ATMs and a server, each in its process. */
async function atms(folder: string, count: number): Promise<Figures> {
  const programOf = (name: string) => new URL(`./${name}_program.ts`, import.meta.url).href;
  const server = await Program.start<Reach>(programOf("bank"), [`${folder}/bank`, count]);
  const planPath = `${folder}/plan.json`;
  await Deno.writeTextFile(planPath, JSON.stringify({ count, bank: server.ready }));
  const atms = await Program.start<void, number, Work>(programOf("atms"), [planPath]);
  const movements = count === 1 ? 400 : atmMovements;
  await atms.ask(movements / 2);
  const before = server.processorUse;
  const { seconds, p99Ms, processorUs } = await atms.ask(movements);
  const after = server.processorUse;
  await atms.stop();
  await server.stop();
  const main = (after.mainUs - before.mainUs) / movements / 2;
  const others = (after.othersUs - before.othersUs) / movements / 2;
  return {
    [`atms.${count}.main`]: main,
    [`atms.${count}.others`]: others,
    [`atms.${count}.load`]: processorUs,
    [`atms.${count}.all`]: main + others + processorUs,
    [`atms.${count}.movements`]: movements / seconds,
    [`atms.${count}.p99`]: p99Ms,
  };
}

if (import.meta.main) {
  const [what] = Deno.args;
  await inTemporaryFolder(async (folder) => {
    const figures = what === "engine"
      ? await engine(folder)
      : what === "ledger"
      ? await ledger(folder)
      : await atms(folder, Number(what));
    console.log(JSON.stringify(figures));
  });
  Deno.exit(0);
}

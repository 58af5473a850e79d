/**
 * Load from outside: an honest ATM at work while strangers storm the bank's door, each kind separately.
 * Prints the ATM's p50 and p99 before and during, in one run, and what an unauthenticated connection
 * costs the bank in memory. Bank, strangers and ATM each have a thread or their own process.
 *
 *     deno task test:load
 */
import { BankClient } from "../../client/bank_client.ts";
import { handshakesPendingMax } from "../../lib/limits.ts";
import { system } from "../../lib/system.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { BankProcess } from "./bank_process.ts";
import { closeQuietly, connectFrom, connectFromAnywhere, pause, storms } from "./storms.ts";

const honestAddress = Uint8Array.of(192, 0, 2, 1);

/** Starts a storm in its thread; call what is returned to end it. */
async function startStorm(name: string, { address, keys }: BankProcess): Promise<() => void> {
  const worker = new Worker(import.meta.resolve("./storm_worker.ts"), { type: "module" });
  const begun = Promise.withResolvers<void>();
  worker.onmessage = () => begun.resolve();
  worker.postMessage({ name, target: { address, overheard: keys.replayed } });
  await begun.promise;
  return () => worker.terminate();
}

/** A movement that the bank has acknowledged, and what its request took. */
interface Done {
  movement: string;
  ms: number;
}

/** Returns the movements of an honest ATM until then: each is durable. */
async function work(client: BankClient, untilMs: number): Promise<Done[]> {
  const all: Done[] = [];
  while (performance.now() < untilMs) {
    const sinceMs = performance.now();
    const movement = newId();
    const { outcome } = await client.ask({
      op: "load_cash",
      movement,
      amount: "1",
      currency: "EUR",
    });
    if (outcome !== "ok") throw new Error(`the honest ATM was answered ${outcome}`);
    all.push({ movement, ms: performance.now() - sinceMs });
    await pause(2);
  }
  return all;
}

/** Counts the movements that the bank lacks: to void an unknown one is ok. */
async function lostOf(client: BankClient, all: readonly Done[]): Promise<number> {
  let lost = 0;
  for (const { movement } of all) {
    const { outcome } = await client.ask({ op: "void", movement });
    if (outcome !== "already_completed") lost++;
  }
  return lost;
}

/** What a storm did to an honest ATM. */
export interface Weather {
  words: string;
  /** Movements done before the storm, and during it, each in the same time. */
  before: number;
  during: number;
  /** Acknowledged movements that the bank lacks. */
  lost: number;
}

function timesOf(all: readonly Done[]): string {
  const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
  const part = (share: number) => times[Math.floor(times.length * share)]!.toFixed(1);
  return `p50 ${part(0.5)} p99 ${part(0.99)} ms`;
}

/**
 * Measures the ATM's work before the storm and during it.
 * @throws when a request is refused, or its line does not outlive the storm
 */
export async function weather(bank: BankProcess, storm: string, ms: number): Promise<Weather> {
  const client = await BankClient.connect({
    connect: () => connectFrom(honestAddress, bank),
    terminalKey: bank.keys.honest,
    world: system,
  });
  const before = await work(client, performance.now() + ms);
  const stop = await startStorm(storm, bank);
  const during = await work(client, performance.now() + ms);
  stop();
  const lost = await lostOf(client, [...before, ...during]);
  await client.close();
  const words = `${storm}: before ${timesOf(before)}, during ${timesOf(during)}, ` +
    `${during.length} movements`;
  return { words, before: before.length, during: during.length, lost };
}

/** Bytes of the bank's memory that one connection costs which says nothing. */
async function memoryOfIdle(bank: BankProcess, count: number): Promise<number> {
  const before = await bank.memory();
  const sockets = [];
  for (let opened = 0; opened < count; opened++) sockets.push(await connectFromAnywhere(bank));
  await pause(500);
  const after = await bank.memory();
  sockets.forEach(closeQuietly);
  return (after - before) / count;
}

if (import.meta.main) {
  const bank = await BankProcess.start();
  for (const { name } of storms) console.log((await weather(bank, name, 3_000)).words);
  await bank.stop();
  // The same with a door that lets all of them in, for as long as a handshake may take.
  const wide = await BankProcess.start(true);
  const each = await memoryOfIdle(wide, 5_000);
  const idle = await weather(wide, "10000 idle connections", 8_000);
  console.log(`with a door that lets all of them in, ${idle.words}`);
  await wide.stop();
  console.log(
    `an unauthenticated connection costs ${(each / 1_024).toFixed(1)} KiB of memory; ` +
      `there are at most ${handshakesPendingMax} at once`,
  );
}

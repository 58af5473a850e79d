/** A ledger over a link that answers as a test says, with timers that the test turns. */
import { system } from "../../../lib/system.ts";
import { Ledger } from "../../../server/ledger/ledger.ts";
import type { LedgerLink, LinkEvents } from "../../../server/ledger/link.ts";

/** Timers that go off when the test says so. */
export function handTurned() {
  const timers = new Map<number, { atMs: number; act: () => void }>();
  let nowMs = 1_000_000;
  let next = 0;
  const world = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(ms: number, act: () => void) {
      const id = next++;
      timers.set(id, { atMs: nowMs + ms, act });
      return () => void timers.delete(id);
    },
    nextTurn: (act: () => void) => world.after(0, act),
    randomBytes: system.randomBytes,
    kem: system.kem,
  };
  const pass = (ms: number) => {
    nowMs += ms;
    for (const [id, { atMs, act }] of timers) {
      if (atMs > nowMs) continue;
      timers.delete(id);
      act();
    }
  };
  return { world, pass, pending: () => timers.size };
}

/** Returns a ledger over a link that does this; `events` are what the link reports. */
export async function ledgerOver(link: Partial<LedgerLink>) {
  const troubles: string[] = [];
  const { world } = handTurned();
  let events!: LinkEvents;
  const { ledger } = await Ledger.open((given) => {
    events = given;
    return Promise.resolve({ close: () => Promise.resolve(), ...link } as LedgerLink);
  }, {
    world,
    onTrouble: (trouble) => troubles.push(trouble),
    onMoved() {},
    shared: false,
  });
  return { ledger, troubles, events };
}

/** The shape of every command line. Launcher and program read the same ones. */
import type { CommandShape } from "./flags.ts";

const text = { type: "string" } as const;
const yes = { type: "boolean" } as const;
const opening = {
  language: text,
  "no-open": yes,
  json: yes,
  window: yes,
  browser: yes,
  kiosk: yes,
};
/** Of a server's commands: where it is, and where its database is, if that is elsewhere. */
const server = { data: text, "database-url-file": text };

export const shapes = {
  demo: { name: "demo", options: { data: text, atms: text, ...opening } },
  server: {
    name: "server",
    options: {
      ...server,
      listen: text,
      "proxy-from": text,
      checkpoints: text,
      "checkpoint-minutes": text,
      "share-port": yes,
    },
  },
  atm: {
    name: "atm",
    options: { data: text, bank: text, key: text, demo: yes, wait: yes, ...opening },
  },
  "atm cash show": { name: "atm", options: { data: text, key: text } },
  "atm cash load": {
    name: "atm",
    options: { data: text, key: text },
    words: ["NOTES (such as 20x100)"],
    many: true,
  },
  "atm cash count": {
    name: "atm",
    options: { data: text, key: text },
    words: ["NOTES (such as 20x100)"],
    many: true,
  },
  "bank init": {
    name: "bank",
    options: {
      ...server,
      name: text,
      "first-key": text,
      currency: text,
      "time-zone": text,
      "withdrawal-limit": text,
    },
  },
  "bank migrate": { name: "bank", options: server },
  "bank join": { name: "bank", options: { ...server, from: text, "first-key": text } },
  "bank terminal enroll": { name: "bank", options: { ...server, out: text }, words: ["NAME"] },
  "bank terminal list": { name: "bank", options: server },
  "bank terminal rotate": {
    name: "bank",
    options: { ...server, now: yes, out: text },
    words: ["NAME"],
  },
  "bank terminal revoke": { name: "bank", options: server, words: ["NAME"] },
  "bank key rotate": { name: "bank", options: server },
  "bank customer add": {
    name: "bank",
    options: { ...server, opening: text },
    words: ["USERNAME"],
  },
  "bank account open": {
    name: "bank",
    options: { ...server, name: text, opening: text },
    words: ["USERNAME"],
  },
  "bank account list": { name: "bank", options: { ...server, customer: text } },
  "bank account lock": { name: "bank", options: { ...server, reason: text }, words: ["NUMBER"] },
  "bank account unlock": { name: "bank", options: { ...server, reason: text }, words: ["NUMBER"] },
  "bank account close": { name: "bank", options: { ...server, reason: text }, words: ["NUMBER"] },
  "bank limits": { name: "bank", options: server },
  "bank limits set": {
    name: "bank",
    options: {
      ...server,
      account: text,
      terminal: text,
      withdrawal: text,
      day: text,
      "cash-out": text,
      "cash-in": text,
    },
  },
  "bank holds": { name: "bank", options: { ...server, json: yes } },
  "bank holds settle": {
    name: "bank",
    options: { ...server, complete: text, reverse: yes, reason: text },
    words: ["ID"],
  },
  "bank ledger check": { name: "bank", options: server },
  "bank backup": { name: "bank", options: { ...server, out: text } },
  "bank restore": { name: "bank", options: { ...server, from: text, "first-key": text } },
  "bank restore end": { name: "bank", options: { ...server, reason: text } },
  "bank clock confirm": { name: "bank", options: server },
  "bank audit show": {
    name: "bank",
    options: {
      ...server,
      customer: text,
      action: text,
      outcome: text,
      from: text,
      before: text,
      terminal: text,
      json: yes,
      follow: yes,
      file: text,
      keys: text,
    },
  },
  "bank audit verify": {
    name: "bank",
    options: { ...server, "first-key": text, checkpoint: text, receipt: text, file: text },
  },
  "bank audit export": { name: "bank", options: { ...server, out: text } },
  "bank audit checkpoint": { name: "bank", options: { ...server, out: text } },
  "bank audit rotate": { name: "bank", options: server },
  "bank audit chain": { name: "bank", options: { ...server, "first-key": text } },
} as const satisfies Record<string, CommandShape>;

export type CommandName = keyof typeof shapes;

/** The longest command name that these words begin with, and what follows it. */
export function findCommand(args: readonly string[]): { name: CommandName; rest: string[] } | null {
  for (let count = 3; count > 0; count--) {
    const name = args.slice(0, count).join(" ");
    if (args.length >= count && Object.hasOwn(shapes, name)) {
      return { name: name as CommandName, rest: args.slice(count) };
    }
  }
  return null;
}

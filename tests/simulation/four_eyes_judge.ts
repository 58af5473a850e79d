/**
 * The judge of four eyes, written from OPERATIONS.md and from the signed requests in the log alone. It
 * follows the log from its beginning: who was an operator at each entry, with which key and role, and
 * which proposals were open. So it decides of each entry whether its operator could do it, alone or as
 * the second one, and compares what operators were answered with what was done.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { Said } from "./log_judge.ts";
import type { Finding, Restore } from "./money_judges.ts";
import type { MovementRecord, StaffRecord } from "./records.ts";

/** A signed request, and what its operator was answered. */
export interface Attempt {
  readonly operator: string;
  readonly command: string;
  /** The proposal that it approves or rejects. */
  readonly proposal: string | null;
  /** 128 hex digits. */
  signature: string;
  readonly fromMs: number;
  /** When the answer was there. */
  untilMs: number;
  /** `run before`: by an earlier approval, whose key file this one had. */
  claim: "done" | "run before" | "not done" | "in doubt";
}

/** An approval that was in doubt, and whose outcome its operator read in the log. */
export interface FoundOut {
  readonly proposal: string;
  readonly isDone: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** An operator's role and key. */
interface Operator {
  role: string;
  publicKey: string;
}

/** A bank just before it was restored. */
export interface StaffAtRestore {
  readonly operators: ReadonlyMap<string, Operator>;
  readonly hasFourEyes: boolean;
  /** Signatures of the requests that had an effect. */
  readonly effects: ReadonlySet<string>;
}

/** What the world has to compare the log with. */
export interface StaffEvidence {
  /** 32 hex digits: what is signed names it. */
  readonly bankId: string;
  readonly attempts: readonly Attempt[];
  readonly foundOut: readonly FoundOut[];
  readonly restores: readonly Restore[];
  /** One for each restore: operators stay as they were. */
  readonly atRestores: readonly StaffAtRestore[];
  readonly rows: StaffRecord;
}

type Command = { command: string } & Record<string, string | boolean | undefined>;

interface Proposal {
  readonly by: string;
  readonly command: Command;
  readonly timeMs: number;
}

const dayMs = 86_400_000;

const money = [
  ...["add_customer", "open_account", "issue_card", "revoke_card", "set_customer_state"],
  ...["reset_password", "set_account_state", "settle_hold", "correct_movement"],
  ...["suspend_terminal", "approve", "reject"],
];
const terminals = [
  ...["enrol_terminal", "rotate_terminal", "revoke_terminal", "resume_terminal"],
  ...["write_off_terminal", "enrol_device", "rotate_device", "revoke_device", "set_limits"],
  ...["confirm_clock", "set_back_clock", "end_restore"],
];
const adminOnly = ["add_operator", "remove_operator", "rotate_key", "rotate_audit_key"];
/** Commands that change something; of the others nothing is judged. */
const changing: ReadonlySet<string> = new Set([...money, ...terminals, ...adminOnly]);
const rolesMay: Readonly<Record<string, readonly string[]>> = {
  teller: money,
  officer: [...money, ...terminals],
  auditor: [],
  timer: [],
  admin: [...money, ...terminals, ...adminOnly],
};
const alwaysOfTwo: ReadonlySet<string> = new Set([
  ...["settle_hold", "correct_movement", "enrol_terminal", "revoke_terminal", "resume_terminal"],
  ...["write_off_terminal", "enrol_device", "rotate_device", "revoke_device", "reset_password"],
  ...["confirm_clock", "set_back_clock", "end_restore", "add_operator", "remove_operator"],
]);
/** Commands with several commits for one signed request: a refusal may come after some of them. */
const inSteps: ReadonlySet<string> = new Set(["rotate_key", "rotate_audit_key"]);

export const isChanging = (command: string) => changing.has(command);
export const mayDo = (role: string, command: string) => rolesMay[role]?.includes(command) ?? false;

/** What the log says of the operators, from its beginning to its end. */
export class FollowedStaff {
  readonly operators = new Map<string, Operator>();
  hasFourEyes = false;
  readonly proposals = new Map<string, Proposal>();
  /** Signatures of the requests that had an effect. */
  readonly effects = new Set<string>();
  /** Signatures of the requests that had nothing to do: what they ask for was done before. */
  readonly idle = new Set<string>();
  /** The proposals that were run. */
  readonly run = new Set<string>();
  /** Opening balances, each with its customer. */
  readonly openings: string[] = [];
  readonly findings: Finding[] = [];
  /** Limits of the bank, of accounts and of terminals: minor units, or none. */
  readonly #limits = new Map<string, number>();
  #restores = 0;
  #timeMs = 0;

  constructor(
    said: readonly Said[],
    private readonly evidence: Pick<StaffEvidence, "bankId" | "atRestores">,
  ) {
    for (const entry of said) this.#follow(entry);
  }

  get state(): StaffAtRestore {
    const { operators, hasFourEyes, effects } = this;
    return { operators: new Map(operators), hasFourEyes, effects: new Set(effects) };
  }

  /** Ids of the proposals that have not lapsed. */
  get open(): string[] {
    return [...this.proposals].filter(([, { timeMs }]) => this.#timeMs < timeMs + dayMs)
      .map(([id]) => id);
  }

  #find(what: string): void {
    this.findings.push({ judge: "four eyes", what });
  }

  #follow({ who, time, action, outcome, movement, signed }: Said): void {
    const timeMs = this.#timeMs = Date.parse(time);
    if (outcome === "ok" && action.startsWith("restore a backup - ")) return this.#restored();
    const added = /^add operator (\S+) as (\w+), with the key ([0-9a-f]{64})$/.exec(action);
    if (who === "bank" && added && outcome === "ok") {
      const [, name, role, publicKey] = added;
      return this.#add(name!, { role: role!, publicKey: publicKey! });
    }
    if (!who.startsWith("operator ")) return;
    const operator = who.slice("operator ".length);
    const words = `'${action}' of ${who} at ${time}`;
    if (signed === undefined) return this.#find(`${words} has no signed request`);
    const { nonce, command, signature } = JSON.parse(signed) as {
      nonce: string;
      command: Command;
      signature: string;
    };
    if (!isChanging(command.command)) return;
    if (isPlain(action, command)) {
      if (outcome === "ok" && command.command !== "approve") this.idle.add(signature);
      return;
    }
    const isProposal = action.startsWith("propose ");
    const proposal = command.command === "approve" ? String(command.proposal) : null;
    if (outcome !== "ok") {
      // A command that the ledger refuses ends its proposal all the same.
      if (proposal !== null && outcome !== "try_later") this.proposals.delete(proposal);
      return;
    }
    if (this.effects.has(signature) && !inSteps.has(command.command)) {
      this.#find(`${words} is the second effect of one signed request`);
    }
    this.effects.add(signature);
    const message = messageOf(this.evidence.bankId, nonce, operator, command);
    this.#requireKey(operator, message, signature, words);
    this.#requireRole(operator, command.command, words);
    if (isProposal) {
      const id = createHash("sha256").update(message).digest("hex");
      if (!action.endsWith(` (${id})`)) this.#find(`${words} names another proposal than ${id}`);
      this.proposals.set(id, { by: operator, command, timeMs });
    } else if (proposal !== null) {
      this.#approve(proposal, { operator, action, movement, timeMs, words });
    } else if (command.command === "reject") {
      if (!this.proposals.delete(String(command.proposal))) {
        this.#find(`${words}: that proposal is not open`);
      }
    } else {
      if (this.hasFourEyes && this.#needsTwo(command)) this.#find(`${words} was done alone`);
      this.#apply(command, timeMs);
    }
  }

  /** A second operator's approval, which must be the end of an open proposal of another one. */
  #approve(
    id: string,
    { operator, action, movement, timeMs, words }: {
      operator: string;
      action: string;
      movement: string | undefined;
      timeMs: number;
      words: string;
    },
  ): void {
    const found = this.proposals.get(id);
    if (this.run.has(id)) this.#find(`${words} runs the proposal ${id} again`);
    if (!found) return this.#find(`${words} runs the proposal ${id}, which is not open`);
    this.proposals.delete(id);
    this.run.add(id);
    const { by, command } = found;
    if (by === operator) this.#find(`${words}: the proposal ${id} is the same operator's`);
    if (timeMs >= found.timeMs + dayMs) this.#find(`${words} runs the lapsed proposal ${id}`);
    for (const each of [by, operator]) this.#requireRole(each, command.command, words);
    if (!isEffectOf(command, action, movement)) {
      this.#find(`${words} is not what the proposal ${id} asks: ${JSON.stringify(command)}`);
    }
    this.#apply(command, timeMs);
  }

  #requireKey(operator: string, message: string, signature: string, words: string): void {
    const found = this.operators.get(operator);
    if (!found) return this.#find(`${words}: there is no such operator`);
    if (!isSigned(found.publicKey, message, signature)) {
      this.#find(`${words} is not signed with the operator's present key`);
    }
  }

  #requireRole(operator: string, command: string, words: string): void {
    const found = this.operators.get(operator);
    if (found && !mayDo(found.role, command)) {
      this.#find(`${words}: ${operator}, ${found.role}, may not ${command}`);
    }
  }

  #restored(): void {
    const kept = this.evidence.atRestores[this.#restores++];
    this.proposals.clear();
    if (!kept) return this.#find("the log has a restore that nobody made");
    this.operators.clear();
    for (const [name, operator] of kept.operators) this.operators.set(name, operator);
    this.hasFourEyes = kept.hasFourEyes;
  }

  #add(name: string, operator: Operator): void {
    const { role, publicKey } = this.operators.get(name) ?? {};
    if (role === operator.role && publicKey === operator.publicKey) return;
    this.operators.set(name, operator);
    this.#withdraw(({ by }) => by === name);
    const people = [...this.operators.values()].filter(({ role }) => role !== "timer");
    if (people.length > 1) this.hasFourEyes = true;
  }

  #withdraw(which: (proposal: Proposal) => boolean): void {
    for (const [id, each] of this.proposals) if (which(each)) this.proposals.delete(id);
  }

  #apply(command: Command, timeMs: number): void {
    const { name, role, publicKey, opening } = command;
    switch (command.command) {
      case "add_operator":
        return this.#add(String(name), { role: String(role), publicKey: String(publicKey) });
      case "remove_operator":
        this.operators.delete(String(name));
        return this.#withdraw(({ by }) => by === name);
      case "set_back_clock":
        return this.#withdraw((each) => each.timeMs > timeMs);
      case "add_customer":
      case "open_account":
        if (isMoney(opening)) this.openings.push(`${command.username} ${minor(opening)}`);
        return;
      case "set_limits":
        for (const [key, limit] of limitsIn(command)) this.#limits.set(key, limit);
    }
  }

  #needsTwo(command: Command): boolean {
    switch (command.command) {
      case "rotate_terminal":
        return command.now === true;
      case "add_customer":
      case "open_account":
        return isMoney(command.opening);
      case "set_limits":
        return limitsIn(command).some(([key, limit]) => {
          const [before, after] = [this.#limitNow(key), this.#limitNow(key, limit)];
          return after > before;
        });
      default:
        return alwaysOfTwo.has(command.command);
    }
  }

  /** Returns a limit; where an account or a terminal has none, the bank's. */
  #limitNow(key: string, own = this.#limits.get(key) ?? Infinity): number {
    const [whose, flag] = key.split(" ");
    if (own !== Infinity || whose === "bank") return own;
    return this.#limits.get(`bank ${flag}`) ?? Infinity;
  }
}

/** Checks what the log says of the operators, and what they were answered. */
export function judgeStaff(
  said: readonly Said[],
  movements: readonly MovementRecord[],
  evidence: StaffEvidence,
): Finding[] {
  const followed = new FollowedStaff(said, evidence);
  const findings = [...followed.findings];
  const find = (what: string) => findings.push({ judge: "four eyes", what });
  compareRows(followed, evidence.rows, find);
  compareOpenings(followed.openings, movements, find);
  const before = evidence.atRestores.flatMap(({ effects }) => [...effects]);
  const done = new Set([...followed.effects, ...before]);
  const mayBeLost = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }) =>
    evidence.restores.some((each) => fromMs <= each.untilMs && untilMs >= each.fromMs);
  for (const attempt of evidence.attempts.filter(({ command }) => !inSteps.has(command))) {
    const { operator, command, proposal, signature, untilMs, claim } = attempt;
    const words = `${operator}'s ${command}${proposal === null ? "" : ` of ${proposal}`}, ` +
      `answered at ${Math.round(untilMs)} ms`;
    if (claim === "not done" && done.has(signature)) find(`${words} as not done, was done`);
    const isInLog = followed.effects.has(signature) || followed.idle.has(signature);
    if (claim === "done" && !isInLog && !mayBeLost(attempt)) {
      find(`${words} as done, was not done`);
    }
    if (claim === "run before" && !followed.run.has(proposal!) && !mayBeLost(attempt)) {
      find(`${words} as run before, was not run`);
    }
  }
  for (const each of evidence.foundOut) {
    const { proposal, isDone } = each;
    if (followed.run.has(proposal) === isDone || mayBeLost(each)) continue;
    find(`the log showed of ${proposal} that it was ${isDone ? "" : "not "}run`);
  }
  return findings;
}

/** Checks that the bank's operators and proposals are those that the log says. */
function compareRows(
  { operators, open, proposals }: FollowedStaff,
  rows: StaffRecord,
  find: (what: string) => void,
): void {
  const wordsOf = (name: string, { role, publicKey }: Operator) => `${name} ${role} ${publicKey}`;
  const inLog = [...operators].map(([name, each]) => wordsOf(name, each)).sort().join();
  const inRows = rows.operators.map((each) => wordsOf(each.name, each)).sort().join();
  if (inLog !== inRows) find(`the log has the operators ${inLog}, the bank has ${inRows}`);
  for (const id of rows.proposals) {
    if (!proposals.has(id)) find(`the proposal ${id} waits, and the log says that it does not`);
  }
  for (const id of open) {
    if (!rows.proposals.includes(id)) find(`the proposal ${id} is open, and does not wait`);
  }
}

/** Checks that each opening balance was run by one command, and each command was run. */
function compareOpenings(
  openings: readonly string[],
  movements: readonly MovementRecord[],
  find: (what: string) => void,
): void {
  const booked = movements.filter(({ kind, booked }) => kind === "opening" && booked > 0n)
    .map(({ customer, booked }) => `${customer} ${booked}`).sort();
  const [inRows, inLog] = [booked.join(), openings.toSorted().join()];
  if (inRows !== inLog) find(`opening balances are ${inRows}, and operators gave ${inLog}`);
}

const isMoney = (text: unknown) => /[1-9]/.test(String(text));
const minor = (text: unknown) => Number(String(text).replace(".", ""));

function limitsIn(command: Command): [key: string, limit: number][] {
  const whose = command.account ?? command.terminal ?? "bank";
  return ["withdrawal", "day", "cashOut", "cashIn"].flatMap((flag) => {
    const text = command[flag];
    if (text === undefined) return [];
    return [[`${whose} ${flag}`, text === "none" ? Infinity : minor(text)]];
  });
}

/** Returns whether an entry only names its command, which had no effect or has another entry. */
function isPlain(action: string, { command }: Command): boolean {
  const words = command.replaceAll("_", " ");
  return action === words || action.startsWith(`${words} (`);
}

/** Returns whether an entry says what a command asked for. */
function isEffectOf(command: Command, action: string, movement: string | undefined): boolean {
  const { name, terminal, username, role, publicKey } = command;
  switch (command.command) {
    case "add_operator":
      return action === `add operator ${name} as ${role}, with the key ${publicKey}`;
    case "remove_operator":
      return action === `remove operator ${name}`;
    case "add_customer":
      return action === `add customer ${username}`;
    case "open_account":
      return action === `open account ${name} for ${username}`;
    case "reset_password":
      return action === `reset the password of ${command.customer}`;
    case "settle_hold":
    case "correct_movement":
      return movement === command.movement;
    case "set_limits":
      return action.startsWith("set limits");
    case "confirm_clock":
      return action.startsWith("confirm the clock at ");
    case "set_back_clock":
      return action.startsWith("set the bank's time back from ");
    case "end_restore":
      return action.startsWith("end the restore, ");
    case "enrol_device":
      return action === `enrol device ${name} of terminal ${terminal}`;
    default:
      return action.includes(` ${name}`);
  }
}

/** Returns what an operator signs. */
function messageOf(bankId: string, nonce: string, operator: string, command: Command): string {
  const sorted = Object.keys(command).sort().map((name) => [name, command[name]]);
  const text = JSON.stringify(Object.fromEntries(sorted));
  return ["strongroom/1 operator request", bankId, nonce, operator, text].join("\n");
}

function isSigned(publicKey: string, message: string, signature: string): boolean {
  const x = Uint8Array.fromHex(publicKey).toBase64({ alphabet: "base64url", omitPadding: true });
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, new TextEncoder().encode(message), key, Uint8Array.fromHex(signature));
}

/**
 * The bank's operators where there are several, each with a key and a role: what one of them proposes
 * another one approves, at once or late, and sometimes somebody does who must not.
 */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { UsageError } from "../../lib/errors.ts";
import type { OperatorCommand, Role } from "../../lib/operator_commands.ts";
import { CommandUnsure, type OperatorAnswer } from "../../server/operator/request.ts";
import type { Signer } from "../../server/operator/signed_request.ts";
import type { BankServer } from "./bank_server.ts";
import { type Attempt, type FoundOut, isChanging, mayDo } from "./four_eyes_judge.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface ColleaguesWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly servers: readonly BankServer[];
  /** Whether faults happen now. */
  isTroubled(): boolean;
  count(what: string): void;
  /** An operator reads this. */
  onLine(line: string): void;
}

/** An operator with a key. */
interface Person {
  readonly name: string;
  readonly role: Role;
  readonly key: OperatorKey;
}

interface OperatorKey {
  /** 64 hex digits. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** A command that waits for a second operator. */
interface Proposed {
  readonly id: string;
  readonly by: string;
  readonly command: OperatorCommand;
}

/** An answer, or the error that the operator got instead. */
type Outcome =
  | { claim: "done"; answers: OperatorAnswer[] }
  | { claim: "not done" | "in doubt"; error: Error };

const hourMs = 3_600_000;
/** The customer whose accounts are opened and limited here: nobody comes to an ATM in this name. */
const nobody = "nobody";
/** How often an approval without an answer is given again, and the log is read. */
const triesMax = 200;
/** Operators at most. */
const peopleMax = 5;
/** Proposals that are kept for later. */
const leftMax = 6;
/** How likely an operator gets no answer. */
const lostAnswers = 0.2;
/** How likely a server crashes while an approval is under way. */
const crashes = 0.02;

export class Colleagues {
  readonly attempts: Attempt[] = [];
  readonly foundOut: FoundOut[] = [];
  /** The bank's id, as it is signed. */
  bankId = "";
  /** Operators as the office has them last. */
  #people: Person[] = [];
  /** Keys that were replaced or whose operators were removed. */
  readonly #former: Person[] = [];
  /** Keys that the bank may have, by their public part. */
  readonly #keys = new Map<string, OperatorKey>();
  /** Proposals that nobody has approved yet, and some that have ended. */
  readonly #left: Proposed[] = [];
  /** Proposals that are left until the next day, each with its time. */
  readonly #overnight: { proposed: Proposed; fromMs: number }[] = [];
  readonly #ended: Proposed[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Changes of the operators are made one after the other. */
  #changing: Promise<void> = Promise.resolve();
  #serial = 0;
  /** An account of nobody's. */
  #account: string | null = null;

  constructor(private readonly world: ColleaguesWorld) {}

  /** Returns the first admin of a bank that is to be made. */
  first(): Signer {
    const person: Person = { name: "anna", role: "admin", key: this.#newKey() };
    this.#people.push(person);
    return { name: person.name, publicKey: person.key.publicKey, sign: person.key.sign };
  }

  /** The admin of a bank of one adds a second one, and often a third one with another role. */
  async join(): Promise<void> {
    const { random } = this.world;
    const roles: Role[] = ["admin"];
    if (random.chance(0.7)) roles.push(random.of(["admin", "officer", "teller", "auditor"]));
    for (const [index, role] of roles.entries()) {
      const name = ["ben", "carl"][index]!;
      const { publicKey } = this.#newKey();
      await this.ask({ command: "add_operator", name, role, publicKey });
      await this.#relist();
    }
    const passwordHash = "nobody's password";
    await this.ask({ command: "add_customer", username: nobody, passwordHash, opening: "10.00" });
    const command = { command: "list_accounts", customer: nobody, json: true } as const;
    for (const answer of await this.ask(command)) {
      if ("line" in answer) this.#account = JSON.parse(answer.line).account;
    }
  }

  /**
   * Gives a command; where it needs two operators one proposes and another one approves it.
   * @throws {Error} if it was not done, or perhaps
   */
  async ask(
    command: OperatorCommand,
    at?: BankServer,
    onAnswer: (answer: OperatorAnswer) => void = () => {},
  ): Promise<OperatorAnswer[]> {
    const { key, ...bare } = command as OperatorCommand & { key?: string };
    const by = this.#anyoneFor(command.command);
    const outcome = await this.#give(by, bare, { at, onAnswer });
    if (outcome.claim !== "done") throw outcome.error;
    const id = proposalIn(outcome.answers);
    if (id === null) return outcome.answers;
    await this.#wait(20_000);
    return await this.#approve({ id, by: by.name, command }, { at, onAnswer, key });
  }

  /** One of the things that operators do to each other's proposals, next to everything else. */
  act(): void {
    const running = this.#act().catch((error: Error) =>
      this.world.scheduler.record(`colleagues: ${error.message}`)
    ).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing that operators began is under way, and they know again who they are. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#relist(); // during an outage the list could not be had
  }

  async #act(): Promise<void> {
    await this.world.random.weighed<() => Promise<unknown>>([
      [5, () => this.#openAccount()],
      [3, () => this.#changeLimit()],
      [1, () => this.#proposeAndSee({ command: "reset_password", customer: nobody })],
      [5, () => this.#inTurn(() => this.#changeSomeone())],
      [3, () => this.#seeToLeft()],
      [2, () => this.#seeToOvernight()],
      [2, () => this.#approveEnded()],
      [3, () => this.#useFormerKey()],
      [1, () => this.#tidyUp()],
    ])();
  }

  #openAccount(): Promise<void> {
    const { random } = this.world;
    const opening = `0.${String(random.between(1, 99)).padStart(2, "0")}`;
    const name = `box ${++this.#serial}`;
    return this.#proposeAndSee({ command: "open_account", username: nobody, name, opening });
  }

  /** Lowers a limit, which one operator may, or raises it, which needs two: often at the same time. */
  async #changeLimit(): Promise<void> {
    const { random } = this.world;
    const account = this.#account;
    if (account === null) return;
    const limits = () => `${random.of([100, 200, 300, 400])}.00`;
    const commands = Array.from({ length: random.between(2, 3) }, () => limits())
      .map((day): OperatorCommand => ({ command: "set_limits", account, day }));
    await Promise.all(commands.map((command) => this.#proposeAndSee(command)));
  }

  /** Somebody is added, removed, or gets another key or role. */
  async #changeSomeone(): Promise<void> {
    const { random } = this.world;
    const person = random.of(this.#people);
    const role = random.of<Role>(["admin", "admin", "officer", "teller", "auditor", "timer"]);
    const newest = `operator-${++this.#serial}`;
    const remove = { command: "remove_operator", name: person.name } as const;
    const { publicKey } = this.#newKey();
    const added = (name: string, role: Role) =>
      ({ command: "add_operator", name, role, publicKey }) as const;
    const command = random.weighed<OperatorCommand>([
      ...this.#people.length < peopleMax ? [[4, added(newest, role)] as const] : [],
      [3, remove],
      [1, added(person.name, role)],
      [2, added(person.name, person.role)],
    ]);
    if (!this.#leavesAdmins(command)) return;
    await this.#proposeAndSee(command);
  }

  /** Returns whether two admins are left after a command, as far as is known. */
  #leavesAdmins(command: OperatorCommand): boolean {
    if (command.command === "add_operator" && command.role === "admin") return true;
    const changed = "name" in command ? command.name : "";
    return this.#people.filter(({ name, role }) => role === "admin" && name !== changed).length > 1;
  }

  /** Proposes a command; then it is approved, rejected, left, or tried by somebody who must not. */
  async #proposeAndSee(command: OperatorCommand): Promise<void> {
    const by = this.#anyoneFor(command.command);
    const outcome = await this.#give(by, command);
    const id = outcome.claim === "done" ? proposalIn(outcome.answers) : null;
    if (id === null) return await this.#relistAfter(command);
    const proposed = { id, by: by.name, command };
    await this.#wait(60_000);
    await this.#see(proposed);
    await this.#relistAfter(command);
  }

  async #see(proposed: Proposed): Promise<void> {
    const { random } = this.world;
    await random.weighed<() => Promise<unknown>>([
      [4, () => this.#approveAndNote(proposed)],
      [2, async () => {
        await this.#approveAs(this.#named(proposed.by), proposed);
        await this.#approveAndNote(proposed);
      }],
      [4, () => this.#approveTwice(proposed)],
      [2, async () => {
        await this.#reject(proposed);
        await this.#approveAs(this.#other(proposed), proposed);
      }],
      [1, () => Promise.all([this.#reject(proposed), this.#approveAndNote(proposed)])],
      [3, () => Promise.resolve(this.#leave(proposed))],
      [2, async () => {
        await this.#approveAs(random.of(this.#people), proposed); // of any role
        await this.#approveAndNote(proposed);
      }],
      ...isOfStaff(proposed.command) ? [] : [[4, () => this.#removeMeanwhile(proposed)] as const],
    ])();
  }

  #leave(proposed: Proposed): void {
    const { random, scheduler } = this.world;
    if (random.chance(0.3) && !isOfStaff(proposed.command)) {
      this.#overnight.push({ proposed, fromMs: scheduler.timeMs });
    } else if (this.#left.length < leftMax) this.#left.push(proposed);
  }

  /** Approves a proposal until the outcome is known. */
  async #approveAndNote(proposed: Proposed): Promise<void> {
    if (!this.#leavesAdmins(proposed.command) && isOfStaff(proposed.command)) return;
    try {
      await this.#approve(proposed, {});
    } catch (error) {
      this.world.scheduler.record(`colleagues: ${(error as Error).message}`);
    }
    this.#ended.push(proposed);
  }

  /** Two approvals at once, by two operators or by one, at two servers where there are two. */
  async #approveTwice(proposed: Proposed): Promise<void> {
    const { servers, random } = this.world;
    const [one, other] = [this.#other(proposed), this.#other(proposed)];
    const [at, then] = [random.of(servers), random.of(servers)];
    await Promise.all([
      this.#approveAs(one, proposed, at),
      this.#briefly().then(() => this.#approveAs(other, proposed, then)),
    ]);
    this.#ended.push(proposed);
  }

  /** While a proposal is approved, its proposer or its approver is removed, or gets another key. */
  async #removeMeanwhile(proposed: Proposed): Promise<void> {
    await this.#inTurn(async () => {
      const { random, servers } = this.world;
      const approver = this.#other(proposed);
      const { name, role } = random.chance(0.6) ? approver : this.#named(proposed.by);
      const change: OperatorCommand = random.chance(0.7)
        ? { command: "remove_operator", name }
        : { command: "add_operator", name, role, publicKey: this.#newKey().publicKey };
      if (!this.#leavesAdmins(change)) return this.#leave(proposed);
      const changer = this.#anyoneFor(change.command, name);
      const outcome = await this.#give(changer, change);
      const id = outcome.claim === "done" ? proposalIn(outcome.answers) : null;
      if (id === null) return this.#leave(proposed);
      const removal = { id, by: changer.name, command: change };
      const second = this.#people.find((each) =>
        each.role === "admin" && each.name !== name && each !== changer
      );
      if (!second) return this.#leave(proposed);
      // At one server both are often in one batch.
      const at = random.chance(0.7) ? random.of(servers) : undefined;
      await Promise.all([
        this.#approveAs(second, removal, at),
        this.#briefly(5).then(() => this.#approveAs(approver, proposed, at)),
      ]);
      this.#ended.push(proposed);
      this.#leave(proposed);
      await this.#relist();
    });
  }

  /** Somebody approves a proposal that was left, late. */
  async #seeToLeft(): Promise<void> {
    const [proposed] = this.#left.splice(this.world.random.below(this.#left.length), 1);
    if (!proposed) return;
    const see = () => this.#see(proposed).then(() => this.#relistAfter(proposed.command));
    await (isOfStaff(proposed.command) ? this.#inTurn(see) : see());
  }

  /** Somebody approves a proposal of the day before, which lapses these minutes. */
  async #seeToOvernight(): Promise<void> {
    const nowMs = this.world.scheduler.timeMs;
    const old = this.#overnight.filter(({ fromMs }) => nowMs - fromMs > 23 * hourMs);
    if (old.length === 0) return;
    const { proposed } = this.world.random.of(old);
    await this.#approveAs(this.#other(proposed), proposed);
  }

  /** Somebody approves what has ended. */
  async #approveEnded(): Promise<void> {
    if (this.#ended.length === 0) return;
    const proposed = this.world.random.of(this.#ended);
    if (isOfStaff(proposed.command)) return;
    await this.#approveAs(this.#other(proposed), proposed);
  }

  /** Somebody with a key that the bank accepts no more tries a command, or an approval. */
  async #useFormerKey(): Promise<void> {
    const { random } = this.world;
    if (this.#former.length === 0) return;
    const person = random.of(this.#former);
    const proposed = this.#left.find(({ command }) => !isOfStaff(command));
    if (proposed && random.chance(0.5)) return void await this.#approveAs(person, proposed);
    const [account, day] = [this.#account, `${random.between(1, 50)}.00`];
    if (account !== null) await this.#give(person, { command: "set_limits", account, day });
  }

  /** Proposals that nobody is about to approve are rejected: their proposers got no answer. */
  async #tidyUp(): Promise<void> {
    const outcome = await this.#give(this.#anyoneFor("reject"), {
      command: "list_proposals",
      json: true,
    });
    if (outcome.claim !== "done") return;
    const left = [...this.#left, ...this.#overnight.map(({ proposed }) => proposed)];
    const isKept = (id: string) => left.some((each) => each.id === id);
    for (const answer of outcome.answers) {
      if (!("line" in answer)) continue;
      const { proposal: id, operator: by } = JSON.parse(answer.line);
      if (isKept(id) || !this.world.random.chance(0.3)) continue;
      await this.#reject({ id, by, command: { command: "list_proposals" } });
    }
  }

  async #reject(proposed: Proposed): Promise<void> {
    const { id: proposal } = proposed;
    const reason = "simulated";
    const person = this.#anyoneFor("reject");
    const { claim } = await this.#give(person, { command: "reject", proposal, reason });
    this.world.count(`colleagues: rejection ${claim}`);
    this.#ended.push(proposed);
  }

  /** One approval, whatever its outcome. */
  async #approveAs(person: Person, { id: proposal }: Proposed, at?: BankServer): Promise<Outcome> {
    const outcome = await this.#give(person, { command: "approve", proposal }, { at });
    this.world.count(`colleagues: approval ${outcome.claim}`);
    return outcome;
  }

  /**
   * Approves a proposal, again until the outcome is known: one that is no longer open then was run by an
   * approval without an answer, or not, as the log shows.
   * @throws {Error} if it was not run
   */
  async #approve(
    proposed: Proposed,
    { at, onAnswer, key }: {
      at?: BankServer | undefined;
      onAnswer?: (answer: OperatorAnswer) => void;
      key?: string | undefined;
    },
  ): Promise<OperatorAnswer[]> {
    const { id: proposal } = proposed;
    const fromMs = this.world.scheduler.timeMs;
    let isUnsure = false;
    let kept = key;
    const onPiece = (answer: OperatorAnswer) => {
      if ("keyFile" in answer) kept = answer.keyFile;
      onAnswer?.(answer);
    };
    for (let tries = 0; tries < triesMax; tries++) {
      const command = { command: "approve", proposal, ...(kept && { key: kept }) } as const;
      const outcome = await this.#give(this.#other(proposed), command, { at, onAnswer: onPiece });
      this.world.count(`colleagues: approval ${outcome.claim}`);
      if (outcome.claim === "done") return outcome.answers;
      const hasEnded = outcome.error.message.includes("was not approved");
      if (outcome.claim === "not done" && (!isUnsure || hasEnded)) {
        if (!isUnsure || !hasEnded) throw outcome.error;
        const isDone = await this.#readOutcome(proposal);
        const untilMs = this.world.scheduler.timeMs;
        this.foundOut.push({ proposal, isDone, fromMs, untilMs });
        this.world.count(`colleagues: the log shows that it was ${isDone ? "" : "not "}run`);
        if (isDone && !hasAnswer(proposed.command)) return [{ line: "it was run" }];
        throw new Error(isDone ? "the answer is lost" : "it was not run");
      }
      isUnsure = true;
      await this.#pause(20_000);
      // It may be the approver's key that was replaced.
      if (outcome.claim === "not done") await this.#relist();
    }
    throw new Error(`nobody can approve ${proposal}`);
  }

  /** Reads in the log whether a proposal that has ended was run. */
  async #readOutcome(proposal: string): Promise<boolean> {
    for (let tries = 0; tries < triesMax; tries++) {
      const command = { command: "show_audit", json: true, follow: false, outcome: "ok" } as const;
      const admin = this.#people.find(({ role }) => role === "admin")!;
      const outcome = await this.#give(admin, command);
      if (outcome.claim === "done") {
        return outcome.answers.some((answer) => isRun(answer, proposal));
      }
      await this.#pause(20_000);
    }
    throw new Error("nobody can read the log");
  }

  /** Gives one signed command at one server, once. */
  async #give(
    { name, key }: Person,
    command: OperatorCommand,
    { at, onAnswer = () => {} }: {
      at?: BankServer | undefined;
      onAnswer?: ((answer: OperatorAnswer) => void) | undefined;
    } = {},
  ): Promise<Outcome> {
    const { random, servers, scheduler } = this.world;
    const running = servers.filter(({ isRunning }) => isRunning);
    const server = at ?? (running.length === 0 ? undefined : random.of(running));
    if (!server?.isRunning) return { claim: "in doubt", error: new Error("no server is running") };
    const attempt: Attempt = {
      operator: name,
      command: command.command,
      proposal: "proposal" in command ? command.proposal : null,
      signature: "",
      ...{ fromMs: scheduler.timeMs, untilMs: Infinity, claim: "in doubt" },
    };
    if (isChanging(command.command)) this.attempts.push(attempt);
    const signer: Signer = {
      name,
      publicKey: key.publicKey,
      sign: (message) => {
        const signature = key.sign(message);
        attempt.signature = signature.toHex();
        this.bankId = new TextDecoder().decode(message).split("\n")[1]!;
        return signature;
      },
    };
    let isCut = false;
    const onPiece = (answer: OperatorAnswer) => {
      if (isCut && ("keyFile" in answer || "fetch" in answer)) {
        throw new Error("its file was not kept");
      }
      if (!isCut) onAnswer(answer);
      this.world.onLine("line" in answer ? answer.line : "");
    };
    const operated = server.operate({ ...command, operator: name }, onPiece, signer);
    const isMarked = this.world.isTroubled() && isChanging(command.command);
    if (isMarked && random.chance(crashes)) {
      this.#briefly(8).then(() =>
        server.crash(random.of(["kill", "power cut"]), "while operators act")
      );
    }
    const cut = Promise.withResolvers<never>();
    if (isMarked && random.chance(lostAnswers)) {
      this.#briefly(8).then(() => {
        isCut = true;
        cut.reject(new Error("the answer is lost"));
      });
    }
    cut.promise.catch(() => {});
    try {
      const answers = await Promise.race([operated, cut.promise]);
      attempt.claim = answers.some(isRunBefore) ? "run before" : "done";
      return { claim: "done", answers };
    } catch (error) {
      operated.catch(() => {});
      const isSure = error instanceof UsageError && !(error instanceof CommandUnsure);
      const claim = isSure ? "not done" : "in doubt";
      attempt.claim = claim;
      scheduler.record(`${name}: ${command.command}: ${(error as Error).message}`);
      return { claim, error: error as Error };
    } finally {
      attempt.untilMs = scheduler.timeMs;
    }
  }

  // Who is who

  /** @throws {Error} if there is nobody for it */
  #anyoneFor(command: OperatorCommand["command"], except = ""): Person {
    const able = this.#people.filter(({ name, role }) =>
      name !== except && (isChanging(command) ? mayDo(role, command) : role === "admin")
    );
    if (able.length === 0) throw new Error(`no operator may give ${command}`);
    return this.world.random.of(able);
  }

  /** Returns somebody who may approve a proposal, besides its proposer. */
  #other({ by, command: { command } }: Proposed): Person {
    return this.#anyoneFor(isChanging(command) ? command : "approve", by);
  }

  #named(name: string): Person {
    return this.#people.find((each) => each.name === name) ??
      this.#former.findLast((each) => each.name === name)!;
  }

  async #relistAfter(command: OperatorCommand): Promise<void> {
    if (isOfStaff(command)) await this.#relist();
  }

  /** Reads who is an operator, with any key that the bank still accepts. */
  async #relist(): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const person = this.world.random.of(this.#people);
      const outcome = await this.#give(person, { command: "list_operators", json: true });
      if (outcome.claim === "done") return this.#note(outcome.answers);
      await this.#pause(5_000);
    }
  }

  #note(answers: readonly OperatorAnswer[]): void {
    const people = answers.flatMap((answer): Person[] => {
      if (!("line" in answer)) return [];
      const { operator: name, role, publicKey } = JSON.parse(answer.line);
      return [{ name, role, key: this.#keys.get(publicKey)! }];
    });
    const isIn = ({ name, key }: Person) =>
      people.some((each) => each.name === name && each.key === key);
    this.#former.push(...this.#people.filter((person) => !isIn(person)));
    this.#people = people;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => {});
    return changed;
  }

  #newKey(): OperatorKey {
    // PKCS #8 for Ed25519 (RFC 8410), and the secret key.
    const prefix = Uint8Array.fromHex("302e020100300506032b657004220420");
    const der = Uint8Array.from([...prefix, ...this.world.random.bytes(32)]);
    const secret = createPrivateKey({ key: der as never, format: "der", type: "pkcs8" });
    const exported = createPublicKey(secret).export({ format: "der", type: "spki" });
    const key: OperatorKey = {
      publicKey: new Uint8Array(exported.subarray(-32)).toHex(),
      sign: (message) => new Uint8Array(sign(null, message, secret)),
    };
    this.#keys.set(key.publicKey, key);
    return key;
  }

  /** Waits until a colleague looks at it: longer while the bank is busy. */
  #wait(msMax: number): Promise<void> {
    return this.#pause(this.world.isTroubled() ? msMax : 1_000);
  }

  #pause(msMax: number): Promise<void> {
    const { scheduler, random } = this.world;
    return scheduler.pause(random.between(msMax / 10, msMax), "colleague");
  }

  /** A moment in which a command is under way. */
  #briefly(msMax = 60): Promise<void> {
    const { scheduler, random } = this.world;
    return scheduler.pause(random.fraction() * msMax, "colleague");
  }
}

const isOfStaff = ({ command }: OperatorCommand) =>
  command === "add_operator" || command === "remove_operator";

/** Returns whether what is answered is needed later. */
const hasAnswer = ({ command }: OperatorCommand) =>
  command === "add_customer" || command === "open_account";

function proposalIn(answers: readonly OperatorAnswer[]): string | null {
  for (const answer of answers) if ("proposal" in answer) return answer.proposal;
  return null;
}

/** Returns whether a line of the log is the effect of a proposal. */
/** Returns whether an approval found that an earlier one with the same key file had run the proposal. */
function isRunBefore(answer: OperatorAnswer): boolean {
  return "line" in answer && /^proposal [0-9a-f]{64} is over, and the bank has /.test(answer.line);
}

function isRun(answer: OperatorAnswer, proposal: string): boolean {
  if (!("line" in answer)) return false;
  const { signed, action } = JSON.parse(answer.line);
  if (signed === undefined || /^approve( \(|$)/.test(action)) return false;
  const { command } = JSON.parse(signed);
  return command.command === "approve" && command.proposal === proposal;
}

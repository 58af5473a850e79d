/**
 * A service that completes a command with any code, whether or not it executed the command, at any
 * moment of a withdrawal and of a deposit; and one that sends every event at every moment. The journal
 * has the state afterwards: notes and books agree once it is settled, or staff have counted.
 */
import { assert, assertEquals } from "@std/assert";
import { completionCodes, events } from "../../client/cash/xfs4iot/messages.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { system } from "../../lib/system.ts";
import { type MessageSocket, pause } from "../../lib/world.ts";
import {
  type Branch,
  chanceOf,
  countNotes,
  evening,
  openBranch,
  type Start,
  startAtm,
} from "./small_branch.ts";

const kinds = ["withdrawal", "deposit"] as const;
type Kind = typeof kinds[number];
/** Whether the service executes the command. */
type Mode = "not executed" | "executed";

/** A service that answers wrongly, once. */
interface Lie {
  /** Which command of the visit, from 0. */
  at: number;
  code: string;
  mode: Mode;
}

interface Envelope {
  header: { type: string; name: string; requestId?: number; completionCode?: string };
  payload?: unknown;
}

/** The ATM's end of a line to its devices. */
class Line {
  /** The names of the commands of the visit. */
  readonly commands: string[] = [];
  lie: Lie | null = null;
  /** Sent before each message of the service. */
  noise: readonly string[] = [];
  visits = false;
  #lied: { requestId: number; code: string } | null = null;

  over(socket: MessageSocket): MessageSocket {
    const queue: string[] = [];
    return {
      close: () => socket.close(),
      send: (text) => {
        const { header } = JSON.parse(text) as Envelope;
        const { name, requestId } = header;
        const lies = this.visits && this.lie?.at === this.commands.length;
        if (this.visits) this.commands.push(name);
        if (!lies) return socket.send(text);
        const { code, mode } = this.lie!;
        this.#lied = { requestId: requestId!, code };
        if (mode === "executed") return socket.send(text);
        // An unknown command is acknowledged and completed, so that there is something to change.
        socket.send(JSON.stringify({ header: { ...header, name: "Vendor.Nothing" }, payload: {} }));
      },
      receive: async () => {
        if (queue.length > 0) return queue.shift()!;
        const text = await socket.receive();
        if (text === null) return null;
        const message = JSON.parse(text) as Envelope;
        if (this.visits) queue.push(...this.noise);
        queue.push(this.#changed(message));
        return queue.shift()!;
      },
    };
  }

  #changed({ header, payload }: Envelope): string {
    const isOfLie = this.#lied !== null && header.requestId === this.#lied.requestId;
    if (!isOfLie) return JSON.stringify({ header, payload });
    const name = header.name === "Vendor.Nothing" ? this.commands[this.lie!.at]! : header.name;
    if (header.type !== "completion") {
      return JSON.stringify({ header: { ...header, name }, payload });
    }
    const { code } = this.#lied!;
    this.#lied = null;
    return JSON.stringify({ header: { ...header, name, completionCode: code }, payload: {} });
  }
}

async function visit({ cashier, simulated, payer }: Start, kind: Kind): Promise<string> {
  if (kind === "withdrawal") {
    return (await cashier.alone(() => cashier.withdraw(payer, 8_000n))).outcome;
  }
  const opened = await cashier.alone(() => cashier.openAcceptor(payer));
  if (opened !== "ok") return opened;
  // An acceptor that has stopped does not count them.
  const counted = Promise.all([5_000n, 1_000n, 2_000n].map((note) => simulated.insert(note)));
  await Promise.race([counted, pause(system, 20)]);
  return (await cashier.alone(() => cashier.deposit(payer))).outcome;
}

/** Runs a visit with one fault of the line, and what follows until notes and books agree. */
async function strike(branch: Branch, kind: Kind, line: Line, words: string): Promise<string> {
  const { bank, journal } = branch;
  const books = () => bank.balance("bob") + bank.balance("differences");
  const before = books();
  const atm = await startAtm(branch, false, (socket) => line.over(socket));
  const notes = totalOf(atm.simulated.everywhere());
  line.visits = true;
  const outcome = await visit(atm, kind);
  line.visits = false;
  const again = await startAtm(branch, false);
  await again.cashier.recover();
  await again.cashier.settle(again.line);
  const isFlagged = journal.flagged().length > 0;
  const inBins = totalOf(again.devices.inside()) !== totalOf(again.devices.cassettes());
  if (isFlagged || inBins || again.devices.jammed().length > 0) {
    const over = await countNotes(branch, again);
    assert(isFlagged || over === 0n, `${words}: ${over} over, and nothing was flagged`);
  }
  await again.cashier.settle(again.line);
  evening(branch, words);
  assertEquals(books() - before, totalOf(again.simulated.everywhere()) - notes, words);
  return outcome;
}

async function withBranch(test: (branch: Branch) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const branch = await openBranch(folder, chanceOf(1), "by messages");
  try {
    await test(branch);
  } finally {
    await branch.present?.close();
    branch.notes.close();
    branch.database.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the commands of a visit in which nothing fails. */
async function commandsOf(branch: Branch, kind: Kind): Promise<readonly string[]> {
  const line = new Line();
  assertEquals(await strike(branch, kind, line, kind), "ok");
  return line.commands;
}

/** Commands that move no note, and leave no state. */
const isQuestion = (name: string) => /Get|Status$/.test(name);

/**
 * Yields every code for the first command of each name, in both modes where they differ; further ones
 * of that name get one code each.
 */
function* liesOf(commands: readonly string[]): Generator<Lie & { name: string }> {
  for (const [at, name] of commands.entries()) {
    const codes = commands.indexOf(name) === at
      ? completionCodes
      : [completionCodes[at % completionCodes.length]!];
    for (const code of codes) {
      yield { at, name, code, mode: "not executed" };
      if (!isQuestion(name)) yield { at, name, code, mode: "executed" };
    }
  }
}

Deno.test("any completion code at any command, executed or not: notes and books agree, or staff are shown it", () =>
  withBranch(async (branch) => {
    const seen = new Map<string, number>();
    for (const kind of kinds) {
      const commands = await commandsOf(branch, kind);
      for (const { at, name, code, mode } of liesOf(commands)) {
        const line = new Line();
        line.lie = { at, code, mode };
        const outcome = await strike(
          branch,
          kind,
          line,
          `${kind}, ${at} ${name}: ${code}, ${mode}`,
        );
        seen.set(`${kind} ${outcome}`, (seen.get(`${kind} ${outcome}`) ?? 0) + 1);
      }
    }
    console.log([...seen].map(([what, times]) => `${what} ${times}`).join("\n"));
  }));

Deno.test("every event before every message of a service changes nothing", () =>
  withBranch(async (branch) => {
    for (const kind of kinds) {
      for (const [name, { version }] of Object.entries(events)) {
        const line = new Line();
        const header = { type: "unsolicited", name, version };
        line.noise = [JSON.stringify({ header, payload: {} })];
        await strike(branch, kind, line, `${kind} with ${name}`);
      }
    }
  }));

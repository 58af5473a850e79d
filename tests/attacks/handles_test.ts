/**
 * Strangers who take a program's connections while it has few handles (`ulimit -n 300`): each program
 * goes on, serves its own peers meanwhile, and ends in order.
 */
import { assertEquals } from "@std/assert";
import { DeviceConnection } from "../../client/cash/xfs4iot/connection.ts";
import { system } from "../../lib/system.ts";
import { until } from "../client/branch.ts";
import { connectStandard } from "../client/reference_messages.ts";
import { SmallLog } from "../server/transparency/small_log.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { Desktop, findDesktop } from "../desktop.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const project = new URL("../../", import.meta.url);
const handlesMax = 300;
const strangersMax = 400;
/** How long a slow machine may take for an answer. */
const answerMsMax = 30_000;

interface Address {
  hostname: string;
  port: number;
}

const addressOf = (text: string): Address => {
  const { hostname, port } = new URL(`http://${text}`);
  return { hostname, port: Number(port) };
};

/** A command of `main.ts`, with few handles for it and its programs. */
class Cramped {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #log: Promise<string>;

  /** @param env what its environment has besides this one */
  constructor(words: string[], env: Record<string, string> = {}) {
    this.#process = new Deno.Command("sh", {
      args: [
        ...["-c", `ulimit -n ${handlesMax}; exec "$@"`, "sh", Deno.execPath(), "run", "-A"],
        ...["--frozen", "main.ts", ...words],
      ],
      cwd: project,
      env,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#process.stdout).getReader();
    this.#log = new Response(this.#process.stderr).text();
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error(await this.#log);
    return value;
  }

  /** Ends it. Returns its exit code and the stacks and uncaught errors in its log. */
  end(): Promise<[code: number, stacks: string[]]> {
    this.#process.kill("SIGTERM");
    return this.ended();
  }

  /** Waits until it ends without a signal; returns the same. */
  async ended(): Promise<[code: number, stacks: string[]]> {
    const { code } = await this.#process.status;
    await this.#lines.cancel();
    const stacks = (await this.#log).split("\n").filter((line) => /^ {4}at |ncaught/.test(line));
    return [code, stacks];
  }
}

/** Connects many strangers who say this and no more, for as long as `work` takes. */
async function amongStrangers(
  address: Address,
  work: () => Promise<void>,
  said = "",
): Promise<void> {
  const strangers: Deno.Conn[] = [];
  try {
    for (let count = 0; count < strangersMax; count++) {
      const connection = await Deno.connect(address).catch(() => null);
      if (!connection) continue;
      strangers.push(connection);
      if (said) await connection.write(new TextEncoder().encode(said)).catch(() => {});
    }
    await work();
  } finally {
    for (const connection of strangers) connection.close();
  }
}

/** Asks for `url`. Returns 0 where a connection is refused or closed before its answer. */
/** Returns 0 without an answer, which is to be asked for again. */
const statusOrNone = (url: string): Promise<number> => statusOf(url, {}, 2_000).catch(() => 0);

async function statusOf(url: string, init: RequestInit, msMax = answerMsMax): Promise<number> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(msMax) });
  await answer.body?.cancel();
  return answer.status;
}

Deno.test("the demo's bank and its ATM in a browser survive strangers who take all handles", () =>
  inTemporaryFolder(async (folder) => {
    const demo = new Cramped([
      ...["demo", "--browser", "--no-open", "--json", "--data", `${folder}/demo`],
    ]);
    const { bank, atm } = JSON.parse(await demo.line());
    const { origin, host, hash } = new URL(atm);
    await amongStrangers(addressOf(host), async () => {
      await until("the page is served", async () => await statusOrNone(origin) === 200);
      const headers = { origin, "x-launch-secret": hash.slice(1) };
      const opened = await fetch(`${origin}/open`, { method: "POST", headers });
      const { secret } = await opened.json();
      const page = { method: "POST", headers: { origin, "x-page-secret": secret }, body: "[]" };
      for (let call = 0; call < 5; call++) {
        assertEquals(await statusOf(`${origin}/call/touch`, page), 200);
      }
    });
    await amongStrangers(addressOf(bank), () => Promise.resolve());
    await until("the page is served again", async () => await statusOrNone(origin) === 200);
    assertEquals(await demo.end(), [0, []]);
  }));

Deno.test({
  name: "an ATM in its window serves a customer with few handles, while strangers take its bank's",
  ignore: !findDesktop(),
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const desktop = await Desktop.open(1300, 830);
      try {
        const words = ["demo", "--window", "--json", "--data", `${folder}/demo`];
        const demo = new Cramped(words, desktop.env);
        const { bank, customers: [alice] } = JSON.parse(await demo.line());
        const area = { x: 0, y: 0, width: 970, height: 830 };
        await desktop.press("Return");
        await desktop.sees("Enter your username", area);
        await amongStrangers(addressOf(bank), async () => {
          await desktop.type(alice.username);
          await desktop.press("Tab");
          await desktop.type(alice.password);
          await desktop.press("Return");
          await desktop.sees("What would you like", area);
          await desktop.press("Tab", "Return");
          await desktop.sees("€2,500.00", area);
        });
        assertEquals(await demo.end(), [0, []]);
      } finally {
        await desktop.close();
      }
    }),
});

Deno.test("the cash devices of an ATM survive strangers who take all handles", () =>
  inTemporaryFolder(async (folder) => {
    const devices = new Cramped(["devices", "--listen", "127.0.0.1:0", "--data", folder]);
    const [, url, host] = /(ws:\/\/([^/]+)\S+?)\. /.exec(await devices.line())!;
    const socket = await connectStandard(`${url}/CashRecycler`);
    const atm = new DeviceConnection(socket, { world: system, log() {} });
    const isAnswered = async () =>
      assertEquals((await atm.command("Common.Status", {})).code, "success");
    for (const said of ["", "GET /"]) {
      const work = async () => {
        for (let call = 0; call < 5; call++) await isAnswered();
      };
      await amongStrangers(addressOf(host!), work, said);
    }
    await until("the page is served", async () => await statusOrNone(`http://${host}`) === 200);
    await isAnswered();
    assertEquals(await devices.end(), [0, []]);
  }));

Deno.test("an operator's command runs with few handles", () =>
  inTemporaryFolder(async (folder) => {
    const data = ["--data", `${folder}/bank`];
    const init = ["init", "--single-operator", "--name", "Test Bank", "--currency", "EUR"];
    for (
      const words of [
        [...init, "--time-zone", "UTC", "--first-key", `${folder}/first.key`],
        ["ledger", "check"],
        ["audit", "verify", "--first-key", `${folder}/first.key`],
      ]
    ) {
      const command = new Cramped(["bank", ...words, ...data]);
      assertEquals(await command.ended(), [0, []]);
    }
  }));

Deno.test("a witness survives strangers who take all its connections", () =>
  inTemporaryFolder(async (folder) => {
    const log = new SmallLog(1);
    await Deno.writeTextFile(`${folder}/policy`, `log ${log.key}\nquorum none\n`);
    const data = ["--data", `${folder}/witness`];
    const init = new Cramped(["witness", "init", "--name", "witness.example/1", ...data]);
    await init.line();
    await init.line();
    const witness = new Cramped([
      ...["witness", "--policy", `${folder}/policy`, "--listen", "127.0.0.1:0", ...data],
    ]);
    const [, address] = /listens on (\S+)\. /.exec(await witness.line())!;
    const url = `http://${address}/${"ab".repeat(32)}/checkpoint`;
    await amongStrangers(addressOf(address!), () => Promise.resolve());
    await until("it answers", async () => await statusOrNone(url) === 404);
    assertEquals(await witness.end(), [0, []]);
  }));

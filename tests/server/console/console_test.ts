/** A console and a server that ends, is restored or falls silent: what it shows and signs then. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { consoleRetryMs, operatorSilentMsMax } from "../../../lib/limits.ts";
import { system } from "../../../lib/system.ts";
import { pause } from "../../../lib/world.ts";
import { Console, type ConsoleWorld } from "../../../server/console/console.ts";
import { makeOperatorKey } from "../../../server/operator/operator_key.ts";
import { pieceOf, ScriptedServer, someNews } from "./scripted_server.ts";

const customer = { of: "customer", name: "xavier" } as const;
const row = { customer: "xavier", balance: "500000" };

/** Runs with a console of a scripted server; it connects again at once. */
async function withConsole(
  test: (console: Console, server: ScriptedServer) => Promise<void>,
  world: Partial<ConsoleWorld> = {},
): Promise<void> {
  const { signer } = await makeOperatorKey(system, "anna", null);
  const server = new ScriptedServer();
  const after: ConsoleWorld["after"] = (ms, act) =>
    system.after(ms === consoleRetryMs ? 1 : ms, act);
  const { connectUnix } = server;
  const all = { ...system, after, connectUnix, ...world };
  const console = new Console({ world: all, folder: "/nowhere", say() {} }, signer);
  const late = Promise.withResolvers<void>();
  const cancel = system.after(
    10_000,
    () => late.reject(new Error(`it waits; the view is ${JSON.stringify(console.view())}`)),
  );
  try {
    await Promise.race([test(console, server), late.promise]);
  } finally {
    cancel();
    console.close();
  }
}

/** Waits for a view with this in it. */
function shows(console: Console, text: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!JSON.stringify(console.view()).includes(text)) return;
      unwatch();
      resolve();
    };
    const unwatch = console.watch(look);
    look();
  });
}

Deno.test("console: rows from before a restore are not shown after it, in a bank without terminals", () =>
  withConsole(async (console, server) => {
    const watching = await server.next("watch_bank");
    watching.send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");
    const reading = console.read(customer);
    const asked = await server.next("show_customer");
    asked.send({ line: JSON.stringify(row) });
    asked.send({ done: true });
    assertEquals(await reading, { rows: [row] } as never);

    watching.end();
    await shows(console, "lost");
    (await server.next("watch_bank")).send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");
    void server.next("show_customer").then(({ send }) =>
      send({ error: "no customer xavier", exitCode: 1, refused: true })
    );
    assertEquals(await console.refresh(customer), { failed: "no customer xavier" });
  }));

Deno.test("console: a backup without an answer may be done, and a refused one is not", () =>
  withConsole(async (console, server) => {
    (await server.next("watch_bank")).send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");
    const rows = [
      [{ error: "it was silent", exitCode: 1, refused: false, unsure: true }, "unsure"],
      [{ error: "no backup was made", exitCode: 1, refused: true }, "failed"],
      [null, "unsure"],
    ] as const;
    for (const [answer, state] of rows) {
      void console.backUp();
      const { send, end } = await server.next("back_up");
      if (answer) send(answer);
      else end();
      await shows(console, `"backup":{"state":"${state}"`);
    }
  }));

Deno.test("console: it signs nothing for another bank in its folder, and says so", () =>
  withConsole(async (console, server) => {
    const watching = await server.next("watch_bank");
    watching.send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");

    server.bankId = "ef".repeat(16);
    const count = server.asked.length;
    watching.end();
    await shows(console, "another bank answers in /nowhere");
    void server.next("back_up").then(({ send }) => send({ done: true }));
    const answer = await console.act({ command: "back_up", inFolder: true });
    assertEquals(answer.outcome, "refused");
    assertStringIncludes(JSON.stringify(answer), "another bank answers");
    assertEquals(server.asked.length, count, "nothing was signed");
  }));

Deno.test("console: a server that falls silent is lost, and what it was asked for may be done", async () => {
  let waits: { act(): void }[] = [];
  const after: ConsoleWorld["after"] = (ms, act) => {
    if (ms !== operatorSilentMsMax) return system.after(ms === consoleRetryMs ? 1 : ms, act);
    const wait = { act };
    waits.push(wait);
    return () => void (waits = waits.filter((each) => each !== wait));
  };
  await withConsole(async (console, server) => {
    const watching = await server.next("watch_bank");
    watching.send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");
    const act = console.act({ command: "back_up", inFolder: true });
    const read = console.read(customer);
    await Promise.all([server.next("back_up"), server.next("show_customer")]);
    await pause(system, 5);
    const before = new Set(waits);
    assertEquals(before.size, 3, "each connection has its own time");
    watching.send({ alive: true });
    await pause(system, 5);
    const begun = waits.filter((wait) => !before.has(wait));
    assertEquals([waits.length, begun.length], [3, 1], "a sign of life begins it again");
    assertEquals(console.view().state, "open");

    for (const { act } of waits) act();
    const silent = "the server has not answered for 10 s";
    const why = `${silent}. The command may be executed all the same: check before you repeat it`;
    assertEquals(await act, { outcome: "unsure", why });
    assertEquals(await read, { failed: why });
    await shows(console, silent);
    (await server.next("watch_bank")).send(pieceOf({ news: someNews }));
    await shows(console, "Test Bank");
  }, { after });
});

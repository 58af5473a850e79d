/** The sentences of a console about what it was refused, and about a server that has ended. */
import { assertEquals } from "@std/assert";
import { system } from "../../../lib/system.ts";
import type { Socket } from "../../../lib/world.ts";
import { Console } from "../../../server/console/console.ts";
import { makeOperatorKey } from "../../../server/operator/operator_key.ts";
import { askServer } from "../../../server/operator/socket.ts";
import { ScriptedServer } from "./scripted_server.ts";

const { signer } = await makeOperatorKey(system, "anna", null);
const suspend = { command: "suspend_terminal", name: "lobby" } as const;
const watch = { command: "watch_bank", follow: true } as const;

Deno.test("console: a refusal names no flag of the command line", async () => {
  const server = new ScriptedServer();
  const { connectUnix } = server;
  const world = { ...system, connectUnix };
  const console = new Console({ world, folder: "/nowhere", say() {} }, signer);
  const rows = [
    ["--reason: write why", "reason: write why"],
    ["give an amount, with --day, --cash-out", "give an amount, with day, cash-out"],
    ["it's late: run 'deno task bank x --out F'", "it's late: run 'deno task bank x --out F'"],
  ] as const;
  for (const [error, why] of rows) {
    const answer = console.act(suspend);
    (await server.next("suspend_terminal")).send({ error, exitCode: 2 });
    assertEquals(await answer, { outcome: "refused", why });
  }
  console.close();
});

/** Returns the error's name and sentence of a command whose connection ends so. */
async function errorOf(
  command: typeof suspend | typeof watch,
  end: () => Promise<null>,
): Promise<string> {
  const socket: Socket = { read: end, write: (bytes) => Promise.resolve(bytes.length), close() {} };
  const world = { ...system, connectUnix: () => Promise.resolve(socket) };
  try {
    const answers = await askServer(world, "/nowhere", command, () => Promise.resolve(signer));
    await answers!.next();
    return "none";
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

Deno.test("a connection that breaks has a sentence, which asks to check a command, and not a watch", async () => {
  const breaks: (() => Promise<null>)[] = [
    () => Promise.resolve(null),
    () =>
      Promise.reject(new Deno.errors.ConnectionReset("Connection reset by peer (os error 104)")),
    () => Promise.reject(new Deno.errors.Interrupted("operation canceled")),
    () => Promise.reject(new Deno.errors.BadResource("Bad resource ID")),
  ];
  for (const end of breaks) {
    const name = "CommandUnsure: the server ended before its answer";
    assertEquals(await errorOf(suspend, end), `${name}. Check whether the command was executed`);
    assertEquals(await errorOf(watch, end), "CommandUnsure: the server ended");
  }
});

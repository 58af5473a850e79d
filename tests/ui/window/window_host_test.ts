/** Each rule of the window's host, tried to be broken by a page that calls the bound function. */
import { atmMachine } from "../../../ui/window/calls.ts";
import { pageRequestLengthMax } from "../../../lib/limits.ts";
import { assert, assertEquals } from "@std/assert";
import { startWindowHost, type WindowHost } from "../../../ui/window/window_host.ts";
import { ScriptedAtm } from "../scripted_atm.ts";

const secret = "s".repeat(43);

interface Tried {
  host: WindowHost;
  scripted: ScriptedAtm;
  pagesDisconnected: { count: number };
  /** One request as a page makes it: its value, or "refused". */
  ask(...request: unknown[]): Promise<unknown>;
  raw(text: string): Promise<unknown>;
}

function withHost(name: string, test: (tried: Tried) => Promise<void>): void {
  Deno.test(`window host ${name}`, async () => {
    const scripted = new ScriptedAtm();
    const waiting = new Map<string, (value: unknown) => void>();
    const pagesDisconnected = { count: 0 };
    const host = startWindowHost({
      machine: atmMachine(scripted),
      secret,
      disconnectedMsMax: 50,
      heartbeatMs: 30,
      onPageDisconnected: () => pagesDisconnected.count++,
      answer(id, value, refused) {
        assert(waiting.has(id), "each request is answered once");
        waiting.get(id)!(refused ? "refused" : structuredClone(value));
        waiting.delete(id);
      },
    });
    let requests = 0;
    const raw = (text: string) =>
      new Promise<unknown>((resolve) => {
        const id = `request ${requests++}`;
        waiting.set(id, resolve);
        host.take(id, text);
      });
    const ask = (...request: unknown[]) => raw(JSON.stringify([secret, ...request]));
    try {
      await test({ host, scripted, pagesDisconnected, ask, raw });
    } finally {
      host.close();
      assertEquals(waiting.size, 0, "no request is left without an answer");
    }
  });
}

withHost("refuses alike whatever does not prove itself or has no shape", async ({ raw, ask }) => {
  const call = ["call", await ask("open"), "logOut", []];
  for (
    const text of [
      "",
      "no JSON",
      "{}",
      "[]",
      JSON.stringify(call),
      JSON.stringify([secret.slice(1), ...call]),
      JSON.stringify([secret + "s", ...call]),
      JSON.stringify(["t".repeat(43), ...call]),
      JSON.stringify([[secret], ...call]),
      JSON.stringify([secret]),
      JSON.stringify([secret, "open", 1]),
      JSON.stringify([secret, "watch", call[1]]),
      JSON.stringify([secret, "call", call[1], "logOut"]),
      JSON.stringify([secret, "call", call[1], "stop", []]),
      JSON.stringify([secret, "call", call[1], "logOut", ["more"]]),
      JSON.stringify([secret, "call", 0, "logOut", []]),
      JSON.stringify([secret, ...call]).padEnd(pageRequestLengthMax + 1),
    ]
  ) assertEquals(await raw(text), "refused", text.slice(0, 80));
  assertEquals((await ask(...call) as { value: unknown }).value, null, "and takes what does");
});

withHost("ends the visit of a page that another one follows", async ({ scripted, ask }) => {
  const first = await ask("open");
  await ask("call", first, "logIn", ["alice", "correct horse"]);
  assert(scripted.view().visit);
  const second = await ask("open");
  assertEquals(scripted.view().visit, null);
  assertEquals(await ask("call", first, "withdraw", ["5000"]), "refused");
  assertEquals(await ask("watch", first, -1), "refused");
  assert(await ask("watch", second, -1) !== "refused");
});

withHost("gives no visit to the page that came during a log-in", async ({ scripted, ask }) => {
  const first = await ask("open");
  const gate = Promise.withResolvers<void>();
  scripted.gate = gate.promise;
  const loggingIn = ask("call", first, "logIn", ["alice", "correct horse"]);
  await ask("open");
  gate.resolve();
  await loggingIn;
  assertEquals(scripted.view().visit, null);
});

withHost("answers with the newest view, and with a heartbeat", async ({ scripted, ask }) => {
  const page = await ask("open");
  const first = await ask("watch", page, -1) as { number: number };
  assertEquals(await ask("watch", page, first.number), null, "nothing new: a sign of life");
  const next = ask("watch", page, first.number);
  scripted.change({ bank: "lost" });
  assertEquals((await next as { view: { bank: string } }).view.bank, "lost");
});

withHost("shows the page again and ends its visit once it is silent", async (tried) => {
  const { scripted, pagesDisconnected, ask } = tried;
  const page = await ask("open");
  await ask("watch", page, -1);
  await ask("call", page, "logIn", ["alice", "correct horse"]);
  while (pagesDisconnected.count === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(scripted.view().visit, null);
});

withHost("leaves no request open at its end, and takes none after it", async ({ host, ask }) => {
  const page = await ask("open");
  const { number } = await ask("watch", page, -1) as { number: number };
  const open = ask("watch", page, number);
  host.close();
  assertEquals(await open, { disconnected: "stopped" });
  assertEquals(await ask("call", page, "logOut", []), "refused");
});

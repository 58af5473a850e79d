/** The window itself, with pages that are not the ATM's: what it carries, what it frees, what it forbids. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Desktop, findDesktop } from "../../desktop.ts";
import type { Role, Said } from "./window_program.ts";

const noDesktop = !findDesktop();

/** After so long a window's program is stuck, and is killed. */
const endMsMax = 300_000;

/** A window of a test's own, as a program on a desktop. */
class TestWindow {
  readonly #process: Deno.ChildProcess;
  readonly ended: Promise<{ code: number; said: Said[]; err: string }>;

  constructor(desktop: Desktop, role: Role, more = "") {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-P=test", "tests/ui/window/window_program.ts", role, more],
      cwd: new URL("../../..", import.meta.url),
      env: { ...desktop.env, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax);
    this.ended = this.#process.output().then(({ code, stdout, stderr }) => {
      clearTimeout(late);
      const lines = new TextDecoder().decode(stdout).split("\n").filter(Boolean);
      const said = lines.map((line) => JSON.parse(line) as Said);
      return { code, said, err: new TextDecoder().decode(stderr) };
    });
  }
}

function onDesktop(name: string, run: (desktop: Desktop) => Promise<void>) {
  Deno.test({
    name,
    ignore: noDesktop,
    async fn() {
      const desktop = await Desktop.open(1290, 830);
      try {
        await run(desktop);
      } finally {
        await desktop.close();
      }
    },
  });
}

onDesktop("1,000 bound calls, one after the other, are all answered", async (desktop) => {
  const { code, said } = await new TestWindow(desktop, "calls").ended;
  const [done] = said as { said: string[] }[];
  assertEquals(done!.said[0], "1000 calls");
  assertEquals(code, 0);
  console.log(`1,000 calls of a window's page, in sequence: ${perSecond(Number(done!.said[1]))}/s`);
});

onDesktop(
  "100 windows open and close in one process, and leave nothing behind",
  async (desktop) => {
    const { code, said } = await new TestWindow(desktop, "cycles", "100").ended;
    assertEquals(code, 0);
    assertEquals(said.filter((each) => "said" in each).length, 100, "each has shown its page");
    const [early, late] = said.filter((each) => "memory" in each);
    assertEquals(late!.processes, early!.processes, "no process of WebKit's is left over");
    const grown = (late!.memory - early!.memory) / 2 ** 20;
    console.log(
      `memory after 20 windows ${mebibytes(early!.memory)}, after 100 ${mebibytes(late!.memory)}`,
    );
    assert(grown < 80, `80 windows later the process holds ${grown.toFixed(0)} MiB more`);
  },
);

onDesktop("a page reaches no network, and gets no further by leaving", async (desktop) => {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    const script = `strongroom("${"s".repeat(43)}", "open"); ` +
      `strongroom("", "call", 1, "logIn", ["stranger", "-"]); window.close();`;
    return new Response(`<script>${script}</script>`, { headers: { "content-type": "text/html" } });
  });
  try {
    const window = new TestWindow(desktop, "attacks", String(server.addr.port));
    const { code, said } = await window.ended;
    assertEquals(said, [
      { said: ["network", "TypeError"] },
      { said: ["script", "EvalError", "TypeError"] },
      { said: ["opened", "null", "null"] },
      { said: ["still here"] },
      { said: ["after another address"] },
      { said: ["end"] },
    ]);
    assertEquals(code, 0);
    assertEquals(asked.filter((path) => path !== "/favicon.ico"), ["/navigated"]);
  } finally {
    await server.shutdown();
  }
});

onDesktop(
  "a worker that breaks leaves a screen that says so, and an exit code",
  async (desktop) => {
    const window = new TestWindow(desktop, "death");
    await desktop.sees("This ATM has stopped");
    await desktop.closeWindow("test");
    const { code, err } = await window.ended;
    assertEquals(code, 1);
    assertMatch(err, /the ATM's worker broke: .*as the test wants it/);
  },
);

/** From the menu, the tile to press and what is seen then; and from there on. */
const screens: [keys: string[], sees: string][] = [
  [[], "Welcome to"],
  [["Return"], "Who is there"],
  [["Return", "log in"], "Booked balance"],
  [["Return", "log in", "Tab", "Return"], "How much"],
  [["Return", "log in", ...tabs(2), "Return"], "Please insert"],
  [["Return", "log in", ...tabs(3), "Return"], "Who is it for"],
  [["Return", "log in", ...tabs(4), "Return"], "Your balance"],
  [["Return", "log in", ...tabs(5), "Return"], "Your history"],
  [["Return", "log in", ...tabs(6), "Return"], "A new password"],
  [["Return", "log in", "Tab", "Return", "Tab", "Return"], "Here is your"],
  [["Return", "log in", "Escape"], "Goodbye"],
];

onDesktop("closing the window on any screen ends the ATM with 0", async (desktop) => {
  for (const [keys, words] of screens) {
    const window = new TestWindow(desktop, "screens");
    await desktop.sees("Welcome to");
    for (const [index, key] of keys.entries()) {
      if (key !== "log in") {
        await desktop.press(key);
        // a window that has only just come to the front may not hear the first key
        if (index === 0 && !await desktop.shows("Who is there", undefined, 5_000)) {
          await desktop.press(key);
        }
        continue;
      }
      await desktop.sees("Who is there");
      await desktop.type("alice");
      await desktop.press("Tab");
      await desktop.type("correct horse");
      await desktop.press("Return");
      await desktop.sees("Booked balance");
    }
    await desktop.sees(words);
    await desktop.closeWindow("test");
    const { code, err } = await window.ended;
    assertEquals(code, 0, `${words}: ${err}`);
  }
});

function tabs(count: number): string[] {
  return Array(count).fill("Tab");
}

function perSecond(ms: number): number {
  return Math.round(1000 / ms * 1000);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

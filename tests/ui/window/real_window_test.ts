/** The window itself, with pages that are not the ATM's: what it carries, what it frees, what it forbids. */
import { assert, assertEquals, assertMatch, equal } from "@std/assert";
import { linesOf } from "../../server/helpers/lines.ts";
import { Desktop, findDesktop } from "../../desktop.ts";
import { testProgram } from "../../test_program.ts";
import type { ScreenName } from "../../../ui/page/state/model.ts";
import { bobs } from "../scripted_atm.ts";
import type { Role, Said } from "./window_program.ts";

const noDesktop = !findDesktop();

/** After so long a window's program is stuck, and is killed. */
const endMsMax = 600_000;

/** A window of a test's own, as a program on a desktop. */
class TestWindow {
  readonly #process: Deno.ChildProcess;
  readonly #said: Said[] = [];
  readonly #err: Promise<string>;
  readonly ended: Promise<{ code: number; said: Said[]; err: string }>;
  #received = Promise.withResolvers<void>();

  constructor(desktop: Desktop, role: Role, more = "") {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: testProgram("tests/ui/window/window_program.ts", role, more),
      cwd: new URL("../../..", import.meta.url),
      env: { ...desktop.env, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#err = new Response(this.#process.stderr).text();
    this.ended = this.#follow();
  }

  /** Waits until it has said this. */
  async says(what: Said): Promise<void> {
    const isIt = (said: Said) => equal(said, what);
    while (!this.#said.some(isIt)) {
      const broke = this.#said.find((said) => "said" in said && said.said[0] === "broke");
      assert(!broke, `the page broke: ${JSON.stringify(broke)}`);
      const ended = await Promise.race([this.#received.promise, this.ended]);
      assert(!ended, `in vain: to receive ${JSON.stringify([what, ended])}`);
    }
  }

  /** Drops what it has said. */
  forget(): void {
    this.#said.length = 0;
  }

  async #follow() {
    const late = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax);
    for await (const line of linesOf(this.#process.stdout)) {
      if (line) this.#said.push(JSON.parse(line));
      this.#received.resolve();
      this.#received = Promise.withResolvers();
    }
    const { code } = await this.#process.status;
    clearTimeout(late);
    return { code, said: this.#said, err: await this.#err };
  }
}

function onDesktop(name: string, run: (desktop: Desktop, t: Deno.TestContext) => Promise<void>) {
  Deno.test({
    name,
    ignore: noDesktop,
    async fn(t) {
      const desktop = await Desktop.open(1290, 830);
      try {
        await run(desktop, t);
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
  "60 windows open and close in one process, and leave nothing behind",
  async (desktop) => {
    const { code, said } = await new TestWindow(desktop, "cycles", "60").ended;
    assertEquals(code, 0);
    assertEquals(said.filter((each) => "said" in each).length, 60, "each has shown its page");
    const [early, late] = said.filter((each) => "memory" in each);
    assertEquals(late!.processes, early!.processes, "no process of WebKit's is left over");
    const grown = (late!.memory - early!.memory) / 2 ** 20;
    console.log(
      `memory after 12 windows ${mebibytes(early!.memory)}, after 60 ${mebibytes(late!.memory)}`,
    );
    assert(grown < 48, `48 windows later the process holds ${grown.toFixed(0)} MiB more`);
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
    assertMatch(err, /the window's worker failed: .*as the test requires/);
  },
);

const logIn = ["Touch to begin", "Username=alice", "Password=correct horse", "Enter"];
const amount = [...logIn, "Another amount"];
const transfer = [...logIn, "Transfer"];

/** Every screen, and the way of a customer there, by the words on buttons and fields. */
const screens: Record<ScreenName | "take", string[]> = {
  starting: ["!silence"],
  welcome: [],
  settings: ["Settings"],
  log_in: ["Touch to begin"],
  menu: logIn,
  more: [...logIn, "More"],
  amount,
  mix: [...amount, "Amount=180", "Enter"],
  working: [...logIn, "Show balance", "!hold", "€100"],
  take: [...logIn, "Show balance", "!hold", "€100", "!present"],
  receipt: [...logIn, "€50"],
  code: [...logIn, "€50", "Signed by the bank"],
  refusal: [...logIn, "!refuse", "€50"],
  deposit: [...logIn, "Deposit cash"],
  recipient: transfer,
  sum: [...transfer, `Account number=${bobs}`, "Enter"],
  confirm: [...transfer, `Account number=${bobs}`, "Enter", "Amount=200", "Enter"],
  accounts: [...logIn, "More", "Switch account"],
  balance: [...logIn, "Balance"],
  history: [...logIn, "History"],
  password: [...logIn, "More", "Change password"],
  password_changed: [
    ...[...logIn, "More", "Change password", "Current password=correct horse"],
    ...["New password=a longer one", "Repeat new password=a longer one", "Enter"],
  ],
  pin: ["!insert a card"],
  set_pin: [...logIn, "More", "Change PIN"],
  pin_set: [...logIn, "More", "Change PIN", "New PIN=8154", "Repeat new PIN=8154", "Enter"],
  ended: [...logIn, "Log out"],
  lost: [...logIn, "Show balance", "!lose"],
  back: [...logIn, "Show balance", "!lose", "!find"],
  out_of_service: ["!no key"],
  disconnected: ["!open"],
};

onDesktop("closing the window on any screen ends the ATM with 0", async (desktop, t) => {
  // one process for all of them: its start takes longer than a window
  const windows = new TestWindow(desktop, "screens", JSON.stringify(Object.values(screens)));
  for (const screen of Object.keys(screens)) {
    await t.step(screen, async () => {
      await windows.says({ said: ["screen", screen] });
      windows.forget();
      await desktop.closeWindow("test");
      await windows.says({ closed: 0 });
    });
  }
  const { code, err } = await windows.ended;
  assertEquals(code, 0, err);
});

function perSecond(ms: number): number {
  return Math.round(1000 / ms * 1000);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

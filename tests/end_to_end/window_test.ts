/** The ATM's window as its user meets it: the real program on a desktop, with keys, a mouse and eyes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { libraryName } from "../../ui/command_line/launcher/webview_library.ts";
import { type Area, Desktop, findDesktop } from "../desktop.ts";
import { findIn, listeningOf, memoryOf, treeOf } from "../process_tree.ts";
import { Program, run, until } from "./programs.ts";

const noDesktop = !findDesktop();

interface Ready {
  bank: string;
  atm: string;
  customers: { username: string; password: string }[];
}

/** Returns a demo with windows; started again in the same folder it goes on where it was. */
async function startDemo(folder: string, desktop: Desktop, ...more: string[]) {
  const program = new Program(
    ["demo", "--window", "--json", "--data", `${folder}/demo`, ...more],
    desktop.env,
  );
  const { customers } = JSON.parse(await program.line()) as Ready;
  const { username, password } = customers[0]!;
  return { program, username, password };
}

/** Goes from the welcome of the window in front to the log-in. */
async function begin(desktop: Desktop, area = left) {
  // a window that has only just come to the front may not receive the first key
  for (let tries = 0; tries < 5; tries++) {
    await desktop.press("Return");
    if (await desktop.shows("Enter your username", area, 5_000)) return;
  }
  await desktop.sees("Enter your username", area);
}

/** Goes from the welcome of the window in front to the menu. */
async function logIn(desktop: Desktop, username: string, password: string, area = left) {
  await begin(desktop, area);
  await desktop.type(username);
  await desktop.press("Tab");
  await desktop.type(password);
  await desktop.press("Return");
  await desktop.sees("What would you like", area);
}

/** Uncovers the balance, the first button of the menu in front, which keeps the focus. */
async function seeBalance(desktop: Desktop, balance: string, area: Area) {
  await desktop.press("Tab", "Return");
  await desktop.sees(balance, area);
}

/** Goes from the balance's button in the menu to notes in the tray: the first amount is the next button. */
async function withdrawTwenty(desktop: Desktop) {
  await desktop.press("Tab", "Return");
  await desktop.sees("Please take", left);
}

/** The ATM's own part of a window at the left edge of the screen; the demo's pane is next to it. */
const left: Area = { x: 0, y: 0, width: 970, height: 830 };
const second: Area = { x: 1290, y: 0, width: 970, height: 830 };

/** Returns what the bank's audit log has, as its operator sees it. */
async function auditOf(folder: string): Promise<string> {
  const { code, out } = await run(["bank", "audit", "show", "--data", `${folder}/demo/bank`]);
  assertEquals(code, 0);
  return out;
}

async function withDesktop(
  widthPx: number,
  test: (desktop: Desktop, folder: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const desktop = await Desktop.open(widthPx, 830);
  try {
    await test(desktop, folder);
  } finally {
    await desktop.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "two windows of one customer: a withdrawal at one is seen at the other",
  ignore: noDesktop,
  fn: () =>
    withDesktop(2600, async (desktop, folder) => {
      const demo = await startDemo(folder, desktop, "--atms", "2");
      const { username, password } = demo;
      // as `sees` does for the window that is in front
      const stayAt = async (...titles: string[]) => {
        for (const title of titles) {
          await desktop.turnTo(title);
          await desktop.press("Shift_L");
        }
      };
      const [first, other] = (await desktop.windows()).sort();
      assertEquals(first, "ATM lobby");
      await desktop.moveTo(other!, { x: second.x, y: 0, width: 1280, height: 800 });
      await desktop.moveTo(first!, { x: 0, y: 0, width: 1280, height: 800 });

      await desktop.turnTo(first!);
      await logIn(desktop, username, password);
      await seeBalance(desktop, "€2,500.00", left);
      await desktop.turnTo(other!);
      await logIn(desktop, username, password, second);
      await seeBalance(desktop, "€2,500.00", second);

      await stayAt(first!, other!);
      await desktop.turnTo(first!);
      await withdrawTwenty(desktop);
      // on to the demo's pane: its heading, five kinds of notes to insert, and the notes to take
      await desktop.press(...Array(7).fill("Tab"), "Return");
      await stayAt(other!, first!);
      await desktop.sees("€2,480.00", left);
      await desktop.turnTo(other!);
      await desktop.sees("Show balance", second); // it covers itself after a while
      await desktop.press("Return");
      await desktop.sees("€2,480.00", second);

      const tree = treeOf(demo.program.pid);
      const windows = [findIn(tree, "client/programs/atm_window.ts")!].flatMap(treeOf);
      assert(windows.length >= 3, "the ATM and WebKit's processes");
      assertEquals(listeningOf(windows), [], "no socket for anybody to knock at");
      await desktop.closeWindow(other!);
      await until(
        "only one window is left",
        async () => (await desktop.windows()).join() === first,
      );
      await desktop.closeWindow(first!);
      assertEquals(await demo.program.ended(), 0);
      assertEquals(await demo.program.err, "", "no warning of GTK or D-Bus reaches the terminal");
      const audit = await auditOf(folder);
      assertMatch(audit, /withdraw €20\.00 \|/);
      assertEquals(audit.match(/\| log out/g)?.length, 2);
      assert(!audit.includes("stream truncated"), "both lines were closed, not cut");
    }),
});

Deno.test({
  name: "deno task atm opens its window",
  ignore: noDesktop,
  fn: () =>
    withDesktop(1290, async (desktop, folder) => {
      const demo = new Program(["demo", "--no-open", "--json", "--data", `${folder}/demo`]);
      const { bank } = JSON.parse(await demo.line()) as Ready;
      assertEquals(await demo.end(), 0); // it has made a bank and a terminal
      const data = ["--data", `${folder}/demo/bank`];
      const server = new Program(["server", "--listen", bank, ...data]);
      assertMatch(await server.line(), /The bank listens on/);

      const startMs = performance.now();
      const folderOfAtm = ["--data", `${folder}/demo/atm-lobby`];
      const atm = new Program(
        ["atm", "--window", "--json", "--bank", bank, ...folderOfAtm],
        desktop.env,
      );
      assertEquals((JSON.parse(await atm.line()) as Ready).atm, "window");
      const firstScreenMs = performance.now() - startMs;
      await desktop.sees("Welcome to", left);
      const window = treeOf(atm.pid);
      console.log(
        `deno task atm: its first screen after ${Math.round(firstScreenMs)} ms; its ` +
          `${window.length} processes hold ${Math.round(memoryOf(window) / 2 ** 20)} MiB`,
      );
      await desktop.closeWindow("ATM lobby");
      assertEquals(await atm.ended(), 0);
      assertEquals(await server.end(), 0);
    }),
});

const closings: [when: string, close: (at: Moment) => Promise<void>][] = [
  ["while it starts", async () => {}],
  ["at the log-in, half typed", async ({ desktop, username }) => {
    await desktop.sees("Welcome to", left);
    await begin(desktop);
    await desktop.type(username);
  }],
  ["in the menu", async ({ desktop, username, password }) => {
    await logIn(desktop, username, password);
  }],
  ["with notes in the tray", async ({ desktop, username, password }) => {
    await logIn(desktop, username, password);
    await desktop.press("Tab"); // to the balance's button
    await withdrawTwenty(desktop);
  }],
];

interface Moment {
  desktop: Desktop;
  username: string;
  password: string;
}

Deno.test({
  name: "the window can be closed at any moment, and all ends in order",
  ignore: noDesktop,
  fn: (t) =>
    withDesktop(1290, async (desktop, folder) => {
      for (const [when, come] of closings) {
        await t.step(when, async () => {
          const demo = await startDemo(folder, desktop);
          try {
            await come({ desktop, ...demo });
          } finally {
            await desktop.closeWindow("ATM lobby");
            assertEquals(await demo.program.ended(), 0);
          }
        });
      }
      await t.step("and so it does at SIGTERM", async () => {
        const demo = await startDemo(folder, desktop);
        await desktop.sees("Welcome to", left);
        assertEquals(await demo.program.end("SIGTERM"), 0);
      });
      const audit = await auditOf(folder);
      assertMatch(audit, /withdraw €20\.00 reversed/, "the notes in the tray were drawn back");
      assert(!audit.includes("stream truncated"));
    }),
});

/** The web view's library as the program finds it. */
const library = fileURLToPath(
  import.meta.resolve(`webview-bun/build/${libraryName("linux", Deno.build.arch)}`),
);

/** Returns a copy of the library that asks for a WebKit which no system has. */
function libraryWithoutWebKit(folder: string): string {
  const bytes = Deno.readFileSync(library);
  const [has, needs] = ["libwebkitgtk-6.0.so.4", "libwebkitgtk-6.0.so.0"];
  const at = new TextDecoder("latin1").decode(bytes).indexOf(`${has}\0`);
  assert(at > 0, `${library} needs ${has}`);
  bytes.set(new TextEncoder().encode(needs), at);
  Deno.writeFileSync(`${folder}/libwebview.so`, bytes);
  return `${folder}/libwebview.so`;
}

const fallbacks: [
  what: string,
  why: RegExp,
  env: (desktop: Desktop, folder: string) => Record<string, string>,
][] = [
  [
    "there is no display",
    /no display can be opened\. On Linux, set DISPLAY or WAYLAND_DISPLAY/,
    () => ({ DISPLAY: "", WAYLAND_DISPLAY: "" }),
  ],
  [
    "the library is missing",
    /loading the web view's library failed: \/nowhere\/libwebview\.so/,
    (desktop) => ({ ...desktop.env, STRONGROOM_WEBVIEW: "/nowhere/libwebview.so" }),
  ],
  [
    "WebKit is missing",
    /libwebkitgtk-6\.0\.so\.0 is missing\. Install WebKitGTK \(packages libwebkitgtk-6\.0-4/,
    (desktop, folder) => ({
      ...desktop.env,
      STRONGROOM_WEBVIEW: libraryWithoutWebKit(folder),
    }),
  ],
  [
    "the web view aborts",
    /the web view crashed \(SIG(TRAP|ABRT)\)/,
    // GTK warns of a renderer that it does not know, and GLib ends the process at its first warning
    (desktop) => ({
      ...desktop.env,
      GSK_RENDERER: "unheard-of",
      G_DEBUG: "fatal-warnings",
    }),
  ],
];

Deno.test({
  name: "the ATM takes the browser, and says why, where",
  ignore: noDesktop,
  fn: (t) =>
    withDesktop(1290, async (desktop, folder) => {
      for (const [what, why, env] of fallbacks) {
        await t.step(what, async () => {
          const program = new Program(
            ["demo", "--json", "--data", `${folder}/demo`],
            env(desktop, folder),
          );
          const { atm } = JSON.parse(await program.line()) as Ready;
          assertMatch(atm, /^http:\/\/127\.0\.0\.1:\d+\/#/);
          assertEquals(await program.end(), 0);
          assertEquals(await desktop.windows(), []);
          const said = (await program.err).split("\n").filter((line) => line.includes("No window"));
          assertEquals(said.length, 1);
          assertMatch(said[0]!, why);
        });
      }
      await t.step("--window insists: it ends with 1, and says why", async () => {
        const env = { DISPLAY: "", WAYLAND_DISPLAY: "" };
        const ended = await run(["demo", "--window", "--data", `${folder}/demo`], "", env);
        assertEquals(ended.code, 1);
        assertMatch(ended.err, /^the window cannot be opened: no display can be opened/m);
      });
      await t.step("native code is refused to the ATM", async () => {
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-prompt", "--allow-read", "client/programs/atm_window.ts"].concat(
            JSON.stringify({ terminal: "lobby", webview: library }),
          ),
          cwd: new URL("../..", import.meta.url),
          env: desktop.env,
          stderr: "null",
        }).output();
        const { noWindow } = JSON.parse(new TextDecoder().decode(stdout));
        assertEquals(noWindow, "native libraries are not permitted: --allow-ffi was refused");
      });
    }),
});

Deno.test({
  name: "a kiosk fills the screen, and no customer leaves it",
  ignore: noDesktop,
  fn: () =>
    withDesktop(1290, async (desktop, folder) => {
      const demo = await startDemo(folder, desktop, "--kiosk");
      const whole: Area = { x: 0, y: 0, width: 1290, height: 830 };
      await desktop.sees("Welcome to", whole);
      await desktop.closeWindow("ATM lobby");
      await desktop.press("alt+F4", "ctrl+w", "ctrl+q", "F11", "Escape", "F5", "ctrl+r");
      await desktop.press("alt+Left", "ctrl+n", "ctrl+t", "F12", "ctrl+p");
      await desktop.press("ctrl+shift+i", "ctrl+shift+d"); // GTK's own debugger
      await desktop.click(600, 200, "right");
      await logIn(desktop, demo.username, demo.password);
      assertEquals(await desktop.windows(), ["ATM lobby"]);
      assertEquals(await desktop.frameOf("ATM lobby"), { x: 0, y: 0, width: 1290, height: 830 });
      assertEquals(await demo.program.end("SIGTERM"), 0);
    }),
});

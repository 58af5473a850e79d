/** `deno task bank console` in a native window on a real desktop, and without one in the browser. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Desktop, findDesktop } from "../desktop.ts";
import { argumentsOf, findIn, listeningOf, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { freePort, Program, run, until } from "./programs.ts";

const noDesktop = !findDesktop();

/** The middle of the window, where a dialog is. */
const dialog = { x: 430, y: 330, width: 430, height: 190 };

/** Runs with the flags of a running bank of one operator. */
function withServer(test: (data: string[], root: string) => Promise<void>): Promise<void> {
  return inTemporaryFolder(async (root) => {
    const data = ["--data", `${root}/bank`];
    const made = await run([
      "bank",
      "init",
      "--single-operator",
      "--name",
      "Harbour Bank",
      ...data,
    ]);
    assertEquals(made.code, 0, made.err);
    const server = new Program(["server", "--listen", `127.0.0.1:${freePort()}`, ...data]);
    await server.line();
    try {
      await test(data, root);
    } finally {
      await server.end();
    }
  });
}

Deno.test({
  name:
    "console: its window shows the bank, signs an act by keyboard, ends the console when closed, and ends with its launcher",
  ignore: noDesktop,
  fn: () =>
    withServer(async (data, root) => {
      const desktop = await Desktop.open(1290, 830);
      try {
        const program = new Program(
          ["bank", "console", "--window", "--json", ...data],
          desktop.env,
        );
        assertEquals(JSON.parse(await program.line()), { console: "window" });
        await desktop.window("Console");
        await desktop.turnTo("Console");
        await desktop.sees("Harbour Bank");
        const window = findIn(treeOf(program.pid), "server/programs/console_window.ts")!;
        assertEquals(listeningOf(treeOf(window)), [], "the window itself opens no port");

        await desktop.press(...Array(8).fill("Tab"), "Return"); // the lock, and seven screens
        await desktop.sees("Operators");
        await desktop.press("Tab", "Return"); // its first button
        await desktop.sees("the books are correct");
        await desktop.press("Tab", "Tab", "Return"); // its second act
        await desktop.sees("sealed under it", dialog);
        await desktop.press("Tab", "Tab", "Return"); // past Cancel
        await desktop.sees("new master key", dialog);
        await desktop.closeWindow("Console");
        assertEquals(await program.ended(), 0);
        assertEquals((await program.err).trim().split("\n").length, 3, await program.err);

        const words = ["bank", "console", "--window", "--json", ...data];
        const killed = new Program(words, { ...desktop.env, TMPDIR: root }); // it leaves its page
        await killed.line();
        const tree = treeOf(killed.pid);
        const left = ["server/programs/console.ts", "server/programs/console_window.ts"]
          .map((program) => findIn(tree, program)!);
        Deno.kill(findIn(tree, "main.ts")!, "SIGKILL");
        await killed.ended();
        const isThere = (pid: number) => argumentsOf(pid).length > 0;
        await until("both processes end with their launcher", () => !left.some(isThere), 60_000);
        assertEquals(await desktop.windows(), []);
      } finally {
        await desktop.close();
      }
    }),
});

Deno.test({
  name:
    "console: without a display it says why, and has a link for the browser; --window refuses instead",
  ignore: noDesktop,
  fn: () =>
    withServer(async (data) => {
      const nowhere = { DISPLAY: "", WAYLAND_DISPLAY: "" };
      const strict = await run(["bank", "console", "--window", ...data], "", nowhere);
      assertEquals(strict.code, 1, strict.err);
      assertStringIncludes(strict.err, "the window cannot be opened: no display can be opened");
      const program = new Program(["bank", "console", "--json", ...data], nowhere);
      const { console: link } = JSON.parse(await program.line());
      assertMatch(link, /^http:\/\/127\.0\.0\.1:\d+\/#/);
      assertEquals(await program.end(), 0);
      assertStringIncludes(
        await program.err,
        "No window can be opened, the console uses the browser",
      );
    }),
});

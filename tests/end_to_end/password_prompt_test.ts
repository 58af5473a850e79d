/** The password prompt in a real terminal (util-linux's `script`), and what it leaves behind. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { run } from "./programs.ts";
import { Terminal } from "./terminal.ts";

Deno.test({
  name: "the password prompt leaves the terminal as it was, however it is ended",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (root) => {
      const data = ["--data", `${root}/bank`];
      assertEquals((await run(["bank", "init", "--single-operator", ...data])).code, 0);
      const add = ["bank", "customer", "add", "alice", ...data];
      const ends = [
        ["server/programs/operator.ts", "SIGTERM"],
        ["server/programs/operator.ts", "SIGKILL"],
        ["main.ts", "SIGINT"],
        ["main.ts", "SIGTERM"],
        ["main.ts", "SIGKILL"],
      ] as const;
      await Promise.all(ends.map(async ([program, signal]) => {
        const terminal = new Terminal(add);
        await terminal.shows("Password for alice: ");
        Deno.kill(findIn(treeOf(terminal.pid), program)!, signal);
        const text = await terminal.end();
        assertMatch(text, /code [1-9]/, `${program} ${signal}`);
        assertMatch(text, / echo /, `${program} ${signal}: ${text}`);
      }));

      const terminal = new Terminal(add);
      await terminal.shows("Password for alice: ");
      await terminal.type("correct 😀\x7fhorse é\x7f!\r");
      await terminal.shows("Once more: ");
      await terminal.type("correct horse !\r");
      const text = await terminal.end();
      assertMatch(text, /code 0/, text);
      assert(!text.includes("horse"), "nothing is echoed");
      assertMatch(text, / echo /);
    }),
});

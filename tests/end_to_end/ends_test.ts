/** How programs end when others do: a server that is killed, and a reader of a log that is followed. */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { freePort, Program, run, until } from "./programs.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

Deno.test("a launcher whose server is killed reports it and fails; a followed log ends with its reader", () =>
  inTemporaryFolder(async (root) => {
    const data = ["--data", `${root}/bank`];
    assertEquals((await run(["bank", "init", "--single-operator", ...data])).code, 0);
    const server = new Program(["server", ...data, "--listen", `127.0.0.1:${freePort()}`]);
    await server.line();

    const following = new Deno.Command("sh", {
      args: [
        "-c",
        `'${Deno.execPath()}' task --quiet bank audit show --follow ${data.join(" ")} | head -1`,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    let ended = false;
    following.then(() => ended = true);
    await until("the followed log ends", async () => {
      await run(["bank", "terminal", "list", ...data]); // another entry
      return ended;
    });

    // A full disk under the output.
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `'${Deno.execPath()}' task --quiet bank audit show ${data.join(" ")} >/dev/full`,
      ],
      stdin: "null",
    }).output();
    assertEquals(
      [code, new TextDecoder().decode(stderr)],
      [
        1,
        "the output cannot be written (No space left on device (os error 28)): make room on its disk, " +
        "or write it elsewhere\n",
      ],
    );

    Deno.kill(findIn(treeOf(server.pid), "bank_server.ts")!, "SIGKILL");
    assertNotEquals(await server.ended(), 0);
    const printed = await server.err;
    assertStringIncludes(printed, "bank_server failed: ended by SIGKILL");
    assertEquals(printed.includes("command failed"), false, printed); // nothing of the bank's has failed
  }));

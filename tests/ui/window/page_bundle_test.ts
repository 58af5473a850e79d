/** The page's bundler, where it finds no packages. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

Deno.test("bundlePage() says in a line where a program is to be started, when it was started elsewhere", () =>
  inTemporaryFolder(async (folder) => {
    const main = new URL("../../../main.ts", import.meta.url).pathname;
    const args = ["run", "--quiet", "--no-check", "-A", main, "bank", "console", "--no-open"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args, "--data", `${folder}/bank`],
      cwd: folder,
      env: { NO_COLOR: "1", STRONGROOM_HOME: folder },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 1, said);
    assertEquals(said.trim().split("\n").length, 1, said);
    assertStringIncludes(said, "Start the program in its own folder, as 'deno task' does");
  }));

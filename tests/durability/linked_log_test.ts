/** A log file that the server may not read is named at its start, not the database. */
import { assertEquals, assertMatch } from "@std/assert";
import { serverArguments } from "../bank_programs.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

Deno.test("a link out of the folder in place of the log's file stops a start, which names it and writes nothing", () =>
  inTemporaryFolder(async (root) => {
    const path = `${root}/bank`;
    await makeBank(path, { terminals: ["lobby"] });
    const log = `${path}/audit_log_secure.txt`;
    const target = `${root}/elsewhere.txt`;
    Deno.renameSync(log, target);
    Deno.symlinkSync(target, log);
    const before = Deno.readTextFileSync(target);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: serverArguments({ folder: path }, 0),
      stdout: "null",
      stderr: "piped",
    }).output();
    assertEquals(code, 1);
    assertMatch(
      new TextDecoder().decode(stderr),
      /audit_log_secure\.txt cannot be read: .*Move it away/,
    );
    assertEquals(Deno.readTextFileSync(target), before);
  }));

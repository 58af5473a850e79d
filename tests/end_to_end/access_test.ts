/**
 * Files and folders that the user may not open, and a file where a folder should be: one line that
 * says so, and neither a stack trace nor advice that would harm.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeBank } from "../server/helpers/made_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const project = new URL("../../", import.meta.url);

/** Runs a task; root may open everything, unless it gives that right away. */
async function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; err: string }> {
  const unable = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
  const task = [Deno.execPath(), "task", "--quiet", ...args];
  const [program, ...rest] = Deno.uid() === 0 ? [...unable, ...task] : task;
  const { code, stderr } = await new Deno.Command(program!, {
    args: rest,
    cwd: project,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "a file or folder that cannot be opened is named in one line (setpriv, where run by root)",
  ignore: Deno.build.os !== "linux",
  fn: (t) =>
    inTemporaryFolder(async (root) => {
      const bank = `${root}/bank`;
      const [key] = await makeBank(bank, { terminals: ["lobby"] });
      Deno.writeTextFileSync(`${root}/lobby.key`, key!, { mode: 0o600 });
      Deno.mkdirSync(`${bank}/trees`, { recursive: true });
      Deno.mkdirSync(`${root}/locked`);
      const init = ["bank", "init", "--single-operator"];
      const cases: [path: string, args: string[], code?: number][] = [
        ["locked", ["server", "--data", `${root}/locked/bank`]],
        ["locked", [...init, "--data", `${root}/locked/bank`]],
        ["locked", ["demo", "--browser", "--no-open", "--data", `${root}/locked/demo`]],
        ["bank/trees", ["server", "--data", bank]],
        ["bank/audit_log_secure.txt", ["server", "--data", bank]],
        ["bank/bank.keys", ["server", "--data", bank]],
        ["bank/chain.key", ["server", "--data", bank]],
        [
          "bank",
          ["bank", "audit", "verify", "--data", bank, "--first-key", `${root}/bank-first.key`],
          2,
        ],
        ["lobby.key", ["atm", "--key", `${root}/lobby.key`, "--data", `${root}/atm`]],
      ];
      for (const [path, args, code = 1] of cases) {
        await t.step(`${args.slice(0, 2).join(" ")}: ${path}`, async () => {
          const { mode } = Deno.statSync(`${root}/${path}`);
          Deno.chmodSync(`${root}/${path}`, 0);
          const refused = await run(args);
          Deno.chmodSync(`${root}/${path}`, mode! & 0o777);
          assertEquals(refused.err.trim().split("\n").length, 1, refused.err);
          assertStringIncludes(refused.err, `access to ${root}/${path}`);
          assertStringIncludes(refused.err, "Check its owner and mode");
          assertEquals(refused.code, code);
        });
      }
    }),
});

Deno.test({
  name: "an operator's own key is used where that of the bank's account cannot be opened",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (root) => {
      const bank = `${root}/bank`;
      await makeBank(bank, { terminals: [] });
      const list = ["bank", "operator", "list", "--data", bank];
      const home = { HOME: `${root}/home` };
      Deno.mkdirSync(`${root}/home/.strongroom`, { recursive: true });
      Deno.copyFileSync(`${bank}-operator.key`, `${root}/home/.strongroom/operator.key`);
      Deno.chmodSync(`${bank}-operator.key`, 0);
      assertEquals(await run(list, home), { code: 0, err: "" });
      Deno.removeSync(`${root}/home/.strongroom/operator.key`);
      const { err } = await run(list, home);
      assertStringIncludes(err, `access to ${bank}-operator.key`);
    }),
});

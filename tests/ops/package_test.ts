/** What the package installs besides the programs: its units, its runtime's version, its scripts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { textOf } from "../../lib/bytes.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const project = new URL("../../", import.meta.url);
const ops = new URL("docs/ops/", project).pathname;
const services = ["strongroom-server.service", "strongroom-backup.service"];
const units = [...services, "strongroom-backup.timer"];

/** systemd's rating, of 10 for a service that may do anything. */
const exposureMax = 2;

async function run(program: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  return { code, text: textOf(stdout) + textOf(stderr) };
}

/** @throws {Error} without systemd where `CI=true`: there, nothing is left out */
async function hasSystemd(): Promise<boolean> {
  try {
    return (await run("systemd-analyze", "--version")).code === 0;
  } catch {
    if (Deno.env.get("CI") === "true") throw new Error("no systemd-analyze");
    console.error("cannot run here: no systemd-analyze");
    return false;
  }
}

Deno.test({
  name: "systemd accepts the units, and rates the services as closed",
  ignore: !await hasSystemd(),
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const paths = units.map((unit) => `${folder}/${unit}`);
      for (const unit of units) {
        const text = await Deno.readTextFile(ops + unit);
        // The programs are not installed here.
        const ours = text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true");
        await Deno.writeTextFile(`${folder}/${unit}`, ours);
      }
      const { code, text } = await run("systemd-analyze", "verify", "--man=no", ...paths);
      const ofOurs = text.split("\n").filter((line) => line.includes("strongroom"));
      assertEquals({ code, ofOurs }, { code: 0, ofOurs: [] });
      for (const service of services) {
        const { text } = await run(
          "systemd-analyze",
          "security",
          "--no-pager",
          "--offline=yes",
          ops + service,
        );
        const [, exposure] = /Overall exposure level for \S+: (\S+)/.exec(text)!;
        assert(Number(exposure) < exposureMax, `${service}: ${exposure}`);
        assert(!(await Deno.readTextFile(ops + service)).includes("\nMemoryDenyWriteExecute"));
      }
    }),
});

Deno.test("the package's runtime is the version that runs the tests", async () => {
  const lock = new URL("ui/command_line/package/runtime.lock", project);
  const { specifiers } = JSON.parse(await Deno.readTextFile(lock));
  assertEquals(Object.values(specifiers), [Deno.version.deno]);
});

Deno.test({
  name: "a newer version is not replaced, and the message has both",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const script = `${folder}/preinst`;
      const text = await Deno.readTextFile(`${ops}package/preinst`);
      await Deno.writeTextFile(script, text.replaceAll("@VERSION@", "0.2.0"));
      for (const args of [["install"], ["install", "0.1.0"], ["upgrade", "0.2.0"]]) {
        assertEquals(await run("sh", script, ...args), { code: 0, text: "" }, args.join(" "));
      }
      for (const args of [["install", "0.10.0"], ["upgrade", "0.2.1"]]) {
        const { code, text } = await run("sh", script, ...args);
        assertEquals(code, 1);
        assertMatch(text, /^strongroom: the downgrade from 0\.(10\.0|2\.1) to 0\.2\.0 failed: /);
      }
    }),
});

Deno.test("the package's scripts parse, and change no data", async () => {
  for await (const { name } of Deno.readDir(`${ops}package`)) {
    if (name.endsWith(".toml")) continue;
    const path = `${ops}package/${name}`;
    assertEquals(await run("sh", "-n", path), { code: 0, text: "" }, name);
    const removes = /\brm\b(?! -rf \/usr\/lib\/strongroom;)|userdel|groupdel/;
    assert(!removes.test(await Deno.readTextFile(path)), name);
  }
});

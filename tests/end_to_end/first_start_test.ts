/** The first start on a machine: `deno task demo` with nothing in Deno's cache, and what it fetches. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { usesTestsLock } from "../test_program.ts";
import { run } from "./programs.ts";

const project = new URL("../../", import.meta.url);

/** One of them is the bundler for this system, one the list of bundlers for all of them. */
const packagesMax = 25;

/** No address that anything answers at. */
const noNetwork = {
  HTTPS_PROXY: "http://127.0.0.1:9",
  HTTP_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "",
};

/**
 * Returns whether a first start can be tried; prints why not.
 * @throws {Error} where npm's registry is missing and `CI=true`: there, nothing is left out
 */
async function mayStartFirst(): Promise<boolean> {
  if (!usesTestsLock()) {
    console.error(
      "cannot run here: without --lock=tests/deno.lock, deno.lock has the tests' packages",
    );
    return false;
  }
  const cache = await Deno.makeTempDir();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--no-config", "npm:xtend@4.0.2"],
    cwd: cache,
    env: { DENO_DIR: cache },
    stderr: "null",
  }).output();
  await Deno.remove(cache, { recursive: true });
  if (success) return true;
  const why = "npm's registry cannot be reached";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  console.error(`cannot run here: ${why}`);
  return false;
}

/** Starts the demo until it is ready; returns what stood on standard error. */
async function start(folder: string, env: Record<string, string>): Promise<string> {
  const demo = new Deno.Command(Deno.execPath(), {
    args: ["task", "demo", "--no-open", "--json", "--data", `${folder}/demo`],
    cwd: project,
    env: { DENO_DIR: `${folder}/cache`, NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const err = new Response(demo.stderr).text();
  const out = demo.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await out.read();
  if (value === undefined) throw new Error(await err);
  assertMatch(value, /^\{"bank"/);
  demo.kill("SIGTERM");
  await demo.status;
  await out.cancel();
  return await err;
}

Deno.test({
  name: "the demo's first start",
  ignore: !await mayStartFirst(),
  fn: (t) =>
    inTemporaryFolder(async (folder) => {
      await t.step("fetches the packages that it runs, and warns of nothing", async () => {
        const lines = (await start(folder, {})).split("\n").filter(Boolean);
        const [fetched, others] = [
          lines.filter((line) => line.startsWith("Download ")),
          lines.filter((line) => !line.startsWith("Download ")),
        ];
        assertEquals(others.map((line) => line.split(" ").slice(0, 2)), [["Task", "demo"]]);
        assert(fetched.length <= packagesMax, `${fetched.length}: ${fetched.join("\n")}`);
        const scoped = JSON.parse(await Deno.readTextFile(new URL("deno.json", project)))
          .scopes["./tests/"];
        for (const name of Object.values<string>(scoped)) {
          const [, words] = /^npm:(@?[^@]+)@/.exec(name)!;
          assertEquals(fetched.filter((line) => line.includes(`/${words}/-/`)), []);
        }
      });

      await t.step("needs no network from then on", async () => {
        const lines = (await start(folder, noNetwork)).split("\n").filter(Boolean);
        assertEquals(lines.map((line) => line.split(" ").slice(0, 2)), [["Task", "demo"]]);
      });

      await t.step(
        "without bundler and network ends with 1 and one line, and makes nothing",
        async () => {
          await Deno.remove(`${folder}/cache/dl`, { recursive: true });
          for await (const { name } of Deno.readDir(`${folder}/cache/npm`)) {
            await Deno.remove(`${folder}/cache/npm/${name}/@esbuild/linux-x64/registry.json`)
              .catch(() => {});
          }
          const env = { ...noNetwork, DENO_DIR: `${folder}/cache` };
          const { code, out, err } = await run(["demo", "--data", `${folder}/other`], "", env);
          assertEquals({ code, out }, { code: 1, out: "" });
          assertMatch(
            err,
            /^starting the page's bundler failed: [^\n]+\. Start once with a network[^\n]+\n$/,
          );
          assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
            "cache",
            "demo",
          ]);
        },
      );
    }),
});

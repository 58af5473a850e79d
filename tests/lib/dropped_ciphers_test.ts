/** The runtime frees a cipher only where it is ended: those that are dropped must be ended, too. */
import { assert, assertEquals } from "@std/assert";
import { testProgram } from "../test_program.ts";

const pairs = 100_000;
const grownBytesMax = 60e6;
/** `deno task drill:dropped` has 100,000, and measures memory. */
const connections = 2_000;

/** Runs a program of this folder that collects garbage. Returns its exit code and its output. */
async function run(name: string, count: number): Promise<{ code: number; out: string }> {
  const [command, ...others] = testProgram(new URL(name, import.meta.url).pathname, `${count}`);
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [command!, "--v8-flags=--expose-gc", "--no-check", ...others],
    stderr: "inherit",
  }).output();
  return { code, out: new TextDecoder().decode(stdout) };
}

Deno.test(`${pairs} pairs of ciphers, of which half are dropped unended, leak no memory`, async () => {
  const { code, out } = await run("drop_ciphers.ts", pairs);
  assertEquals(code, 0);
  const { grownBytes } = JSON.parse(out);
  assert(grownBytes < grownBytesMax, `grown by ${grownBytes} bytes`);
});

Deno.test(`${connections} connections that end in every way keep no cipher`, async () => {
  const { code, out } = await run("drop_connections.ts", connections);
  assertEquals(code, 0, out);
});

/** The runtime frees a cipher only where it is ended: those that are dropped must be ended, too. */
import { assert } from "@std/assert";

const pairs = 100_000;
const grownBytesMax = 60e6;

Deno.test(`${pairs} pairs of ciphers, of which half are dropped unended, leak no memory`, async () => {
  const program = new URL("drop_ciphers.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--frozen",
      "--v8-flags=--expose-gc",
      program,
      `${pairs}`,
    ],
    cwd: new URL("../..", import.meta.url).pathname,
    stderr: "inherit",
  }).output();
  assert(success);
  const { grownBytes } = JSON.parse(new TextDecoder().decode(stdout));
  assert(grownBytes < grownBytesMax, `grown by ${grownBytes} bytes`);
});

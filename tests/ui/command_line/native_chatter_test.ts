/** What of a window's standard error reaches the terminal. */
import { assertEquals } from "@std/assert";
import { chatterLinesMax } from "../../../lib/limits.ts";
import { NativeChatter } from "../../../ui/command_line/launcher/native_chatter.ts";

const warning = "(process:7): Gtk-WARNING **: 18:12:04.378: Unable to acquire session bus";
const logged = "2026-11-28T18:12:04.378Z a call of the page failed: Error: x";

/** Returns a program's standard error, in chunks of some bytes. */
function streamOf(text: string, chunkBytes = 7): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return ReadableStream.from((function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
  })());
}

async function printed(text: string) {
  const lines: string[] = [];
  const chatter = new NativeChatter(streamOf(text), (...line) => lines.push(...line));
  // the stream ends first: a report waits for that, and what it prints comes last
  await chatter.report();
  return lines;
}

Deno.test("lines of the log are printed as they come, with their stacks; the others by a report", async () => {
  assertEquals(
    await printed(`${warning}\n\n${logged}\n    at f (a.ts:1:1)\n${warning}\nbroken: end it`),
    [logged, "    at f (a.ts:1:1)", warning, warning, "broken: end it"],
  );
});

Deno.test("a report has the last lines alone", async () => {
  const lines = Array.from({ length: chatterLinesMax + 3 }, (_, index) => `line ${index}`);
  assertEquals(await printed(lines.join("\n")), lines.slice(3));
});

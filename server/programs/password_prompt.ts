/** Reads a password, typed without echo, or from the first line of standard input. */
import { UsageError } from "../../lib/errors.ts";
import { launcherLookMs } from "../../lib/limits.ts";

/**
 * Reads a password.
 * @throws {UsageError} if none exists, or the second entry differs
 */
export async function readPassword(prompt: string): Promise<string> {
  if (!Deno.stdin.isTerminal()) return firstLine(await new Response(Deno.stdin.readable).text());
  const password = await typed(prompt);
  if (await typed("Once more: ") !== password) {
    throw new UsageError("the two passwords differ. Try again");
  }
  return password;
}

/**
 * Reads the passphrase of a key.
 * @throws {UsageError} if there is no terminal
 */
export async function readPassphrase(prompt: string): Promise<string> {
  if (Deno.stdin.isTerminal()) return await typed(prompt);
  throw new UsageError(
    "the key needs a passphrase. Run the command in a terminal, or give --passphrase-file FILE",
  );
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/)[0]!;
  if (!line) {
    throw new UsageError(
      "no password on standard input. Pipe it in, or run the command in a terminal",
    );
  }
  return line;
}

/** Typed or pasted input beyond the line that was read. */
let ahead = "";

async function typed(prompt: string): Promise<string> {
  const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  Deno.stdin.setRaw(true); // before the prompt: what is typed at once is not echoed either
  say(prompt);
  const cancelWatch = onOrphaned(() => {
    Deno.stdin.setRaw(false);
    Deno.exit(1);
  });
  try {
    let line = "";
    const chunk = new Uint8Array(64);
    const decoder = new TextDecoder();
    for (;;) {
      for (const [index, key] of [...ahead].entries()) {
        if (key === "\x03" || key === "\x04") throw new UsageError("cancelled");
        if (key === "\r" || key === "\n") {
          ahead = [...ahead].slice(index + 1).join("");
          return line;
        }
        line = key === "\x7f" || key === "\b" ? withoutLast(line) : line + key;
      }
      const count = await Deno.stdin.read(chunk);
      if (count === null) return line;
      ahead = decoder.decode(chunk.subarray(0, count), { stream: true });
    }
  } finally {
    cancelWatch();
    Deno.stdin.setRaw(false);
    say("\n");
  }
}

/** Returns a text without its last character, as people count them. */
function withoutLast(text: string): string {
  const characters = [...new Intl.Segmenter().segment(text)];
  return text.slice(0, characters.at(-1)?.index ?? 0);
}

/** Calls `act` when the launcher has died. Returns a function that cancels. */
function onOrphaned(act: () => void): () => void {
  const launcher = Deno.ppid;
  const look = setInterval(() => Deno.ppid !== launcher && act(), launcherLookMs);
  return () => clearInterval(look);
}

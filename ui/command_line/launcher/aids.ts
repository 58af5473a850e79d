/**
 * What the launcher does for a running ATM besides its screens: prints receipts with `lp`, and
 * speaks with `espeak-ng`. Programs of an ATM may start no process.
 */
import type { Language } from "../../../lib/atm.ts";
import type { AtmAids, AtmRequest } from "../../../lib/programs.ts";

/** The languages that `espeak-ng` speaks intelligibly. */
const spoken: readonly Language[] = ["en", "es", "fr", "de"];

/** Its speed in words a minute, and its amplitude at full volume. */
const wordsPerMinute = 165;
const amplitudeMax = 200;

export class LauncherAids {
  #speaking: Deno.ChildProcess | null = null;

  private constructor(readonly aids: AtmAids, private readonly printer: string | undefined) {}

  /** Finds out what this host has. @param printer the name of a printer, for `lp` */
  static async find(printer: string | undefined): Promise<LauncherAids> {
    const speaks = await run("espeak-ng", ["--version"]) === 0;
    return new LauncherAids(
      { printer: printer !== undefined, voices: speaks ? spoken : [] },
      printer,
    );
  }

  /** Does what a line of an ATM's standard output asks for. */
  async take(line: string): Promise<void> {
    const request = JSON.parse(line) as AtmRequest;
    if (request.ask === "print") return await this.#print(request.text);
    this.hush();
    if (request.ask === "hush") return;
    const { text, language, rate, volume } = request.speech;
    const speed = Math.round(rate * wordsPerMinute);
    const loudness = Math.round(volume * amplitudeMax);
    const args = ["-v", language, "-s", `${speed}`, "-a", `${loudness}`, "--stdin"];
    const speaking = this.#speaking = start("espeak-ng", args);
    await finish(speaking, text);
    if (this.#speaking === speaking) this.#speaking = null;
  }

  /** Stops in the middle of a text. */
  hush(): void {
    try {
      this.#speaking?.kill();
    } catch {
      // it has just ended
    }
    this.#speaking = null;
  }

  async #print(text: string): Promise<void> {
    if (this.printer === undefined) return;
    const code = await run("lp", ["-d", this.printer, "-t", "receipt"], text);
    if (code === 0) return;
    console.error(
      `printing a receipt failed: lp ended with ${code}. Check --printer ${this.printer}.`,
    );
  }
}

function start(program: string, args: string[]): Deno.ChildProcess {
  const streams = { stdin: "piped", stdout: "null", stderr: "null" } as const;
  return new Deno.Command(program, { args, ...streams }).spawn();
}

/** Runs a program with this input; returns its exit code, or that of a shell for a missing one. */
async function run(program: string, args: string[], input = ""): Promise<number> {
  try {
    return await finish(start(program, args), input);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return 127;
  }
}

async function finish(process: Deno.ChildProcess, input: string): Promise<number> {
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {}); // it may end first
  await writer.close().catch(() => {});
  return (await process.status).code;
}

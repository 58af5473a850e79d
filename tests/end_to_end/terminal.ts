/** A command of the project in a real terminal (util-linux's `script`). */
import { until } from "./programs.ts";

const project = new URL("../../", import.meta.url);

/** A command in a terminal; after it, the terminal's settings are printed. */
export class Terminal {
  #text = "";
  readonly #process: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;

  /** @param env what its environment has besides this one */
  constructor(words: string[], env: Record<string, string> = {}) {
    const command = [Deno.execPath(), "run", "-A", "--frozen", "main.ts", ...words]
      .map((word) => `'${word}'`).join(" ");
    const process = this.#process = new Deno.Command("script", {
      args: ["-qefc", `${command}; echo code $?; sleep 1; stty -a`, "/dev/null"],
      cwd: project,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#process.stdin.getWriter();
    this.#read = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of process.stdout) this.#text += decoder.decode(chunk);
    })();
  }

  /** Returns all that was shown so far. */
  get text(): string {
    return this.#text;
  }

  get pid(): number {
    return this.#process.pid;
  }

  async shows(text: string): Promise<void> {
    await until(text, () => this.#text.includes(text));
  }

  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Returns all that was shown, once the command has ended. */
  async end(): Promise<string> {
    await this.shows("code ");
    await this.#read;
    await this.#keys.close().catch(() => {});
    await this.#process.status;
    return this.#text;
  }
}

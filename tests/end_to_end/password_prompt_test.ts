/** The password prompt in a real terminal (util-linux's `script`), and what it leaves behind. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { run, until } from "./programs.ts";

const project = new URL("../../", import.meta.url);

/** A command in a terminal; after it, the terminal's settings are printed. */
class Terminal {
  #text = "";
  readonly #process: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;

  constructor(words: string[]) {
    const command = [Deno.execPath(), "run", "-A", "--frozen", "main.ts", ...words]
      .map((word) => `'${word}'`).join(" ");
    const process = this.#process = new Deno.Command("script", {
      args: ["-qefc", `${command}; echo code $?; sleep 1; stty -a`, "/dev/null"],
      cwd: project,
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

Deno.test({
  name: "the password prompt leaves the terminal as it was, however it is ended",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (root) => {
      const data = ["--data", `${root}/bank`];
      assertEquals((await run(["bank", "init", "--single-operator", ...data])).code, 0);
      const add = ["bank", "customer", "add", "alice", ...data];
      const ends = [
        ["server/programs/operator.ts", "SIGTERM"],
        ["server/programs/operator.ts", "SIGKILL"],
        ["main.ts", "SIGTERM"],
        ["main.ts", "SIGKILL"],
      ] as const;
      await Promise.all(ends.map(async ([program, signal]) => {
        const terminal = new Terminal(add);
        await terminal.shows("Password for alice: ");
        Deno.kill(findIn(treeOf(terminal.pid), program)!, signal);
        const text = await terminal.end();
        assertMatch(text, /code [1-9]/, `${program} ${signal}`);
        assertMatch(text, / echo /, `${program} ${signal}: ${text}`);
      }));

      const terminal = new Terminal(add);
      await terminal.shows("Password for alice: ");
      await terminal.type("correct 😀\x7fhorse é\x7f!\r");
      await terminal.shows("Once more: ");
      await terminal.type("correct horse !\r");
      const text = await terminal.end();
      assertMatch(text, /code 0/, text);
      assert(!text.includes("horse"), "nothing is echoed");
      assertMatch(text, / echo /);
    }),
});

/** The runbook of docs/OPERATIONS.md: its commands, and how to run them. */
import { textOf } from "../../lib/bytes.ts";

const project = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Stops the server that a command before it started. */
export const stop = "# stop the server";

/** A task of the runbook. */
export interface Task {
  title: string;
  commands: string[];
}

/** Returns the tasks of the document, in its order. */
export function tasksOf(text: string): Task[] {
  const [, section] = /^## Runbook\n([^]*?)^## /m.exec(text)!;
  return section!.split(/^### /m).slice(1).map((task) => ({
    title: task.slice(0, task.indexOf("\n")),
    commands: [...task.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) =>
      block!.trimEnd().split("\n")
    ),
  }));
}

export const readTasks = async () =>
  tasksOf(await Deno.readTextFile(`${project}/docs/OPERATIONS.md`));

/** Runs commands in a folder, with one server at a time in the background. */
export class Runner {
  #server: Deno.ChildProcess | null = null;

  constructor(private readonly folder: string) {}

  /** @throws if the command fails */
  async run(command: string): Promise<void> {
    if (command === stop) return await this.stop();
    if (/^deno task server\b(?!.*--check)/.test(command)) return await this.#start(command);
    const child = this.#spawn(command);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("a long password\n")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    if (code !== 0) {
      throw new Error(`${command}: exit code ${code}\n${textOf(stdout)}${textOf(stderr)}`);
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.kill("SIGTERM");
    await server.status;
    await server.stdout.cancel().catch(() => {});
  }

  async #start(command: string): Promise<void> {
    await this.stop();
    const server = this.#server = this.#spawn(`exec ${command}`, "null");
    const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await lines.read();
    lines.releaseLock();
    if (!value?.includes("listens on")) throw new Error(`${command}: ${value ?? "it ended"}`);
  }

  #spawn(command: string, stderr: "piped" | "null" = "piped"): Deno.ChildProcess {
    const deno = `${Deno.execPath()} run --quiet -A --frozen ${project}/main.ts`;
    return new Deno.Command("bash", {
      args: ["-c", command.replace("deno task", deno)],
      cwd: this.folder,
      env: {
        INIT_CWD: this.folder,
        STRONGROOM_DATA: `${this.folder}/data/bank`,
        STRONGROOM_LISTEN: "127.0.0.1:0",
      },
      stdin: "piped",
      stdout: "piped",
      stderr,
    }).spawn();
  }
}

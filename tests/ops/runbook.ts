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

/** The addresses in the document, by the commands that listen there. */
const listening: Record<string, string> = {
  server: "127.0.0.1:4848",
  devices: "127.0.0.1:5846",
};

/** Commands that run until they are ended. */
const staying = /^deno task (server\b(?!.*--check)|devices\b|atm --)/;

/** Runs commands in a folder; one server at a time, devices and ATMs run in the background. */
export class Runner {
  #server: Deno.ChildProcess | null = null;
  readonly #others: Deno.ChildProcess[] = [];
  /** Where the server and the devices listen, by their addresses in the document. */
  readonly #addresses = new Map<string, string>();

  constructor(private readonly folder: string) {}

  /** Where the server listens, or has listened. */
  get serverAddress(): string {
    return this.#addresses.get(listening.server!) ?? listening.server!;
  }

  /** Runs a command; returns its standard output. @throws if it fails */
  async run(command: string): Promise<string> {
    if (command === stop || staying.test(command)) {
      await (command === stop ? this.stop() : this.#start(command));
      return "";
    }
    const child = this.#spawn(command);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("a long password\n")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    if (code !== 0) {
      throw new Error(`${command}: exit code ${code}\n${textOf(stdout)}${textOf(stderr)}`);
    }
    return textOf(stdout);
  }

  /** Ends the server, with the ATMs and devices. */
  async stop(): Promise<void> {
    const ending = [...this.#others.splice(0).reverse(), ...(this.#server ? [this.#server] : [])];
    this.#server = null;
    for (const child of ending) {
      child.kill("SIGTERM");
      await child.status;
      await child.stdout.cancel().catch(() => {});
    }
  }

  async #start(command: string): Promise<void> {
    const [, name] = staying.exec(command)!;
    if (name!.startsWith("server")) await this.stop();
    const more = { devices: " --listen 127.0.0.1:0", "atm --": " --browser --no-open" }[name!] ??
      "";
    const child = this.#spawn(`exec ${command}${more}`, "null");
    if (name!.startsWith("server")) this.#server = child;
    else this.#others.push(child);
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "it ended" } = await lines.read();
    lines.releaseLock();
    const [, address] = /(?:listens on |ws:\/\/)([\d.]+:\d+)/.exec(value) ?? [];
    if (address !== undefined) this.#addresses.set(listening[name!] ?? "", address);
    else if (name !== "atm --" || !value.includes("http")) throw new Error(`${command}: ${value}`);
  }

  #spawn(command: string, stderr: "piped" | "null" = "piped"): Deno.ChildProcess {
    for (const [written, address] of this.#addresses) {
      command = command.replaceAll(written, address);
    }
    const deno = `env -C ${project} ${Deno.execPath()} run --quiet -A --frozen ${project}/main.ts`;
    return new Deno.Command("bash", {
      args: ["-c", command.replace("deno task", deno)],
      cwd: this.folder,
      env: {
        INIT_CWD: this.folder,
        STRONGROOM_DATA: `${this.folder}/data/bank`,
        STRONGROOM_HOME: `${this.folder}/data`,
        STRONGROOM_LISTEN: "127.0.0.1:0",
      },
      stdin: "piped",
      stdout: "piped",
      stderr,
    }).spawn();
  }
}

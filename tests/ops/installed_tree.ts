/**
 * A Debian tree with the package installed: runs commands in it as its users, and services as their
 * units say, without systemd as the first process. For a process with a mount namespace of its kind
 * alone: nothing is unmounted.
 */
import { textOf } from "../../lib/bytes.ts";
import { findIn, treeOf } from "../process_tree.ts";

export interface Finished {
  code: number;
  text: string;
}

/** The home folder of each user that gives commands. */
const homes: Readonly<Record<string, string>> = {
  root: "/root",
  strongroom: "/var/lib/strongroom",
  atm: "/home/atm",
  anna: "/home/anna",
};

/** Devices that `PrivateDevices=` leaves. */
const devices = ["null", "zero", "full", "random", "urandom", "tty"];

export class InstalledTree {
  /** @param root the folder of the tree */
  constructor(readonly root: string) {}

  /** Runs a shell command in the tree; `input` is its standard input. */
  async run(command: string, user = "root", input = ""): Promise<Finished> {
    const child = this.spawn(command, user, "piped");
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    return { code, text: textOf(stdout) + textOf(stderr) };
  }

  /** Starts a shell command in the tree, in the user's home. */
  spawn(
    command: string,
    user = "root",
    stderr: "piped" | "inherit" = "inherit",
  ): Deno.ChildProcess {
    const home = homes[user]!;
    const words = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${home}`];
    const shell = ["bash", "-c", `cd ${home} && ${command}`];
    const asUser = user === "root" ? shell : ["runuser", "-u", user, "--", ...shell];
    return new Deno.Command("chroot", {
      args: [this.root, ...words, ...asUser],
      stdin: "piped",
      stdout: "piped",
      stderr,
    }).spawn();
  }

  /** @throws {Error} if the command fails; returns its output */
  async done(command: string, user = "root", input = ""): Promise<string> {
    const { code, text } = await this.run(command, user, input);
    if (code !== 0) throw new Error(`${command}: exit code ${code}\n${text}`);
    return text;
  }

  readUnit(name: string): Unit {
    return new Unit(Deno.readTextFileSync(`${this.root}/usr/lib/systemd/system/${name}`));
  }

  /**
   * Starts a service as its unit says: its user and groups, no capability, the file system read-only
   * but for its folders, its own `/tmp`, few devices, and its view of processes.
   * @param trace the file that gets its system calls
   */
  startUnit(unit: Unit, trace: string): Deno.ChildProcess {
    const { root } = this;
    const writable = [
      ...unit.all("StateDirectory").map((name) => `/var/lib/${name}`),
      ...unit.all("ReadWritePaths"),
    ];
    const user = unit.one("User");
    const environment = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
      `HOME=${homes[user]}`,
      `USER=${user}`,
      `LOGNAME=${user}`,
      ...unit.all("Environment"),
    ];
    const script = [
      "set -e",
      `mount --bind ${root} ${root}`,
      ...writable.map((path) => `mount --bind ${root}${path} ${root}${path}`),
      `mount -t tmpfs tmpfs ${root}/tmp`,
      `mount -t tmpfs tmpfs ${root}/dev`,
      ...devices.map((name) =>
        `touch ${root}/dev/${name}; mount --bind /dev/${name} ${root}/dev/${name}`
      ),
      `mount -t proc -o hidepid=invisible,subset=${unit.one("ProcSubset")} proc ${root}/proc`,
      `mount -o remount,bind,ro ${root}`,
      `umask ${unit.one("UMask")}`,
      `exec strace -f -qq -o ${trace} chroot ${root} setpriv --reuid=${user} ` +
      `--regid=${unit.one("Group")} --init-groups --no-new-privs --bounding-set=-all ` +
      `--inh-caps=-all env -i ${environment.join(" ")} ${unit.one("ExecStart")}`,
    ];
    return new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", script.join("\n")],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }
}

/** Sends SIGTERM to the launcher alone, as systemd does with `KillMode=mixed`; returns its exit code. */
export async function endInOrder(program: Deno.ChildProcess): Promise<number> {
  Deno.kill(findIn(treeOf(program.pid), "/main.ts")!, "SIGTERM");
  return (await program.status).code;
}

/** The settings of a unit's file. */
export class Unit {
  constructor(private readonly text: string) {}

  /** Returns the words of every line of a setting. */
  all(setting: string): string[] {
    return this.text.split("\n").filter((line) => line.startsWith(`${setting}=`))
      .flatMap((line) => line.slice(setting.length + 1).split(" ").filter(Boolean));
  }

  /** Returns the whole value of a setting. @throws {Error} if it is missing */
  one(setting: string): string {
    const line = this.text.split("\n").find((line) => line.startsWith(`${setting}=`));
    if (line === undefined) throw new Error(`the unit has no ${setting}=`);
    return line.slice(setting.length + 1);
  }

  /** Returns the system calls that its filter permits. */
  async permittedCalls(): Promise<Set<string>> {
    const permitted = new Set<string>();
    for (const line of this.text.split("\n")) {
      const [, isDenied, groups] = /^SystemCallFilter=(~?)(.*)$/.exec(line) ?? [];
      if (groups === undefined) continue;
      for (const call of await callsOf(groups.split(" "))) {
        if (isDenied) permitted.delete(call);
        else permitted.add(call);
      }
    }
    return permitted;
  }
}

/** Returns the system calls of groups such as `@system-service`, and of the groups in these. */
async function callsOf(groups: readonly string[]): Promise<string[]> {
  const calls: string[] = [];
  for (const group of groups) {
    const { stdout } = await new Deno.Command("systemd-analyze", {
      args: ["syscall-filter", "--no-pager", group],
    }).output();
    const names = textOf(stdout).split("\n").slice(1).map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
    calls.push(...names.filter((name) => !name.startsWith("@")));
    calls.push(...await callsOf(names.filter((name) => name.startsWith("@"))));
  }
  return calls;
}

/** Returns the system calls of a traced program, and the families of its sockets. */
export function askedIn(trace: string, program: string): { calls: string[]; families: string[] } {
  const lines = trace.split("\n");
  const start = lines.findIndex((line) => line.includes(`execve("${program}"`));
  const text = lines.slice(start).join("\n");
  const names = (pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))].sort();
  return {
    calls: names(/^\d+ +([a-z_0-9]+)\(/gm),
    families: names(/^\d+ +socket\((AF_[A-Z0-9]+)/gm),
  };
}

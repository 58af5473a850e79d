/** Reads what `strace -f -yy -xx` wrote of a bank's server: its writes, its syncs, and what it said. */

/** Where in a trace something began and ended: the numbers of its lines. */
interface Span {
  begun: number;
  ended: number;
}

/** Something the server asked of its kernel, in the order in which it was asked. */
export type Call =
  & Span
  & (
    /** Bytes put into a file. */
    | { what: "write"; path: string; at: number; bytes: Uint8Array }
    | { what: "truncate"; path: string; length: number }
    /** All that was put into a file, or folder, before it began is on disk once it has ended. */
    | { what: "sync"; path: string }
    /** What was put into a file before may be lost, and no later sync writes it. */
    | { what: "failed sync"; path: string }
    /** A file is there from now on, if it was not before. */
    | { what: "create"; path: string }
    | { what: "remove"; path: string }
    /** Bytes sent over TCP. */
    | { what: "send" }
  );

/** The arguments of `strace` that this file reads. */
export const straceArguments = (out: string): string[] => [
  ...["-f", "-qq", "-yy", "-xx", "-s", "100000", "--seccomp-bpf", "-o", out, "-e"],
  "trace=openat,pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink",
];

/** How a call ends on its line while another thread is traced. */
const cut = " <unfinished ...>";

/**
 * Lists calls; omits failed ones, and syncs that `strace` kept from the
 * kernel.
 */
export function readTrace(text: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, { name: string; args: string; begun: number }>();
  for (const [number, line] of text.split("\n").entries()) {
    const resumed = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(line);
    const [, thread, name, asked] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (asked?.endsWith(cut)) {
      unfinished.set(thread!, { name: name!, args: asked.slice(0, -cut.length), begun: number });
    } else if (resumed) {
      const before = unfinished.get(resumed[1]!);
      unfinished.delete(resumed[1]!);
      if (before) add(before.name, before.args + resumed[2], before.begun, number);
    } else if (asked) add(name!, asked, number, number);
  }
  return calls.sort((a, b) => a.begun - b.begun);

  function add(name: string, text: string, begun: number, ended: number): void {
    const [, synced] = /^\d+<(.*?)>\) += -1 /.exec(text) ?? [];
    if (synced && /^f(data)?sync$/.test(name)) {
      calls.push({ what: "failed sync", path: pathOf(synced), begun, ended });
    }
    const [, args, result] = /^(.*)\) += (-?\d+)(?:<.*>)?$/s.exec(text) ?? [];
    if (args === undefined || Number(result) < 0) return;
    const call = callOf(name, args);
    if (call) calls.push({ ...call, begun, ended });
  }
}

type Unspanned<T> = T extends unknown ? Omit<T, keyof Span> : never;

function callOf(name: string, args: string): Unspanned<Call> | null {
  const [, file = ""] = /^\d+<(.*?)>/.exec(args) ?? [];
  const opened = pathOf(file);
  const quoted = bytesOf(/"([^"]*)"/.exec(args)?.[1] ?? "");
  switch (name) {
    case "pwrite64": {
      const at = Number(/, (\d+)$/.exec(args)![1]);
      return { what: "write", path: opened, at, bytes: quoted };
    }
    case "ftruncate":
      return { what: "truncate", path: opened, length: Number(/, (\d+)$/.exec(args)![1]) };
    case "fsync":
    case "fdatasync":
      return { what: "sync", path: opened };
    case "openat":
      return args.includes("O_CREAT") ? { what: "create", path: textOf(quoted) } : null;
    case "unlink":
      return { what: "remove", path: textOf(quoted) };
    default:
      return opened.startsWith("TCP") ? { what: "send" } : null;
  }
}

const pathOf = (file: string) => file.startsWith("\\x") ? textOf(bytesOf(file)) : file;
const bytesOf = (escaped: string) => Uint8Array.fromHex(escaped.replaceAll("\\x", ""));
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What Linux reports running programs: who started whom, what they hold, what they listen on. */

/** Returns a process and all that it started, and what those started. */
export function treeOf(pid: number): number[] {
  const parents = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => ({ pid: Number(name), parent: parentOf(Number(name)) }));
  const tree = [pid];
  for (const each of tree) {
    tree.push(...parents.filter(({ parent }) => parent === each).map(({ pid }) => pid));
  }
  return tree;
}

/** Returns the process of a tree with an argument that ends so; undefined where there is none. */
export function findIn(tree: number[], word: string): number | undefined {
  return tree.find((pid) =>
    read(`/proc/${pid}/cmdline`).split("\0").some((argument) => argument.endsWith(word))
  );
}

/** Returns the arguments of a process. */
export function argumentsOf(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}

/** Returns memory that these processes hold, in bytes; what they share is counted once. */
export function memoryOf(tree: number[]): number {
  const kib = tree.map((pid) => /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]);
  return kib.reduce((sum, each) => sum + Number(each ?? 0) * 1024, 0);
}

/**
 * Returns the local addresses, as the kernel writes them, of TCP sockets on which these processes
 * listen.
 */
export function listeningOf(tree: number[]): string[] {
  const held = new Set(tree.flatMap(socketsOf));
  const listening = "0A";
  return ["tcp", "tcp6"].flatMap((table) => read(`/proc/net/${table}`).split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[3] === listening && held.has(cells[9]!))
    .map((cells) => cells[1]!);
}

/** Returns the inodes of a process's sockets. */
function socketsOf(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
      const target = readLink(`/proc/${pid}/fd/${name}`);
      return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
    });
  } catch {
    return []; // it has ended
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // it has ended
  }
}

function readLink(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}

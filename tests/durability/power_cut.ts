/** What a disk holds when the power goes: of what was put into files, only what was synced is certain. */
import type { Call } from "./trace.ts";

/** A folder's files, by their paths. */
export type Disk = Map<string, Uint8Array>;

/**
 * Returns the files as a power cut at this line of the trace may leave them.
 * @param before the files when the trace began
 * @param keeps whether a write that was not synced reached the disk all the same
 */
export function diskAfterCut(
  before: Disk,
  calls: readonly Call[],
  line: number,
  keeps: () => boolean,
): Disk {
  const disk: Disk = new Map([...before].map(([path, bytes]) => [path, bytes.slice()]));
  for (const call of calls.filter(({ begun }) => begun < line)) {
    if (call.what === "send" || call.what === "sync" || call.what === "failed sync") continue;
    const { path, ended } = call;
    // A file is as safe as the folder that names it; what is in it, as the file itself.
    const named = call.what === "create" || call.what === "remove";
    const place = named ? path.slice(0, path.lastIndexOf("/")) : path;
    const next = calls.find((sync) =>
      (sync.what === "sync" || sync.what === "failed sync") && sync.path === place &&
      sync.begun > ended
    );
    const safe = next?.what === "sync" && next.ended < line;
    if (!safe && !keeps()) continue;
    if (call.what === "create") {
      if (!disk.has(path)) disk.set(path, new Uint8Array());
    } else if (call.what === "remove") disk.delete(path);
    else if (disk.has(path)) disk.set(path, changed(disk.get(path)!, call));
  }
  return disk;
}

function changed(file: Uint8Array, call: Call & { what: "write" | "truncate" }): Uint8Array {
  const end = call.what === "write" ? call.at + call.bytes.length : call.length;
  const length = call.what === "write" ? Math.max(file.length, end) : end;
  const result = new Uint8Array(length);
  result.set(file.subarray(0, length));
  if (call.what === "write") result.set(call.bytes, call.at);
  return result;
}

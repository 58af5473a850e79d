/** The contents of folders, and the ways in which a file of them is damaged. */
import { systemFiles } from "../../lib/system.ts";

/** The files of a folder and of those below it, by path: their bytes in hex. */
export type Contents = Map<string, string>;

/** Returns what a folder has, except locks, which every program takes, and sockets. */
export function contentsOf(folder: string): Contents {
  const names = systemFiles.names(folder).filter((name) => name !== "owner.lock").sort();
  return new Map(names.flatMap((name): [string, string][] => {
    const path = `${folder}/${name}`;
    const { isFile, isDirectory } = Deno.statSync(path);
    if (isFile) return [[name, systemFiles.read(path).toHex()]];
    if (!isDirectory) return [];
    return [...contentsOf(path)].map(([below, hex]) => [`${name}/${below}`, hex]);
  }));
}

export function writeFolder(folder: string, contents: Contents): void {
  systemFiles.makeFolder(folder);
  for (const [name, hex] of contents) {
    systemFiles.makeFolder(`${folder}/${name}`.replace(/\/[^/]*$/, ""));
    Deno.writeFileSync(`${folder}/${name}`, Uint8Array.fromHex(hex), { mode: 0o600 });
  }
}

/** Each returns the bytes of a damaged file; null removes it. */
const damages: Record<string, (bytes: Uint8Array) => Uint8Array | null> = {
  missing: () => null,
  empty: () => new Uint8Array(0),
  halved: (bytes) => bytes.slice(0, bytes.length >> 1),
  garbled: (bytes) => bytes.map((byte, at) => at % 3 === 0 ? byte : byte ^ (1 + at % 255)),
};

/** Yields a folder's contents with one file damaged in each way. */
export function* damaged(contents: Contents, file: string): Generator<[string, Contents]> {
  for (const [damage, spoil] of Object.entries(damages)) {
    const after = new Map(contents);
    const bytes = spoil(Uint8Array.fromHex(contents.get(file)!));
    if (bytes === null) after.delete(file);
    else after.set(file, bytes.toHex());
    yield [damage, after];
  }
}

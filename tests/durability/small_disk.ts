/** Real disks for tests: a file system in memory that can be full, and one that can become read-only. */

/**
 * Returns whether disks can be mounted here (Linux, as root), and says what is missing.
 * @param needed programs
 */
export function mayMount(...needed: string[]): boolean {
  const why = Deno.build.os !== "linux" || Deno.uid() !== 0
    ? "disks are mounted on Linux, by root"
    : whyNot(needed);
  if (why !== null) console.error(`cannot run here: ${why}`);
  return why === null;
}

function whyNot(needed: readonly string[]): string | null {
  // In a namespace that ends with it.
  const { success } = new Deno.Command("unshare", {
    args: ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
  }).outputSync();
  if (!success) return "this machine lets nobody mount a disk";
  const missing = needed.filter((program) => !has(program));
  return missing.length > 0 ? `not on this machine: ${missing.join(", ")}` : null;
}

function has(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).outputSync().success;
}

async function execute(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args}: ${new TextDecoder().decode(stderr)}`);
}

export interface FullDisk {
  /** Takes all of its room. */
  fill(): void;
  /** Gives that back. */
  free(): void;
}

/** Runs with a disk of so many KiB at an empty folder. */
export async function withSmallDisk(
  folder: string,
  kib: number,
  run: (disk: FullDisk) => Promise<void>,
): Promise<void> {
  await execute("mount", "-t", "tmpfs", "-o", `size=${kib}k,mode=700`, "tmpfs", folder);
  const filler = `${folder}/filler`;
  try {
    await run({
      fill() {
        try {
          for (;;) Deno.writeFileSync(filler, new Uint8Array(4_096), { append: true });
        } catch (error) {
          if (!/No space left/.test((error as Error).message)) throw error;
        }
      },
      free: () => Deno.removeSync(filler),
    });
  } finally {
    await execute("umount", "--lazy", folder);
  }
}

export interface BreakingDisk {
  /** The kernel finds the disk broken: nothing can be written to it any more. */
  breakDown(): Promise<void>;
  /** Checks it and mounts it again; no program may use it. */
  mend(options?: string): Promise<void>;
}

/** Runs with a disk in a file, with ext4, at an empty folder. */
export async function withBreakingDisk(
  folder: string,
  run: (disk: BreakingDisk) => Promise<void>,
): Promise<void> {
  const image = `${folder}.image`;
  const file = Deno.openSync(image, { write: true, createNew: true });
  file.truncateSync(32 << 20);
  file.close();
  await execute("mkfs.ext4", "-q", image);
  const mount = (options: string) =>
    execute("mount", "-o", `loop,errors=remount-ro${options}`, image, folder);
  await mount("");
  try {
    await run({
      breakDown: () => execute("mount", "-o", "remount,abort", folder),
      async mend(options = "") {
        await execute("umount", folder);
        // Exits with 1 when it has mended something.
        await new Deno.Command("e2fsck", { args: ["-p", image] }).output();
        await mount(options);
      },
    });
  } finally {
    await execute("umount", "--lazy", folder);
    Deno.removeSync(image);
  }
}

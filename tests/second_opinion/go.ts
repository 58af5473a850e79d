/** Go's own notes and trees (golang.org/x/mod) as a second verifier: `verify.go`, built and run. */

export interface Cases {
  /** Verifier keys of logs, and of witnesses, each of which must have cosigned. */
  logs: string[];
  witnesses: string[];
  checkpoints: string[];
  inclusions: { receipt: string; proof: string }[];
  /** Two checkpoints and the hashes between them, in base64. */
  consistency: { first: string; second: string; proof: string[] }[];
  /** The log as text, and checkpoints of its chains. */
  files?: { text: string; checkpoints: string[] }[];
}

/** Whether each case verifies. */
export interface Verdicts {
  checkpoints: boolean[];
  inclusions: boolean[];
  consistency: boolean[];
  files?: boolean[];
}

const packages = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog";

/**
 * Returns whether Go and its package are here.
 * @throws {Error} where they are not and `CI=true`: there, nothing is left out
 */
export function hasGo(): boolean {
  try {
    if (new Deno.Command("go", { args: ["version"] }).outputSync().success) {
      Deno.statSync(packages);
      return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const missing = "Go is not here: install Debian's golang-go and golang-golang-x-mod-dev";
  if (Deno.env.get("CI") === "true") throw new Error(missing);
  console.error(`cannot run here: ${missing}`);
  return false;
}

let built: Promise<string> | null = null;

/** Builds `verify.go` once for the tests of a file; gives the program's path. */
export function buildVerifier(): Promise<string> {
  return built ??= build();
}

async function build(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-go-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const program = `${folder}/verify`;
  const source = new URL("verify.go", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command("go", {
    args: ["build", "-o", program, source],
    // Debian has the package in a GOPATH, not as a module
    env: { GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOCACHE: `${folder}/cache` },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return program;
}

export async function verdictsOf(program: string, cases: Cases): Promise<Verdicts> {
  const child = new Deno.Command(program, { stdin: "piped", stdout: "piped" }).spawn();
  const input = new Blob([JSON.stringify(cases)]).stream().pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  await input;
  if (!success) throw new Error("verify.go failed");
  const { Checkpoints, Inclusions, Consistency, Files } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return {
    checkpoints: Checkpoints ?? [],
    inclusions: Inclusions ?? [],
    consistency: Consistency ?? [],
    ...(Files && { files: Files }),
  };
}

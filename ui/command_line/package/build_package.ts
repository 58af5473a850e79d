/**
 * Builds the Debian package: the programs with the runtime and their packages, so that an installed
 * bank needs no network. The runtime is that of `runtime.lock`, the packages are those of
 * `deno.lock`; Deno verifies both. Two builds of one commit have the same bytes.
 */
import { pathOf } from "../launcher/paths.ts";
import * as families from "../commands/index.ts";
import { bashCompletion } from "../completion.ts";

const project = pathOf(new URL("../../../", import.meta.url).href).replace(/\/$/, "");

/** Where the programs are installed. */
const home = "usr/lib/strongroom";

/** What the package has of the project, besides `deno.json`. */
const sources = ["main.ts", "deno.lock", "client", "lib", "server", "ui"];

/** Source folders that the programs do not use. */
const unused = ["ui/command_line/package"];

/** Each file of `docs/`, its place in the package, and whether it can be run. */
const files: readonly [from: string, to: string, runs?: "runs"][] = [
  ["ops/package/strongroom", "usr/bin/strongroom", "runs"],
  ["ops/package/backup", `${home}/backup`, "runs"],
  ["ops/package/bank.toml", "etc/strongroom/bank.toml"],
  ["ops/strongroom-server.service", "usr/lib/systemd/system/strongroom-server.service"],
  ["ops/strongroom-backup.service", "usr/lib/systemd/system/strongroom-backup.service"],
  ["ops/strongroom-backup.timer", "usr/lib/systemd/system/strongroom-backup.timer"],
  ["ops/alerts.yml", "usr/share/doc/strongroom/alerts.yml"],
  ["ops/prometheus.yml", "usr/share/doc/strongroom/prometheus.yml"],
  ["OPERATIONS.md", "usr/share/doc/strongroom/OPERATIONS.md"],
  ["ops/package/preinst", "DEBIAN/preinst", "runs"],
  ["ops/package/postinst", "DEBIAN/postinst", "runs"],
  ["ops/package/prerm", "DEBIAN/prerm", "runs"],
  ["ops/package/postrm", "DEBIAN/postrm", "runs"],
];

/**
 * Builds `strongroom_VERSION_amd64.deb`.
 * @param out the folder that gets it
 * @param version the package's; by default that of `deno.json`
 * @returns its path
 * @throws {Error} if Deno, Git or dpkg-deb fails
 */
export async function buildPackage(out: string, version?: string): Promise<string> {
  const config = JSON.parse(await Deno.readTextFile(`${project}/deno.json`));
  version ??= config.version as string;
  const root = await Deno.makeTempDir({ prefix: "strongroom-package-" });
  try {
    await copySources(root);
    const { tasks: _, ...settings } = config;
    await write(`${root}/${home}/deno.json`, JSON.stringify({ ...settings, version }, null, 2));
    await fetchRuntime(root);
    await fetchPackages(root);
    for (const [from, to, runs] of files) {
      const text = asInstalled(await Deno.readTextFile(`${project}/docs/${from}`));
      await write(`${root}/${to}`, text.replaceAll("@VERSION@", version), runs);
    }
    const completion = bashCompletion(Object.values(families).flat(), "strongroom");
    await write(`${root}/usr/share/bash-completion/completions/strongroom`, completion);
    await write(`${root}/usr/share/doc/strongroom/copyright`, await copyright(root));
    await writeControl(root, version);
    await run("chmod", ["-R", "u=rwX,go=rX", root]);
    const path = `${out}/strongroom_${version}_amd64.deb`;
    const epoch = Deno.env.get("SOURCE_DATE_EPOCH") ?? await timeOfCommit();
    const build = ["--root-owner-group", "-Zzstd", "-z12", "--build", root, path];
    await run("dpkg-deb", build, { SOURCE_DATE_EPOCH: epoch });
    return path;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Returns a text with the installed command and its folder for data, instead of a checkout's. */
function asInstalled(text: string): string {
  return text.replaceAll(/\bdeno task\b/g, "strongroom")
    .replaceAll(/\.\/data\b/g, "~/.local/share/strongroom");
}

async function copySources(root: string): Promise<void> {
  const copy = async (path: string): Promise<void> => {
    if (unused.includes(path) || path.endsWith(".md")) return;
    const { isDirectory } = await Deno.stat(`${project}/${path}`);
    if (!isDirectory) {
      const text = await Deno.readTextFile(`${project}/${path}`);
      return await write(`${root}/${home}/${path}`, asInstalled(text));
    }
    for await (const { name } of Deno.readDir(`${project}/${path}`)) await copy(`${path}/${name}`);
  };
  for (const path of sources) await copy(path);
}

/** Puts the runtime of `runtime.lock` into the package. */
async function fetchRuntime(root: string): Promise<void> {
  const lock = new URL("runtime.lock", import.meta.url);
  const [specifier] = Object.keys(JSON.parse(await Deno.readTextFile(lock)).specifiers);
  const cache = await Deno.makeTempDir();
  try {
    await runDeno(["cache", "--no-config", "--frozen", `--lock=${pathOf(lock.href)}`, specifier!], {
      DENO_DIR: cache,
    });
    const [, name, version] = /^npm:(.*)@(.*)$/.exec(specifier!)!;
    await Deno.rename(`${await npmFolder(cache)}/${name}/${version}/deno`, `${root}/${home}/deno`);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** Returns the folder of packages in Deno's cache: that of its only registry. */
async function npmFolder(cache: string): Promise<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${cache}/npm`)) {
    if (isDirectory) return `${cache}/npm/${name}`;
  }
  throw new Error(`${cache} has no packages`);
}

/**
 * Fills the package's cache with the packages of `deno.lock` and the bundler. Compiled code and what
 * a registry said of its packages are left out: the one differs between builds, the other in time.
 */
async function fetchPackages(root: string): Promise<void> {
  const folder = `${root}/${home}`;
  const cache = `${folder}/deno_dir`;
  const env = { DENO_DIR: cache };
  const pages = ["ui/page/in_browser.ts", "ui/page/in_window.ts"];
  const programs: string[] = [];
  for (const side of ["server", "client"]) {
    for await (const { name } of Deno.readDir(`${folder}/${side}/programs`)) {
      programs.push(`${side}/programs/${name}`);
    }
  }
  await runDeno(["cache", "--frozen", "main.ts", ...pages, ...programs.sort()], env, folder);
  const receipt = ["receipt-page", "--out", `${root}/receipt.html`]; // bundles, as an ATM's start does
  await runDeno(["run", "-A", "--frozen", "main.ts", ...receipt], env, folder);
  await Deno.remove(`${root}/receipt.html`);
  for await (const { name } of Deno.readDir(cache)) {
    if (name !== "npm" && name !== "dl") await Deno.remove(`${cache}/${name}`, { recursive: true });
  }
  const npm = await npmFolder(cache);
  for (const path of await pathsIn(npm)) {
    if (path.endsWith("/registry.json")) await Deno.remove(path);
  }
  await linkBundler(cache, npm);
}

/** Replaces the bundler's second copy, from which Deno runs it, by a link to the first. */
async function linkBundler(cache: string, npm: string): Promise<void> {
  const copies = await pathsIn(`${cache}/dl`);
  const originals = (await pathsIn(`${npm}/@esbuild`)).filter((path) =>
    path.endsWith("/bin/esbuild")
  );
  if (copies.length !== 1 || originals.length !== 1) throw new Error("the bundler was not found");
  const [copy, original] = [copies[0]!, originals[0]!];
  await Deno.chmod(original, 0o755);
  await Deno.remove(copy);
  await Deno.symlink(original.replace(cache, "../.."), copy);
}

/** Returns the licence of the project, and a line for each package in it. */
async function copyright(root: string): Promise<string> {
  const packages = ["@deno/linux-x64-glibc, the runtime: MIT"];
  const npm = await npmFolder(`${root}/${home}/deno_dir`);
  for (const path of await pathsIn(npm)) {
    if (!/^(@[^/]+\/)?[^/@]+\/[^/]+\/package\.json$/.test(path.slice(npm.length + 1))) continue;
    const { name, version, license } = JSON.parse(await Deno.readTextFile(path));
    packages.push(`${name} ${version}: ${license ?? "see its folder"}`);
  }
  const licence = await Deno.readTextFile(`${project}/LICENSE`);
  return `${licence}\nWith it come, under ${home}:\n\n${packages.join("\n")}\n`;
}

async function writeControl(root: string, version: string): Promise<void> {
  const paths = (await pathsIn(root)).filter((path) => !path.startsWith(`${root}/DEBIAN/`));
  let bytes = 0;
  const sums: string[] = [];
  for (const path of paths) {
    const { isFile, size } = await Deno.lstat(path);
    if (!isFile) continue;
    bytes += size;
    sums.push(await run("md5sum", [path.slice(root.length + 1)], {}, root));
  }
  await write(`${root}/DEBIAN/md5sums`, sums.join(""));
  await write(`${root}/DEBIAN/conffiles`, "/etc/strongroom/bank.toml\n");
  await write(
    `${root}/DEBIAN/control`,
    `Package: strongroom
Version: ${version}
Architecture: amd64
Maintainer: The Strongroom authors <strongroom@localhost>
Section: misc
Priority: optional
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: libc6 (>= 2.31), libgcc-s1, passwd
Suggests: libwebkitgtk-6.0-4, libvulkan1, cups-client, espeak-ng
Description: a bank and its ATMs
 The bank's server, the operator's commands, and the ATM, with their runtime and packages: nothing
 is fetched from a network. A window for the ATM's screens needs libwebkitgtk-6.0-4 and libvulkan1.
`,
  );
}

/** Returns every path in a folder but those of folders, sorted. */
async function pathsIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) paths.push(...await pathsIn(path));
    else paths.push(path);
  }
  return paths.sort();
}

/** Writes a file of the package, and its folders. */
async function write(path: string, text: string, runs?: "runs"): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: runs ? 0o755 : 0o644 });
}

/** Returns the time of the newest commit, in seconds: the time of every file of the package. */
async function timeOfCommit(): Promise<string> {
  return (await run("git", ["-C", project, "log", "-1", "--format=%ct"])).trim();
}

const runDeno = (args: string[], env: Record<string, string>, cwd?: string) =>
  run(Deno.execPath(), args, env, cwd);

/** Runs a program and returns its output. @throws {Error} if it fails */
async function run(
  program: string,
  args: string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env, cwd }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${text(stderr)}`);
  return text(stdout);
}

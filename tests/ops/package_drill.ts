/**
 * The package in a fresh Debian tree, without a network: installed, the runbook's first days, a
 * withdrawal at an ATM, a backup by the timer's service that is restored elsewhere, an upgrade with
 * data, a refused downgrade, removal and purge. Services run by their units' text, without systemd as
 * the first process. Needs root, debootstrap, strace and a browser: `deno task drill:package [--tree
 * DIR]`, where DIR is a tree that debootstrap made, instead of another download.
 */
import { buildPackage } from "../../ui/command_line/package/build_package.ts";
import { openBrowser, type Page } from "../browser.ts";
import { operate } from "../end_to_end/programs.ts";
import { fillLogIn, onScreen } from "../ui/open_atm.ts";
import { askedIn, endInOrder, InstalledTree } from "./installed_tree.ts";
import { readTasks } from "./runbook.ts";

const project = new URL("../../", import.meta.url).pathname;
const beganMs = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - beganMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
const password = "a long password";

function require(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function host(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
}

/** Builds the packages and the tree, which needs a network; then runs the drill without one. */
async function prepare(tree: string | undefined): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-drill-" });
  try {
    await host("chmod", "755", folder);
    const [one, other] = [`${folder}/one`, `${folder}/other`];
    for (const each of [one, other]) await Deno.mkdir(each);
    const path = await buildPackage(one);
    const again = await buildPackage(other);
    await host("cmp", path, again);
    const { size } = await Deno.stat(path);
    say(`built twice, with the same bytes: ${(size / 1e6).toFixed(0)} MB`);
    await buildPackage(other, "99.0");
    if (tree !== undefined) await host("cp", "-a", tree, `${folder}/tree`);
    else {
      const make = ["--variant=minbase", "--include=systemd", "bookworm", `${folder}/tree`];
      await host("debootstrap", ...make);
    }
    say("a fresh Debian tree is there");
    await host("cp", path, `${other}/strongroom_99.0_amd64.deb`, `${folder}/tree/root`);
    const again2 = [import.meta.url, "--inside", `${folder}/tree`, path.split("/").at(-1)!];
    const deno = [
      Deno.execPath(),
      "run",
      "-P=test",
      `--lock=${project}tests/deno.lock`,
      "--frozen",
    ];
    const { code } = await new Deno.Command("unshare", {
      args: [
        "-n",
        "-m",
        "-p",
        "-f",
        "--mount-proc",
        "--kill-child",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "sh",
        ...deno,
        ...again2,
      ],
    }).spawn().status;
    return code;
  } finally {
    await host("rm", "-rf", "--one-file-system", folder);
  }
}

const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });

/** Withdraws 60.00 at an ATM that runs as its user. */
async function withdraw(tree: InstalledTree): Promise<void> {
  const atm = tree.spawn("exec strongroom atm --key lobby.key --no-open --json", "atm");
  const out = atm.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await out.read();
  const { atm: link, devices } = JSON.parse(value!);
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(60_000);
    await page.goto(link);
    await button(page, "Touch to begin").click();
    await fillLogIn(page, "alice", password);
    await page.locator("[data-screen=menu]").waitFor();
    await button(page, "Another amount").click();
    await page.keyboard.type("60");
    await page.keyboard.press("Enter");
    await page.locator("[data-screen=take]").waitFor();
    require(await operate(devices, "takeNotes"), "the notes are taken");
    await onScreen(page, "receipt");
  } finally {
    await browser.close();
  }
  require(await endInOrder(atm) === 0, "the ATM ends in order");
  await out.cancel();
}

/** @param file the package, in the tree's `/root` */
async function inside(root: string, file: string): Promise<void> {
  const tree = new InstalledTree(root);
  await host("mount", "-t", "proc", "proc", `${root}/proc`);
  await host("mount", "--rbind", "/dev", `${root}/dev`);
  const asBank = (command: string) => tree.done(command, "strongroom", `${password}\n`);

  /** Requires that the books have the withdrawal. */
  const requireBooked = async (bank = "") => {
    const accounts = await asBank(`strongroom bank account list ${bank}`);
    require(/1,?440\.00/.test(accounts), `60.00 of 1500.00 are withdrawn:\n${accounts}`);
  };

  await tree.done(`apt-get install -y /root/${file}`);
  const installed = (await tree.done("strongroom --version")).trim();
  say(`installed without a network: ${installed}`);
  await tree.done(
    "systemd-analyze verify --man=no strongroom-server.service strongroom-backup.timer",
  );
  say("its units are accepted, with the programs that they name");

  const service = tree.readUnit("strongroom-server.service");
  const trace = `${root}/../server.trace`;
  let server: Deno.ChildProcess | null = null;
  const start = async () => {
    server = tree.startUnit(service, trace);
    const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await lines.read();
    require(value?.includes("listens on 127.0.0.1:4848") ?? false, `the server listens: ${value}`);
    lines.releaseLock();
  };
  const stop = async () => require(await endInOrder(server!) === 0, "the server ends in order");

  await tree.done("useradd --create-home atm");
  for (const { title, commands } of await readTasks()) {
    if (title !== "Install" && title !== "First day") continue;
    for (const command of commands) {
      const here = command.replace("deno task", "strongroom")
        .replaceAll(/\bdata\//g, "/var/lib/strongroom/");
      if (here === "strongroom server") await start();
      else if (here.startsWith("strongroom atm --")) continue; // `withdraw` starts it
      else if (here.startsWith("strongroom atm")) {
        await tree.done("install -o atm -m 600 /var/lib/strongroom/lobby.key /home/atm/lobby.key");
        await tree.done(here, "atm");
      } else await asBank(here);
    }
  }
  say("the runbook's Install and First day, with the server by its unit");
  await withdraw(tree);
  await requireBooked();
  say("a withdrawal at an ATM");

  const key = await asBank("strongroom bank operator key timer --no-passphrase --out timer.key");
  const [publicKey] = /[0-9a-f]{64}/.exec(key)!;
  await asBank(`strongroom bank operator add timer --role timer --public-key ${publicKey}`);
  const backup = tree.readUnit("strongroom-backup.service");
  const { code, stdout, stderr } = await tree.startUnit(backup, `${root}/../backup.trace`).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  require(code === 0, `the backup is made: ${decode(stdout)}${decode(stderr)}`);
  const path = (await tree.done("ls /var/backups/strongroom/bank-*.sqlite")).trim();
  const elsewhere = "--data other/bank --operator-key bank-operator.key";
  await asBank("install -d -m 700 other/bank && install -m 600 bank/bank.keys other/bank/");
  await tree.done(`install -o strongroom -m 600 ${path} /var/lib/strongroom/other/copy.sqlite`);
  await asBank(
    `strongroom bank restore --from other/copy.sqlite --first-key other/first.key ${elsewhere}`,
  );
  await asBank(`strongroom bank ledger check ${elsewhere}`);
  await requireBooked(elsewhere);
  say("a backup by the timer's service, restored into another folder");

  await tree.done("useradd --create-home --groups strongroom-operators anna");
  const own = await tree.done("strongroom bank operator key anna --no-passphrase", "anna");
  const [annas] = /[0-9a-f]{64}/.exec(own)!;
  await asBank(`strongroom bank operator add anna --role auditor --public-key ${annas}`);
  const status = await tree.done("strongroom bank status", "anna");
  require(status.includes("lobby"), `the status names the terminal:\n${status}`);
  say("an operator of the group, without the bank's account, sees its status");

  await stop();
  for (
    const [unit, program, file] of [
      [service, "/usr/bin/strongroom", trace],
      [backup, "/usr/lib/strongroom/backup", `${root}/../backup.trace`],
    ] as const
  ) {
    const permitted = await unit.permittedCalls();
    const { calls, families } = askedIn(await Deno.readTextFile(file), program);
    const refused = calls.filter((call) => !permitted.has(call));
    const strange = families.filter((each) => !unit.all("RestrictAddressFamilies").includes(each));
    say(
      `${program}: ${calls.length} system calls, not permitted by the unit: ` +
        `${[...refused, ...strange].join(", ") || "none"}`,
    );
    require(refused.length + strange.length === 0, "the unit permits what the program asks");
  }

  await tree.done("apt-get install -y /root/strongroom_99.0_amd64.deb");
  require((await tree.done("strongroom --version")).trim() === "strongroom 99.0", "the upgrade");
  await start();
  await asBank("strongroom bank ledger check");
  await stop();
  say("an upgrade with data");

  const older = await tree.run(`dpkg -i /root/${file}`);
  require(older.code !== 0, "the downgrade is refused");
  say(`a downgrade is refused: ${/strongroom: the downgrade.*/.exec(older.text)?.[0]}`);
  require(
    (await tree.done("strongroom --version")).trim() === "strongroom 99.0",
    "it is unchanged",
  );
  await asBank("strongroom bank ledger check");

  await tree.done("apt-get remove -y strongroom");
  require((await tree.run("strongroom --version")).code !== 0, "the program is removed");
  require((await tree.done("ls /etc/strongroom")).trim() === "bank.toml", "the settings are left");
  const purged = await tree.done("apt-get purge -y strongroom");
  say(`purged: ${/strongroom: the bank stays.*/.exec(purged)?.[0]}`);
  const find = "find / -xdev -path '*strongroom*' -not -path '/root/*' -not -path '/home/*'";
  const left = (await tree.done(`${find} -not -path '/var/*/strongroom/*'`)).trim().split("\n");
  require(
    left.sort().join(" ") === "/var/backups/strongroom /var/lib/strongroom",
    `nothing but the bank and its backups is left: ${left.join(" ")}`,
  );
  await tree.done(`apt-get install -y /root/strongroom_99.0_amd64.deb`);
  await asBank("strongroom bank ledger check");
  await requireBooked();
  say("installed again: the bank is as it was");
}

const [flag, value, file] = Deno.args;
if (flag === "--inside") {
  await inside(value!, file!);
  Deno.exit(0);
}
Deno.exit(await prepare(flag === "--tree" ? value : undefined));

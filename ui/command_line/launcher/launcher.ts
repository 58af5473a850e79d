/**
 * The launcher: starts the programs of a command with minimal permissions. It holds no keys and
 * serves no requests.
 */
import { textOf } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { say } from "../../../lib/process.ts";
import {
  type AtmCashStart,
  type DevicesReady,
  operatorsGroup,
  type ServerReady,
} from "../../../lib/programs.ts";
import { systemFiles } from "../../../lib/system.ts";
import { witnessHostsOf } from "../../../lib/witness_urls.ts";
import type {
  CashLaunch,
  DevicesLaunch,
  Launch,
  OperatorLaunch,
  ServerLaunch,
  WitnessLaunch,
} from "../launch.ts";
import { deviceService, filesOf, netOf, serviceStart } from "./devices.ts";
import { Child, runInForeground } from "./child.ts";
import { findDatabase } from "./database.ts";
import { endOfLauncher, keep } from "./lifetime.ts";
import { addressText, type Place } from "./paths.ts";
import {
  atmPermissions,
  denoArguments,
  operatorPermissions,
  operatorsFolder,
  operatorSocket,
  serverPermissions,
  witnessPermissions,
} from "./permissions.ts";
import { findTerminal } from "./terminal.ts";

/** Starts a command's programs and waits for their end; returns the exit code. */
export async function launch(asked: Launch, place: Place): Promise<number> {
  switch (asked.kind) {
    case "operator":
      return await launchOperator(asked, place);
    case "server":
      return await launchServer(asked, place);
    case "witness":
      return await launchWitness(asked, place);
    case "atm": {
      const { launchAtm } = await import("./atm.ts"); // imports the page's bundler, which the other commands do not need
      return await launchAtm(asked, place);
    }
    case "console": {
      const { launchConsole } = await import("./console.ts");
      return await launchConsole(asked, place);
    }
    case "devices":
      return await launchDevices(asked, place);
    case "cash":
      return await launchCash(asked, place);
    case "demo": {
      const { launchDemo } = await import("./demo.ts");
      return await launchDemo(asked, place);
    }
    case "receipt_page": {
      const { writeReceiptPage } = await import("./receipt_page.ts");
      return await writeReceiptPage(asked);
    }
  }
}

async function launchOperator(asked: OperatorLaunch, place: Place): Promise<number> {
  const { start, follows, next } = asked;
  const permissions = operatorPermissions(place, asked, findDatabase(start.databaseUrlFile));
  const program = denoArguments(place, "server/programs/operator", permissions, start);
  return sayNext(next, await runInForeground(program, follows ? endOfLauncher() : undefined));
}

/** Prints the next step after a success; returns the exit code. */
function sayNext(next: string | undefined, exitCode: number): number {
  if (exitCode === 0 && next !== undefined) say(`Next: ${next}`);
  return exitCode;
}

async function launchServer(asked: ServerLaunch, place: Place): Promise<number> {
  const { settings } = asked;
  const group = findOperatorsGroup();
  const start = { ...asked.start, operatorsGroup: group };
  const { folder, listen, checkpoints, backups = folder, metrics, policy } = start;
  const shared = group === undefined ? [] : [operatorsFolder(folder)];
  const files = [...new Set([folder, checkpoints.folder, backups, ...shared])];
  const witnesses = policy === undefined ? [] : witnessHostsOf(readPolicy(policy), policy);
  const net = [
    addressText(listen),
    ...[folder, ...shared].map(operatorSocket),
    ...(metrics ? [addressText(metrics)] : []),
    ...witnesses,
  ];
  const bank = serverPermissions(place, files, net, findDatabase(start.databaseUrlFile));
  const permissions = policy === undefined ? bank : { ...bank, read: [...bank.read, policy] };
  if (settings !== null) {
    settings.forEach(say);
    const check = { ...start, check: true };
    return await runInForeground(
      denoArguments(place, "server/programs/bank_server", permissions, check),
    );
  }
  const program = denoArguments(place, "server/programs/bank_server", permissions, start);
  const server = new Child<ServerReady>(program);
  return await keep([server], async () => {
    const ready = await server.ready;
    if (!ready) return false;
    say(`The bank listens on ${ready.address}. Ctrl-C ends it.`);
    if (ready.metrics) say(`Its metrics are on http://${ready.metrics}/metrics.`);
    say(`Next: on the ATM, 'deno task atm --bank ${ready.address} --key FILE'.`);
    return true;
  });
}

/** Returns the id of the operators' group on this system; undefined if the group does not exist. */
function findOperatorsGroup(): number | undefined {
  try {
    const groups = Deno.readTextFileSync("/etc/group").split("\n").map((line) => line.split(":"));
    const id = groups.find(([name]) => name === operatorsGroup)?.[2];
    return id === undefined ? undefined : Number(id);
  } catch {
    return undefined; // no such file, as on other systems
  }
}

function readPolicy(path: string): string {
  try {
    return textOf(systemFiles.read(path));
  } catch (error) {
    throw new UsageError(
      `${path} cannot be read (${(error as Error).message}): name a policy file`,
    );
  }
}

async function launchWitness({ start, next }: WitnessLaunch, place: Place): Promise<number> {
  const permissions = witnessPermissions(start);
  const program = denoArguments(place, "server/programs/witness", permissions, start);
  if (start.command === "init") return sayNext(next, await runInForeground(program));
  const witness = new Child<ServerReady>(program);
  return await keep([witness], async () => {
    const ready = await witness.ready;
    if (ready) say(`The witness listens on ${ready.address}. Ctrl-C ends it.`);
    return ready !== null;
  });
}

async function launchDevices({ start }: DevicesLaunch, place: Place): Promise<number> {
  const devices = deviceService(start, place);
  return await keep([devices], async () => {
    const ready = await devices.ready;
    if (!ready) return false;
    say(`The cash devices listen on ${ready.url}. Ctrl-C ends them.`);
    say(`This page operates them: ${ready.page}`);
    say(`Next: on the ATM, 'deno task atm --devices ${ready.url}'.`);
    return true;
  });
}

async function launchCash(asked: CashLaunch, place: Place): Promise<number> {
  const { command, terminal, notes, json, next } = asked;
  const { key, folder } = findTerminal(terminal, place);
  const service: Child<DevicesReady> | null = asked.devices
    ? null
    : deviceService(serviceStart(folder), place);
  try {
    const ready = await service?.ready;
    const devices = asked.devices ?? (ready && { url: ready.url, isOwn: true });
    if (!devices) return await service!.ended;
    const start: AtmCashStart = { command, devices, key, folder, notes, json };
    const permissions = atmPermissions(folder, key, netOf(devices), filesOf(devices));
    const program = denoArguments(place, "client/programs/atm_cash", permissions, start);
    return sayNext(next, await runInForeground(program));
  } finally {
    await service?.end();
  }
}

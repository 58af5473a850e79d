/// <reference lib="deno.worker" />
/**
 * Runs the ATM behind a window, in its own thread, so that it cannot block the window. Started by
 * `atm_window`.
 */
import { windowBlankMsMax } from "../../lib/limits.ts";
import { exitCodeOf, leashEnds, log, say } from "../../lib/process.ts";
import type { AtmRequest, AtmWindowStart, WindowReady } from "../../lib/programs.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { serveWindow, type WindowEnd } from "../../ui/window/window_worker.ts";
import { atmMachine } from "../../ui/window/calls.ts";
import { openAtmFolder } from "../folder/atm_folder.ts";
import { connectorOf } from "./connect_devices.ts";
import { openAtm } from "../open_atm.ts";

serveWindow<AtmWindowStart>(
  leashEnds(),
  (start, window) => exitCodeOf(() => runAtm(start, window)),
);

async function runAtm(start: AtmWindowStart, window: WindowEnd): Promise<number> {
  const connect = () => connectTcp(start.bank.hostname, start.bank.port);
  const database = openAtmFolder(systemFiles, start.folder);
  const files = systemFiles;
  const atm = await openAtm(start, {
    world: system,
    files,
    database,
    connect,
    connectDevices: connectorOf(start.devices),
    log,
    ask: (request: AtmRequest) => void say(JSON.stringify(request)),
  });
  const host = window.host({
    machine: atmMachine(atm),
    onError: (error) => log(`a call of the page failed: ${(error as Error).stack ?? error}`),
  });
  atm.start();
  const ready = (answer: WindowReady) => say(JSON.stringify(answer));
  const { any, online } = host.shown;
  if (await resolvesWithin(windowBlankMsMax, Promise.race([any, window.closed]))) {
    if (!start.wait) await Promise.race([online, window.closed]);
    ready({ window: true });
    await window.closed;
  } else ready({ noWindow: "the web view stays blank" });
  host.close();
  await atm.stop();
  database.close();
  return 0;
}

async function resolvesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const cancel = system.after(ms, () => late.resolve(false));
  const inTime = await Promise.race([promise.then(() => true), late.promise]);
  cancel();
  return inTime;
}

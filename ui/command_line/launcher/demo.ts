/** Starts a demo: a bank, and an ATM for each of its terminals. */
import { say } from "../../../lib/process.ts";
import type { DemoBankReady, DemoBankStart } from "../../../lib/programs.ts";
import type { DemoLaunch } from "../launch.ts";
import { address } from "../values.ts";
import { bundledFor, linkOf, show, startAtm } from "./atm.ts";
import { Child } from "./child.ts";
import { startOwnDevices } from "./devices.ts";
import { keep } from "./lifetime.ts";
import { addressText, type Place } from "./paths.ts";
import { bankPermissions, denoArguments, operatorSocket } from "./permissions.ts";

export async function launchDemo(
  { folder, atms, screens }: DemoLaunch,
  place: Place,
): Promise<number> {
  const start: DemoBankStart = { folder, listen: { hostname: "127.0.0.1", port: 0 }, atms };
  const net = [addressText(start.listen), operatorSocket(`${folder}/bank`)];
  const permissions = bankPermissions(place, [folder], net);
  const program = denoArguments(place, "server/programs/demo_bank", permissions, start);
  const pages = await bundledFor(screens);
  const server = new Child<DemoBankReady>(program);
  return await keep([server], async (children) => {
    const ready = await server.ready;
    if (!ready) return false;
    if (!screens.json) introduce(ready, folder);
    const shared = {
      bank: address(ready.address),
      demo: true,
      wait: false,
      language: screens.language,
    };
    const started = await Promise.all(
      ready.terminals.map(async ({ key, folder, name }) => {
        const devices = (await startOwnDevices(folder, place, children))?.at;
        if (!devices) return null;
        const start = { ...shared, key, folder, devices };
        return await startAtm(start, name, screens, pages, place, children);
      }),
    );
    const readies = started.filter((each) => each !== null);
    if (readies.length < started.length) return false;
    if (screens.json) {
      const { address: bank, customers } = ready;
      const links = readies.map(linkOf);
      const more = links.length > 1 ? { atms: links } : {};
      say(JSON.stringify({ bank, atm: links[0], data: folder, customers, ...more }));
      return true;
    }
    for (const each of readies) await show(each, screens);
    say("\nCtrl-C ends the demo; its data is kept for the next start.");
    return true;
  });
}

function introduce({ address, customers }: DemoBankReady, folder: string): void {
  say(`A demo bank listens on ${address}; its data is in ${folder}.\n`);
  say("DEMO customers, with the PINs of their cards (for trying out: these protect nothing real):");
  for (const { username, password, pin } of customers) {
    say(`  ${username.padEnd(8)} ${password}   PIN ${pin}`);
  }
  say("");
}

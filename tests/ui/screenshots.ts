/** Pictures of every screen, to look at: `deno task screenshots` writes them to `./screenshots`. */
import { type Browser, openBrowser } from "../browser.ts";
import { openAtm } from "./open_atm.ts";
import { ScriptedMachine } from "./scripted_machine.ts";
import { type Stop, walk } from "./walk.ts";

interface Look {
  name: string;
  viewport: { width: number; height: number };
  colorScheme: "light" | "dark";
  stops: readonly Stop[];
}

/** Screens that show best whether a layout fits. */
const telling = walk.filter(({ name }) =>
  [
    "welcome",
    "log_in",
    "menu",
    "amount",
    "receipt_withdrawal",
    "deposit",
    "history",
    "take",
    "devices_at_fault",
  ]
    .includes(name) || name === "refusal_not_dispensable"
);

const looks: Look[] = [
  { name: "1280x800-light", colorScheme: "light", stops: walk },
  { name: "1280x800-dark", colorScheme: "dark", stops: walk },
  { name: "1024x768-light", colorScheme: "light", stops: telling },
  { name: "1920x1080-light", colorScheme: "light", stops: telling },
  { name: "1080x1920-light", colorScheme: "light", stops: telling },
  { name: "768x1024-dark", colorScheme: "dark", stops: telling },
].map((look) => {
  const [width = 0, height = 0] = look.name.split("-")[0]!.split("x").map(Number);
  return { ...look, viewport: { width, height } } as Look;
});

/** Writes a PNG of each stop in each look into `folder`; only those whose path has `only` in it. */
export async function takeScreenshots(folder: string, only = ""): Promise<string[]> {
  const browser = await openBrowser();
  try {
    const written: string[] = [];
    for (const look of looks) {
      await Deno.mkdir(`${folder}/${look.name}`, { recursive: true });
      for (const stop of look.stops) {
        const path = `${folder}/${look.name}/${stop.name}.png`;
        if (!path.includes(only)) continue;
        await takeOne(browser, look, stop, path);
        written.push(path);
      }
    }
    return written;
  } finally {
    await browser.close();
  }
}

async function takeOne(browser: Browser, look: Look, stop: Stop, path: string): Promise<void> {
  const machine = stop.machine?.() ?? new ScriptedMachine();
  const atm = await openAtm(browser, { ...look, machine });
  try {
    await stop.reach(atm);
    await atm.page.screenshot({ path });
  } finally {
    await atm.close();
  }
}

if (import.meta.main) {
  const [folder = "screenshots", only] = Deno.args;
  for (const path of await takeScreenshots(folder, only)) console.log(path);
}

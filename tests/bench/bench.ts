/**
 * `deno task bench NAME [--quick | --large] [--json FILE]`: how fast a part is, on this machine,
 * today. `deno task bench ledger --against REV` compares what it computes with a revision.
 */
import { benchAgainst } from "./against.ts";
import { benchAudit } from "./audit.ts";
import { benchChannel } from "./channel.ts";
import { benchConsole } from "./console.ts";
import { Bench } from "./harness.ts";
import { benchLedger } from "./ledger.ts";
import { benchOverload } from "./overload.ts";
import { benchPage } from "./page.ts";
import { benchScale } from "./scale.ts";

const benches: Record<string, (bench: Bench) => Promise<void>> = {
  channel: benchChannel,
  ledger: benchLedger,
  overload: benchOverload,
  audit: benchAudit,
  page: benchPage,
  console: benchConsole,
  scale: benchScale,
};
const usage = `deno task bench ${
  Object.keys(benches).join(" | ")
} [--quick | --large] [--json FILE]`;

/** @throws {Error} with the way to write it, when a word or flag is invalid */
export function parseBench(args: readonly string[]): {
  names: string[];
  quick: boolean;
  large: boolean;
  json: string | null;
  against: string | null;
} {
  const parsed = {
    names: [] as string[],
    quick: false,
    large: false,
    json: null as string | null,
    against: null as string | null,
  };
  const left = [...args];
  while (left.length > 0) {
    const word = left.shift()!;
    if (word === "--quick") parsed.quick = true;
    else if (word === "--large") parsed.large = true;
    else if (word === "--json" && left.length > 0) parsed.json = left.shift()!;
    else if (word === "--against" && left.length > 0) parsed.against = left.shift()!;
    else if (Object.hasOwn(benches, word)) parsed.names.push(word);
    else throw new Error(`'${word}': write ${usage}`);
  }
  if (parsed.against !== null && parsed.names.join() !== "ledger") {
    throw new Error(`write ${usage}`);
  }
  if (parsed.names.length === 0) parsed.names = Object.keys(benches);
  return parsed;
}

if (import.meta.main) {
  try {
    const { names, quick, large, json, against } = parseBench(Deno.args);
    const bench = new Bench({ quick, large, print: console.log });
    if (against !== null) await benchAgainst(bench, against);
    else for (const name of names) await benches[name]!(bench);
    if (json !== null) {
      const path = json.startsWith("/") ? json : `${Deno.env.get("INIT_CWD") ?? "."}/${json}`;
      await Deno.writeTextFile(path, `${JSON.stringify(bench.figures, null, 2)}\n`);
    }
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}

/** Cassettes that are filled before the ATM has met its bank: the load is booked once, at the first meeting. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemFiles } from "../../lib/system.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { freePort, Program, run, until } from "./programs.ts";

/** When the ATM is killed: before its first connection, within it, and after the load is booked. */
const killAfterMs = [0, 30, 100, 200];

Deno.test({
  name: "a load before the first meeting is booked once, whenever the ATM is killed",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const names = killAfterMs.map((ms) => `atm-${ms}`);
      const bank = ["--data", `${folder}/bank`];
      const keys = await makeBank(`${folder}/bank`, { terminals: names });
      names.forEach((name, index) =>
        writePrivateFile(systemFiles, `${folder}/${name}.key`, keys[index]!)
      );
      const address = `127.0.0.1:${freePort()}`;
      const server = new Program(["server", "--listen", address, ...bank]);
      await server.line();

      for (const [index, name] of names.entries()) {
        const atm = ["--key", `${folder}/${name}.key`, "--data", `${folder}/${name}`];
        const loaded = await run(["atm", "cash", "load", "20x10", "50x4", ...atm]);
        assertEquals([loaded.code, loaded.err], [0, ""]);
        const start = ["atm", "--wait", "--no-open", "--json", "--bank", address, ...atm];

        const killed = new Program(start);
        const process = () => findIn(treeOf(killed.pid), "client/programs/atm_in_browser.ts");
        await until("the ATM's process", () => process() !== undefined);
        if (killAfterMs[index]! > 0) await killed.line();
        await new Promise((resolve) => setTimeout(resolve, killAfterMs[index]));
        Deno.kill(process()!, "SIGKILL");
        await killed.ended();

        const again = new Program(start);
        await again.line();
        const load = async () => {
          const { out } = await run(["bank", "audit", "show", ...bank]);
          return out.split("\n").filter((line) => line.includes(`terminal ${name} | load`));
        };
        await until(`${name}'s load is booked`, async () => (await load()).length > 0);
        assertEquals(await again.end(), 0);
        const entries = await load();
        assertEquals(entries.length, 1, entries.join("\n"));
        assertStringIncludes(entries[0]!, "load €400.00 into the cassettes");
        const shown = await run(["atm", "cash", "show", ...atm]);
        assertStringIncludes(shown.out, "€400.00  in total");
      }
      assertEquals(await server.end(), 0);
      const { code, out } = await run(["bank", "ledger", "check", ...bank]);
      assertEquals(code, 0, out);
    }),
});

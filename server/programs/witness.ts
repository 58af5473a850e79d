/** A witness, until its leash ends; or the making of one. */
import { leashEnds, log, runProgram, say } from "../../lib/process.ts";
import type { WitnessStart } from "../../lib/programs.ts";
import { listenTcp, system, systemFiles } from "../../lib/system.ts";
import { bindDoor } from "../door/listener.ts";
import { Witness } from "../transparency/witness.ts";
import { serveWitness } from "../witness/serve_witness.ts";
import { makeWitness, WitnessFolder } from "../witness/witness_folder.ts";
import { readPolicy } from "./read_policy.ts";

if (import.meta.main) {
  await runProgram<WitnessStart>(async (start) => {
    if (start.command === "init") {
      return say(makeWitness(systemFiles, start.folder, start.name, system.randomBytes(32)));
    }
    const end = leashEnds();
    const logs = readPolicy(start.policy).logs.map(({ key }) => key);
    const folder = WitnessFolder.open(systemFiles, start.folder);
    const { signer } = folder;
    const listener = bindDoor(listenTcp, { ...start.listen, sharePort: false });
    say(JSON.stringify({ address: listener.address }));
    const witness = new Witness({ logs, signer, storage: folder, nowMs: system.nowMs });
    await serveWitness({ witness, listener, world: system, log }, end);
    folder.close();
    return 0;
  });
}

/** One request to a witness's folder, in a process: `strace` kills it at each of its calls. */
import { systemFiles } from "../../../lib/system.ts";
import { parseVerifierKey } from "../../../server/transparency/note.ts";
import { Witness } from "../../../server/transparency/witness.ts";
import { WitnessFolder } from "../../../server/witness/witness_folder.ts";

const [path = "", key = "", body = ""] = Deno.args;
const storage = WitnessFolder.open(systemFiles, path);
const { signer } = storage;
const logs = [parseVerifierKey(key)!];
const witness = new Witness({ logs, signer, storage, nowMs: () => 1_795_889_045_000 });
const answer = witness.addCheckpoint(body);
// as the server does, after the answer is known: what is not written was never handed out
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(answer)));

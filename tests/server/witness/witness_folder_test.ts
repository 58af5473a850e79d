/** A witness's folder: private, owned by one process, and never rolled back, wherever its process is killed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { systemFiles } from "../../../lib/system.ts";
import { parseVerifierKey, verifierKeyOf } from "../../../server/transparency/note.ts";
import { formatAddCheckpoint, hashOf } from "../../../server/transparency/witness.ts";
import { makeWitness, WitnessFolder } from "../../../server/witness/witness_folder.ts";
import { mayTrace } from "../../durability/traced_server.ts";
import { filled } from "../../lib/helpers.ts";
import { testProgram } from "../../test_program.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";
import { SmallLog } from "../transparency/small_log.ts";

const log = new SmallLog(20);
const fork = new SmallLog(20, filled(0x55, 16));
Object.assign(fork, { signer: log.signer });

const mode = (path: string) => Deno.statSync(path).mode! & 0o777;

Deno.test("a witness's folder is private, and has one owner", () =>
  inTemporaryFolder((folder) => {
    const path = `${folder}/witness`;
    const vkey = makeWitness(systemFiles, path, "witness.example/1", filled(5, 32));
    assertEquals(mode(path), 0o700);
    assertEquals(mode(`${path}/witness.key`), 0o600);
    const opened = WitnessFolder.open(systemFiles, path);
    assertEquals(parseVerifierKey(vkey), verifierKeyOf(opened.signer));
    assertThrows(() => WitnessFolder.open(systemFiles, path), UsageError, "another process");
    opened.write(hashOf("x"), { size: 3, root: filled(1, 32), note: "note" });
    assertEquals(mode(`${path}/checkpoints/${hashOf("x")}`), 0o600);
    opened.close();
    WitnessFolder.open(systemFiles, path).close();
    assertThrows(
      () => makeWitness(systemFiles, path, "witness.example/2", filled(6, 32)),
      UsageError,
      "witness.key",
    );
    assertThrows(() => makeWitness(systemFiles, folder, "a b", filled(6, 32)), UsageError, "'a b'");
    assertThrows(() => WitnessFolder.open(systemFiles, folder), UsageError, "no witness in");
    Deno.chmodSync(`${path}/witness.key`, 0o644);
    assertThrows(() => WitnessFolder.open(systemFiles, path), UsageError, "can be read by");
    Deno.chmodSync(`${path}/witness.key`, 0o600);
    Deno.writeTextFileSync(`${path}/witness.key`, "x");
    assertThrows(() => WitnessFolder.open(systemFiles, path), UsageError, "is not a witness's key");
  }));

Deno.test("a damaged checkpoint is an error, and never counts as none", () =>
  inTemporaryFolder(async (folder) => {
    makeWitness(systemFiles, folder, "witness.example/1", filled(5, 32));
    const opened = WitnessFolder.open(systemFiles, folder);
    const hash = hashOf(log.origin);
    assertEquals(opened.read(hash), null);
    const note = await log.checkpoint(8);
    const [, , root = ""] = note.split("\n");
    const witnessed = { size: 8, root: Uint8Array.fromBase64(root), note };
    opened.write(hash, witnessed);
    assertEquals(opened.read(hash), witnessed);
    Deno.writeTextFileSync(`${folder}/checkpoints/${hash}`, note.slice(0, 20));
    assertThrows(() => opened.read(hash), Error, "is damaged");
    opened.close();
  }));

/** The calls with which a checkpoint is written, in their order. */
const calls = [
  ["openat", 1],
  ["write", 1],
  ["fdatasync", 1],
  ["rename", 1],
  ["openat", 2],
  ["fsync", 1],
] as const;

/** Runs `cosign.ts`; kills it as it enters a call. */
async function cosign(path: string, body: string, killedAt?: typeof calls[number]) {
  const program = new URL("cosign.ts", import.meta.url).pathname;
  const script = testProgram(program, path, log.key, body);
  const checkpoint = `${path}/checkpoints/${hashOf(log.origin)}`;
  const paths = [`${path}/checkpoints`, checkpoint, `${checkpoint}.new`];
  const traced = () => {
    const [call, when] = killedAt!;
    return [
      ...["-f", "-qq", "-o", "/dev/null", ...paths.flatMap((each) => ["-P", each])],
      ...["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${when}`],
      ...[Deno.execPath(), ...script],
    ];
  };
  const { stdout, signal, stderr, code } = killedAt
    ? await new Deno.Command("strace", { args: traced() }).output()
    : await new Deno.Command(Deno.execPath(), { args: script }).output();
  if (killedAt) assertEquals(signal, "SIGKILL", new TextDecoder().decode(stderr));
  else assertEquals(code, 0, new TextDecoder().decode(stderr));
  const said = new TextDecoder().decode(stdout);
  return said === "" ? null : JSON.parse(said);
}

async function requestOf(from: SmallLog, oldSize: number, size: number): Promise<string> {
  const proof = await from.consistency(oldSize, size);
  return formatAddCheckpoint({ oldSize, proof, checkpoint: await from.checkpoint(size) });
}

Deno.test({
  name: "killed at each of its calls, a witness never cosigns two trees that do not fit (strace)",
  ignore: !mayTrace(),
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const honest = await requestOf(log, 0, 8);
      const forked = await requestOf(fork, 0, 8);
      const stored: boolean[] = [];
      for (const [number, call] of calls.entries()) {
        const path = `${folder}/${number}`;
        makeWitness(systemFiles, path, "witness.example/1", filled(5, 32));
        const answers = [await cosign(path, honest, call), await cosign(path, forked)];
        const cosigned = answers.filter((answer) => answer?.status === 200);
        assert(cosigned.length <= 1, `killed at ${call}: both trees are cosigned`);
        stored.push(answers[1].status === 409);
        assertEquals((await cosign(path, honest)).status, 409, "it has one of the two");
      }
      assertEquals(stored, [false, false, false, false, true, true], "from the renaming on");
    }),
});

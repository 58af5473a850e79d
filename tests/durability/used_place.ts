/** A bank, its operator, an ATM with its devices, and a witness, which all have worked, in one folder. */
import { connectTcp, listenTcp, listenUnix, system, systemFiles } from "../../lib/system.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { devicesFolderOf } from "../../lib/programs.ts";
import type { HttpAsk } from "../../lib/world.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { isOnline, openAtm, openCash } from "../../client/open_atm.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import type { Bank } from "../../server/bank.ts";
import { logCommand } from "../../server/ledger/command.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { policyOf, verifyLog } from "../../server/operator/log_programs.ts";
import { openDemoBank } from "../../server/programs/demo_bank.ts";
import { readPolicy } from "../../server/programs/read_policy.ts";
import { systemOperator } from "../../server/programs/system_bank.ts";
import { serveBank } from "../../server/serve_bank.ts";
import { Witness } from "../../server/transparency/witness.ts";
import { makeWitness, WitnessFolder } from "../../server/witness/witness_folder.ts";
import { noSigner } from "../server/helpers/operators.ts";
import { type Contents, contentsOf } from "./damage.ts";

/** Returns what the folder has when the programs' machine loses its power after a day's work. */
export async function usedPlace(root: string): Promise<Contents> {
  const vkey = makeWitness(systemFiles, `${root}/witness`, "witness.example", filled(1));
  await workADay(root, `${vkey}@http://127.0.0.1:1`);
  const firstKeyPaths = [`${root}/bank-first.key`];
  await verifyLog(
    systemOperator,
    { folder: `${root}/bank`, signer: noSigner, firstKeyPaths },
    () => {},
  );
  const { bank } = await openDemoBank(root, 1);
  const atm = openAtmFolder(systemFiles, `${root}/atm-lobby`);
  const devices = openDevicesFolder(systemFiles, devicesFolderOf(`${root}/atm-lobby`));
  try {
    const lock = { command: "set_customer_state", customer: "carol", state: "locked" } as const;
    await give(bank, { ...lock, reason: "asked to" });
    atm.exec(
      "INSERT INTO settings VALUES ('probe', '1'); DELETE FROM settings WHERE name = 'probe'",
    );
    new SimulatedDevices(devices).load(new Map([[2_000n, 40]]));
    return contentsOf(root);
  } finally {
    devices.close();
    atm.close();
    await bank.close();
  }
}

const give = (bank: Bank, command: OperatorCommand) =>
  Array.fromAsync(runOperatorCommand(bank, { ...command, operator: "demo" }));

async function workADay(root: string, witness: string): Promise<void> {
  const { bank, folder, terminals: [terminal] } = await openDemoBank(root, 1);
  const policy = policyOf(systemFiles, {
    firstKeys: [`${folder}-first.key`],
    witnesses: [witness],
  });
  writePrivateFile(systemFiles, `${root}/policy`, policy.text);
  const ending = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<string>();
  const serving = serveBank(
    bank,
    {
      ...{ listen: { hostname: "127.0.0.1", port: 0 }, proxies: [], sharePort: false },
      checkpoints: { folder: `${folder}/checkpoints`, everyMinutes: 60 },
      backups: `${root}/backups`,
      witnesses: { policy: readPolicy(`${root}/policy`), exchange: witnessOf(root) },
      ...{ bind: listenTcp, listenUnix },
    },
    ending.promise,
    ({ address }) => ready.resolve(address),
  );
  const [hostname = "", port] = (await ready.promise).split(":");
  await serveCustomers(terminal!, { hostname, port: Number(port) });
  // as many entries as the file of the tree's hashes has one hash for
  const entries = Array.from({ length: 256 }, () => logCommand("bank", "rehearse"));
  await Promise.all(entries.map((entry) => bank.ledger.submit(entry)));
  await give(bank, { command: "back_up", inFolder: true });
  for (const answer of await give(bank, { command: "take_checkpoint" })) {
    if ("checkpoint" in answer) {
      writePrivateFile(systemFiles, `${root}/checkpoint`, answer.checkpoint);
    }
  }
  while (!systemFiles.names(`${folder}/trees`).some((name) => name.endsWith(".cosigned"))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  ending.resolve();
  await serving;
}

/** Runs an ATM until it has filled itself and reported its notes to the bank. */
async function serveCustomers(
  { key, folder }: { key: string; folder: string },
  bank: { hostname: string; port: number },
): Promise<void> {
  const database = openAtmFolder(systemFiles, folder);
  const atm = await openAtm(
    {
      bank,
      key,
      folder,
      demo: true,
      wait: false,
      language: "en",
      aids: { printer: false, voices: [] },
    },
    {
      ...{ world: system, files: systemFiles, database, log: () => {}, ask: () => {} },
      connect: () => connectTcp(bank.hostname, bank.port),
    },
  );
  atm.start();
  await isOnline(atm);
  const { journal } = openCash(database, system, new SimulatedDevices(database));
  const reconciled = () => systemFiles.facts(`${folder}/../bank/reconciled.json`) !== null;
  while (!reconciled() || journal.open().length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await atm.stop();
  database.close();
}

/** Returns the way to the witness of a folder, in this process. */
function witnessOf(root: string) {
  return (ask: HttpAsk) => {
    const folder = WitnessFolder.open(systemFiles, `${root}/witness`);
    try {
      const logs = readPolicy(`${root}/policy`).logs.map(({ key }) => key);
      const { signer } = folder;
      const witness = new Witness({ logs, signer, storage: folder, nowMs: system.nowMs });
      return Promise.resolve(witness.addCheckpoint(ask.body!));
    } finally {
      folder.close();
    }
  };
}

const filled = (byte: number) => new Uint8Array(32).fill(byte);

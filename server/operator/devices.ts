/** The operator's commands about the keys of cash devices. */
import { hex } from "../../lib/bytes.ts";
import { formatDeviceKeys, type NamedDeviceKeys, parseDeviceKeys } from "../../lib/device_keys.ts";
import { inWords, type Refusal, UsageError } from "../../lib/errors.ts";
import type { Bank } from "../bank.ts";
import type { Terminal } from "../ledger/model.ts";
import {
  draftDeviceKeys,
  enrolDevice,
  revokeDevice,
  rotateDevice,
  terminalNamed,
  terminalOfDevice,
} from "../terminals/change_keys.ts";
import { parsePendingKey } from "./pending_key.ts";
import type { Handlers } from "./request.ts";
import { listed } from "./table.ts";
import { refusedBy } from "./terminals.ts";
import { requireName } from "./words.ts";

export const deviceCommands: Handlers<
  "enrol_device" | "list_devices" | "rotate_device" | "revoke_device"
> = {
  async *enrol_device(bank, { name, terminal, key: given, operator }) {
    requireName(name);
    const found = await terminalNamed(bank, terminal);
    if (!found) throw notDone(`device ${name} was not enrolled`, "unknown_name");
    const keys = given === undefined
      ? draftDeviceKeys(bank, found, name)
      : keysGiven(bank, given, found, name);
    yield { keyFile: formatDeviceKeys(keys) };
    const outcome = await enrolDevice(bank, keys, operator);
    if (outcome !== "ok") throw notDone(`device ${name} was not enrolled`, outcome);
    yield {
      line:
        `device ${name} is enrolled: terminal ${terminal} dispenses only on the bank's tokens ` +
        "from now on",
    };
  },

  async *list_devices(bank, { json = false }) {
    const rows = (await bank.ledger.read.terminals()).flatMap(({ name: terminal, device }) => {
      if (!device) return [];
      const { name, keyVersion, state, previous } = device;
      const earlier = previous?.keyVersion ?? null;
      return [{
        cells: [
          name,
          terminal,
          String(keyVersion),
          state,
          earlier === null ? "" : `not used yet: ${earlier} is still valid`,
        ],
        facts: { name, terminal, keyVersion, state, earlier },
      }];
    });
    yield* listed(["device", "terminal", "keys", "state", "earlier keys"], rows, json);
  },

  async *rotate_device(bank, { name, key: given, operator }) {
    const found = await terminalOfDevice(bank, name);
    const failed = `the keys of device ${name} were not rotated`;
    if (!found) throw notDone(failed, "unknown_name");
    const keys = given === undefined
      ? draftDeviceKeys(bank, found, name)
      : keysGiven(bank, given, found, name, 2);
    yield { keyFile: formatDeviceKeys(keys) };
    const outcome = await rotateDevice(bank, keys, operator);
    if (outcome !== "ok") throw notDone(failed, outcome);
    yield {
      line: `device ${name} has keys ${keys.version}: it dispenses nothing until it has them`,
    };
  },

  async *revoke_device(bank, { name, operator }) {
    const outcome = await revokeDevice(bank, name, operator);
    if (outcome !== "ok") throw notDone(`device ${name} was not revoked`, outcome);
    yield {
      line: `device ${name} is revoked: its terminal dispenses nothing until another is enrolled`,
    };
  },
};

function notDone(what: string, outcome: Refusal): UsageError {
  const mends: Partial<Record<Refusal, string>> = {
    name_taken: "choose another name",
    device_enrolled: "rotate its device's keys, or revoke it",
    device_revoked: "enrol another",
    terminal_revoked: "enrol another terminal",
    key_superseded: "run it again for newer keys",
    try_later: "run it again",
  };
  const mend = mends[outcome] ??
    "see 'deno task bank terminal list' and 'deno task bank device list'";
  return refusedBy(outcome, `${what}: ${inWords(outcome)}; ${mend}`);
}

/**
 * Parses the key file that the operator has kept.
 * @throws {CommandRefused} if it is another device's, or another bank's
 */
function keysGiven(
  bank: Bank,
  text: string,
  terminal: Pick<Terminal, "id">,
  name: string,
  versionMin = 1,
): NamedDeviceKeys {
  return parsePendingKey(
    text,
    parseDeviceKeys,
    (keys) =>
      keys.name === name && hex(keys.terminalId) === terminal.id && keys.version >= versionMin &&
      hex(keys.bank) === bank.settings.bankId,
  );
}

/** The keys of terminals' cash devices: given, renewed and ended. */
import { equalInConstantTime } from "../../../lib/bytes.ts";
import type { Outcome } from "../../../lib/errors.ts";
import type { Administer } from "../command.ts";
import type { Device, SealedDeviceKeys, Terminal } from "../model.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

type DeviceOp = "enrol_device" | "rotate_device" | "revoke_device";
type Asked<Op extends DeviceOp> = Extract<Administer, { op: Op }>;

export function administerDevice(batch: Batch, command: Asked<DeviceOp>): Answer {
  const terminal = batch.books.terminal(command.terminal);
  if (!terminal) return { outcome: "unknown_name" };
  if (command.op === "enrol_device") return enrol(batch, command, terminal);
  const { device } = terminal;
  if (!device) return { outcome: "unknown_name" };
  if (command.op === "rotate_device") return rotate(batch, command, terminal, device);
  batch.books.setTerminal({
    ...terminal,
    device: { ...device, state: "revoked", previous: null },
  });
  const action = `revoke device ${device.name} of terminal ${terminal.name}`;
  batch.log(`operator ${command.operator}`, action, { outcome: "ok" });
  return { outcome: "ok" };
}

/** Gives a terminal its first device, or another one after a revoked one. */
function enrol(batch: Batch, command: Asked<"enrol_device">, terminal: Terminal): Answer {
  const { name, keyVersion, sealedKeys, operator } = command;
  const { device } = terminal;
  // Repeated, since the first answer was lost.
  const isDone = device?.name === name && device.state === "active" && isKeysOf(device, command);
  if (isDone) return { outcome: "ok" };
  const outcome: Outcome = terminal.state === "revoked"
    ? "terminal_revoked"
    : device?.state === "active"
    ? "device_enrolled"
    : batch.books.terminalOfDevice(name)
    ? "name_taken"
    : keyVersion <= (device?.keyVersion ?? 0)
    ? "key_superseded"
    : "ok";
  if (outcome === "ok") {
    const sinceMs = device?.sinceMs ?? batch.timeMs;
    batch.books.setTerminal({
      ...terminal,
      device: { name, state: "active", sinceMs, keyVersion, sealedKeys, previous: null },
    });
  }
  const action = `enrol device ${name} of terminal ${terminal.name}`;
  batch.log(`operator ${operator}`, failed(action, outcome), { outcome });
  return { outcome };
}

/** Replaces a device's keys. A status under the earlier ones is valid until the device has these. */
function rotate(
  batch: Batch,
  command: Asked<"rotate_device">,
  terminal: Terminal,
  device: Device,
): Answer {
  const { keyVersion, sealedKeys, operator } = command;
  // Repeated, since the first answer was lost.
  if (device.state === "active" && isKeysOf(device, command)) return { outcome: "ok" };
  const outcome: Outcome = device.state === "revoked"
    ? "device_revoked"
    : keyVersion <= device.keyVersion
    ? "key_superseded"
    : "ok";
  if (outcome === "ok") {
    // The device still has the oldest keys that it was not seen to replace.
    const previous = device.previous ??
      { keyVersion: device.keyVersion, sealedKeys: device.sealedKeys };
    batch.books.setTerminal({
      ...terminal,
      device: { ...device, keyVersion, sealedKeys, previous },
    });
  }
  const action = `rotate the keys of device ${device.name} to ${keyVersion}`;
  batch.log(`operator ${operator}`, failed(action, outcome), { outcome });
  return { outcome };
}

const isKeysOf = (device: Device, { keyVersion, sealedKeys }: SealedDeviceKeys) =>
  device.keyVersion === keyVersion && equalInConstantTime(device.sealedKeys, sealedKeys);

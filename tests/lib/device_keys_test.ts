/** The key file of a device. */
import { assertEquals, assertThrows } from "@std/assert";
import { formatDeviceKeys, readDeviceKeys } from "../../lib/device_keys.ts";
import { UsageError } from "../../lib/errors.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { systemFiles } from "../../lib/system.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const [host, device] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const [bank, terminalId] = [new Uint8Array(16).fill(3), new Uint8Array(16).fill(4)];
const keys = { bank, terminal: "lobby", terminalId, name: "lobby-cash", version: 1, host, device };
const good = JSON.parse(formatDeviceKeys(keys));

Deno.test("a device's key file has two different keys, and is private", () =>
  inTemporaryFolder((folder) => {
    let files = 0;
    const read = (fields: object, mode = 0o600) => {
      const path = `${folder}/${files++}.keys`;
      writePrivateFile(systemFiles, path, JSON.stringify(fields));
      if (Deno.build.os !== "windows") Deno.chmodSync(path, mode);
      return readDeviceKeys(systemFiles, path);
    };
    assertEquals(read(good), keys);
    for (
      const bad of [
        { ...good, format: "strongroom terminal key 1" },
        { ...good, XFSAuthenticateHost: "00" },
        { ...good, terminal: undefined },
        { ...good, version: -1 },
        { ...good, XFSAuthenticateDevice: undefined },
        { ...good, XFSAuthenticateDevice: good.XFSAuthenticateHost },
      ]
    ) assertThrows(() => read(bad), UsageError, "is not a key file of a device");
    if (Deno.build.os !== "windows") assertThrows(() => read(good, 0o644), UsageError);
  }));

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { currencyOf } from "../../lib/money.ts";
import { requirePrivate } from "../../lib/private_file.ts";
import { formatTerminalKey, isName, parseTerminalKey } from "../../lib/terminal_key.ts";
import { terminalKey } from "./helpers.ts";

const named = { ...terminalKey, name: "lobby", currency: currencyOf("EUR") };

Deno.test("a terminal's key file is read back as it was written", () => {
  assertEquals(parseTerminalKey(formatTerminalKey(named), "lobby.key"), named);
});

Deno.test("anything else is refused by the file's name, and the key is not repeated", () => {
  const fields = JSON.parse(formatTerminalKey(named));
  const spoiled: unknown[] = [
    null,
    [],
    "text",
    ...Object.keys(fields).map((name) => ({ ...fields, [name]: undefined })),
    { ...fields, format: "strongroom terminal key 2" },
    { ...fields, key: fields.key.slice(2) },
    { ...fields, name: "../lobby" },
    { ...fields, currency: "QQQ" },
    { ...fields, currency: "eur" },
    { ...fields, version: "1" },
    { ...fields, version: -1 },
    { ...fields, version: 2 ** 32 },
  ];
  for (const text of ["", "{", ...spoiled.map((value) => JSON.stringify(value))]) {
    const error = assertThrows(() => parseTerminalKey(text, "lobby.key"), UsageError, "lobby.key");
    assertEquals(error.message.includes(fields.key), false);
  }
});

Deno.test("names are lower-case and plain", () => {
  for (const name of ["a", "lobby", "atm-2", "a.b_c", "9", "a".repeat(32)]) {
    assertEquals(isName(name), true, name);
  }
  for (const name of ["", "-a", "a-", "A", "a b", "a|b", "é", "a\n", "a".repeat(33), ".."]) {
    assertEquals(isName(name), false, name);
  }
});

Deno.test("a key file that others can read or write is refused", () => {
  for (const mode of [0o600, 0o400, 0o100600, null]) requirePrivate("key", mode);
  for (const mode of [0o640, 0o604, 0o602, 0o100644, 0o660]) {
    assertThrows(() => requirePrivate("key", mode), UsageError, "chmod 600 key");
  }
});

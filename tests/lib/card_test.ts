import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  cardNumberHash,
  formatCard,
  isCardNumber,
  isPin,
  isWeakPin,
  newCardNumber,
  readCard,
} from "../../lib/card.ts";
import { UsageError } from "../../lib/errors.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { system, systemFiles } from "../../lib/system.ts";

Deno.test("the PINs that thieves try first are weak, and others are not", () => {
  const weak = "0000 1111 1234 2345 4321 9876 7890 0987 8642 1357 1212 1221 1122 1112 1984 2026 " +
    "00000 12345 000000 123456 654321 121212 123123 472472 112211";
  const good = "4711 0815 2580 9146 1274 20261 198406 139027 7391";
  assertEquals(weak.split(" ").filter((pin) => !isWeakPin(pin)), []);
  assertEquals(good.split(" ").filter(isWeakPin), []);
});

Deno.test("a PIN is four to six digits, a card's number 37", () => {
  assertEquals(["1", "123", "1234567", "12a4", "", "١٢٣٤", "1234\n"].filter(isPin), []);
  assert(["4711", "47110", "471108"].every(isPin));
  const number = newCardNumber(system.randomBytes);
  assert(isCardNumber(number) && !isCardNumber(number.slice(1)) && !isCardNumber(`${number}1`));
});

Deno.test("the digits of a card's number are equally probable: bytes from 250 on are passed over", () => {
  let next = 0;
  const number = newCardNumber((length) => new Uint8Array(length).fill(245 + next++ % 10));
  assertEquals(number, "56789".repeat(8).slice(0, 37));
});

Deno.test("a card's file is read back, and is private", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const card = { customer: "alice", number: "7".repeat(37) };
    writePrivateFile(systemFiles, `${folder}/card`, formatCard(card));
    assertEquals(readCard(systemFiles, `${folder}/card`), card);
    for (const text of ["{}", "null", "", formatCard({ ...card, number: "7" })]) {
      writePrivateFile(systemFiles, `${folder}/bad${text.length}`, text);
      assertThrows(() => readCard(systemFiles, `${folder}/bad${text.length}`), UsageError);
    }
    Deno.chmodSync(`${folder}/card`, 0o644);
    assertThrows(() => readCard(systemFiles, `${folder}/card`), UsageError);
    assertEquals(cardNumberHash("12").length, 64);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

import { assertEquals } from "@std/assert";
import { faultInWords, Faults } from "../../../server/ledger/faults.ts";

Deno.test("a fault is reported once, and so is its end; what is wrong with a command, each time", () => {
  const lines: string[] = [];
  const lasting: (string | null)[] = [];
  const faults = new Faults(
    (line) => lines.push(line.replace(/:.*/, "")),
    (fault) => lasting.push(fault && fault.replace(/:.*/, "")),
  );
  const full = new Error("database or disk is full");
  const broken = new Error("disk I/O error");
  const command = new Error("UNIQUE constraint failed: terminals.id");
  for (const errors of [[], [full, full], [full], [command], [], [full, command], [broken], []]) {
    faults.after(errors);
  }
  assertEquals(lines, [
    "the disk is full",
    "UNIQUE constraint failed",
    "commits succeed again",
    "UNIQUE constraint failed",
    "the disk is full",
    "the disk fails to read or write",
    "commits succeed again",
  ]);
  assertEquals(lasting, [
    "the disk is full",
    null,
    "the disk is full",
    "the disk fails to read or write",
    null,
  ]);
});

Deno.test("each fault of the database has words that say what to do", () => {
  const signs = [
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "database disk image is malformed",
    "file is not a database",
  ];
  for (const sign of signs) {
    assertEquals(
      /^the .*: .*until then ATMs wait, or are answered .try later.$/.test(
        faultInWords(new Error(sign))!,
      ),
      true,
    );
  }
  assertEquals(faultInWords(new Error("CHECK constraint failed: booked >= 0")), null);
});

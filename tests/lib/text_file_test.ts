/** Files that operators and strangers name to programs. */
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { readTextFile } from "../../lib/text_file.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { policyOf, SmallLog } from "../server/transparency/small_log.ts";

const log = new SmallLog(4);

const read = (text: string) => readTextFile({ read: () => utf8(text) }, "a file");

Deno.test("receipts, proofs and policies that went through an editor for Windows verify", async () => {
  const windows = (text: string) => read(`\ufeff${text.replaceAll("\n", "\r\n")}`);
  const texts = [windows(log.receipt(1)), windows(await log.proof(1))];
  const { outcome } = await verifyReceipt(texts, windows(policyOf([log])), crypto.subtle);
  assertEquals(outcome, "logged");
});

Deno.test("a carriage return elsewhere, and bytes that are not UTF-8, are refused", async () => {
  const receipt = read(log.receipt(1).replace(" done", "\r done"));
  const { outcome } = await verifyReceipt([receipt], policyOf([log]), crypto.subtle);
  assertEquals(outcome, "refused");
  const bytes = new Uint8Array([0xff]);
  assertThrows(() => readTextFile({ read: () => bytes }, "a file"), UsageError, "cannot be read");
});

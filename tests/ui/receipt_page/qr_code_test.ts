/** A receipt as a QR code, photographed badly: turned, blurred, compressed, and read by a program of others. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encode } from "uqr";
import { utf8 } from "../../../lib/bytes.ts";
import { codeText } from "../../../ui/page/parts/qr_code.ts";
import { receiptOfFragment } from "../../../ui/receipt_page/fragment.ts";
import { signReceipt } from "../../../server/transparency/receipt.ts";
import { SmallLog } from "../../server/transparency/small_log.ts";
import { hasReader, photograph, readCode } from "../qr_reader.ts";

const log = new SmallLog(12);
/** The width of a code on the screen, at most, with its quiet zone of 4 modules. */
const widthPixelsMax = 560;
const versionMax = 13;
const page = "https://first-bank.example/receipt";

/** Returns a receipt of so many bytes, its terminal's name as long as that needs. */
function receiptOf(bytes: number): string {
  const { w, salt } = log.opening(5);
  const text = "withdraw €40.00 | 2026-11-28T18:03:05.250Z";
  const reference = "0123456789abcdef".repeat(2);
  const signer = { ...log.signer, name: "b/11111111111111111111111111111111" };
  const made = (terminal: string) =>
    signReceipt({ w, salt, text, terminal, reference, origin: signer.name, index: 5 }, signer);
  const missing = bytes - utf8(made("")).length;
  assert(missing > 0, `a receipt has ${bytes - missing} bytes without a terminal`);
  return made("l".repeat(missing));
}

/** Returns a code in black and white (PBM), each module as many pixels wide as fit. */
function pictureOf(note: string): { picture: string; version: number } {
  const { data, size, version } = encode(note, { ecc: "L", border: 4 });
  const pixels = Math.floor(widthPixelsMax / size);
  const rows = data.flatMap((row) =>
    Array(pixels).fill(row.flatMap((dark) => Array(pixels).fill(dark ? 1 : 0)).join(" "))
  );
  return { picture: `P1\n${size * pixels} ${size * pixels}\n${rows.join("\n")}\n`, version };
}

Deno.test({
  name:
    "a receipt of 345 to 420 bytes is read from a code of at most version 13, badly photographed",
  ignore: !hasReader(),
  async fn() {
    for (const bytes of [345, 360, 385, 400, 420]) {
      const note = receiptOf(bytes);
      const { picture, version } = pictureOf(note);
      assert(version <= versionMax, `${bytes} bytes: version ${version}`);
      assertEquals(await readCode(utf8(picture), "pbm", photograph(2.5)), note, `${bytes} bytes`);
    }
  },
});

Deno.test({
  name: "as a link, it takes a code of the same version, and is read as well",
  ignore: !hasReader(),
  async fn() {
    for (const bytes of [345, 385, 400]) {
      const note = receiptOf(bytes);
      const { picture, version } = pictureOf(codeText(note, page));
      assert(version <= versionMax, `${bytes} bytes: version ${version}`);
      const found = await readCode(utf8(picture), "pbm", photograph(2.5));
      assertEquals(found.slice(0, page.length + 1), `${page}#`);
      assertEquals(receiptOfFragment(found.slice(page.length + 1)), note, `${bytes} bytes`);
    }
  },
});

Deno.test("a receipt in a link is the same receipt, whatever it has and whichever key signed it", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  const line = fc.oneof(text, fc.stringMatching(/^[ _~*!|#%+\u2014a-z]+$/));
  fc.assert(fc.property(fc.array(line, { minLength: 6, maxLength: 9 }), (lines) => {
    const note = lines.join("\n");
    for (const signer of [lines[4]!, "bank/other"]) {
      const signed = `${note}\n\n\u2014 ${signer} c2lnbmF0dXJl\n`;
      const link = codeText(signed, page);
      assert(/^[!-~]*$/.test(link), link);
      assertEquals(receiptOfFragment(link.slice(page.length + 1)), signed);
    }
  }));
});

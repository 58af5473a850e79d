/** A receipt as a QR code, photographed badly: turned, blurred, compressed, and read by a program of others. */
import { assert, assertEquals } from "@std/assert";
import { encode } from "uqr";
import { utf8 } from "../../../lib/bytes.ts";
import { signReceipt } from "../../../server/transparency/receipt.ts";
import { SmallLog } from "../../server/transparency/small_log.ts";
import { hasReader, photograph, readCode } from "../qr_reader.ts";

const log = new SmallLog(12);
/** The width of a code on the screen, at most, with its quiet zone of 4 modules. */
const widthPixelsMax = 560;
const versionMax = 13;

/** Returns a receipt of so many bytes, its terminal's name as long as that needs. */
function receiptOf(bytes: number): string {
  const { w, salt } = log.opening(5);
  const text = "withdraw €40.00 | 2026-11-28T18:03:05.250Z";
  const reference = "0123456789abcdef".repeat(2);
  const signer = { ...log.signer, name: "b/11111111111111111111111111111111" };
  const made = (terminal: string) =>
    signReceipt({ w, salt, text, terminal, reference, index: 5 }, signer);
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
  name: "as a link, it takes a code of at most version 15, and is read with less blur",
  ignore: !hasReader(),
  async fn() {
    const note = receiptOf(360);
    // what a URL cannot have is escaped, and no more: the code stays small
    const link = `https://bank.example/receipt#${encodeURI(note).replaceAll("#", "%23")}`;
    const { picture, version } = pictureOf(link);
    assert(version <= 15, `version ${version}`);
    const found = await readCode(utf8(picture), "pbm", photograph(2));
    assertEquals(decodeURIComponent(found.slice(found.indexOf("#") + 1)), note);
  },
});

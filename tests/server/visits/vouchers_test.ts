/** A voucher is the bank's own word about one transfer, and about nothing else. */
import { assert, assertEquals } from "@std/assert";
import { readVoucher, voucherOf } from "../../../server/visits/vouchers.ts";

const audit = [{ version: 2, key: new Uint8Array(32).fill(2) }, {
  version: 1,
  key: new Uint8Array(32).fill(1),
}];
const bank = "ba".repeat(16);
const claim = {
  movement: "01".repeat(16),
  terminal: "02".repeat(16),
  account: "917213241268",
  uid: "03".repeat(16),
  amount: 3_000n,
  currency: "EUR",
};
const to = { number: "990239871882", uid: "04".repeat(16) };
const { account: number, uid, ...facts } = claim;
const voucher = voucherOf(audit, bank, { ...facts, account: { number, uid }, to });

Deno.test("a voucher names the recipient, and is valid under every later key of the bank", () => {
  const valid = { to: to.number, toUid: to.uid, vouched: true };
  assertEquals(readVoucher(audit, bank, claim, voucher), valid);
  assertEquals(readVoucher(audit.toReversed(), bank, claim, voucher), valid);
  assertEquals(readVoucher(audit.slice(1), bank, claim, voucher), valid); // before the rotation
  assertEquals(readVoucher(audit.slice(0, 1), bank, claim, voucher), { ...valid, vouched: false });
});

Deno.test("a voucher is worth nothing for another bank, terminal, movement, account, owner, amount or currency", () => {
  const others: Partial<typeof claim>[] = [
    { movement: "11".repeat(16) },
    { terminal: "12".repeat(16) },
    { account: to.number },
    { uid: "13".repeat(16) },
    { amount: 30_000n },
    { currency: "USD" },
  ];
  for (const other of others) {
    const { vouched } = readVoucher(audit, bank, { ...claim, ...other }, voucher);
    assertEquals(vouched, false, Object.keys(other)[0]);
  }
  assertEquals(readVoucher(audit, "bb".repeat(16), claim, voucher).vouched, false);
});

Deno.test("no voucher with a changed bit is valid, and one of another form names nobody", () => {
  for (let at = 0; at < voucher.length; at++) {
    for (let bit = 0; bit < 7; bit++) {
      const sign = String.fromCharCode(voucher.charCodeAt(at) ^ (1 << bit));
      const changed = voucher.slice(0, at) + sign + voucher.slice(at + 1);
      assert(!readVoucher(audit, bank, claim, changed).vouched, changed);
    }
  }
  const nobody = { to: "0", toUid: "", vouched: false };
  for (const text of ["", " ", `${voucher} `, voucher.toUpperCase(), `0 \u2028`]) {
    assertEquals(readVoucher(audit, bank, claim, text), nobody, text);
  }
});

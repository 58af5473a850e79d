/**
 * Vouchers: the bank's own word, for itself, that it has booked a transfer. A terminal keeps it with
 * the movement, and repeats it to a bank that was restored from a backup. An HMAC is enough, since
 * only the bank reads it; its key is derived from the first version of AUDIT_KEY, which is in every
 * bank.keys, never in the database, and does not change.
 */
import { equalInConstantTime, hex, utf8 } from "../../lib/bytes.ts";
import { hmac } from "../../lib/hmac.ts";
import type { RetellTransfer, Transferred } from "../ledger/command.ts";
import type { TerminalId } from "../ledger/model.ts";

type AuditVersions = readonly { version: number; key: Uint8Array }[];

/** Returns the voucher of a transfer: the recipient's number and uid, and the HMAC of all of it. */
export function voucherOf(
  audit: AuditVersions,
  bankId: string,
  transfer: Transferred & { terminal: TerminalId },
): string {
  const { account, to, amount, currency, movement, terminal } = transfer;
  const facts = [terminal, movement, account.number, account.uid, to.number, to.uid];
  const mac = macOf(audit, [bankId, ...facts, `${amount}`, currency]);
  return `${to.number} ${to.uid} ${hex(mac)}`;
}

type Claimed = Pick<
  RetellTransfer,
  "movement" | "terminal" | "account" | "uid" | "amount" | "currency"
>;

/**
 * Reads the voucher that a terminal repeats with a transfer: the recipient, and whether it is the
 * bank's own voucher of just this transfer. A text of another form names nobody.
 */
export function readVoucher(
  audit: AuditVersions,
  bankId: string,
  { movement, terminal, account: number, uid, amount, currency }: Claimed,
  text: string,
): Pick<RetellTransfer, "to" | "toUid" | "vouched"> {
  const [, to = "0", toUid = "", mac = ""] = form.exec(text) ?? [];
  const account = { number, uid };
  const recipient = { number: to, uid: toUid };
  const facts = { movement, terminal, account, to: recipient, amount, currency };
  const own = voucherOf(audit, bankId, facts);
  return { to, toUid, vouched: mac !== "" && equalInConstantTime(utf8(own), utf8(text)) };
}

const form = /^([0-9]{12}) ([0-9a-f]{32}) ([0-9a-f]{64})$/;

function macOf(audit: AuditVersions, facts: readonly string[]): Uint8Array {
  const { key } = audit.reduce((one, other) => other.version < one.version ? other : one);
  return hmac(hmac(key, utf8("strongroom/1 transfer voucher")), utf8(facts.join("\n")));
}

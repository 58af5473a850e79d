/** What a small store has, for tests of stores: one account, its opening and an open withdrawal. */
import type { SealedEntry } from "../../../server/audit/entry.ts";
import type { Account, Movement } from "../../../server/ledger/model.ts";
import { filled } from "../../lib/helpers.ts";
import { emptyAccount, identityOf, idOf } from "./small_bank.ts";

export const alice: Account = {
  ...emptyAccount,
  ...identityOf("alice"),
  id: 3,
  kind: "customer",
  owner: "alice",
  version: 1,
};
/** What the movements of the small store make of it. */
export const aliceAfter: Account = { ...alice, balance: 100n, held: 40n };

export const opening: Movement = {
  id: idOf("o1"),
  step: 1,
  action: "book",
  kind: "opening",
  terminal: "",
  customer: "alice",
  operator: "",
  debit: 1,
  credit: 3,
  amount: 100n,
  booked: 100n,
  currency: "EUR",
  outcome: "ok",
  debitBalance: -100n,
  creditBalance: 100n,
  day: 0,
  timeMs: 1,
  messageHash: "",
  token: "",
};

export const withdrawal: Movement = {
  ...opening,
  id: idOf("w1"),
  action: "authorise",
  kind: "withdrawal",
  terminal: idOf("lobby"),
  debit: 3,
  credit: 1,
  amount: 40n,
  booked: 0n,
  debitBalance: 100n,
  creditBalance: -100n,
};
export const entry: SealedEntry = {
  chain: 1,
  sequence: 1,
  epoch: 0,
  keyVersion: 1,
  who: filled(1, 16),
  commitment: filled(4, 32),
  sealed: filled(2, 64),
  tag: filled(3, 32),
};

/**
 * After a restore: a device attests its state before it gets a token. The device names its last
 * token; what it has paid on one that the bank does not have, even after the terminal has retold, was
 * left out of the report.
 */
import { contentOfToken } from "../../../lib/device_token.ts";
import type { Attest, DeviceStatus } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { mayChange } from "./bounds.ts";
import { isInDoubt } from "./doubt.ts";
import { confirmDeviceKeys } from "./proof.ts";

/** Takes a device's state; what it paid without a record goes to the differences account. */
export function attest(batch: Batch, command: Attest): Answer {
  const { terminal, status } = command;
  const { books } = batch;
  const nonce = books.restored?.unattested.find((each) => each.terminal === terminal)?.nonce;
  if (nonce === undefined) return { outcome: "ok", booked: 0n };
  if (status?.nonce !== nonce) return refuse(batch, command, "unproven");
  const unknown = isOfTheBooks(batch, command, status) ? 0n : status.presented;
  const [cash, differences] = [
    books.accountOf("terminal", terminal),
    books.accountOf("differences"),
  ];
  const hasRoom = mayChange(cash!, unknown) && mayChange(differences!, -unknown);
  if (!hasRoom) return refuse(batch, command, "over_balance_limit");
  confirmDeviceKeys(batch, terminal, status);
  const restored = books.restored!;
  const unattested = restored.unattested.filter((each) => each.terminal !== terminal);
  const paid = unknown > 0n ? [{ terminal, amount: unknown }] : [];
  books.setRestoring({
    ...restored,
    unattested,
    unknown: [...restored.unknown.filter((each) => each.terminal !== terminal), ...paid],
  });
  log(batch, command, "its device has attested its state after the restore");
  if (unknown > 0n) bookUnknown(batch, command, unknown);
  return { outcome: "ok", booked: unknown };
}

/**
 * Returns whether the books have the device's last token, if it ever had one: as that of the movement
 * that the terminal names, or, since its journal may be lost, of an open one. If the named one is in
 * doubt since its token cannot be checked, it is taken for that: an operator settles it anyway.
 */
function isOfTheBooks(
  batch: Batch,
  { terminal, of }: Attest,
  { id, presented }: DeviceStatus,
): boolean {
  if (id === null) return true;
  const { books } = batch;
  const named = of === undefined ? undefined : books.movement(of, 1);
  if (named?.terminal === terminal && named.token === "" && isInDoubt(batch, named)) {
    return presented <= named.amount;
  }
  return [...(named ? [named] : []), ...books.openTokens(terminal)].some((first) =>
    first.terminal === terminal && contentOfToken(first.token)?.id === id
  );
}

function bookUnknown(batch: Batch, { terminal, movement }: Attest, amount: bigint): void {
  const { books } = batch;
  const cash = books.accountOf("terminal", terminal)!;
  batch.book({
    ...{ movement, kind: "load", terminal, amount, currency: cash.currency, outcome: "ok" },
    ...{ debit: books.accountOf("differences")!, credit: cash },
  });
  const name = batch.terminalName(terminal);
  const words =
    `its device has paid ${batch.money(amount)} on a token that the restored bank does ` +
    "not have: to the differences account";
  batch.log(`terminal ${name}`, words, {
    ...{ outcome: "ok", terminal: name, movement, amount, step: "book" },
  });
}

function refuse(
  batch: Batch,
  command: Attest,
  outcome: "unproven" | "over_balance_limit",
): Answer {
  log(batch, command, failed("attest its device's state after the restore", outcome), outcome);
  return { outcome };
}

function log(
  batch: Batch,
  { terminal }: Attest,
  words: string,
  outcome: "ok" | "unproven" | "over_balance_limit" = "ok",
): void {
  const name = batch.terminalName(terminal);
  batch.log(`terminal ${name}`, words, { outcome, terminal: name });
}

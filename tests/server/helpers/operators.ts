/** Operators of a test's bank, with their keys. */
import { hex } from "../../../lib/bytes.ts";
import type { OperatorCommand, Role } from "../../../lib/operator_commands.ts";
import { system } from "../../../lib/system.ts";
import type { Bank } from "../../../server/bank.ts";
import { runSignedRequest } from "../../../server/operator/authority.ts";
import { makeOperatorKey, type NewOperatorKey } from "../../../server/operator/operator_key.ts";
import type { Answers } from "../../../server/operator/request.ts";
import { type Signer, signRequest } from "../../../server/operator/signed_request.ts";

/** Makes a key without a passphrase, and adds its operator to the bank. */
export async function addOperator(
  bank: Pick<Bank, "ledger">,
  name: string,
  role: Role = "admin",
): Promise<NewOperatorKey> {
  const made = await makeOperatorKey(system, name, null);
  const { publicKey } = made.signer;
  await bank.ledger.submit({ op: "add_operator", operator: "", name, role, publicKey });
  return made;
}

/** Gives a command as an operator does where no server runs. */
export function give(bank: Bank, signer: Signer, command: OperatorCommand): Answers {
  const challenge = { bankId: bank.settings.bankId, nonce: hex(system.randomBytes(32)) };
  return runSignedRequest(bank, challenge, signRequest(signer, challenge, command));
}

/** The key of nobody: reading a bank without a server needs none. */
export const noSigner = () => Promise.reject(new Error("no key is needed"));

/** Returns the hash of a customer's password, as an operator's program makes it. */
export const hashOf = ({ passwords }: Pick<Bank, "passwords">, password: string) =>
  passwords.hash(password, system.randomBytes(16));

/** Has the bank wait for its first terminal, as after a restore. */
export async function openRestore({ ledger }: Pick<Bank, "ledger">): Promise<void> {
  const [terminal] = await ledger.read.terminals();
  const restoring = { sinceMs: 0, waiting: [terminal!.id], unattested: [], unknown: [] };
  await ledger.submit({ op: "restore", operator: "t", terminals: [], restoring, missing: "" });
}

/** Has the bank's time read as an hour ahead of the clock, as after a clock that was wrong. */
export function readAhead({ ledger }: Pick<Bank, "ledger">): void {
  const { read } = ledger;
  const times = async () => {
    const present = await read.times();
    return { ...present, lastMs: present.lastMs + 3_600_000 };
  };
  const ahead = new Proxy(read, {
    get: (target, name) => name === "times" ? times : Reflect.get(target, name),
  });
  Object.assign(ledger, { read: ahead });
}

/** Has the store's clock jump as far as operators see it: its confirmation would change something. */
export function showJump({ ledger }: Pick<Bank, "ledger">, jumpMs: number): void {
  const clockState = ledger.clockState.bind(ledger);
  const doubt = "the clock jumped";
  Object.assign(ledger, { clockState: async () => ({ ...await clockState(), jumpMs, doubt }) });
}

/**
 * Decides about an operator's signed request: whose it is, whether the role may give it, and
 * whether it waits for a second operator.
 */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { proposalLengthMax } from "../../lib/limits.ts";
import {
  mayGive,
  type OperatorCommand,
  type OperatorRequest,
} from "../../lib/operator_commands.ts";
import { parsePlainAmount } from "../../lib/money.ts";
import type { World } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { proposersHalf } from "../credentials/one_time.ts";
import { approvalsLost } from "../ledger/approvals.ts";
import { jumpInWords } from "../ledger/clock.ts";
import { type Command, logCommand } from "../ledger/command.ts";
import type { StorePlace } from "../ledger/open_store.ts";
import type { ReadStore } from "../ledger/store.ts";
import { logAction, rehearseCommand, runOperatorCommand } from "./commands.ts";
import { raisesLimits } from "./limits.ts";
import type { ReadingWorld } from "./read_log.ts";
import { findPendingKey, namingPendingKey } from "./pending_key.ts";
import { type Answers, CommandRefused } from "./request.ts";
import {
  canonicalCommand,
  type Challenge,
  evidenceOf,
  isSignedBy,
  proposalHash,
  requestBytes,
  type SignedRequest,
  type Signer,
} from "./signed_request.ts";
import { commandInWords, presentState } from "./words.ts";

/**
 * Runs a signed request, or keeps it as a proposal. The log has each one with its signature.
 * @throws {UsageError} if it is refused
 */
export async function* runSignedRequest(
  bank: Bank,
  challenge: Challenge,
  request: SignedRequest,
  signal?: AbortSignal,
): Answers {
  const { operator, command } = request;
  const { operators, fourEyes } = await bank.ledger.read.staff();
  const found = operators.find(({ name }) => name === operator);
  if (!found || !isSignedBy(found, challenge, request)) {
    const action = `refuse ${command.command.replaceAll("_", " ")} in the name of ${operator}: ` +
      (found ? "the signature is invalid" : "there is no such operator");
    await bank.ledger.submit(logCommand("bank", action, { outcome: "bad_command" }));
    throw new CommandRefused(
      `the bank does not accept this key of operator ${operator}. Use your own, or have it added`,
    );
  }
  const signed = evidenceOf(challenge, request);
  const ofOperator = { ...command, operator };
  if (!mayGive(found.role, command.command)) {
    const why = `the role ${found.role} may not do this`;
    await logAction(withSigned(bank, signed), ofOperator, why);
    throw new CommandRefused(`${why}. Ask an operator who may, or an admin`);
  }
  const key = "key" in command ? command.key : undefined;
  const answers = runOrPropose({ signed, signer: found });
  yield* key === undefined ? answers : namingPendingKey(bank, key, answers);

  async function* runOrPropose(by: Required<Pick<Command, "signed" | "signer">>): Answers {
    const logged = withSigned(bank, signed);
    const isProposal = await loggingRefusal(logged, ofOperator, async () => {
      if (!fourEyes || !await needsTwo(bank, command)) return false;
      await (key === undefined ? requireProposable : requireKeyInBank)(bank, ofOperator);
      return true;
    });
    if (!isProposal) yield* runOperatorCommand(bank, ofOperator, signal, by);
    else if (key === undefined) yield* propose(bank, challenge, request, by);
    else {
      const { words } = await findPendingKey(bank, key);
      await logAction(logged, ofOperator, "the bank has its key already");
      yield { keyFile: key };
      yield { line: `the bank has ${words}: nothing was proposed` };
    }
  }
}

/** Returns the bank with a ledger whose entries have a signed request. */
function withSigned(bank: Bank, signed: string): Pick<Bank, "ledger"> {
  const submit: Bank["ledger"]["submit"] = (command) => bank.ledger.submit({ ...command, signed });
  return { ledger: { submit } as Bank["ledger"] };
}

/** Logs a command that a check refuses. */
async function loggingRefusal<Result>(
  bank: Pick<Bank, "ledger">,
  request: OperatorRequest,
  check: () => Promise<Result>,
): Promise<Result> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof UsageError) await logAction(bank, request, error.message);
    throw error;
  }
}

/**
 * Checks a command before it is kept as a proposal.
 * @throws {UsageError} if it could not be approved
 */
async function requireProposable(bank: Bank, request: OperatorRequest): Promise<void> {
  const { operator: _, ...command } = request;
  if (canonicalCommand(command).length > proposalLengthMax) {
    throw new CommandRefused(
      `the command is too long: a proposal has at most ${proposalLengthMax} characters. Shorten its texts`,
    );
  }
  if (!await rehearseCommand(bank, request)) {
    throw new CommandRefused(`nothing was proposed: ${presentState(request)}`);
  }
}

/**
 * Checks that the bank already has the key of a command's pending file. A proposal has no key: the
 * approval makes it.
 * @throws {UsageError} if it does not
 */
async function requireKeyInBank(bank: Bank, request: OperatorRequest): Promise<void> {
  if (!await rehearseCommand(bank, request)) return;
  throw new CommandRefused(
    "nothing was proposed: the pending key file is of an earlier command. If that approved a " +
      "proposal that is still open, approve it again with this file",
  );
}

/** Keeps a command until a second operator approves it. */
async function* propose(
  bank: Bank,
  challenge: Challenge,
  request: SignedRequest,
  by: Pick<Command, "signed" | "signer">,
): Answers {
  const { operator } = request;
  const command = await namingClock(bank, request.command);
  const id = proposalHash(challenge, request);
  const words = commandInWords(command);
  const { outcome } = await bank.ledger.submit({
    op: "propose",
    operator,
    id,
    command: canonicalCommand(command),
    words,
    ...by,
  });
  if (outcome !== "ok") throw new UsageError(`nothing was proposed: ${inWords(outcome)}`);
  yield { proposal: id };
  yield {
    line: `proposed, and not done yet: ${words}\n` +
      `another operator has 24 hours to run 'deno task bank approvals approve ${id}'`,
  };
  if (command.command === "add_operator" || command.command === "remove_operator") {
    const lost = approvalsLost(await bank.ledger.read.staff(), command);
    if (lost !== null) {
      yield {
        line:
          `warning: nobody could then approve ${lost}. Add another operator first: afterwards ` +
          "only the bank's own account can, with the server stopped ('deno task bank operator recover')",
      };
    }
  }
  if (command.command === "reset_password") {
    yield {
      line: `your half, the first, of ${command.customer}'s one-time password: ` +
        proposersHalf(bank.keys.audit, id),
    };
  }
}

/** Adds the clock's jump to its confirmation: the approval of another one is refused. */
async function namingClock({ ledger }: Bank, command: OperatorCommand): Promise<OperatorCommand> {
  if (command.command !== "confirm_clock") return command;
  return { jump: jumpInWords((await ledger.clockState()).jumpMs), ...command };
}

/** Returns whether a command could move money, raise a limit or silence the log. */
async function needsTwo(bank: Bank, command: OperatorCommand): Promise<boolean> {
  switch (command.command) {
    case "reset_password":
    case "settle_hold":
    case "correct_movement":
    case "enrol_terminal":
    case "revoke_terminal":
    case "resume_terminal":
    case "write_off_terminal":
    case "enrol_device":
    case "rotate_device":
    case "revoke_device":
    case "confirm_clock":
    case "set_back_clock":
    case "end_restore":
    case "add_operator":
    case "remove_operator":
      return true;
    case "rotate_terminal":
      return command.now;
    case "add_customer":
    case "open_account":
      return parsePlainAmount(command.opening, bank.settings.currency.exponent) !== 0n;
    case "set_limits":
      return await raisesLimits(bank, command);
    default:
      return false;
  }
}

/**
 * Checks the key of an operator for a command that needs the folder of a bank without a server.
 * Returns the name and the signed request, for the log.
 * @throws {UsageError} if it is not the key of an admin of this bank
 */
export async function requireAdmin(
  world: Pick<ReadingWorld, "openReader"> & Pick<World, "randomBytes">,
  place: StorePlace,
  signer: () => Promise<Signer>,
  command: object,
): Promise<{ operator: string; signed: string }> {
  const key = await signer();
  const store = await world.openReader(place);
  try {
    return { operator: key.name, signed: await signedByAdmin(world, store, key, command) };
  } finally {
    await store.close();
  }
}

/**
 * Returns a signed command, for the log.
 * @throws {UsageError} if the key is not that of an admin of this store's bank
 */
export async function signedByAdmin(
  { randomBytes }: Pick<World, "randomBytes">,
  store: Pick<ReadStore, "staff" | "settings">,
  key: Signer,
  command: object,
): Promise<string> {
  const { operators } = await store.staff();
  const found = operators.find(({ name }) => name === key.name);
  if (found?.publicKey !== key.publicKey || found.role !== "admin") {
    throw new UsageError(`the bank has no admin ${key.name} with this key. Use an admin's key`);
  }
  const { bankId } = await store.settings();
  const challenge = { bankId, nonce: hex(randomBytes(32)) };
  const signature = hex(key.sign(requestBytes(challenge, key.name, command)));
  return evidenceOf(challenge, { command, signature });
}

/** Gives an admin another key on the word of the bank's own account; returns lines about it. */
export async function recoverOperator(
  { ledger }: Bank,
  user: string,
  { name, publicKey }: { name: string; publicKey: string },
): Promise<string[]> {
  await ledger.submit(
    logCommand("bank", `the bank's account, as ${user}, adds operator ${name}`),
  );
  const added = { op: "add_operator", operator: "", name, role: "admin", publicKey } as const;
  const { outcome } = await ledger.submit(added);
  if (outcome !== "ok") throw new UsageError(`${name} was not added: ${inWords(outcome)}`);
  return [`${name} is an admin with this key; the log says that the bank's account did it`];
}

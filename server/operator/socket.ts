/**
 * The connection of operators' commands to a running server: a Unix socket. The server begins with
 * the bank's id and a nonce, a line of JSON; one signed request per connection follows, and the
 * answer is lines of JSON, with signs of life while it takes long. After a key file the server waits for
 * a line that confirms its storage.
 */
import { hex, utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { OutcomeUnknown } from "../ledger/ledger.ts";
import {
  operatorCommandBytesMax,
  operatorConnectionsMax,
  operatorFinishMsMax,
  operatorReadBytes,
  operatorRequestBytesMax,
  operatorRequestMsMax,
  operatorSignMs,
  operatorSilentMsMax,
  serverReadBytes,
} from "../../lib/limits.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { removeAtEnd, removeIfThere } from "../../lib/private_file.ts";
import { pause, type Socket, type SocketListener, type Timers } from "../../lib/world.ts";
import { acceptAll } from "../../lib/accept.ts";
import type { Bank } from "../bank.ts";
import { operatorsGroup } from "../../lib/programs.ts";
import { operatorSocketPath, sharedSocketFolder, sharedSocketPath } from "../folder/bank_folder.ts";
import { runSignedRequest } from "./authority.ts";
import { namingFaults } from "./naming_faults.ts";
import {
  type Answers,
  CommandRefused,
  CommandUnsure,
  isToBeKept,
  type OperatorAnswer,
  signedRequestOf,
} from "./request.ts";
import { type Challenge, type Signer, signRequest } from "./signed_request.ts";

/** `refused`: the command had no effect. `unsure`: it may have had one. */
type Failure = { error: string; exitCode: 1 | 2; refused: boolean; unsure?: boolean };
type Line = OperatorAnswer | Failure | typeof sign | { done: true };

/** What a command that takes long sends until its answer: the server is there. */
const sign = { alive: true };

const kept = { kept: true };

/**
 * Serves operators until closed. The bank owns its folder, so an existing socket is stale.
 * @param listenUnix listens on a Unix socket
 * @throws {UsageError} if the socket cannot be given to the group
 */
export function serveOperators(
  bank: Bank,
  listenUnix: (path: string, group?: number) => SocketListener,
  { group, requestMsMax = operatorRequestMsMax }: OperatorsDoor = {},
): { close(): Promise<void> } {
  const { world } = bank;
  const path = group === undefined
    ? operatorSocketPath(bank.folder.path)
    : sharedSocketPath(bank.folder.path);
  if (group !== undefined) world.files.makeFolder(sharedSocketFolder(bank.folder.path));
  removeIfThere(world.files, path);
  const listener = listenTo(path, () => listenUnix(path, group));
  const serving = new Map<Socket, Promise<void>>();
  const stopping = new AbortController();
  const accepting = acceptAll(listener, world, (socket) => {
    if (serving.size >= operatorConnectionsMax) return refuse(socket);
    const request = { stopping: stopping.signal, requestMsMax };
    const served = serve(bank, socket, request).catch((error) =>
      world.log(`an operator's command failed: ${error}`)
    );
    serving.set(socket, served);
    served.then(() => serving.delete(socket));
  }, { whose: "operators", log: world.log });
  return {
    async close() {
      listener.close();
      stopping.abort();
      await accepting;
      // Commands in progress may finish; a silent or slow peer is not waited for.
      const ended = new AbortController();
      const finished = Promise.all(serving.values()).then(() => ended.abort());
      await pause(world, operatorFinishMsMax, ended.signal);
      for (const socket of serving.keys()) socket.close();
      await finished;
      removeAtEnd(world.files, path, world.log);
    },
  };
}

export interface OperatorsDoor {
  /** The id of the operators' group, which can open the socket. */
  group?: number;
  /** How long a connection may take to send its request. */
  requestMsMax?: number;
}

/** @throws {UsageError} if it fails */
function listenTo(path: string, listen: () => SocketListener): SocketListener {
  try {
    return listen();
  } catch (error) {
    throw new UsageError(
      `the operators' socket ${path} cannot be made (${
        (error as Error).message
      }). Make the bank's ` +
        `account a member of the group ${operatorsGroup}, and its folder writable`,
    );
  }
}

/** Refuses a connection beyond the limit. */
async function refuse(socket: Socket): Promise<void> {
  const error = "too many operators' commands run at once. Try again when some have ended";
  await writeLine(socket, { error, exitCode: 1, refused: true }).catch(() => {});
  socket.close();
}

/** What `askServer` needs. */
export interface AskWorld extends Pick<Timers, "after"> {
  connectUnix(path: string): Promise<Socket>;
  /** Called with the bank's id before anything is signed for it. @throws {UsageError} to refuse */
  checkBank?(bankId: string): void;
}

/**
 * Sends a request to the server of this folder; returns null if none runs.
 * @param signer returns the operator's key
 * @throws {UsageError} if the server refuses the command, or is silent
 */
export async function askServer(
  { connectUnix, ...world }: AskWorld,
  folder: string,
  command: OperatorCommand,
  signer: () => Promise<Signer>,
): Promise<Answers | null> {
  let forbidden = false;
  for (const path of [sharedSocketPath(folder), operatorSocketPath(folder)]) {
    try {
      return answersOf(await connectUnix(path), command, signer, world);
    } catch (error) {
      const { name } = error as Error;
      if (name === "PermissionDenied") forbidden = true;
      // No server, or the socket of one that was killed.
      else if (!["NotFound", "NotADirectory", "ConnectionRefused"].includes(name)) throw error;
    }
  }
  if (!forbidden) return null;
  throw new UsageError(
    `no server of ${folder} answers, and only the bank's account can open the folder. Have the ` +
      `server started, and be a member of the group ${operatorsGroup}`,
  );
}

async function* answersOf(
  socket: Socket,
  command: OperatorCommand,
  signer: () => Promise<Signer>,
  { after, checkBank }: Omit<AskWorld, "connectUnix">,
): Answers {
  let isSent = false;
  let isSilent = false;
  const endSilence = () => {
    isSilent = true;
    socket.close();
  };
  const read: Socket["read"] = (into) => {
    const cancel = after(operatorSilentMsMax, endSilence);
    return socket.read(into).finally(cancel);
  };
  try {
    if (utf8(JSON.stringify(command)).length > operatorCommandBytesMax) throw requestTooLong();
    const key = await signer();
    for await (const text of untilEnd(linesOf({ read }))) {
      const line = JSON.parse(text) as Line | Challenge;
      if ("nonce" in line) {
        checkBank?.(line.bankId);
        const { operator, signature } = signRequest(key, line, command);
        isSent = true;
        // the server may have refused it unread
        await writeLine(socket, { operator, signature, ...command }).catch(() => {});
        continue;
      }
      if ("done" in line) return;
      if ("alive" in line) continue;
      if ("error" in line) {
        throw line.refused
          ? new CommandRefused(line.error)
          : new (line.unsure ? CommandUnsure : UsageError)(line.error, line.exitCode);
      }
      yield line;
      if (isToBeKept(line)) await writeLine(socket, kept);
    }
    throw isSilent ? silent(command, isSent) : ended(command);
  } finally {
    socket.close();
  }
}

function silent({ command }: OperatorCommand, isSent: boolean): UsageError {
  const silence = `the server has not answered for ${operatorSilentMsMax / 1_000} s`;
  if (!isSent) return new CommandRefused(`${silence}: the command was not sent`);
  return new CommandUnsure(
    command === "watch_bank"
      ? silence
      : `${silence}. The command may be executed all the same: check before you repeat it`,
  );
}

function ended({ command }: OperatorCommand): CommandUnsure {
  return new CommandUnsure(
    command === "watch_bank"
      ? "the server ended"
      : "the server ended before its answer. Check whether the command was executed",
  );
}

/** The names of errors about a connection that its other end has ended, as with `head`. */
const disconnections: ReadonlySet<string> = new Set(["BrokenPipe", "ConnectionReset"]);

/** The names of errors about a connection that either end has ended. */
const ends: ReadonlySet<string> = new Set([...disconnections, "Interrupted", "BadResource"]);

/** Yields lines until the connection ends, in order or not. */
async function* untilEnd(
  lines: ReturnType<typeof linesOf>,
): AsyncGenerator<string, void, void> {
  try {
    yield* lines;
  } catch (error) {
    if (!ends.has((error as Error).name)) throw error;
  }
}

async function serve(
  bank: Bank,
  socket: Socket,
  { stopping, requestMsMax }: { stopping: AbortSignal; requestMsMax: number },
): Promise<void> {
  const lines = linesOf(socket, { lengthMax: operatorRequestBytesMax, readBytes: serverReadBytes });
  const disconnected = new AbortController();
  // Only this may follow the request: any other input ends the connection.
  const isKept = async () => {
    const { value } = await lines.next().catch(() => ({ value: undefined }));
    if (value === JSON.stringify(kept)) return true;
    disconnected.abort();
    return false;
  };
  try {
    const cancelDeadline = bank.world.after(requestMsMax, () => socket.close());
    const nonce = hex(bank.world.randomBytes(32));
    const challenge = { bankId: bank.settings.bankId, nonce };
    await writeLine(socket, challenge).catch(() => {}); // the peer may have disconnected
    const text = await firstLine(lines).finally(cancelDeadline);
    if (text === null) return;
    const request = signedRequestOf(jsonOf(text));
    let following = isKept();
    const signal = AbortSignal.any([disconnected.signal, stopping]);
    const answers = runSignedRequest(bank, challenge, request, signal);
    for await (const answer of withSigns(bank.world, namingFaults(bank, answers))) {
      await writeLine(socket, answer);
      if ("alive" in answer || !isToBeKept(answer)) continue;
      if (!await following) throw new Error("its file was not kept");
      following = isKept();
    }
    await writeLine(socket, { done: true });
  } catch (error) {
    const isRefused = error instanceof UsageError;
    const isGone = disconnected.signal.aborted || disconnections.has((error as Error).name);
    if (!isRefused && !isGone) {
      bank.world.log(`an operator's command failed: ${error}`);
    }
    const failure: Failure = {
      error: isRefused
        ? error.message
        : error instanceof OutcomeUnknown
        ? "the outcome is unknown: the server stopped before its commit was certain. " +
          "Restart it, and check before you repeat the command"
        : "the server failed to execute this. See its log",
      exitCode: isRefused ? error.exitCode : 1,
      refused: error instanceof CommandRefused,
      unsure: !isRefused || error instanceof CommandUnsure,
    };
    await writeLine(socket, failure).catch(() => {}); // the operator may have disconnected
  } finally {
    socket.close();
  }
}

/** Yields the answers, and a sign of life whenever there was none for a while. */
async function* withSigns(
  timers: Timers,
  answers: Answers,
): AsyncGenerator<OperatorAnswer | typeof sign, void, void> {
  const ended = new AbortController();
  const later = () => pause(timers, operatorSignMs, ended.signal);
  let isQuiet = true;
  try {
    let tick = later();
    for (let next = answers.next();;) {
      const first = await Promise.race([next, tick]);
      if (!first) {
        tick = later();
        if (isQuiet) yield sign;
        isQuiet = true;
        continue;
      }
      if (first.done) return;
      isQuiet = false;
      yield first.value;
      next = answers.next();
    }
  } finally {
    ended.abort();
    await answers.return();
  }
}

/**
 * Reads the request; returns null if the connection ends without one or is closed for being slow.
 * @throws {UsageError} if it is too long
 */
async function firstLine(lines: ReturnType<typeof linesOf>): Promise<string | null> {
  try {
    const { value, done } = await lines.next();
    return done ? null : value;
  } catch (error) {
    if (error instanceof LineTooLong) throw requestTooLong();
    return null;
  }
}

const requestTooLong = () =>
  new UsageError(
    `the command is too long: it has at most ${operatorCommandBytesMax} bytes. Shorten its texts`,
  );

class LineTooLong extends Error {
  override name = "LineTooLong";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function writeLine(
  socket: Socket,
  line:
    | Line
    | Challenge
    | (OperatorCommand & { operator: string; signature: string })
    | typeof kept,
): Promise<void> {
  const bytes = utf8(JSON.stringify(line) + "\n");
  for (let done = 0; done < bytes.length;) done += await socket.write(bytes.subarray(done));
}

async function* linesOf(
  socket: Pick<Socket, "read">,
  { lengthMax = Infinity, readBytes = operatorReadBytes } = {},
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(readBytes);
  let held = "";
  for (let count; (count = await socket.read(chunk)) !== null;) {
    held += decoder.decode(chunk.subarray(0, count), { stream: true });
    if (held.length > lengthMax) throw new LineTooLong();
    for (let end; (end = held.indexOf("\n")) >= 0; held = held.slice(end + 1)) {
      yield held.slice(0, end);
    }
  }
}

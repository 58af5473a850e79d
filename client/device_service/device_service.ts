/**
 * A service of one device, and the publisher of all. Commands run one after the other, except
 * those that only read. A power cut ends every connection without a word. The standard lets several
 * clients use a device; here one does at a time: two ATMs would book each other's notes.
 */
import { deviceRequestsMax } from "../../lib/limits.ts";
import type { MessageSocket, Timers } from "../../lib/world.ts";
import { PowerCut } from "../cash/devices.ts";
import {
  type CommandName,
  commands,
  type EventName,
  events,
  formatMessage,
  type Header,
  isCommandName,
  parseMessage,
  type PayloadOf,
} from "../cash/xfs4iot/messages.ts";
import { MalformedMessage, type Schema } from "../cash/xfs4iot/schema.ts";
import type { Completed, Events, ServedDevice } from "./served_device.ts";

/** The path of the publisher, and of the services below it. */
export const publisherPath = "/xfs4iot/v1.0";

/** Commands that run at once, also during another. */
const reading: ReadonlySet<CommandName> = new Set<CommandName>([
  "Common.Status",
  "Common.Capabilities",
  "Storage.GetStorage",
  "CashManagement.GetBankNoteTypes",
  "CashDispenser.GetPresentStatus",
  "CashAcceptor.GetCashInStatus",
]);

/** Commands of any client, also while another uses the device: to find a service. */
const free: ReadonlySet<string> = new Set(["Common.Capabilities", "Common.Cancel"]);

/** Commands that wait for a customer. */
const waiting: ReadonlySet<string> = new Set(["CashAcceptor.CashIn", "CardReader.ReadRawData"]);

/** Any command's handler, whose payload its schema has checked. */
type Handler = (
  payload: PayloadOf<CommandName>,
  events: Events,
) => Completed | Promise<Completed>;

/** A request that is queued or runs. */
interface Request {
  /** Why it must end; null while it may run. */
  cancelled: "canceled" | "timeOut" | null;
  /** Cancels its timeout. */
  completed: () => void;
}

/** One client's connection. */
interface Peer {
  socket: MessageSocket;
  lastRequest: number;
  requests: Map<number, Request>;
}

export interface ServiceOptions {
  /** The last part of its path. */
  name: string;
  /** The services that its publisher names, by default itself; null if another publishes it. */
  published?: readonly string[] | null;
}

export class DeviceService {
  readonly #peers = new Set<Peer>();
  #work: Promise<void> = Promise.resolve();
  /** The request that runs. */
  #running: { peer: Peer; requestId: number; name: CommandName } | null = null;

  /** The client that uses the device, until its connection ends. */
  #user: Peer | null = null;

  constructor(
    private readonly device: ServedDevice,
    private readonly timers: Pick<Timers, "after">,
    private readonly log: (line: string) => void,
    private readonly options: ServiceOptions = { name: "CashRecycler" },
  ) {}

  /** Serves a connection to one of the paths until it ends; false for another path. */
  accept(path: string, socket: MessageSocket, publisherUrl: string): boolean {
    const plain = path.replace(/\/$/, "");
    if (plain === publisherPath && this.options.published !== null) {
      void this.#publish(socket, publisherUrl);
    } else if (plain === `${publisherPath}/${this.options.name}`) void this.#serve(socket);
    else return false;
    return true;
  }

  /** Ends every connection. */
  close(): void {
    for (const { socket } of this.#peers) socket.close();
  }

  /** Sends an event to every client. */
  unsolicited(name: EventName, payload: unknown = {}): void {
    const header: Header = { type: "unsolicited", name, version: events[name].version };
    for (const { socket } of this.#peers) socket.send(formatMessage(header, payload));
  }

  async #publish(socket: MessageSocket, publisherUrl: string): Promise<void> {
    const peer: Peer = { socket, lastRequest: 0, requests: new Map() };
    const { name, published } = this.options;
    const services = (published ?? [name]).map((name) => ({
      serviceURI: `${publisherUrl}/${name}`,
    }));
    await this.#each(peer, (name, requestId) => {
      const known = name === "ServicePublisher.GetServices";
      if (known) {
        const event = "ServicePublisher.ServiceDetailEvent";
        socket.send(formatMessage(
          { type: "event", name: event, requestId, version: events[event].version },
          { vendorName: "Strongroom", services },
        ));
      }
      this.#complete(
        peer,
        requestId,
        name,
        known
          ? { code: "success", payload: { vendorName: "Strongroom", services } }
          : { code: "invalidCommand" },
      );
    });
  }

  async #serve(socket: MessageSocket): Promise<void> {
    const peer: Peer = { socket, lastRequest: 0, requests: new Map() };
    this.#peers.add(peer);
    await this.#each(peer, (...request) => this.#begin(peer, ...request));
    this.#peers.delete(peer);
    for (const { completed } of peer.requests.values()) completed();
    this.#cancel(peer, [...peer.requests.keys()]);
    if (this.#user !== peer) return;
    this.device.cancelWaiting(); // also a customer for whom no command waits yet
    this.#user = null;
  }

  /** Reads the commands of a connection until it ends, and acknowledges each. */
  async #each(
    { socket, requests, ...peer }: Peer,
    begin: (name: string, requestId: number, payload: unknown, timeoutMs: number) => void,
  ): Promise<void> {
    let { lastRequest } = peer;
    for (let line; (line = await socket.receive()) !== null;) {
      let message;
      try {
        message = parseMessage(line);
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        this.log(`a client sent a malformed message: ${error.message}`);
        return socket.close(); // without a header there is nothing to acknowledge
      }
      const { type, name, requestId = 0 } = message.header;
      const status = type !== "command"
        ? "invalidMessage"
        : requestId <= lastRequest
        ? "invalidRequestID"
        : requests.size >= deviceRequestsMax
        ? "tooManyRequests"
        : undefined;
      socket.send(formatMessage({
        type: "acknowledge",
        name,
        requestId,
        ...versionOf(name, 0),
        ...(status && { status }),
      }));
      if (status) continue;
      lastRequest = requestId;
      begin(name, requestId, message.payload, message.header.timeout ?? 0);
    }
  }

  #begin(
    peer: Peer,
    name: string,
    requestId: number,
    payload: unknown,
    timeoutMs: number,
  ): void {
    const request: Request = {
      cancelled: null,
      completed: timeoutMs > 0
        ? this.timers.after(timeoutMs, () => this.#cancel(peer, [requestId], "timeOut"))
        : () => {},
    };
    peer.requests.set(requestId, request);
    if (name === "Common.Cancel") return this.#cancelCommand(peer, requestId, payload);
    if (!isCommandName(name) || !this.device.handlers[name]) {
      const code = isCommandName(name) ? "unsupportedCommand" : "invalidCommand";
      return this.#complete(peer, requestId, name, { code });
    }
    if (!free.has(name)) this.#user ??= peer;
    if (!free.has(name) && this.#user !== peer) {
      const description = "another client uses the device";
      return this.#complete(peer, requestId, name, { code: "deviceNotReady", description });
    }
    const work = async () => {
      if (request.cancelled) {
        return this.#complete(peer, requestId, name, { code: request.cancelled });
      }
      await this.#execute(peer, name, requestId, payload);
    };
    if (reading.has(name)) void work();
    else this.#work = this.#work.then(work);
  }

  async #execute(
    peer: Peer,
    name: CommandName,
    requestId: number,
    payload: unknown,
  ): Promise<void> {
    if (!reading.has(name)) this.#running = { peer, name, requestId };
    const handler = this.device.handlers[name] as Handler;
    const events = this.#events(peer, requestId);
    let completed: Completed;
    try {
      const checked = (commands[name].payload as Schema<PayloadOf<CommandName>>)(payload, name);
      completed = await handler(checked, events);
    } catch (error) {
      if (error instanceof PowerCut) return this.#powerCut(error);
      completed = this.device.completionOf(error, events) ?? this.#completionOf(name, error);
    } finally {
      if (this.#running?.requestId === requestId && this.#running.peer === peer) {
        this.#running = null;
      }
    }
    this.#complete(peer, requestId, name, completed);
    if (!reading.has(name)) this.unsolicited("Storage.CountsChangedEvent");
  }

  #powerCut({ message }: PowerCut): void {
    this.log(`the power failed: ${message}`);
    for (const { requests } of this.#peers) {
      for (const each of requests.values()) each.completed();
      requests.clear();
    }
    this.close();
    this.device.powerCut();
  }

  /** Returns the completion of an error that is not the device's. */
  #completionOf(name: CommandName, error: unknown): Completed {
    if (error instanceof MalformedMessage) {
      return { code: "invalidData", description: error.message };
    }
    this.log(`${name} failed: ${(error as Error).stack}`);
    return { code: "internalError" };
  }

  #events({ socket }: Peer, requestId: number): Events {
    return {
      event: (name, payload) =>
        socket.send(
          formatMessage({ type: "event", name, requestId, version: events[name].version }, payload),
        ),
      unsolicited: (name, payload) => this.unsolicited(name, payload),
    };
  }

  #complete(
    peer: Peer,
    requestId: number,
    name: string,
    { code, payload = {}, description }: Completed,
  ): void {
    const request = peer.requests.get(requestId);
    request?.completed();
    peer.requests.delete(requestId);
    const completionCode = code === "canceled" && request?.cancelled ? request.cancelled : code;
    peer.socket.send(formatMessage({
      type: "completion",
      name,
      requestId,
      ...versionOf(name, 1),
      completionCode,
      ...(description && { errorDescription: description }),
    }, payload));
  }

  #cancelCommand(peer: Peer, requestId: number, payload: unknown): void {
    let ids: number[] | undefined;
    try {
      ids = commands["Common.Cancel"].payload(payload, "Common.Cancel").requestIds;
    } catch {
      return this.#complete(peer, requestId, "Common.Cancel", { code: "invalidData" });
    }
    const known = [...peer.requests.keys()].filter((id) => id !== requestId);
    const asked = ids === undefined ? known : ids.filter((id) => known.includes(id));
    this.#complete(
      peer,
      requestId,
      "Common.Cancel",
      asked.length > 0 ? { code: "success" } : {
        code: "commandErrorCode",
        payload: { errorCode: "noMatchingRequestIDs" },
      },
    );
    this.#cancel(peer, asked);
  }

  /** Cancels requests: those that are queued, and a CashIn that waits for notes. */
  #cancel(peer: Peer, requestIds: number[], why: "canceled" | "timeOut" = "canceled"): void {
    for (const id of requestIds) {
      const request = peer.requests.get(id);
      if (request) request.cancelled = why;
      const { peer: whose, requestId, name } = this.#running ?? {};
      if (whose === peer && requestId === id && waiting.has(name!)) {
        this.device.cancelWaiting();
      }
    }
  }
}

function versionOf(name: string, which: 0 | 1): { version?: string } {
  return isCommandName(name) ? { version: commands[name].versions[which] } : {};
}

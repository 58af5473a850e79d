/** A device behind a service: the handlers of its commands, and what they share. */
import {
  type CommandName,
  commands,
  type CompletionCode,
  type EventName,
  events,
  type PayloadOf,
} from "../cash/xfs4iot/messages.ts";

/** A completion, before it is a message. */
export interface Completed {
  code: CompletionCode;
  payload?: Record<string, unknown>;
  description?: string;
}

/** Sends events: during the command, and to every client. */
export interface Events {
  event(name: EventName, payload?: unknown): void;
  unsolicited(name: EventName, payload?: unknown): void;
}

/**
 * A device's commands. A handler returns the completion, or throws what the device makes one of;
 * PowerCut if the power fails: nothing may be sent.
 */
export type Handlers = {
  readonly [N in CommandName]?: (
    payload: PayloadOf<N>,
    events: Events,
  ) => Completed | Promise<Completed>;
};

export interface ServedDevice {
  readonly handlers: Handlers;
  /** Returns the completion of a command whose handler threw this; null if it is not the device's. */
  completionOf(error: unknown, events: Events): Completed | null;
  /** Cancels the command that waits for a customer. */
  cancelWaiting(): void;
  /** Called when the power has failed. */
  powerCut(): void;
}

export const done = (payload: Record<string, unknown> = {}): Completed => ({
  code: "success",
  payload,
});
export const failed = (errorCode: string): Completed => ({
  code: "commandErrorCode",
  payload: { errorCode },
});

/** Returns the interfaces of a device with these commands, for its capabilities. */
export function interfacesOf(handlers: Handlers) {
  const names = Object.keys(handlers) as CommandName[];
  const interfaceOf = (name: string) => name.slice(0, name.indexOf("."));
  return [...new Set(names.map(interfaceOf))].map((name) => ({
    name,
    commands: Object.fromEntries(
      names.filter((command) => interfaceOf(command) === name)
        .map((command) => [command, { versions: [commands[command].versions[0]] }]),
    ),
    events: Object.fromEntries(
      Object.entries(events).filter(([event]) => interfaceOf(event) === name)
        .map(([event, { version }]) => [event, { versions: [version] }]),
    ),
    maximumRequests: 0,
  }));
}

/**
 * The messages of XFS4IoT that this project uses (specification of 2023 and later): names, versions
 * and schemas, for both ends.
 */
import {
  amount,
  listOf,
  MalformedMessage,
  mapOf,
  matching,
  maybe,
  object,
  type Of,
  oneOf,
  type Schema,
  text,
  whole,
  yesOrNo,
} from "./schema.ts";

export const completionCodes = [
  "success",
  "commandErrorCode",
  "canceled",
  "deviceNotReady",
  "hardwareError",
  "internalError",
  "invalidCommand",
  "invalidRequestID",
  "timeOut",
  "unsupportedCommand",
  "invalidData",
  "userError",
  "unsupportedData",
  "fraudAttempt",
  "sequenceError",
  "authorisationRequired",
  "noCommandNonce",
  "invalidToken",
  "invalidTokenNonce",
  "invalidTokenHMAC",
  "invalidTokenFormat",
  "invalidTokenKeyNoValue",
  "notEnoughSpace",
] as const;
export type CompletionCode = typeof completionCodes[number];

const unitName = /^unit[0-9A-Za-z]+$/;
const itemName = /^type[0-9A-Z]+$/;
const inPositions = ["inDefault", "inLeft", "inRight", "inCenter", "inTop", "inBottom"] as const;
const outPositions = [
  "outDefault",
  "outLeft",
  "outRight",
  "outCenter",
  "outTop",
  "outBottom",
] as const;
const position = oneOf(...inPositions, "inFront", "inRear", ...outPositions, "outFront", "outRear");

const itemCounts = object({
  fit: maybe(whole),
  unfit: maybe(whole),
  suspect: maybe(whole),
  counterfeit: maybe(whole),
  inked: maybe(whole),
});
export interface Counts {
  /** By the item's name. */
  items: Record<string, number>;
  unrecognized: number;
}
/** Counts as they are sent. */
export type SentCounts = Record<string, { fit: number }>;

/** Counts of items, each kind summed up over its qualities. */
const counts: Schema<Counts> = (value, where) => {
  const { unrecognized = 0 } = object({ unrecognized: maybe(whole) })(value, where);
  const each = Object.entries(mapOf(itemName, itemCounts)(value, where));
  const items = each.map((
    [name, { fit = 0, unfit = 0, suspect = 0, counterfeit = 0, inked = 0 }],
  ) => [name, fit + unfit + suspect + counterfeit + inked] as const);
  return { items: Object.fromEntries(items), unrecognized };
};

const cashConfiguration = object({
  types: maybe(object({
    cashIn: maybe(yesOrNo),
    cashOut: maybe(yesOrNo),
    replenishment: maybe(yesOrNo),
    cashInRetract: maybe(yesOrNo),
    cashOutRetract: maybe(yesOrNo),
    reject: maybe(yesOrNo),
  })),
  currency: maybe(matching(/^[A-Z]{3}$/)),
  value: maybe(amount),
  cashItems: maybe(listOf(matching(itemName))),
  name: maybe(text),
});
const cashUnit = object({
  configuration: maybe(cashConfiguration),
  status: maybe(object({
    index: maybe(whole),
    initial: maybe(counts),
    out: maybe(object({
      presented: maybe(counts),
      rejected: maybe(counts),
      distributed: maybe(counts),
      unknown: maybe(counts),
      stacked: maybe(counts),
      diverted: maybe(counts),
      transport: maybe(counts),
    })),
    in: maybe(object({
      retractOperations: maybe(whole),
      deposited: maybe(counts),
      retracted: maybe(counts),
      rejected: maybe(counts),
      distributed: maybe(counts),
      transport: maybe(counts),
    })),
    accuracy: maybe(oneOf("accurate", "accurateSet", "inaccurate", "unknown")),
    replenishmentStatus: maybe(oneOf("ok", "full", "high", "low", "empty")),
    operationStatus: maybe(oneOf("dispenseInoperative", "depositInoperative")),
  })),
});
const storageUnit = object({
  id: maybe(matching(/^.{1,5}$/)),
  positionName: maybe(text),
  capacity: maybe(whole),
  status: maybe(oneOf("ok", "inoperative", "missing", "notConfigured", "manipulated")),
  serialNumber: maybe(text),
  cash: maybe(cashUnit),
  card: maybe(object({
    capabilities: maybe(object({ type: maybe(oneOf("retain", "dispense", "park")) })),
    status: maybe(object({ count: maybe(whole), retainCount: maybe(whole) })),
  })),
});
export type StorageUnit = Of<typeof storageUnit>;
const storage = mapOf(unitName, storageUnit);

const currencies = mapOf(/^[A-Z]{3}$/, amount);
const unitValues = mapOf(unitName, whole);
/** Notes that were dispensed, by unit. */
const denomination = object({ currencies: maybe(currencies), values: maybe(unitValues) });

const shutter = oneOf(
  "closed",
  "open",
  "jammedOpen",
  "jammedPartiallyOpen",
  "jammedClosed",
  "jammedUnknown",
  "unknown",
);
const positions = listOf(object({
  position: maybe(position),
  shutter: maybe(shutter),
  positionStatus: maybe(oneOf("empty", "notEmpty", "unknown", "foreignItems")),
  transport: maybe(oneOf("ok", "inoperative", "unknown")),
  transportStatus: maybe(oneOf("empty", "notEmpty", "notEmptyCustomer", "unknown")),
}));
const status = object({
  common: object({
    device: oneOf(
      "online",
      "offline",
      "powerOff",
      "noDevice",
      "hardwareError",
      "userError",
      "deviceBusy",
      "fraudAttempt",
      "potentialFraud",
      "starting",
    ),
    exchange: maybe(oneOf("active", "inactive")),
    endToEndSecurity: maybe(oneOf("notEnforced", "notConfigured", "enforced")),
  }),
  cashDispenser: maybe(object({
    intermediateStacker: maybe(
      oneOf("empty", "notEmpty", "notEmptyCustomer", "notEmptyUnknown", "unknown"),
    ),
    positions: maybe(positions),
  })),
  cashAcceptor: maybe(object({
    intermediateStacker: maybe(oneOf("empty", "notEmpty", "full", "unknown")),
    stackerItems: maybe(oneOf("customerAccess", "noCustomerAccess", "accessUnknown", "noItems")),
    banknoteReader: maybe(oneOf("ok", "inoperable", "unknown")),
    positions: maybe(positions),
  })),
  cardReader: maybe(object({
    media: maybe(oneOf("unknown", "present", "notPresent", "jammed", "entering", "latched")),
  })),
});
export type Status = Of<typeof status>;

const capabilities = object({
  interfaces: listOf(object({
    name: text,
    commands: maybe(mapOf(/./, object({ versions: listOf(text) }))),
    events: maybe(mapOf(/./, object({ versions: listOf(text) }))),
    maximumRequests: maybe(whole),
  })),
  common: object({
    serviceVersion: maybe(text),
    deviceInformation: maybe(
      listOf(object({ modelName: maybe(text), serialNumber: maybe(text) })),
    ),
    endToEndSecurity: maybe(object({
      required: maybe(oneOf("ifConfigured", "always")),
      hardwareSecurityElement: maybe(yesOrNo),
      responseSecurityEnabled: maybe(oneOf("ifConfigured", "always")),
      commands: maybe(listOf(text)),
      commandNonceTimeout: maybe(whole),
    })),
  }),
  cashDispenser: maybe(object({
    type: maybe(text),
    maxDispenseItems: maybe(whole),
    shutterControl: maybe(yesOrNo),
    itemsTakenSensor: maybe(yesOrNo),
  })),
  cashAcceptor: maybe(object({
    maxCashInItems: maybe(whole),
    shutterControl: maybe(yesOrNo),
    itemsTakenSensor: maybe(yesOrNo),
  })),
});

const nothing = object({});
const failed = { errorCode: maybe(text) };
/** The completion of a command that failed. */
export const failure = object(failed);
const nonce = matching(/^[0-9A-F]{32}$|^[0-9]+$/);
/** An end-to-end security token: at most 1,024 printable characters. */
const token = matching(/^[!-~]{0,1024}$/);

interface CommandForm {
  /** The versions of command and completion. */
  versions: readonly [command: string, completion: string];
  payload: Schema<unknown>;
  completion: Schema<unknown>;
}

function command<P, C>(
  versions: readonly [string, string],
  payload: Schema<P>,
  completion: Schema<C>,
) {
  return { versions, payload, completion };
}

const v2 = ["2.0", "2.0"] as const;
const cardPlace = matching(/^(?:exit|transport|unit[0-9A-Za-z]+)$/);

export const commands = {
  "ServicePublisher.GetServices": command(
    v2,
    nothing,
    object({ vendorName: maybe(text), services: maybe(listOf(object({ serviceURI: text }))) }),
  ),
  "Common.Status": command(["2.0", "3.0"], nothing, status),
  "Common.Capabilities": command(["2.0", "3.0"], nothing, capabilities),
  "Common.Cancel": command(v2, object({ requestIds: maybe(listOf(whole)) }), object(failed)),
  "Common.GetCommandNonce": command(v2, nothing, object({ commandNonce: maybe(nonce) })),
  "Common.ClearCommandNonce": command(v2, nothing, nothing),
  "Storage.GetStorage": command(["2.0", "2.1"], nothing, object({ storage: maybe(storage) })),
  "Storage.StartExchange": command(v2, nothing, object(failed)),
  "Storage.SetStorage": command(["2.1", "2.0"], object({ storage }), object(failed)),
  "Storage.EndExchange": command(v2, nothing, object(failed)),
  "CashDispenser.GetMixTypes": command(
    v2,
    nothing,
    object({
      mixes: maybe(
        mapOf(/./, object({ type: maybe(text), algorithm: maybe(text), name: maybe(text) })),
      ),
    }),
  ),
  "CashDispenser.Denominate": command(
    ["3.0", "3.0"],
    object({
      request: object({
        denomination: object({
          app: maybe(object({ currencies: maybe(currencies), counts: maybe(unitValues) })),
        }),
      }),
    }),
    object({ ...failed, result: maybe(denomination) }),
  ),
  "CashDispenser.Dispense": command(
    ["3.0", "3.0"],
    object({
      denomination: object({
        denomination: object({
          app: maybe(object({ currencies: maybe(currencies), counts: maybe(unitValues) })),
        }),
      }),
      position: maybe(position),
      token: maybe(token),
    }),
    object({ ...failed, denomination: maybe(denomination), bunches: maybe(text) }),
  ),
  "CashDispenser.Present": command(
    v2,
    object({ position: maybe(position) }),
    object({
      ...failed,
      position: maybe(object({ position: maybe(position), additionalBunches: maybe(text) })),
    }),
  ),
  "CashDispenser.Reject": command(v2, nothing, object(failed)),
  "CashDispenser.GetPresentStatus": command(
    ["2.0", "3.0"],
    object({ position: maybe(position), nonce: maybe(nonce) }),
    object({
      ...failed,
      denomination: maybe(denomination),
      presentState: maybe(oneOf("presented", "notPresented", "unknown")),
      token: maybe(token),
    }),
  ),
  "CashManagement.GetBankNoteTypes": command(
    v2,
    nothing,
    object({
      items: maybe(mapOf(
        itemName,
        object({
          cashItem: object({
            noteID: maybe(whole),
            currency: matching(/^[A-Z]{3}$/),
            value: amount,
            release: maybe(whole),
          }),
          enabled: maybe(yesOrNo),
        }),
      )),
    }),
  ),
  "CashManagement.Retract": command(
    v2,
    object({
      location: object({
        outputPosition: maybe(position),
        retractArea: maybe(
          oneOf("retract", "transport", "stacker", "reject", "itemCassette", "cashIn"),
        ),
        index: maybe(whole),
      }),
    }),
    object(failed),
  ),
  "CashManagement.Reset": command(
    v2,
    object({
      position: maybe(object({ target: maybe(text), unit: maybe(text), index: maybe(whole) })),
    }),
    object(failed),
  ),
  "CashAcceptor.CashInStart": command(
    v2,
    object({
      useRecycleUnits: maybe(yesOrNo),
      inputPosition: maybe(position),
      outputPosition: maybe(position),
      totalItemsLimit: maybe(whole),
    }),
    object(failed),
  ),
  "CashAcceptor.CashIn": command(v2, nothing, object({ ...failed, items: maybe(counts) })),
  "CashAcceptor.CashInEnd": command(v2, nothing, object(failed)),
  "CashAcceptor.CashInRollback": command(v2, nothing, object(failed)),
  "CashAcceptor.GetCashInStatus": command(
    v2,
    nothing,
    object({
      status: maybe(oneOf("ok", "rollback", "active", "retract", "unknown", "reset")),
      numOfRefused: maybe(whole),
      noteNumberList: maybe(counts),
    }),
  ),
  "CardReader.ReadRawData": command(
    ["2.0", "3.0"],
    object({ track2: maybe(yesOrNo) }),
    object({
      ...failed,
      track2: maybe(object({
        status: maybe(oneOf(
          "dataMissing",
          "dataInvalid",
          "dataTooLong",
          "dataTooShort",
          "dataSourceNotSupported",
          "dataSourceMissing",
        )),
        data: maybe(text),
      })),
    }),
  ),
  "CardReader.Move": command(
    v2,
    object({ from: maybe(cardPlace), to: maybe(cardPlace) }),
    object(failed),
  ),
  "CardReader.Reset": command(
    v2,
    object({ to: maybe(oneOf("exit", "retain", "currentPosition", "auto")) }),
    object(failed),
  ),
} satisfies Record<string, CommandForm>;

export type CommandName = keyof typeof commands;
export type PayloadOf<N extends CommandName> = Of<typeof commands[N]["payload"]>;
export type CompletionOf<N extends CommandName> = Of<typeof commands[N]["completion"]>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

interface EventForm {
  version: string;
  payload: Schema<unknown>;
}

const atPosition = object({ position: maybe(position), additionalBunches: maybe(text) });

/** Events, during a command and unsolicited. Others are ignored. */
export const events = {
  "ServicePublisher.ServiceDetailEvent": { version: "2.0", payload: nothing },
  "Common.StatusChangedEvent": { version: "3.0", payload: nothing },
  "Common.NonceClearedEvent": {
    version: "2.0",
    payload: object({ reasonDescription: maybe(text) }),
  },
  "Common.ErrorEvent": {
    version: "2.0",
    payload: object({
      eventId: oneOf("hardware", "software", "user", "fraudAttempt"),
      action: oneOf(
        "reset",
        "softwareError",
        "configuration",
        "clear",
        "maintenance",
        "suspend",
      ),
      vendorDescription: maybe(text),
    }),
  },
  "Storage.StorageErrorEvent": {
    version: "2.1",
    payload: object({ failure: maybe(text) }),
  },
  "Storage.StorageChangedEvent": { version: "2.1", payload: storage },
  "Storage.StorageThresholdEvent": { version: "2.1", payload: storage },
  "Storage.CountsChangedEvent": { version: "2.0", payload: storage },
  "CashManagement.ItemsTakenEvent": { version: "2.0", payload: atPosition },
  "CashManagement.ItemsPresentedEvent": { version: "2.0", payload: atPosition },
  "CashManagement.ItemsInsertedEvent": { version: "2.0", payload: atPosition },
  "CashManagement.ShutterStatusChangedEvent": {
    version: "2.0",
    payload: object({
      position: maybe(position),
      shutter: maybe(oneOf("closed", "open", "jammed", "unknown")),
    }),
  },
  "CashManagement.MediaDetectedEvent": {
    version: "2.0",
    payload: object({ target: maybe(text), unit: maybe(text), index: maybe(whole) }),
  },
  "CashDispenser.StartDispenseEvent": { version: "2.0", payload: nothing },
  "CashDispenser.IncompleteDispenseEvent": { version: "3.0", payload: denomination },
  "CashAcceptor.InsertItemsEvent": { version: "2.0", payload: nothing },
  "CardReader.InsertCardEvent": { version: "2.0", payload: nothing },
  "CardReader.MediaInsertedEvent": { version: "2.0", payload: nothing },
  "CardReader.MediaRemovedEvent": { version: "2.0", payload: nothing },
  "CardReader.InvalidMediaEvent": { version: "2.0", payload: nothing },
  "CashAcceptor.InputRefuseEvent": { version: "2.0", payload: object({ reason: text }) },
} satisfies Record<string, EventForm>;

export type EventName = keyof typeof events;
export type EventOf<N extends EventName> = Of<typeof events[N]["payload"]>;

const header = object({
  type: oneOf("command", "acknowledge", "event", "completion", "unsolicited"),
  name: matching(/^[A-Za-z0-9]+\.[A-Za-z0-9]+$/),
  requestId: maybe(whole),
  version: maybe(matching(/^[0-9]+\.[0-9]+$/)),
  timeout: maybe(whole),
  status: maybe(oneOf("invalidMessage", "invalidRequestID", "tooManyRequests")),
  completionCode: maybe(oneOf(...completionCodes)),
  errorDescription: maybe(text),
});
export type Header = Of<typeof header>;

export interface Message {
  header: Header;
  /** Not checked yet. */
  payload: unknown;
}

/** Parses a message up to its payload. @throws {MalformedMessage} */
export function parseMessage(line: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new MalformedMessage("the message is not JSON");
  }
  const parsed = object({ header })(value, "message");
  const { type, requestId, completionCode } = parsed.header;
  if (type !== "unsolicited" && !requestId) throw new MalformedMessage(`${type} without requestId`);
  if (type === "completion" && !completionCode) {
    throw new MalformedMessage("completion without completionCode");
  }
  return { ...parsed, payload: (value as { payload?: unknown }).payload ?? {} };
}

export function formatMessage(header: Header, payload: unknown = {}): string {
  return JSON.stringify({ header, payload });
}

/**
 * Checks an event's payload; null for an event that this project does not use.
 * @throws {MalformedMessage}
 */
export function checkEvent({ header: { name }, payload }: Message): EventName | null {
  if (!Object.hasOwn(events, name)) return null;
  (events[name as EventName].payload as Schema<unknown>)(payload, name);
  return name as EventName;
}

/** Returns the name of a banknote's item. */
export function itemNameOf(currency: string, major: string): string {
  return `type${major.replace(".", "X")}${currency}1`;
}

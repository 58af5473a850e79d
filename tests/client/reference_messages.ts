/**
 * The messages of XFS4IoT as the standard has them, for what tests see on a line: names, versions,
 * fields and errors, read from the standard a second time, apart from the product's schemas, which a
 * payload must pass as well. Fields that the standard does not have are refused.
 */
import { assert, assertEquals } from "@std/assert";
import {
  commands,
  completionCodes,
  events,
  type Header,
  isCommandName,
} from "../../client/cash/xfs4iot/messages.ts";
import { connectMessages } from "../../lib/system.ts";
import type { MessageSocket } from "../../lib/world.ts";

/** `NAME COMMAND'S VERSION COMPLETION'S VERSION | command's fields | completion's fields | errors` */
const commandTable = `
ServicePublisher.GetServices     2.0 2.0 | | vendorName services |
Common.Status                    2.0 3.0 | | common cashDispenser cashAcceptor cardReader |
Common.Capabilities              2.0 3.0 | | interfaces common cashDispenser cashAcceptor cardReader |
Common.Cancel                    2.0 2.0 | requestIds | | noMatchingRequestIDs
Common.GetCommandNonce           2.0 2.0 | | commandNonce |
Common.ClearCommandNonce         2.0 2.0 | | |
Storage.GetStorage               2.0 2.1 | | storage |
Storage.StartExchange            2.0 2.0 | | | storageUnitError exchangeActive transactionActive
Storage.SetStorage               2.1 2.0 | storage | | invalidUnit noExchangeActive storageUnitError
Storage.EndExchange              2.0 2.0 | | | storageUnitError noExchangeActive
CashDispenser.GetMixTypes        2.0 2.0 | | mixes |
CashDispenser.Denominate         3.0 3.0 | request | result | DENOMINATE
CashDispenser.Dispense           3.0 3.0 | denomination position token | denomination bunches storage | DENOMINATE unsupportedPosition safeDoorOpen itemsLeft shutterOpen
CashDispenser.Present            2.0 2.0 | position | position | shutterNotOpen shutterOpen noItems exchangeActive presentErrorNoItems presentErrorItems presentErrorUnknown unsupportedPosition
CashDispenser.Reject             2.0 2.0 | | | cashUnitError noItems exchangeActive
CashDispenser.GetPresentStatus   2.0 3.0 | position nonce | denomination presentState token |
CashManagement.GetBankNoteTypes  2.0 2.0 | | items |
CashManagement.Retract           2.0 2.0 | location | storage transport stacker | RETRACT
CashManagement.Reset             2.0 2.0 | position | storage transport stacker | RETRACT
CashAcceptor.CashInStart         2.0 2.0 | useRecycleUnits inputPosition outputPosition totalItemsLimit amountLimit | | invalidTellerId unsupportedPosition exchangeActive cashInActive safeDoorOpen
CashAcceptor.CashIn              2.0 2.0 | | items | cashUnitError tooManyItems noItems exchangeActive shutterNotClosed noCashInActive positionNotEmpty safeDoorOpen foreignItemsDetected shutterNotOpen
CashAcceptor.CashInEnd           2.0 2.0 | | storage | cashUnitError noItems exchangeActive noCashInActive positionNotEmpty safeDoorOpen
CashAcceptor.CashInRollback      2.0 2.0 | | storage | cashUnitError noItems exchangeActive noCashInActive positionNotEmpty shutterNotOpen
CashAcceptor.GetCashInStatus     2.0 2.0 | | status numOfRefused noteNumberList |
CardReader.ReadRawData           2.0 3.0 | track2 | track2 | mediaJam shutterFail noMedia invalidMedia cardTooShort cardTooLong securityFail cardCollision
CardReader.Move                  2.0 2.0 | from to | | mediaJam shutterFail noMedia occupied full mediaRetained
CardReader.Reset                 2.0 2.0 | to | | mediaJam shutterFail noMedia occupied full mediaRetained
`;
const groups: Record<string, string> = {
  DENOMINATE: "invalidCurrency invalidTellerID cashUnitError invalidDenomination " +
    "invalidMixNumber noCurrencyMix notDispensable tooManyItems exchangeActive noCashBoxPresent " +
    "amountNotInMixTable",
  RETRACT: "cashUnitError noItems exchangeActive shutterNotClosed itemsTaken " +
    "invalidRetractPosition notRetractArea foreignItemsDetected positionNotEmpty incompleteRetract",
};

/** `NAME VERSION fields`; `*` for units by their names. */
const eventTable = `
ServicePublisher.ServiceDetailEvent  2.0 vendorName services
Common.StatusChangedEvent            3.0 common cashDispenser cashAcceptor cardReader
Common.ErrorEvent                    2.0 eventId action vendorDescription
Common.NonceClearedEvent             2.0 reasonDescription
Storage.CountsChangedEvent           2.0 *
CashManagement.ItemsTakenEvent       2.0 position additionalBunches
CashManagement.ItemsPresentedEvent   2.0 position additionalBunches
CashManagement.ItemsInsertedEvent    2.0 position additionalBunches
CashManagement.MediaDetectedEvent    2.0 target unit index
CashDispenser.StartDispenseEvent     2.0
CashAcceptor.InsertItemsEvent        2.0
CashAcceptor.InputRefuseEvent        2.0 reason
CardReader.InsertCardEvent           2.0
CardReader.MediaInsertedEvent        2.0
CardReader.MediaRemovedEvent         2.0
`;

const words = (text = "") =>
  text.trim().split(/\s+/).filter((word) => word !== "")
    .flatMap((word) => groups[word]?.split(" ") ?? [word]);
const linesOf = (table: string) => table.trim().split("\n");

const commandForms = new Map(
  linesOf(commandTable).map((line) => {
    const [head, payload, completion, errors] = line.split("|").map(words);
    const [name, ...versions] = head!;
    return [name!, { versions, payload: payload!, completion: completion!, errors: errors! }];
  }),
);
const eventForms = new Map(
  linesOf(eventTable).map((line) => {
    const [name, version, ...fields] = words(line);
    return [name!, { version, fields }];
  }),
);

type Sender = "ATM" | "devices";
/** Fields of a header by its type. */
interface HeaderForm {
  needed: string[];
  optional: string[];
  from: Sender;
}
const headerForms: Record<string, HeaderForm> = {
  command: { needed: ["name", "requestId", "version"], optional: ["timeout"], from: "ATM" },
  acknowledge: { needed: ["name", "requestId"], optional: ["version", "status"], from: "devices" },
  event: { needed: ["name", "requestId", "version"], optional: [], from: "devices" },
  completion: {
    needed: ["name", "requestId", "completionCode"],
    optional: ["version", "errorDescription"],
    from: "devices",
  },
  unsolicited: { needed: ["name", "version"], optional: [], from: "devices" },
};

/** Requires that a message is one of the standard's. */
export function requireStandard(text: string, from: Sender): void {
  const { header, payload, ...more } = JSON.parse(text);
  assertEquals(more, {}, text);
  const { type, name, version, completionCode } = header as Header;
  const form = headerForms[type]!;
  assertEquals(form.from, from, text);
  const given = Object.keys(header).filter((field) => field !== "type");
  assertEquals(form.needed.filter((field) => !given.includes(field)), [], text);
  const known = [...form.needed, ...form.optional];
  assertEquals(given.filter((field) => !known.includes(field)), [], text);
  if (type === "event" || type === "unsolicited") {
    const { version: expected, fields = [] } = eventForms.get(name) ?? {};
    assertEquals(version, expected, text);
    if (!fields.includes("*")) requireFields(payload, fields, text);
    events[name as keyof typeof events].payload(payload, name);
    return;
  }
  const command = commandForms.get(name);
  if (type !== "command" && !command) return; // the answer to a command that nobody has
  if (!command || !isCommandName(name)) throw new Error(`no command of the standard: ${text}`);
  if (type === "acknowledge") return;
  assertEquals(version, command.versions[type === "command" ? 0 : 1], text);
  if (type === "command") {
    requireFields(payload, command.payload, text);
    commands[name].payload(payload, name);
    return;
  }
  assert(completionCode && completionCodes.includes(completionCode), text);
  if (completionCode === "success") {
    requireFields(payload, command.completion, text);
    commands[name].completion(payload, name);
  } else if (completionCode === "commandErrorCode") {
    requireFields(payload, ["errorCode"], text);
    assert(command.errors.includes(payload.errorCode), text);
  } else requireFields(payload, [], text);
}

function requireFields(payload: object, fields: readonly string[], text: string): void {
  assertEquals(Object.keys(payload).filter((field) => !fields.includes(field)), [], text);
}

/** Returns an ATM's socket on which both sides send nothing but the standard's messages. */
export function standardLine(socket: MessageSocket): MessageSocket {
  return {
    ...standard(socket, "ATM"),
    async receive() {
      const text = await socket.receive();
      if (text !== null) requireStandard(text, "devices");
      return text;
    },
  };
}

/** Returns an ATM's connection to its devices, on which all is checked. */
export const connectStandard = async (url: string) => standardLine(await connectMessages(url));

/** Returns a socket that sends nothing but the standard's messages. */
export function standard(socket: MessageSocket, from: Sender): MessageSocket {
  return {
    receive: () => socket.receive(),
    close: () => socket.close(),
    send(text) {
      requireStandard(text, from);
      socket.send(text);
    },
  };
}

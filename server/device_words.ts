/** A terminal's cash devices in words: its report of them, and their protection. */
import type { AtmFailure } from "../lib/atm.ts";
import { scarceNotesMax } from "../lib/limits.ts";
import { type Currency, formatMoney } from "../lib/money.ts";
import type { AskOf, CassetteReport, JammedDevice } from "../lib/protocol/message.ts";
import type { Terminal } from "./ledger/model.ts";

/** The state of a terminal's cash devices. */
export type DeviceReport = Omit<AskOf<"report">, "op">;

/** The prefix of every such entry. */
export const reportPrefix = "report devices: ";

/** Why a terminal serves nobody, for its operator. */
const failures: Record<AtmFailure, string> = {
  disk_failed: "out of service: its disk is full or fails",
  journal_lost: "out of service: its journal lacks movements, count its notes",
};

/** Devices in words. */
export const deviceNames: Record<JammedDevice, string> = {
  dispenser: "dispenser",
  acceptor: "acceptor",
  card_reader: "card reader",
};

/**
 * Returns a report in words: "report devices: €20.00 empty, €50.00 low (3), dispenser jammed";
 * "report devices: all well".
 */
export function reportInWords(
  report: DeviceReport,
  currency: Currency,
): string {
  const { cassettes, stopped, away = false } = report;
  const filled = filledOf(report);
  const money = (minor: string) => formatMoney(BigInt(minor), currency);
  const troubles = [
    stopped && failures[stopped],
    !away && cassettes.every(({ count }) => count === 0) && "no cash",
    ...filled.map(({ value, count }) =>
      count === 0
        ? `${money(value)} empty`
        : count <= scarceNotesMax && `${money(value)} low (${count})`
    ),
    ...faultsOf(report, currency),
  ].filter((trouble) => trouble);
  return reportPrefix + (troubles.join(", ") || "all well");
}

/**
 * Returns the cassettes in which staff's last load or count put notes: only these can become low or
 * empty. Another may have notes of customers.
 */
export function filledOf({ cassettes }: Pick<DeviceReport, "cassettes">): CassetteReport[] {
  return cassettes.filter(({ unfilled = false }) => !unfilled);
}

/** Returns what staff must see to at the devices, besides their cassettes. */
export function faultsOf(
  { jammed, away = false, counted, left, retained = 0 }: DeviceReport,
  currency: Currency,
): string[] {
  return [
    ...jammed.map((device) => `${deviceNames[device]} jammed`),
    ...(away ? ["cash devices not reachable"] : []),
    ...(counted ? [] : ["count lost"]),
    ...(left === "0" ? [] : [`${formatMoney(BigInt(left), currency)} left by customers`]),
    ...(retained > 0 ? [`cards retained: ${retained}`] : []),
  ];
}

/** Returns the notes of each cassette: "€50.00 × 40, €20.00 × 100". */
export function cassettesInWords({ cassettes }: DeviceReport, currency: Currency): string {
  return cassettes.map(({ value, count }) => `${formatMoney(BigInt(value), currency)} × ${count}`)
    .join(", ");
}

/**
 * Returns whether two reports are the same in words: their counts may differ with every note. Whether
 * a service has keys matters only to a terminal whose device has some.
 */
export function isSameState(one: DeviceReport, other: DeviceReport): boolean {
  const gist = ({ cassettes, keyless: _, ...rest }: DeviceReport) =>
    JSON.stringify({
      cassettes: filledOf({ cassettes }).map(({ value, count }) => [
        value,
        count > scarceNotesMax,
        count > 0,
      ]),
      hasCash: cassettes.some(({ count }) => count > 0),
      ...rest,
    });
  return gist(one) === gist(other);
}

/** Returns in words whether the dispenser of a terminal obeys the bank's tokens alone. */
export function protectionOf({ device }: Pick<Terminal, "device">): string {
  if (!device) return "none";
  return device.state === "active" ? `tokens for ${device.name}` : `${device.name} is revoked`;
}

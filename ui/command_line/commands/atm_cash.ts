/** `atm cash`: shows, fills and counts the cassettes of an ATM that is not running. */
import type { CommandDefinition } from "../command.ts";
import { devicesOf, withDevices } from "../devices_flags.ts";
import { atmTask, withTerminal } from "../terminal.ts";

const notes = "notes and how many of each, such as 20x100";

export const atmCash: CommandDefinition[] = [
  {
    name: "atm cash show",
    summary: "Show what is in the cassettes of an ATM that is not running",
    examples: ["--key lobby.key", "--key lobby.key --json"],
    define: (command, { path, launch }) =>
      withDevices(withTerminal(command, path), path)
        .option("--json", "print it as a line of JSON")
        .action(({ key, data: folder, json, ...flags }) =>
          launch({
            kind: "cash",
            command: "show",
            json,
            devices: devicesOf(flags),
            terminal: { key, folder },
            notes: [],
          })
        ),
  },
  {
    name: "atm cash load",
    summary: "Fill the cassettes of an ATM that is not running",
    examples: ["20x100 50x40 --key lobby.key"],
    define: (command, { path, launch }) =>
      withDevices(withTerminal(command, path), path)
        .argument("<NOTES...>", notes)
        .action((notes, { key, data: folder, ...flags }) =>
          launch({
            kind: "cash",
            command: "load",
            devices: devicesOf(flags),
            terminal: { key, folder },
            notes,
            next: `${atmTask({ key, folder }, devicesOf(flags))}: the bank books it.`,
          })
        ),
  },
  {
    name: "atm cash count",
    summary: "Correct the counts of an ATM that is not running",
    details:
      "Take all notes out, count them and put them back. A shortage or surplus is booked to the " +
      "differences account.",
    examples: ["20x98 50x40 --key lobby.key"],
    define: (command, { path, launch }) =>
      withDevices(withTerminal(command, path), path)
        .argument("<NOTES...>", notes)
        .action((notes, { key, data: folder, ...flags }) =>
          launch({
            kind: "cash",
            command: "count",
            devices: devicesOf(flags),
            terminal: { key, folder },
            notes,
            next: `${atmTask({ key, folder }, devicesOf(flags))}: the bank books it.`,
          })
        ),
  },
];

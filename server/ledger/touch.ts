/** The rows that a batch may read or change. */
import { type Command, visitOf } from "./command.ts";
import {
  cardSource,
  cashSource,
  customerAtSource,
  customerSource,
  type MovementId,
  recipientSource,
  type TerminalId,
  terminalSource,
} from "./model.ts";

/** The rows that the rules need of a batch. */
export interface Touch {
  movements: Set<MovementId>;
  /** Some of these may not exist. */
  accountNumbers: Set<string>;
  /** Accounts without a command; those of movements are loaded with the movements. */
  accounts: Set<number>;
  /** Numbers of accounts to be closed: their open movements are loaded, too. */
  closing: Set<string>;
  customers: Set<string>;
  terminals: Set<TerminalId>;
  /** Names of terminals, and of devices. */
  terminalNames: Set<string>;
  failureSources: Set<string>;
  /** Terminals whose open withdrawals with tokens are loaded, too. */
  devices: Set<TerminalId>;
}

/**
 * Returns the rows that these commands may read or change. A movement includes its accounts and
 * terminal, an account its customer.
 */
export function touchOf(commands: readonly Command[]): Touch {
  const touch: Touch = {
    movements: new Set(),
    accountNumbers: new Set(),
    accounts: new Set(),
    closing: new Set(),
    customers: new Set(),
    terminals: new Set(),
    terminalNames: new Set(),
    failureSources: new Set(),
    devices: new Set(),
  };
  for (const command of commands) {
    if ("movement" in command) touch.movements.add(command.movement);
    if (command.op === "attest" && command.of) touch.movements.add(command.of);
    if (command.op === "attest") touch.devices.add(command.terminal);
    if (command.op === "authorise" && command.dispense) touch.devices.add(command.terminal);
    if (command.op === "reseal_terminals") {
      for (const { terminal } of command.keys) touch.terminals.add(terminal);
    }
    if (command.op === "restore") {
      for (const { id } of command.terminals) touch.terminals.add(id);
    }
    if (command.op === "end_restore") {
      for (const id of command.paid) touch.terminals.add(id);
    }
    if ("account" in command && command.account) touch.accountNumbers.add(command.account);
    if (command.op === "transfer" || command.op === "retell_transfer") {
      touch.accountNumbers.add(command.to);
    }
    if (command.op === "set_account_state" && command.state === "closed") {
      touch.closing.add(command.account);
    }
    if ("numbers" in command) {
      for (const number of command.numbers) touch.accountNumbers.add(number);
    }
    if (command.op === "transfer" || command.op === "look_up") {
      touch.failureSources.add(recipientSource(command.customer));
    }
    if (command.op === "load_cash" || command.op === "count_cash") {
      touch.failureSources.add(cashSource(command.terminal));
    }
    if ("terminal" in command && command.terminal) touch.terminals.add(command.terminal);
    const visit = visitOf(command);
    if (visit) touch.customers.add(visit.customer);
    if ("username" in command && command.username !== "") touch.customers.add(command.username);
    if (command.op === "enrol_terminal" || command.op === "enrol_device") {
      touch.terminalNames.add(command.name);
    }
    switch (command.op) {
      case "begin_card_log_in":
      case "end_card_log_in":
        touch.failureSources.add(terminalSource(command.terminal));
        /* falls through */
      case "end_log_in":
      case "issue_card":
        if (command.username !== "") touch.failureSources.add(cardSource(command.username));
    }
    if ("nameHash" in command) {
      touch.failureSources.add(customerSource(command.nameHash));
      touch.failureSources.add(customerAtSource(command.nameHash, command.terminal));
      touch.failureSources.add(terminalSource(command.terminal));
    }
  }
  return touch;
}

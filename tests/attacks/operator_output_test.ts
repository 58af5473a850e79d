/**
 * Secrets go in on every path, as customers, terminals, operators and strangers send them; none
 * comes out in the operator's log, in metrics or in the status.
 */
import { assert } from "@std/assert";
import { formatLogEvent } from "../../lib/log_event.ts";
import { type OperatorCommand, operatorCommands } from "../../lib/operator_commands.ts";
import type { Ask } from "../../lib/protocol/message.ts";
import { utf8 } from "../../lib/bytes.ts";
import { metricsOf } from "../../server/metrics/metrics.ts";
import { newId, passwords, RunningBank } from "../server/helpers/running_bank.ts";

const secret = "Tr0ub4dor-and-3";

/** What customers and terminals may send with a secret in it. */
const asks: Ask[] = [
  { op: "log_in", username: "alice", password: secret },
  { op: "log_in", username: secret.toLowerCase(), password: secret },
  { op: "log_in", username: secret, password: "x" },
  { op: "log_in", username: "bob", password: passwords.bob },
  { op: "change_password", current: passwords.bob, next: secret },
  { op: "change_password", current: secret, next: `${secret} again` },
  { op: "recipient", account: secret, from: secret },
  { op: "history", filter: { text: secret } },
  {
    op: "authorise",
    kind: "withdrawal",
    movement: newId(),
    account: secret,
    amount: secret,
    currency: "EUR",
  },
  { op: "balance", account: secret },
  { op: "set_pin", pin: secret },
  { op: "complete", movement: secret, amount: secret, status: secret },
  { op: "attest", status: secret },
];

/** The same of operators. */
const commands: OperatorCommand[] = [
  { command: "add_customer", username: "carol", passwordHash: secret, opening: "0" },
  { command: "add_customer", username: secret, passwordHash: secret, opening: secret },
  { command: "open_account", username: "alice", name: "savings", opening: secret },
  { command: "set_limits", day: secret },
  { command: "show_statement", customer: secret },
  { command: "enrol_terminal", name: "far", key: secret },
  { command: "read_receipt", reference: secret, note: false },
  { command: "show_audit", json: false, follow: false, from: secret },
  ...everyCommandWith(secret),
];

/** Returns every command, with a text in each of its fields that takes one. */
function everyCommandWith(text: string): OperatorCommand[] {
  return Object.entries(operatorCommands).map(([command, shape]) => {
    const fields = Object.entries(shape as Record<string, string | readonly string[]>)
      .map((
        [name, field],
      ) => [
        name,
        field === "text" || field === "text?" ? text : Array.isArray(field) ? field[0] : false,
      ]);
    return { command, ...Object.fromEntries(fields) } as OperatorCommand;
  });
}

Deno.test("no secret is in the operator's log, in metrics or in the status", () =>
  RunningBank.with(async (running) => {
    const printed: string[] = [];
    for (const ask of asks) {
      const atm = ask.op === "log_in" ? await running.connect() : await running.visit("bob")
        .catch(() => running.connect());
      await atm.client.ask(ask).catch(() => {});
      await atm.client.close();
    }
    await running.answerTo(utf8(secret));
    const outputs: string[] = [];
    for (const command of commands) {
      await Array.fromAsync(running.operate(command)).catch(() => {});
    }
    for (const json of [false, true]) {
      const command = { command: "show_status", json, watch: false } as const;
      for await (const answer of running.operate(command)) outputs.push(JSON.stringify(answer));
    }
    outputs.push(await metricsOf(running.bank));
    const { keys } = running.bank;
    await running.stop();
    printed.push(...outputs, ...running.log);
    for (const event of running.events) {
      for (const form of ["text", "json"] as const) printed.push(formatLogEvent(event, 0, form));
    }
    assert(printed.length > 20);
    const hidden = [
      secret,
      ...Object.values(passwords),
      keys.master.toHex(),
      keys.checkpoint.toHex(),
      ...keys.audit.map(({ key }) => key.toHex()),
      ...Object.values(running.keys).map(({ key }) => key.toHex()),
    ];
    for (const text of hidden) {
      for (const form of [text, text.toLowerCase(), btoa(text)]) {
        assert(!printed.some((line) => line.includes(form)), `${text} was printed`);
      }
    }
  }));

/** The dialogs of acts speak of a second operator where one is needed, and not in a bank of one. */
import { assertEquals, assertNotMatch } from "@std/assert";
import type {
  AccountNews,
  BankNews,
  CustomerFacts,
  HoldNews,
  TerminalNews,
} from "../../../lib/console.ts";
import { secondOperator } from "../../../ui/console/parts/act_fields.ts";
import { effectOf } from "../../../ui/console/parts/acts.ts";
import { actsOnBank } from "../../../ui/console/screens/bank/bank_acts.ts";
import { setLimits } from "../../../ui/console/screens/bank/limits.ts";
import { removal } from "../../../ui/console/screens/bank/operators.ts";
import {
  actsOfAccount,
  actsOfCustomer,
  correction,
} from "../../../ui/console/screens/customers/customer_acts.ts";
import { actsOf as actsOnHold } from "../../../ui/console/screens/doubt/hold.ts";
import { actsOf } from "../../../ui/console/screens/terminals/terminal_acts.ts";
import type { Act } from "../../../ui/console/state/model.ts";

const currency = { code: "EUR", exponent: 2 };
const account = (state: string) => ({ number: "1", state }) as AccountNews;
const restore = { waitingFor: "lobby", isPaidUnknown: false };
const server = { clockDoubt: "", aheadMs: 1, restore, isShared: false };
const terminal = (facts: Partial<TerminalNews>) =>
  ({ name: "lobby", device: "cash", notes: "1", nextKeyMs: null, ...facts }) as TerminalNews;

const acts: Act[] = [
  ...actsOfCustomer(
    {
      customer: "alice",
      card: {},
      accounts: [account("open"), account("locked")],
    } as CustomerFacts,
  ),
  ...actsOfAccount(account("open")),
  ...actsOfAccount(account("locked")),
  correction("ab".repeat(16), "withdrawal"),
  ...actsOf(terminal({ state: "active" }), currency),
  ...actsOf(terminal({ state: "suspended" }), currency),
  ...actsOf(terminal({ state: "revoked" }), currency),
  ...actsOnHold(
    { kind: "withdrawal", amount: "1" } as HoldNews,
    { bank: { currency } } as BankNews,
  ),
  ...actsOnBank({ server, bank: { timeZone: "UTC" } } as BankNews, 0),
  setLimits,
  removal("ben"),
];

Deno.test("no act speaks of a second operator in a bank of one", () => {
  for (const act of acts) {
    assertNotMatch(effectOf(act, false), /second operator|four eyes|approve/i, act.title);
  }
});

Deno.test("with four eyes the acts that need, or may need, a second operator say so", () => {
  const said = acts.filter((act) => effectOf(act, true).includes(secondOperator));
  assertEquals([...new Set(said.map(({ command }) => command.command))].sort(), [
    "confirm_clock",
    "correct_movement",
    "end_restore",
    "remove_operator",
    "reset_password",
    "resume_terminal",
    "revoke_device",
    "revoke_terminal",
    "set_back_clock",
    "settle_hold",
    "write_off_terminal",
  ]);
  const partly = acts.filter((act) => /which needs|To raise one needs/.test(effectOf(act, true)));
  assertEquals([...new Set(partly.map(({ command }) => command.command))].sort(), [
    "open_account",
    "set_limits",
  ]);
});

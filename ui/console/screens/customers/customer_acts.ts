/** What can be done with a customer and with an account, in its state. */
import type { AccountNews, CustomerFacts } from "../../../../lib/console.ts";
import {
  limitHint as hint,
  reason,
  secondForMore,
  secondOperator,
} from "../../parts/act_fields.ts";
import type { Act } from "../../state/model.ts";

/** Returns the acts on all accounts of a customer, and on the password and the card. */
export function actsOfCustomer({ customer, accounts, card }: CustomerFacts): Act[] {
  const has = (state: AccountNews["state"]) => accounts.some((account) => account.state === state);
  const change = (state: AccountNews["state"]) =>
    ({ command: "set_customer_state", customer, state, reason: "" }) as const;
  const acts: Act[] = [];
  if (has("open")) {
    acts.push({
      title: `Lock ${customer}`,
      effect: "No more money moves on any account, and a visit at an ATM ends.",
      command: change("locked"),
      fields: [reason],
      verb: "Lock",
      isGrave: true,
    });
  }
  if (has("locked")) {
    acts.push({
      title: `Unlock ${customer}`,
      effect: "Money moves again on all accounts.",
      command: change("open"),
      fields: [reason],
      verb: "Unlock",
      isGrave: false,
    });
  }
  acts.push({
    title: `Reset the password of ${customer}`,
    effect: "A one-time password replaces it, for one change within 24 hours.",
    withFourEyes: `${secondOperator} You see the first half now, and who approves it the other.`,
    command: { command: "reset_password", customer },
    fields: [],
    verb: "Reset the password",
    isGrave: true,
  });
  if (card !== null) {
    acts.push({
      title: `Revoke the card of ${customer}`,
      effect:
        "It is refused and kept, and a visit ends. ‘deno task bank card issue’ makes another.",
      command: { command: "revoke_card", customer },
      fields: [],
      verb: "Revoke the card",
      isGrave: true,
      confirm: customer,
    });
  }
  acts.push({
    title: `Open an account for ${customer}`,
    effect: "The bank pays what it begins with.",
    withFourEyes: "Unless that is 0, it is a payment, which needs a second operator.",
    command: { command: "open_account", username: customer, name: "", opening: "" },
    fields: [
      { name: "name", label: "Its name on screens", value: "savings" },
      { name: "opening", label: "Opening balance", value: "0" },
    ],
    verb: "Open an account",
    isGrave: false,
  });
  if (has("open") || has("locked")) {
    acts.push({
      title: `Close ${customer}`,
      effect: "All accounts end for good; they must be empty.",
      command: change("closed"),
      fields: [reason],
      verb: "Close",
      isGrave: true,
      confirm: customer,
    });
  }
  return acts;
}

/** Returns the acts on one account. */
export function actsOfAccount({ number, state }: AccountNews): Act[] {
  if (state === "closed") return [];
  const change = (state: AccountNews["state"]) =>
    ({ command: "set_account_state", account: number, state, reason: "" }) as const;
  const lock: Act = {
    title: `Lock account ${number}`,
    effect: "No more money moves on it, and a visit at an ATM ends.",
    command: change("locked"),
    fields: [reason],
    verb: "Lock",
    isGrave: true,
  };
  const unlock: Act = {
    title: `Unlock account ${number}`,
    effect: "Money moves again on it.",
    command: change("open"),
    fields: [reason],
    verb: "Unlock",
    isGrave: false,
  };
  const limits: Act = {
    title: `Set limits of account ${number}`,
    effect: "They take precedence over the bank’s.",
    withFourEyes: secondForMore,
    command: { command: "set_limits", account: number },
    fields: [
      { name: "withdrawal", label: "One withdrawal", hint, isOptional: true },
      { name: "day", label: "Out in a day", hint, isOptional: true },
    ],
    verb: "Set limits",
    isGrave: false,
  };
  const close: Act = {
    title: `Close account ${number}`,
    effect: "It ends for good; it must be empty.",
    command: change("closed"),
    fields: [reason],
    verb: "Close",
    isGrave: true,
    confirm: number,
  };
  return [state === "open" ? lock : unlock, limits, close];
}

/** Returns the act that corrects what a movement has booked. */
export function correction(movement: string, action: string): Act {
  return {
    title: `Correct: ${action}`,
    effect: "The difference to what should have been booked is booked against the bank’s " +
      "differences account, or the other account of a transfer.",
    withFourEyes: secondOperator,
    command: { command: "correct_movement", movement, amount: "", reason: "" },
    fields: [
      {
        name: "amount",
        label: "What should have been booked",
        hint: "the whole amount; 0 takes it back",
      },
      reason,
    ],
    verb: "Correct",
    isGrave: true,
  };
}

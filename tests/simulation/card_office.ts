/** Where the bank's people give customers cards, and end those that are lost. */
import { cardNumberHash } from "../../lib/card.ts";
import type { Ending } from "./access_judge.ts";
import { type Card, newCard, type PinWatch } from "./cards.ts";
import type { Credentials } from "./customer.ts";
import type { Machine } from "./machine.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import type { Operators } from "./operators.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface CardOfficeWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly operators: Operators;
  readonly machines: readonly Machine[];
  readonly pins: PinWatch;
  /** Of everybody who is a customer now. */
  customers(): Credentials[];
  onEnding(ending: Ending): void;
  /** A card was made. */
  onCard(customer: string, number: string): void;
}

const digits = 37;
/** How often a card is issued or revoked again, until the bank has answered. */
const triesMax = 10;
/** What refuses a revocation of a card that the bank does not have, and any other command for good. */
const alreadyDone = /: no card/;
const otherwise = /: (has card|unknown name)/;

export class CardOffice {
  #cards = 0;
  /** Customers of whom the bank may have another card than they have. */
  readonly #doubtful = new Set<Credentials>();

  constructor(private readonly world: CardOfficeWorld) {}

  /** Issues a card to somebody who has none, or revokes one. */
  async act(): Promise<void> {
    const { random } = this.world;
    const customers = this.world.customers();
    for (const credentials of [...this.#doubtful]) await this.#revokeAgain(credentials);
    const without = customers.filter(({ card }) => card === null || card.isGone);
    if (without.length > 0 && random.chance(0.6)) return await this.issue(random.of(without));
    const having = customers.filter(({ card }) => card !== null && card.revokedMs === null);
    // One that is in use is the harder case.
    const used = having.filter(({ card }) => card!.usedBy !== null);
    const among = used.length > 0 && random.chance(0.7) ? used : having;
    if (among.length > 0) await this.revoke(random.of(among));
  }

  /** Gives a customer a card; it replaces one that is lost. */
  async issue(credentials: Credentials): Promise<void> {
    if (credentials.card !== null) {
      if (credentials.card.revokedMs === null && !await this.revoke(credentials)) return;
      credentials.card = null;
    }
    const { random, machines, pins, scheduler } = this.world;
    const { name } = credentials;
    const number = Array.from({ length: digits }, () => random.below(10)).join("");
    const card = newCard(`${name}-${++this.#cards}`, number);
    this.world.onCard(name, number);
    const fromMs = scheduler.timeMs;
    const command = {
      command: "issue_card",
      customer: name,
      numberHash: cardNumberHash(number),
    } as const;
    if (await this.#until(command) !== "done") return void this.#doubtful.add(credentials);
    pins.pardon(name, fromMs);
    for (const machine of machines) machine.bringCard(card);
    credentials.card = card;
  }

  /** Ends a customer's card; returns whether the bank has answered that it did. */
  async revoke(credentials: Credentials): Promise<boolean> {
    const { card, name: customer } = credentials;
    const fromMs = this.world.scheduler.timeMs;
    credentials.changes++;
    if (card) card.isUncertain = true;
    const outcome = await this.#until({ command: "revoke_card", customer });
    credentials.changes++;
    if (outcome === "not done") {
      this.#doubtful.add(credentials);
      return false;
    }
    const untilMs = this.world.scheduler.timeMs;
    if (card) card.revokedMs = untilMs;
    if (outcome === "nothing to do") return true;
    const what = "the revocation of a card";
    this.world.onEnding({ what, customer, machine: null, fromMs, untilMs, by: null });
    return true;
  }

  /** The bank is as it was at a backup; these customers have other cards, or none, than it has. */
  restored(customers: readonly Credentials[]): void {
    for (const credentials of customers) this.#doubtful.add(credentials);
  }

  async #revokeAgain(credentials: Credentials): Promise<void> {
    this.#doubtful.delete(credentials);
    if (!credentials.isForgotten) await this.revoke(credentials);
  }

  /** Gives a command until it is done, or refused: at the first try, there may be no card to revoke. */
  async #until(command: OperatorCommand): Promise<"done" | "nothing to do" | "not done"> {
    const { operators, scheduler, random } = this.world;
    for (let tries = 0; tries < triesMax; tries++) {
      const refused = await operators.refusalOf(command);
      if (refused === null) return "done";
      if (alreadyDone.test(refused) && command.command === "revoke_card") {
        return tries === 0 ? "nothing to do" : "done";
      }
      if (alreadyDone.test(refused) || otherwise.test(refused)) return "not done";
      await scheduler.pause(random.between(1_000, 20_000), "operator");
    }
    return "not done";
  }
}

/** What a backup has of a customer's card. */
export interface CardAtBackup {
  readonly card: Card | null;
  readonly pin: string | null;
  readonly perhaps: string | null;
  readonly changes: number;
}

export const cardAtBackup = ({ card }: Credentials): CardAtBackup => ({
  card,
  pin: card?.pin ?? null,
  perhaps: card?.perhaps ?? null,
  changes: card?.changes ?? 0,
});

/**
 * Puts a customer's card back to a backup's: a PIN that was set while the backup was made may be in
 * it, or not.
 * @returns false if the bank may have another card of the customer's now, or one that was revoked
 */
export function restoreCard(
  credentials: Credentials,
  before: CardAtBackup = { card: null, pin: null, perhaps: null, changes: 0 },
): boolean {
  const { card } = credentials;
  if (card !== before.card || card?.isUncertain) {
    credentials.card = null;
    return false;
  }
  if (card === null || card.changes === before.changes) return true;
  const later = card.perhaps ?? card.pin;
  card.perhaps = before.perhaps ?? (later === before.pin ? null : later);
  card.pin = before.pin;
  card.changes++;
  return true;
}

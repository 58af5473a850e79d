/** A thief with copies of cards, who guesses their PINs at as many machines as are free. */
import type { Card, PinWatch } from "./cards.ts";
import type { Machine } from "./machine.ts";
import type { Screen } from "../../ui/page/state/model.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface ThiefWorld {
  readonly scheduler: Scheduler;
  readonly pins: PinWatch;
  count(what: string): void;
  find(what: string): void;
}

const guessesMax = 4;
const answerMsMax = 60_000;
const returnMsMax = 45_000;
/** Thieves at several machines press the last key at the same moment: each multiple of this. */
const togetherMs = 2_000;

/** Tries PINs with a copy of a card at a machine until the machine gives it back. */
export async function guess(
  card: Card,
  machine: Machine,
  { scheduler, pins, count, find }: ThiefWorld,
  random: Random,
): Promise<void> {
  const { page } = machine;
  if (!page || machine.occupiedBy !== null) return;
  machine.occupiedBy = "a thief";
  const digit = () => random.below(10);
  try {
    machine.insertCard(card.name);
    if (!await page.until(({ screen }) => screen.name === "pin", 5_000)) return;
    count("copied cards");
    const isAt = (name: Screen["name"]) => page.screen.name === name;
    for (let guesses = 0; guesses < guessesMax && isAt("pin"); guesses++) {
      await scheduler.pause(togetherMs - scheduler.timeMs % togetherMs, "thief");
      page.send({ type: "log_in_with_card", pin: pins.wrongPin(digit) });
      await page.until(
        ({ pending, screen }) => pending === null || screen.name !== "pin",
        answerMsMax,
      );
      if (isAt("menu")) return find(`a thief got in with a copy of ${card.name}`);
      const { screen } = page.state;
      if (screen.name !== "refusal") break;
      count(`guess: ${screen.why}`);
      if (screen.retryAtMs !== undefined) break;
      page.send({ type: "next" });
    }
    if (isAt("pin")) page.send({ type: "back" });
  } finally {
    const endMs = scheduler.timeMs + returnMsMax;
    while (machine.cardAtExit(card.number) === false && scheduler.timeMs < endMs) {
      await scheduler.pause(1_000, "thief");
    }
    if (machine.cardAtExit(card.number)) machine.takeCard();
    machine.occupiedBy = null;
  }
}

/** Customers' cards as people have them, and the judge of PINs. */
import type { Finding } from "./money_judges.ts";

export interface Card {
  /** Of its file, where readers take it from. */
  readonly name: string;
  readonly number: string;
  /** Null until its customer has set one. */
  pin: string | null;
  /** A second one, while it is not known which of the two holds. */
  perhaps: string | null;
  /** When the last new PIN was sent. */
  changedMs: number;
  /** Counts new PINs that were sent or confirmed. */
  changes: number;
  /** Who uses it now. */
  usedBy: string | null;
  /** Whether its customer has lost it to a machine. */
  isGone: boolean;
  /** Whether the bank may have revoked it, or may not have it. */
  isUncertain: boolean;
  /** When the bank had revoked it. */
  revokedMs: number | null;
}

export function newCard(name: string, number: string): Card {
  return {
    ...{ name, number, pin: null, perhaps: null, changedMs: 0, changes: 0, usedBy: null },
    ...{ isGone: false, isUncertain: false, revokedMs: null },
  };
}

/** Returns whether a card must open the menu for its PIN. */
export function opens(card: Card | null): card is Card {
  return card !== null && card.pin !== null && !card.isGone && !card.isUncertain &&
    card.revokedMs === null;
}

/** PINs that nobody chooses begin with this. */
const nobodys = "9";

/** A comparison of a PIN with the bank's hash. */
interface Look {
  readonly timeMs: number;
  readonly customer: string;
  readonly isRight: boolean;
}

/** When the tries of a customer's card may have begun again; of every customer's, for null. */
interface Pardon {
  readonly customer: string | null;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How many wrong PINs in a row the bank may look at. */
const triesMax = 3;
/** How long the commit of a log-in may be in doubt. */
const doubtMsMax = 300_000;

/** Watches the bank's comparisons of passwords and PINs: each PIN is one customer's alone. */
export class PinWatch {
  readonly #pins = new Map<string, string>();
  readonly #passwords = new Map<string, string>();
  /** Customers by the hashes of their PINs. */
  readonly #hashes = new Map<string, string>();
  readonly #looks: Look[] = [];
  readonly #pardons: Pardon[] = [];

  constructor(private readonly timeMs: () => number) {}

  /** Returns a PIN that nobody had. @param digit returns a random digit */
  newPin(customer: string, digit: () => number): string {
    for (;;) {
      const pin = Array.from({ length: 6 }, digit).join("");
      if (pin.startsWith(nobodys) || new Set(pin).size < 4 || this.#pins.has(pin)) continue;
      this.#pins.set(pin, customer);
      return pin;
    }
  }

  /** Returns a PIN that nobody has or had. */
  wrongPin(digit: () => number): string {
    return nobodys + Array.from({ length: 5 }, digit).join("");
  }

  addPassword(customer: string, password: string): void {
    this.#passwords.set(password, customer);
  }

  /** The bank has made a hash. */
  onHash(text: string, hash: string): void {
    const customer = this.#pins.get(text);
    if (customer !== undefined) this.#hashes.set(hash, customer);
  }

  /** The bank compares a text with a hash. */
  onCompared(text: string, hash: string, isRight: boolean): void {
    const customer = this.#hashes.get(hash);
    const timeMs = this.timeMs();
    if (customer !== undefined) this.#looks.push({ timeMs, customer, isRight });
    const owner = this.#passwords.get(text);
    if (isRight && owner !== undefined) this.pardon(owner, timeMs);
  }

  /** The tries may have begun again since then. */
  pardon(customer: string | null, fromMs: number): void {
    this.#pardons.push({ customer, fromMs, untilMs: this.timeMs() + doubtMsMax });
  }

  judge(): Finding[] {
    return judgePins(this.#looks, this.#pardons);
  }
}

/** Checks that no more than three wrong PINs in a row were looked at, over all terminals and servers. */
export function judgePins(looks: readonly Look[], pardons: readonly Pardon[]): Finding[] {
  return [...Map.groupBy(looks, ({ customer }) => customer)].flatMap(([customer, own]) => {
    const series = own.flatMap((_, index) => {
      const row = own.slice(index, index + triesMax + 1);
      if (row.length <= triesMax || row.some(({ isRight }) => isRight)) return [];
      const [first, last] = [row[0]!.timeMs, row.at(-1)!.timeMs];
      const isPardoned = pardons.some((pardon) =>
        (pardon.customer === null || pardon.customer === customer) && pardon.fromMs < last &&
        pardon.untilMs > first
      );
      return isPardoned ? [] : [{ first, last }];
    });
    return series.slice(0, 1).map(({ first, last }) => ({
      judge: "PINs",
      what: `${triesMax + 1} wrong PINs of ${customer} in a row were looked at, from ` +
        `${Math.round(first)} to ${Math.round(last)} ms`,
    }));
  });
}

/**
 * A customer, who does what the screen says: who reads "nothing was booked, please try again" tries
 * again, who reads that it will be settled goes away. Customers mistype, change their minds, leave
 * notes behind and walk away.
 */
import type { AtmView, DeviceFault } from "../../lib/atm.ts";
import type { Screen, State } from "../../ui/page/state/model.ts";
import type { Ending, Session } from "./access_judge.ts";
import type { Card, PinWatch } from "./cards.ts";
import type { Attempt, Claim, Intent, Look } from "./intents.ts";
import type { Machine } from "./machine.ts";
import type { Page, Reading } from "./page.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How people are, each as a probability. */
export interface Habits {
  readonly mistypes: number;
  readonly walksAway: number;
  readonly leavesNotes: number;
  readonly changesPassword: number;
  /** A customer gives up instead of trying again. */
  readonly losesPatience: number;
  /** Somebody makes a device fail during a visit. */
  readonly breaksDevice: number;
  /** Comes in by card rather than by password, where there is a card with a PIN. */
  readonly usesCard: number;
  readonly leavesCard: number;
}

export const calmHabits: Habits = {
  mistypes: 0.02,
  walksAway: 0.03,
  leavesNotes: 0,
  changesPassword: 0.03,
  losesPatience: 0.1,
  breaksDevice: 0,
  usesCard: 0,
  leavesCard: 0,
};

/** The longest that somebody waits for a screen to change. */
const patienceMs = 120_000;
/** How long a change of a password may be on its way. */
const changeMsMax = 300_000;
/** How long a note may lie in a slot. */
const slotMsMax = 10 * 60_000;
const thinkMs = [800, 5_000] as const;
const triesMax = 6;
const entryTriesMax = 6;

const saysNotDone = /nothing was (booked|sent)|is not charged|could not read that amount/i;
const saysAgain = /try again/i;

/** Returns what a screen says of the money that was asked for. */
export function claimOf({ heading, lede, next }: Reading): Claim {
  const words = `${heading}. ${lede}`;
  const again = saysAgain.test(`${lede} ${next}`);
  return saysNotDone.test(words)
    ? { said: "not done", again, words }
    : { said: "unknown", again, words };
}

export interface CustomerWorld {
  readonly scheduler: Scheduler;
  /** Returns a run-wide number, so that each transfer has its own amount. */
  nextSerial(): number;
  /** Returns the number of another customer's account. */
  someoneElsesAccount(than: string, random: Random): string | null;
  onIntent(intent: Intent): void;
  onLook(look: Look): void;
  onSession(session: Session): void;
  onEnding(ending: Ending): void;
  /** A password is in use from now on. */
  onPassword(password: string): void;
  readonly pins: Pick<PinWatch, "newPin" | "wrongPin">;
  count(what: string): void;
  find(what: string): void;
}

/** A name and its password, which more than one person may use. */
export interface Credentials {
  readonly name: string;
  password: string;
  /** A second one, while it is not known which of the two holds. */
  perhaps: string | null;
  /** When the last change was sent. */
  changedMs: number;
  /** Counts changes that were begun or ended. */
  changes: number;
  /** Counts how often the bank was restored. */
  restores: number;
  /** The bank was restored to a backup without this customer. */
  isForgotten: boolean;
  card: Card | null;
}

/** Minor units that each person comes with. */
export const walletAtFirst = 50_000n;

export class Customer {
  /** Minor units in their pockets. */
  wallet = walletAtFirst;
  /** Account numbers, as their own screens showed them. */
  accounts: string[] = [];
  #page!: Page;
  #machine!: Machine;
  /** All notes in the machine in front of them, when they last looked at their hands. */
  #notesBefore = 0n;
  /** Notes that could be taken when they came. */
  #foundNotes = 0n;
  #session: Session | null = null;
  /** The card that they have brought into the machine in this visit. */
  #card: Card | null = null;
  /** Whether they neither walk away nor leave their card behind now. */
  #takesCare = false;

  /** @param person differs among the people who use the same name */
  constructor(
    readonly person: string,
    readonly credentials: Credentials,
    private readonly world: CustomerWorld,
    private readonly random: Random,
    private readonly habits: Habits,
  ) {}

  get name(): string {
    return this.credentials.name;
  }

  /** One visit at a machine, from the welcome to the door. */
  async visit(machine: Machine): Promise<void> {
    const { page } = machine;
    if (!page || machine.occupiedBy !== null) return;
    machine.occupiedBy = this.person;
    [this.#machine, this.#page] = [machine, page];
    this.#notesBefore = this.#notesInMachine();
    this.#foundNotes = machine.notesToTake();
    try {
      this.world.count("visits");
      if (!await this.#enter()) return;
      this.world.count("log-in: ok");
      this.#see(page.state.view!);
      for (let items = this.random.between(1, 3); items > 0 && this.#isAt("menu"); items--) {
        await this.#doSomething();
        await this.#backToMenu();
      }
      await this.#leave();
    } finally {
      await this.#takeCardBack();
      this.#lookAtHands();
      machine.occupiedBy = null;
    }
  }

  /**
   * Logs in at a machine with the right password or PIN, and out again, waiting as long as screens say.
   * @returns the screen that it came to
   */
  async getsIn(machine: Machine, byCard = false): Promise<string> {
    const { page } = machine;
    if (!page || machine.occupiedBy !== null) return "a dark screen";
    machine.occupiedBy = this.person;
    [this.#machine, this.#page] = [machine, page];
    this.#notesBefore = this.#notesInMachine();
    this.#foundNotes = machine.notesToTake();
    this.#takesCare = true;
    try {
      await this.#endOthersVisit();
      for (let tries = 0; tries < entryTriesMax; tries++) {
        const { card } = this.credentials;
        if (await (byCard ? this.#logInByCard(card!, 0) : this.#logIn(0))) break;
        await this.#takeCardBack();
        await this.#pause(20_000);
      }
      const { screen, state: { view } } = page;
      if (view?.visit && view.visit.username !== this.name) return "somebody else's menu";
      const why = "why" in screen ? ` ${screen.why}` : "";
      await this.#leave();
      return screen.name + why;
    } finally {
      await this.#takeCardBack();
      this.#takesCare = false;
      machine.occupiedBy = null;
    }
  }

  /** Logs somebody out who has walked away. */
  async #endOthersVisit(): Promise<void> {
    const page = this.#page;
    if (!page.state.view?.visit) return;
    page.send({ type: "log_out" });
    await page.until(({ view, pending }) => !view?.visit && pending === null, patienceMs);
  }

  // At the door

  async #enter(): Promise<boolean> {
    const { credentials: { card }, habits, random } = this;
    const hasUse = card !== null && !card.isGone && card.usedBy === null &&
      (card.pin ?? card.perhaps) !== null;
    if (hasUse && random.chance(habits.usesCard)) {
      if (await this.#logInByCard(card, habits.mistypes)) return true;
      await this.#takeCardBack();
    }
    return await this.#logIn();
  }

  async #logInByCard(card: Card, mistypes: number): Promise<boolean> {
    const page = this.#page;
    if (!await this.#insert(card)) return false;
    for (let tries = 0; tries < 4 && this.#isAt("pin"); tries++) {
      await this.#think();
      const { changes } = this.credentials;
      const own = card.pin ?? card.perhaps;
      if (own === null) return false; // the one that was perhaps set is not
      const pin = this.random.chance(mistypes)
        ? this.world.pins.wrongPin(() => this.random.below(10))
        : own;
      const fromMs = this.world.scheduler.timeMs;
      page.send({ type: "log_in_with_card", pin });
      await page.until(
        ({ pending, screen }) => pending === null || screen.name !== "pin",
        patienceMs,
      );
      if (page.screen.name === "menu") {
        this.world.count("log-in by card: ok");
        this.#openedWith(card, pin, changes, fromMs);
        this.#begin(fromMs);
        return true;
      }
      if (page.screen.name !== "refusal") continue;
      const { retryAtMs, why } = page.screen;
      this.world.count(`log-in by card: ${why}`);
      if (why === "wrong_credentials" || why === "pin_not_set") {
        this.#keptOutWith(card, pin, changes);
      }
      if (retryAtMs !== undefined) await this.#pause(retryAtMs - this.world.scheduler.timeMs + 500);
      page.send({ type: "next" });
    }
    return false;
  }

  /** Inserts a card; false where the machine gives it back, or does not take it. */
  async #insert(card: Card): Promise<boolean> {
    const page = this.#page;
    await this.#think();
    if (this.#isAt("pin")) { // somebody's card is inside: the slot takes no second one
      page.send({ type: "back" });
      return false;
    }
    card.usedBy = this.person;
    this.#card = card;
    this.#machine.insertCard(card.name);
    if (!await page.until(({ screen }) => screen.name === "pin", 10_000)) return false;
    if (this.#machine.cardAtExit(card.number) !== null) return true;
    page.send({ type: "back" }); // a card was inside that the ATM did not see until now
    return false;
  }

  #openedWith(card: Card, pin: string, changes: number, sentMs: number): void {
    if (card.revokedMs !== null && sentMs > card.revokedMs) {
      return this.world.find(`${this.person} got in with a revoked card`);
    }
    if (changes !== this.credentials.changes) return;
    if (pin === card.perhaps) [card.pin, card.perhaps] = [pin, null];
    else if (pin !== card.pin) this.world.find(`${this.person} got in with a wrong PIN`);
    if (sentMs > card.changedMs + changeMsMax) card.perhaps = null;
  }

  #keptOutWith(card: Card, pin: string, changes: number): void {
    const { credentials } = this;
    if (credentials.card !== card) return;
    // A revoked card is refused at its first use, and thrown away.
    if (card.revokedMs !== null) return void (credentials.card = null);
    if (credentials.isForgotten || card.isUncertain) return;
    if (changes !== credentials.changes || pin !== (card.pin ?? card.perhaps)) return;
    if (card.perhaps === null) {
      return this.world.find(`${this.person} was kept out with the right PIN`);
    }
    [card.pin, card.perhaps] = card.pin === null ? [null, null] : [card.perhaps, card.pin];
  }

  /** Waits for the card, and takes it; what stays in the machine is lost to its customer. */
  async #takeCardBack(): Promise<void> {
    const card = this.#card;
    if (!card) return;
    const endMs = this.world.scheduler.timeMs + patienceMs;
    while (!card.isGone && this.world.scheduler.timeMs < endMs) {
      if (this.#machine.cardAtExit(card.number) === null) break;
      if (this.#isAt("pin")) this.#page.send({ type: "back" });
      await this.#takeCardAtExit();
      if (!card.isGone) await this.#pause(1_000);
    }
    if (!card.isGone && this.#machine.cardAtExit(card.number) !== null) {
      card.isGone = true;
      this.world.count("card kept by a machine");
    }
    card.usedBy = null;
    this.#card = null;
  }

  /** Takes the card where it is at the exit, or leaves it there. */
  async #takeCardAtExit(): Promise<void> {
    const card = this.#card;
    if (!card || !this.#machine.cardAtExit(card.number)) return;
    if (!this.#takesCare && this.random.chance(this.habits.leavesCard)) {
      card.isGone = true;
      this.world.count("card left in a machine");
      return await this.#pause(60_000);
    }
    await this.#pause(this.random.between(800, 4_000));
    this.#machine.takeCard();
  }

  /** Begins a session, whose log-in was sent then. */
  #begin(fromMs: number): void {
    const [customer, machine, inMs] = [this.name, this.#machine.name, this.world.scheduler.timeMs];
    this.#session = { customer, machine, fromMs, inMs, acts: [] };
    this.world.onSession(this.#session);
  }

  async #logIn(mistypes = this.habits.mistypes): Promise<boolean> {
    const page = this.#page;
    for (let tries = 0; tries < 4; tries++) {
      await this.#think();
      if (!await this.#reach("log_in")) return false;
      const { changes } = this.credentials;
      const password = this.#typedPassword(mistypes);
      const fromMs = this.world.scheduler.timeMs;
      page.send({ type: "log_in", username: this.name, password });
      await page.until(
        ({ pending, screen }) => pending === null || screen.name !== "log_in",
        patienceMs,
      );
      if (page.screen.name === "menu") {
        this.#enteredWith(password, changes, fromMs);
        this.#begin(fromMs);
        return true;
      }
      if (page.screen.name !== "refusal") continue;
      const { retryAtMs, why } = page.screen;
      this.world.count(`log-in: ${why}`);
      if (why === "wrong_credentials") this.#refusedWith(password, changes);
      if (retryAtMs !== undefined) await this.#pause(retryAtMs - this.world.scheduler.timeMs + 500);
      if (!saysAgain.test(page.read().next + page.read().lede)) return false;
    }
    return false;
  }

  #enteredWith(password: string, changes: number, sentMs: number): void {
    const { credentials } = this;
    if (changes !== credentials.changes) return; // somebody else has the name, too
    if (password === credentials.perhaps) {
      [credentials.password, credentials.perhaps] = [password, null];
    } else if (password !== credentials.password) {
      this.world.find(`${this.person} got in with a wrong password`);
    }
    // A change that nobody answered may be on its way still, and be made after this log-in.
    if (sentMs > credentials.changedMs + changeMsMax) credentials.perhaps = null;
  }

  #refusedWith(password: string, changes: number): void {
    const { credentials } = this;
    if (credentials.isForgotten) return;
    if (changes !== credentials.changes || password !== credentials.password) return;
    if (credentials.perhaps === null) {
      return this.world.find(`${this.person} was kept out with the right password`);
    }
    [credentials.password, credentials.perhaps] = [credentials.perhaps, password];
  }

  #typedPassword(mistypes: number): string {
    const { password } = this.credentials;
    return this.random.chance(mistypes) ? `${password}x` : password;
  }

  /** Presses on until this screen is there; false where it does not come. */
  async #reach(name: Screen["name"]): Promise<boolean> {
    const page = this.#page;
    for (let presses = 0; presses < 4; presses++) {
      if (this.#isAt(name)) return true;
      if (["disconnected", "lost", "starting"].includes(page.screen.name)) {
        await page.until(
          ({ screen }) => screen.name === "back",
          this.random.between(5, 60) * 1_000,
        );
        if (page.screen.name !== "back") return false;
      }
      page.send({ type: "touched" });
      page.send({ type: "next" });
      await this.#think();
    }
    return this.#isAt(name);
  }

  async #leave(): Promise<void> {
    const page = this.#page;
    await this.#takePresented();
    const { walksAway } = this.habits;
    if (!this.#takesCare && this.random.chance(walksAway)) return this.world.count("walked away");
    await this.#think();
    page.send({ type: "log_out" });
    await page.until(({ view, pending }) => !view?.visit && pending === null, patienceMs);
    await this.#takePresented();
  }

  async #backToMenu(): Promise<void> {
    await this.#think();
    for (let presses = 0; presses < 3 && !this.#isAt("menu"); presses++) {
      this.#page.send({ type: "next" });
      if (!this.#isAt("menu")) this.#page.send({ type: "back" });
      await this.#page.until(({ screen }) => screen.name === "menu", 3_000);
    }
  }

  // At the menu

  async #doSomething(): Promise<void> {
    const { changesPassword, breaksDevice } = this.habits;
    if (this.random.chance(breaksDevice)) this.#breakDevice();
    // With a third password that may hold, a customer no longer has the right one.
    const mayChange = this.credentials.perhaps === null;
    if (this.random.chance(changesPassword) && mayChange) return await this.#changePassword();
    if (this.#wantsPin()) return await this.#setPin();
    const what = this.random.weighed([
      [4, () => this.#withdraw()],
      [5, () => this.#transfer()],
      [2, () => this.#deposit()],
      [1, () => this.#viewBalance()],
      [1, () => this.#viewHistory()],
      [1, () => this.#chooseAccount()],
    ]);
    await what();
  }

  #breakDevice(): void {
    const what = this.random.of(["jam", "jam", "jam", "lost count", "power cut"]);
    const when = this.random.of(["before", "between", "after"]);
    const where = this.random.of(
      ["dispense", "present", "retract", "cashIn", "cashInEnd", "cashInRollback"],
    );
    const fault = `${what} ${when} ${where}` as DeviceFault;
    this.world.count(`fault: device ${what}`);
    this.#machine.arm(fault);
  }

  async #withdraw(): Promise<void> {
    const page = this.#page;
    const amount = this.random.weighed<() => bigint>([
      [6, () => 1_000n * BigInt(this.random.between(1, 12))],
      [2, () => this.#all()],
      [1, () => 1_000n * BigInt(this.random.between(13, 400))],
      [1, () => BigInt(this.random.between(1, 9_999))],
    ])();
    const intent = this.#intend("withdrawal", amount, "");
    for (let tries = 0; tries < triesMax && this.#isAt("menu", "amount"); tries++) {
      await this.#think();
      page.send({ type: "go", to: "amount" });
      page.send({ type: "type", typed: decimal(amount) });
      const attempt = this.#attempt(intent);
      page.send({ type: "use_typed" });
      await page.until(
        ({ pending, screen }) => pending === null || screen.name === "working",
        patienceMs,
      );
      if (page.screen.name === "mix") {
        const { mixes } = page.screen;
        await this.#think();
        page.send({ type: "withdraw", amount: String(amount), notes: this.random.of(mixes) });
      }
      await this.#whileWorking();
      if (!await this.#conclude(attempt)) return;
    }
  }

  /** What the screen says can be taken out, in whole notes. */
  #all(): bigint {
    const available = BigInt(this.#page.state.view?.visit?.account.available ?? 0);
    return available < 1_000n ? 1_000n : available - available % 1_000n;
  }

  async #transfer(): Promise<void> {
    const page = this.#page;
    const own = this.accounts.filter((id) => id !== this.#account());
    const isOwn = own.length > 0 && this.random.chance(0.2);
    const to = isOwn ? own[0]! : this.world.someoneElsesAccount(this.name, this.random);
    if (to === null) return;
    const cents = this.world.nextSerial();
    const amount = BigInt(this.random.between(0, 4) * 100_000 + cents);
    const intent = this.#intend("transfer", amount, to);
    for (let tries = 0; tries < triesMax; tries++) {
      if (!await this.#nameRecipient(to, isOwn)) return;
      await this.#think();
      page.send({ type: "type", typed: decimal(amount) });
      page.send({ type: "use_typed" });
      if (!this.#isAt("confirm")) return;
      await this.#think();
      const attempt = this.#attempt(intent);
      page.send({ type: "transfer_confirm", message: "" });
      await this.#whileWorking();
      if (!await this.#conclude(attempt)) return;
    }
  }

  /** Gets to the question how much is to be sent; tries again where the screen says so. */
  async #nameRecipient(to: string, isOwn: boolean): Promise<boolean> {
    const page = this.#page;
    for (let tries = 0; tries < triesMax && !this.#isAt("sum"); tries++) {
      if (this.#isAt("menu")) page.send({ type: "go", to: "recipient" });
      await this.#think();
      if (isOwn) page.send({ type: "transfer_to", recipient: { to, name: "own" } });
      else {
        page.send({ type: "type", typed: to });
        page.send({ type: "use_typed" });
        await page.until(({ pending }) => pending === null, patienceMs);
      }
      if (!this.#isAt("refusal")) continue;
      if (!claimOf(page.read()).again) return false;
      await this.#pause(this.random.between(2_000, 20_000));
      page.send({ type: "next" });
    }
    return this.#isAt("sum");
  }

  async #deposit(): Promise<void> {
    const page = this.#page;
    page.send({ type: "go", to: "deposit" });
    await page.until(({ pending }) => pending === null, patienceMs);
    if (!this.#isAt("deposit")) return;
    const intent = this.#intend("deposit", 0n, "");
    const attempt = this.#deposited = this.#attempt(intent);
    for (let notes = this.random.between(1, 6); notes > 0; notes--) {
      const value = this.random.of([1_000n, 2_000n, 5_000n, 10_000n]);
      if (value > this.wallet) continue;
      this.#machine.insertNote(value);
      await this.#pause(this.random.between(300, 1_500));
      this.#lookAtHands();
    }
    intent.amount = -attempt.handed;
    await this.#think();
    if (this.random.chance(0.15)) page.send({ type: "back" });
    else page.send({ type: "deposit_confirm" });
    if (this.#isAt("deposit")) page.send({ type: "back" });
    await this.#whileWorking();
    await this.#conclude(attempt);
    await this.#waitForSlot();
  }

  /** Nobody leaves a note in the slot, which may be taken in once a line to the devices no longer stalls. */
  async #waitForSlot(): Promise<void> {
    const endMs = this.world.scheduler.timeMs + slotMsMax;
    while (this.#machine.hasNoteInSlot && this.world.scheduler.timeMs < endMs) {
      await this.#pause(1_000);
    }
  }

  async #viewBalance(): Promise<void> {
    const page = this.#page;
    const fromMs = this.world.scheduler.timeMs;
    const account = this.#account();
    page.send({ type: "go", to: "balance" });
    await page.until(({ pending }) => pending === null, patienceMs);
    const { screen } = page;
    const last = screen.name === "balance" ? screen.days?.at(-1) : undefined;
    if (!last) return;
    this.#looked(account, fromMs, BigInt(last.booked));
    this.#session!.acts.push({ fromMs, what: "saw a balance" });
  }

  async #viewHistory(): Promise<void> {
    this.#page.send({ type: "go", to: "history" });
    await this.#page.until(({ pending }) => pending === null, patienceMs);
    if (this.random.chance(0.3)) {
      this.#page.send({ type: "filter", filter: { kind: "transfer" } });
      await this.#page.until(({ pending }) => pending === null, patienceMs);
    }
  }

  async #chooseAccount(): Promise<void> {
    if (this.accounts.length < 2) return;
    this.#page.send({ type: "go", to: "accounts" });
    await this.#think();
    this.#page.send({ type: "choose_account", id: this.random.of(this.accounts) });
    await this.#page.until(({ pending }) => pending === null, patienceMs);
  }

  async #changePassword(): Promise<void> {
    const page = this.#page;
    const next = `${this.name} pass ${this.random.below(1e6)}`;
    page.send({ type: "go", to: "password" });
    await this.#think();
    if (!this.#isAt("password")) return;
    const { credentials } = this;
    const { restores } = credentials;
    credentials.changes++;
    credentials.perhaps = next;
    this.world.onPassword(next);
    const fromMs = credentials.changedMs = this.world.scheduler.timeMs;
    page.send({ type: "change_password", current: credentials.password, next });
    await page.until(({ pending }) => pending === null, patienceMs);
    this.world.scheduler.record(`${this.person} changed the password: ${page.screen.name}`);
    // An answer that arrives after a restore is about the replaced bank.
    if (this.#isAt("password_changed") && restores === credentials.restores) {
      credentials.changes++;
      [credentials.password, credentials.perhaps] = [next, null];
      this.world.count("new password: ok");
      this.world.onEnding({
        what: "a new password",
        ...{ customer: this.name, machine: null, fromMs, by: this.#session },
        untilMs: this.world.scheduler.timeMs,
      });
    }
  }

  /** Whether this visit, which began with the password, is one in which a PIN is set. */
  #wantsPin(): boolean {
    const { card } = this.credentials;
    if (
      card === null || card.isGone || card.revokedMs !== null ||
      this.#page.state.view?.visit?.byCard
    ) return false;
    // With a third PIN that may hold, a customer no longer has the right one.
    if (card.perhaps !== null) return false;
    return this.random.chance(card.pin === null ? 0.7 : 0.05);
  }

  async #setPin(): Promise<void> {
    const page = this.#page;
    const { credentials } = this;
    const { restores } = credentials;
    const card = credentials.card!;
    const pin = this.world.pins.newPin(this.name, () => this.random.below(10));
    page.send({ type: "go", to: "set_pin" });
    await this.#think();
    if (!this.#isAt("set_pin")) return;
    credentials.changes++;
    card.changes++;
    card.perhaps = pin;
    const fromMs = card.changedMs = this.world.scheduler.timeMs;
    page.send({ type: "set_pin", pin });
    await page.until(({ pending }) => pending === null, patienceMs);
    const { screen } = page;
    const said = screen.name === "refusal" ? screen.why : screen.name;
    this.world.count(`new PIN: ${said}`);
    if (screen.name !== "pin_set" || credentials.card !== card) return;
    if (restores !== credentials.restores) return;
    credentials.changes++;
    card.changes++;
    [card.pin, card.perhaps] = [pin, null];
    this.world.onEnding({
      what: "a new PIN",
      ...{ customer: this.name, machine: null, fromMs, by: this.#session },
      untilMs: this.world.scheduler.timeMs,
    });
  }

  // What they see, and have in their hands

  /** The customer waits while the machine works, and takes what it hands out. */
  async #whileWorking(): Promise<void> {
    const page = this.#page;
    const endMs = this.world.scheduler.timeMs + 10 * patienceMs;
    const isOver = ({ screen }: State) => screen.name !== "working";
    while (!isOver(page.state) && this.world.scheduler.timeMs < endMs) {
      await page.until(
        (state) => isOver(state) || this.#canTake(state),
        patienceMs,
      );
      await this.#takeCardAtExit();
      await this.#takePresented();
    }
    await this.#takePresented();
  }

  /** Whether the screen says that something can be taken, and it is still there. */
  #canTake({ view }: State): boolean {
    const card = this.#card;
    if (view!.presented !== null && this.#machine.notesToTake() > 0n) return true;
    return view!.card === "returned" && !!card && this.#machine.cardAtExit(card.number) === true;
  }

  async #takePresented(): Promise<void> {
    const { view } = this.#page.state;
    // What lay there before, and no screen offers, is somebody else's.
    if (this.#machine.notesToTake() <= (view?.presented ? 0n : this.#foundNotes)) return;
    if (this.random.chance(this.habits.leavesNotes)) {
      this.world.count("notes left");
      await this.#pause(60_000);
    } else await this.#pause(this.random.between(800, 4_000));
    const own = this.#machine.customerNotes();
    await this.#machine.takeNotes();
    this.#lookAtHands();
    this.#gotBack(own - this.#machine.customerNotes());
  }

  /** Ends an attempt by what the screen says; whether it says to try again, and the customer does. */
  async #conclude(attempt: Attempt): Promise<boolean> {
    const page = this.#page;
    attempt.untilMs = this.world.scheduler.timeMs;
    this.#lookAtHands();
    const { screen } = page;
    if (screen.name === "receipt") {
      const { amount, movement: reference, account } = screen.receipt;
      attempt.claim = { said: "done", again: false, amount: BigInt(amount), reference };
      attempt.booked = account === null ? null : BigInt(account.booked);
      this.#session!.acts.push({ fromMs: attempt.fromMs, what: "moved money" });
    } else if (screen.name === "refusal") {
      attempt.claim = claimOf(page.read());
    } else {
      const { heading, lede } = page.read();
      const words = `${heading || screen.name}. ${lede}`;
      attempt.claim = { said: "unknown", again: false, words };
    }
    const { claim } = attempt;
    this.world.scheduler.record(`${this.person} reads ${JSON.stringify(claim, bigintsAsTexts)}`);
    this.#current = null;
    const came = screen.name === "refusal" ? screen.why : screen.name;
    this.world.count(`${this.#kind}: ${came}`);
    if (!claim.again) return false;
    await this.#think();
    if (this.random.chance(this.habits.losesPatience)) return false;
    this.world.count("tried again");
    await this.#pause(this.random.between(0, 10_000));
    page.send({ type: "next" });
    return true;
  }

  #current: Attempt | null = null;
  /** The last attempt in which notes were inserted. */
  #deposited: Attempt | null = null;
  #kind = "";

  #intend(kind: Intent["kind"], amount: bigint, to: string): Intent {
    const account = this.#account();
    const intent = { customer: this.name, kind, account, to, amount, attempts: [] };
    this.world.onIntent(intent);
    return intent;
  }

  #attempt(intent: Intent): Attempt {
    const attempt: Attempt = {
      terminal: this.#machine.name,
      fromMs: this.world.scheduler.timeMs,
      untilMs: null,
      claim: { said: "unknown", again: false, words: "" },
      handed: 0n,
      booked: null,
    };
    intent.attempts.push(attempt);
    this.#kind = intent.kind;
    this.#lookAtHands();
    this.#current = attempt;
    return attempt;
  }

  #notesInMachine(): bigint {
    return this.#machine.bankNotes() + this.#machine.customerNotes();
  }

  /** What left the machine is in the customer's hands, and what is in it more came out of them. */
  #lookAtHands(): void {
    const now = this.#notesInMachine();
    const handed = this.#notesBefore - now;
    this.#notesBefore = now;
    this.wallet += handed;
    if (this.#current) this.#current.handed += handed;
  }

  /** Notes that were inserted and come back may do so while something else is tried: they are not its. */
  #gotBack(own: bigint): void {
    const [current, deposited] = [this.#current, this.#deposited];
    if (!current || !deposited || current === deposited) return;
    current.handed -= own;
    deposited.handed += own;
  }

  #see({ visit }: AtmView): void {
    this.accounts = visit!.accounts.map(({ id }) => id);
  }

  #looked(account: string, fromMs: number, booked: bigint): void {
    this.world.onLook({ account, fromMs, untilMs: this.world.scheduler.timeMs, booked });
  }

  #account(): string {
    return this.#page.state.view?.visit?.account.id ?? "";
  }

  #isAt(...names: Screen["name"][]): boolean {
    return names.includes(this.#page.screen.name);
  }

  async #think(): Promise<void> {
    this.#page.send({ type: "touched" });
    if (this.#page.state.moreTime) this.#page.send({ type: "stay" });
    await this.#pause(this.random.between(...thinkMs));
  }

  #pause(ms: number): Promise<void> {
    return this.world.scheduler.pause(Math.max(0, ms), "person");
  }
}

const bigintsAsTexts = (_: string, value: unknown) =>
  typeof value === "bigint" ? String(value) : value;

/** Returns minor units as people type them, for a currency with two decimals. */
export function decimal(amount: bigint): string {
  return `${amount / 100n}.${String(amount % 100n).padStart(2, "0")}`;
}

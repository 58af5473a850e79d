/**
 * End-to-end security of the dispenser: it pays only on a token that the holder of the host's key
 * made for this device's nonce, at most the token's sum, and it attests what it presented. The
 * nonce ends at a power cut; the attested amounts survive one.
 */
import type { DatabaseSync } from "node:sqlite";
import { hex } from "../../lib/bytes.ts";
import type { DeviceKeys } from "../../lib/device_keys.ts";
import { amountOfToken, makeToken, readToken, tokenAmount } from "../../lib/device_token.ts";
import { commandNonceMsMax } from "../../lib/limits.ts";
import type { Currency } from "../../lib/money.ts";
import type { World } from "../../lib/world.ts";
import { totalOf } from "../cash/note_mix.ts";
import type { SimulatedDevices } from "../cash/simulated_devices.ts";
import { transact } from "../folder/transact.ts";
import type { CompletionCode } from "../cash/xfs4iot/messages.ts";

/** The token of the last dispense. Amounts are texts of minor units. */
interface Used {
  nonce: string;
  /** Its HMAC, which names it. */
  id: string;
  sum: string;
  /** What was requested under it, whether or not it was dispensed. */
  used: string;
}

/** A nonce that ended, and the amount that was presented under it. */
interface Cleared {
  nonce: string;
  presented: string;
}

export interface EndToEndParts {
  world: Pick<World, "after" | "randomBytes" | "nowMs">;
  database: DatabaseSync;
  devices: SimulatedDevices;
  keys: DeviceKeys;
}

export class EndToEnd {
  /** Called when a nonce has ended. */
  onCleared: (reason: string) => void = () => {};
  #cancelTimeout: () => void = () => {};
  /** When the live nonce ends: while a device sleeps, its timers do not run. */
  #endsMs = 0;

  /** A nonce of an earlier process has ended with its power. */
  constructor(private readonly parts: EndToEndParts) {
    this.powerCut();
  }

  /** Returns the live nonce, or makes one. */
  nonce(): string {
    const live = this.#liveNow();
    if (live !== null) return live;
    const { world } = this.parts;
    const made = hex(world.randomBytes(16)).toUpperCase();
    this.#write("end-to-end nonce", made);
    this.#endsMs = world.nowMs() + commandNonceMsMax;
    this.#cancelTimeout = world.after(commandNonceMsMax, () => this.clear("it is too old"));
    return made;
  }

  /** Ends the live nonce, if there is one. */
  clear(reason: string): void {
    const nonce = this.#live;
    if (nonce === null) return;
    this.#cancelTimeout();
    const presented = this.#used?.nonce === nonce ? this.#amount("sequence presented") : 0n;
    this.#write("end-to-end cleared", { nonce, presented: `${presented}` } satisfies Cleared);
    this.#write("end-to-end nonce", null);
    this.onCleared(reason);
  }

  /** Ends the live nonce, as a loss of power does. */
  powerCut(): void {
    this.clear("the power was cut");
  }

  /**
   * Checks a dispense of this amount, and counts it as used, before a note moves. The first one of
   * a token begins the sequence that a present status attests.
   * @returns why it is refused; null if it is not
   */
  authorise(
    token: string | undefined,
    amount: bigint,
    currency: Currency,
  ): CompletionCode | null {
    if (token === undefined) return "authorisationRequired";
    const nonce = this.#liveNow();
    if (nonce === null) return "noCommandNonce";
    const read = readToken(this.parts.keys.host, token, nonce);
    if (typeof read === "string") return read;
    const sum = amountOfToken(read.content.get("DISPENSE1"), currency);
    if (sum === null) return "invalidTokenFormat";
    const last = this.#used;
    const continues = last?.nonce === nonce;
    if (continues && last.id !== read.id) return "invalidToken";
    const used = (continues ? BigInt(last.used) : 0n) + amount;
    if (used > sum) return "invalidToken";
    const row: Used = { nonce, id: read.id, sum: `${sum}`, used: `${used}` };
    transact(this.parts.database, () => {
      if (!continues) this.parts.devices.beginSequence();
      this.#write("end-to-end token", row);
    });
    return null;
  }

  /** Called after notes were presented: ends the nonce of a token that is used up. */
  presented(): void {
    const used = this.#used;
    if (used === null || used.nonce !== this.#live || used.used !== used.sum) return;
    if (this.#amount("sequence presented") >= BigInt(used.sum)) this.clear("its token is used up");
  }

  /**
   * Attests the last token's dispense, for the host's nonce; null while notes of it are on the
   * stacker.
   */
  presentStatus(nonce: string, currency: Currency): string | null {
    const { devices, keys } = this.parts;
    if (devices.at("stacker").size > 0) return null;
    this.#liveNow();
    const [presented, retracted] = ["sequence presented", "sequence retracted"].map((passage) =>
      this.#amount(passage as Parameters<SimulatedDevices["at"]>[0])
    ) as [bigint, bigint];
    const dispensed = this.#amount("sequence dispensed") - this.#amount("sequence rejected");
    const used = this.#used;
    const cleared = this.#read<Cleared>("end-to-end cleared");
    const text = (minor: bigint) => tokenAmount(minor, currency);
    return makeToken(keys.device, nonce, [
      ...(used ? [["DISPENSEID", used.id] as const] : []),
      ["DISPENSED1", text(dispensed)],
      ["PRESENTED1", presented > 0n ? "YES" : "NO"],
      ["PRESENTEDAMOUNT1", text(presented)],
      ["RETRACTED1", retracted > 0n ? "YES" : "NO"],
      ["RETRACTEDAMOUNT1", text(retracted)],
      ...(cleared
        ? [["STRONGROOMCLEARED", `${cleared.nonce}:${text(BigInt(cleared.presented))}`] as const]
        : []),
    ]);
  }

  #amount(passage: Parameters<SimulatedDevices["at"]>[0]): bigint {
    return totalOf(this.parts.devices.at(passage));
  }

  /** Returns the live nonce; ends one that is too old. */
  #liveNow(): string | null {
    const isOver = this.#live !== null && this.parts.world.nowMs() > this.#endsMs;
    if (isOver) this.clear("it is too old");
    return this.#live;
  }

  get #live(): string | null {
    return this.#read<string>("end-to-end nonce");
  }

  get #used(): Used | null {
    return this.#read<Used>("end-to-end token");
  }

  #read<T>(name: string): T | null {
    const row = this.parts.database.prepare("SELECT value FROM settings WHERE name = ?").get(name);
    return row ? JSON.parse(row.value as string) : null;
  }

  #write(name: string, value: unknown): void {
    this.parts.database.prepare("INSERT OR REPLACE INTO settings VALUES (?, ?)")
      .run(name, JSON.stringify(value));
  }
}

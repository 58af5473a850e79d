/**
 * An attacker who commands the dispenser: has its socket, every message that it ever sent or got, and
 * tokens of the host, but not its keys. Each attempt to get notes or a false status is refused.
 */
import { assert, assertEquals } from "@std/assert";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { parseMessage } from "../../client/cash/xfs4iot/messages.ts";
import { DeviceService } from "../../client/device_service/device_service.ts";
import { EndToEnd } from "../../client/device_service/end_to_end.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { makeToken, readToken } from "../../lib/device_token.ts";
import { system, systemFiles } from "../../lib/system.ts";
import type { DeviceFault } from "../../lib/atm.ts";
import { messagePair } from "../client/message_pair.ts";

const keys = {
  host: Uint8Array.from({ length: 32 }, (_, index) => index),
  device: Uint8Array.from({ length: 32 }, (_, index) => 32 + index),
};
const foreign = new Uint8Array(32).fill(7);
const hostNonce = "00112233445566778899AABBCCDDEEFF";
const path = "/xfs4iot/v1.0/CashRecycler";

/** A dispenser with twenties, and a client of it. */
class Dispenser {
  readonly folder = Deno.makeTempDirSync();
  database = openDevicesFolder(systemFiles, this.folder);
  simulated!: SimulatedDevices;
  cleared: string[] = [];
  #socket!: ReturnType<typeof messagePair>[0];
  #service!: DeviceService;
  #security!: EndToEnd;
  #requestId = 0;
  #cancels: (() => void)[] = [];
  #late: (() => void) | null = null;

  static async open(): Promise<Dispenser> {
    const dispenser = new Dispenser();
    dispenser.start();
    const initial = { type20EUR1: { fit: 50 } };
    const unit1 = { cash: { configuration: { currency: "EUR", value: 20 }, status: { initial } } };
    await dispenser.ask("Storage.StartExchange");
    await dispenser.ask("Storage.SetStorage", { storage: { unit1 } });
    await dispenser.ask("Storage.EndExchange");
    return dispenser;
  }

  /** Starts the service, as after a power cut. */
  start(): void {
    this.simulated = new SimulatedDevices(this.database, true);
    const world = {
      ...system,
      after: (_ms: number, act: () => void) => {
        this.#late = act;
        return () => void (this.#late = null);
      },
    };
    this.#security = new EndToEnd({
      world,
      database: this.database,
      devices: this.simulated,
      keys,
    });
    const recycler = new CashRecycler(this.simulated, this.database, this.#security);
    this.#service = new DeviceService(recycler, system, () => {});
    this.#security.onCleared = (reason) => this.cleared.push(reason);
    this.connect();
  }

  connect(): void {
    const [ours, theirs] = messagePair();
    this.#socket = ours;
    this.#requestId = 0;
    this.#service.accept(path, theirs, "");
  }

  /** Lets the nonce's time pass. */
  timePasses(): void {
    this.#late?.();
  }

  async ask(name: string, payload: unknown = {}): Promise<{ code: string; payload: Answer }> {
    const header = { type: "command", name, requestId: ++this.#requestId, version: "2.0" };
    this.#socket.send(JSON.stringify({ header, payload }));
    for (;;) {
      const line = await this.#socket.receive();
      if (line === null) return { code: "connection ended", payload: {} };
      const { header, payload } = parseMessage(line);
      if (header.type !== "completion") continue;
      const answer = payload as Answer;
      return { code: answer.errorCode ?? header.completionCode!, payload: answer };
    }
  }

  async nonce(): Promise<string> {
    return (await this.ask("Common.GetCommandNonce")).payload.commandNonce!;
  }

  async dispense(notes: number, token?: string): Promise<string> {
    const app = { currencies: { EUR: 20 * notes }, counts: { unit1: notes } };
    const denomination = { denomination: { app } };
    return (await this.ask("CashDispenser.Dispense", { denomination, token })).code;
  }

  /** Dispenses and presents, and the notes are taken. */
  async pay(notes: number, token: string): Promise<string> {
    const code = await this.dispense(notes, token);
    if (code !== "success") return code;
    const { code: presented } = await this.ask("CashDispenser.Present");
    this.simulated.takeNotes();
    return presented;
  }

  async status(nonce = hostNonce): Promise<Map<string, string> | string> {
    const { code, payload } = await this.ask("CashDispenser.GetPresentStatus", { nonce });
    if (payload.token === undefined) return code;
    const read = readToken(keys.device, payload.token, nonce);
    if (typeof read === "string") return read;
    return new Map(read.content);
  }

  get inside(): bigint {
    return totalOf(this.simulated.inside());
  }

  arm(fault: DeviceFault): void {
    this.simulated.arm(fault);
  }

  close(): void {
    this.#service.close();
    this.database.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

interface Answer {
  errorCode?: string;
  commandNonce?: string;
  token?: string;
}

const tokenFor = (nonce: string, amount: string, key: Uint8Array = keys.host) =>
  makeToken(key, nonce, [["DISPENSE1", amount]]);

/** Each attempt ends with the code of the refusal; notes worth `paid` have left before. */
const attempts: [what: string, refused: string, paid: bigint, (d: Dispenser) => Promise<string>][] =
  [
    ["no token", "authorisationRequired", 0n, (d) => d.nonce().then(() => d.dispense(2))],
    [
      "a token before a nonce was asked for",
      "noCommandNonce",
      0n,
      (d) => d.dispense(2, tokenFor(hostNonce, "40.00EUR")),
    ],
    [
      "a token for another nonce",
      "invalidTokenNonce",
      0n,
      (d) => d.nonce().then(() => d.dispense(2, tokenFor(hostNonce, "40.00EUR"))),
    ],
    [
      "a token under another device's key",
      "invalidTokenHMAC",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00EUR", foreign))),
    ],
    [
      "a token under the device's own key",
      "invalidTokenHMAC",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00EUR", keys.device))),
    ],
    [
      "its sum raised",
      "invalidTokenHMAC",
      0n,
      (d) =>
        d.nonce().then((nonce) =>
          d.dispense(4, tokenFor(nonce, "40.00EUR").replace("40.00EUR", "80.00EUR"))
        ),
    ],
    [
      "more than its sum",
      "invalidToken",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(3, tokenFor(nonce, "40.00EUR"))),
    ],
    [
      "half a decimal digit",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.5EUR"))),
    ],
    [
      "another currency",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00USD"))),
    ],
    [
      "no sum in the token",
      "invalidTokenFormat",
      0n,
      (d) =>
        d.nonce().then((nonce) =>
          d.dispense(2, makeToken(keys.host, nonce, [["DISPENSED1", "40.00EUR"]]))
        ),
    ],
    [
      "the HMAC in lower case",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, lowerCaseTag(tokenFor(nonce, "40.00EUR")))),
    ],
    ["a token again after its sum", "noCommandNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(2, token), "success");
      return await d.pay(2, token);
    }],
    ["a used token for the next nonce", "invalidTokenNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(2, token), "success");
      await d.nonce();
      return await d.pay(2, token);
    }],
    ["beyond its sum in parts", "noCommandNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals([await d.pay(1, token), await d.pay(1, token)], ["success", "success"]);
      return await d.pay(1, token);
    }],
    ["beyond its sum in unequal parts", "invalidToken", 2_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(1, token), "success");
      return await d.pay(2, token);
    }],
    ["its sum again, after the notes were rejected", "invalidToken", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.dispense(2, token), "success");
      assertEquals((await d.ask("CashDispenser.Reject")).code, "success");
      return await d.pay(2, token);
    }],
    ["its sum again, after a jam kept the notes", "invalidToken", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.arm("jam before dispense");
      assertEquals(await d.dispense(2, token), "hardwareError");
      d.simulated.clearJams();
      return await d.pay(2, token);
    }],
    ["a second token with the same nonce", "invalidToken", 2_000n, async (d) => {
      const nonce = await d.nonce();
      assertEquals(await d.pay(1, tokenFor(nonce, "40.00EUR")), "success");
      return await d.pay(2, tokenFor(nonce, "80.00EUR"));
    }],
    ["after the nonce was cleared", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      await d.ask("Common.ClearCommandNonce");
      return await d.pay(2, token);
    }],
    ["after the nonce's time", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.timePasses();
      return await d.pay(2, token);
    }],
    ["after a power cycle", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.start();
      return await d.pay(2, token);
    }],
    ["after a power cut while its notes moved", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "80.00EUR");
      d.arm("power cut between dispense");
      assertEquals(await d.dispense(2, token), "connection ended");
      d.connect();
      return await d.pay(2, token);
    }],
    ["the rest of a token after a power cycle", "noCommandNonce", 2_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(1, token), "success");
      d.start();
      return await d.pay(1, token);
    }],
    ["a status before the sequence has ended", "sequenceError", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.dispense(2, token), "success");
      return await d.status() as string;
    }],
  ];

function lowerCaseTag(token: string): string {
  return token.slice(0, -64) + token.slice(-64).toLowerCase();
}

for (const [what, refused, paid, attempt] of attempts) {
  Deno.test(`a dispenser refuses: ${what}`, async () => {
    const dispenser = await Dispenser.open();
    const before = dispenser.inside;
    assertEquals(await attempt(dispenser), refused);
    assertEquals(before - dispenser.inside, paid, "notes that left");
    dispenser.close();
  });
}

Deno.test("a present status attests what was paid, and nothing can make it say less", async () => {
  const dispenser = await Dispenser.open();
  const nonce = await dispenser.nonce();
  const token = tokenFor(nonce, "40.00EUR");
  assertEquals(await dispenser.pay(2, token), "success");
  const paid = [
    ["DISPENSEID", token.slice(-64)],
    ["DISPENSED1", "40.00EUR"],
    ["PRESENTED1", "YES"],
    ["PRESENTEDAMOUNT1", "40.00EUR"],
    ["RETRACTED1", "NO"],
    ["RETRACTEDAMOUNT1", "0.00EUR"],
    ["STRONGROOMCLEARED", `${nonce}:40.00EUR`],
  ];
  const requirePaid = async () => assertEquals([...await dispenser.status()], paid);
  await requirePaid();
  // Refused dispenses begin no other sequence.
  const next = await dispenser.nonce();
  assert(next !== nonce);
  for (const bad of [tokenFor(nonce, "20.00EUR"), tokenFor(next, "20.00EUR", foreign), undefined]) {
    assert(await dispenser.dispense(1, bad) !== "success");
    await requirePaid();
  }
  await dispenser.ask("CashDispenser.Reject");
  await requirePaid();
  dispenser.start();
  const [cleared] = [...await dispenser.status()].slice(-1);
  assertEquals(cleared, ["STRONGROOMCLEARED", `${next}:0.00EUR`]);
  // An old status answers an old nonce.
  assertEquals(await dispenser.status("FF".repeat(16)).then((read) => typeof read), "object");
  dispenser.close();
});

Deno.test("a nonce that ends unspent is attested as dead, with what was presented under it", async () => {
  const dispenser = await Dispenser.open();
  const first = await dispenser.nonce();
  assertEquals(await dispenser.nonce(), first, "one is live at a time");
  await dispenser.ask("Common.ClearCommandNonce");
  const read = await dispenser.status() as Map<string, string>;
  assertEquals(read.get("STRONGROOMCLEARED"), `${first}:0.00EUR`);
  assertEquals(read.has("DISPENSEID"), false);
  const second = await dispenser.nonce();
  assertEquals(await dispenser.pay(1, tokenFor(second, "40.00EUR")), "success");
  dispenser.timePasses();
  const later = await dispenser.status() as Map<string, string>;
  assertEquals(later.get("STRONGROOMCLEARED"), `${second}:20.00EUR`);
  assertEquals(dispenser.cleared, ["a client cleared it", "it is too old"]);
  dispenser.close();
});

console.log(`attempts on the dispenser: ${attempts.length}`);

/**
 * Cash devices as a process: a customer deposits and withdraws at `deno task atm` without the demo,
 * and the device service is killed while notes move.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { findBrowser, openBrowser, type Page } from "../browser.ts";
import { connectStandard } from "../client/reference_messages.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { fillLogIn, onScreen } from "../ui/open_atm.ts";
import { freePort, operate, Program, run, until } from "./programs.ts";

const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });

/** Sends a GET request with any headers, and returns the response's first bytes. */
async function rawRequest(port: number, path: string, headers: object): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const bytes = new Uint8Array(1_024);
  return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
}

Deno.test({
  name: "a deposit and a withdrawal at an ATM without the demo",
  ignore: findBrowser() === null,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const bank = ["--data", `${folder}/bank`];
      const address = `127.0.0.1:${freePort()}`;
      const atm = ["--key", `${folder}/lobby.key`, "--data", `${folder}/atm`];
      await run(["bank", "init", "--single-operator", ...bank, "--name", "First Bank"]);
      await run(["bank", "terminal", "enroll", "lobby", "--out", `${folder}/lobby.key`, ...bank]);
      const password = "correct horse";
      const alice = ["bank", "customer", "add", "alice", "--opening", "100.00", ...bank];
      await run(alice, `${password}\n`);
      const server = new Program(["server", "--listen", address, ...bank]);
      await server.line();
      const card = `${folder}/alice.card`;
      assertEquals((await run(["bank", "card", "issue", "alice", "--out", card, ...bank])).code, 0);
      const loaded = await run(["atm", "cash", "load", "20x100", "50x40", ...atm]);
      assertEquals([loaded.code, loaded.err], [0, ""]);
      assertMatch(loaded.out, /€4,000.00 {2}in total/);
      const running = new Program(["atm", "--bank", address, ...atm, "--no-open", "--json"]);
      const { atm: link, devices } = JSON.parse(await running.line());
      Deno.mkdirSync(`${folder}/atm/devices/cards`, { recursive: true, mode: 0o700 });
      Deno.renameSync(card, `${folder}/atm/devices/cards/alice.card`);
      const browser = await openBrowser();
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        await page.goto(link);
        await button(page, "Touch to begin").click();
        await fillLogIn(page, "alice", password);
        await onScreen(page, "menu");
        await button(page, "More").click();
        await button(page, "Set PIN").click();
        await page.getByLabel("New PIN", { exact: true }).fill("7391");
        await page.getByLabel("Repeat new PIN").fill("7391");
        await page.keyboard.press("Enter");
        await button(page, "Continue").click();
        await button(page, "Deposit cash").click();
        await onScreen(page, "deposit");
        const pane = await browser.newPage();
        await pane.goto(devices);
        await button(pane, "Insert €50.00").click();
        await button(page, /^Deposit €50/).click();
        await onScreen(page, "receipt");
        await button(page, "Done").click();
        await button(page, "Another amount").click();
        await page.keyboard.type("60");
        await page.keyboard.press("Enter");
        await onScreen(page, "take");
        assert(await operate(devices, "takeNotes"));
        await onScreen(page, "receipt");
        await button(page, "Done").click();
        await button(page, "Log out").click();
        await onScreen(page, "ended");
        await button(pane, "Insert the card of alice").click();
        await onScreen(page, "pin");
        await page.keyboard.type("7391");
        await page.keyboard.press("Enter");
        await onScreen(page, "menu");
        await button(page, "Another amount").click();
        await page.keyboard.type("20");
        await page.keyboard.press("Enter");
        await onScreen(page, "take_card");
        await button(pane, "Take the card").click();
        await onScreen(page, "take");
        assert(await operate(devices, "takeNotes"));
        await onScreen(page, "receipt");
      } finally {
        await browser.close();
      }
      assertEquals(await running.end(), 0);
      const shown = await run(["atm", "cash", "show", ...atm]);
      assertMatch(shown.out, /€3,970.00 {2}in total/);
      const { out } = await run(["bank", "account", "list", "--customer", "alice", ...bank]);
      assertMatch(out, /70\.00/);
      assertEquals(await server.end(), 0);
      assertEquals((await run(["bank", "ledger", "check", ...bank])).code, 0);
    }),
});

Deno.test({
  name: "a restored bank has what a device with keys has paid since the backup",
  ignore: findBrowser() === null,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const bank = ["--data", `${folder}/bank`];
      const address = `127.0.0.1:${freePort()}`;
      const service = `127.0.0.1:${freePort()}`;
      const url = `ws://${service}/xfs4iot/v1.0`;
      const atm = ["--key", `${folder}/lobby.key`, "--data", `${folder}/atm`, "--devices", url];
      const keys = `${folder}/cash.keys`;
      const copy = `${folder}/copy.sqlite`;
      const next = ["--first-key", `${folder}/second.key`];
      const password = "correct horse";
      const done = async (args: string[], input = "") => {
        const { code, out, err } = await run(args, input);
        assertEquals(code, 0, `${args.join(" ")}: ${err}`);
        return out;
      };
      await done(["bank", "init", "--single-operator", ...bank, "--name", "First Bank"]);
      await done(["bank", "terminal", "enroll", "lobby", "--out", `${folder}/lobby.key`, ...bank]);
      const alice = ["bank", "customer", "add", "alice", "--opening", "1000.00", ...bank];
      await done(alice, `${password}\n`);
      const start = async (...args: string[]): Promise<[Program, string]> => {
        const program = new Program(args);
        return [program, await program.line()];
      };
      const serve = () => start("server", "--listen", address, ...bank);
      let [server] = await serve();
      await done([
        "bank",
        "device",
        "enroll",
        "cash",
        "--terminal",
        "lobby",
        "--out",
        keys,
        ...bank,
      ]);
      const flags = ["--listen", service, "--keys", keys, "--data", `${folder}/devices`];
      const [devices] = await start("devices", ...flags);
      const pane = /http:\S+/.exec(await devices.line())![0];
      await done(["atm", "cash", "load", "20x100", ...atm]);
      const [running, opened] = await start(
        "atm",
        "--bank",
        address,
        ...atm,
        "--no-open",
        "--json",
      );
      const browser = await openBrowser();
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        await page.goto(JSON.parse(opened).atm);
        const logIn = async () => {
          await button(page, "Touch to begin").click();
          await fillLogIn(page, "alice", password);
          await onScreen(page, "menu");
        };
        const withdraw = async (amount: string) => {
          await button(page, "Another amount").click();
          await page.keyboard.type(amount);
          await page.keyboard.press("Enter");
          await onScreen(page, "take");
          assert(await operate(pane, "takeNotes"));
          await onScreen(page, "receipt");
          await button(page, "Done").click();
          await onScreen(page, "menu");
        };
        await logIn();
        await withdraw("20");
        await done(["bank", "backup", "--out", copy, ...bank]);
        await withdraw("40");
        assertEquals(await server.end(), 0);
        await done(["bank", "restore", "--from", copy, ...next, ...bank]);
        const accounts = ["bank", "account", "list", "--customer", "alice", ...bank];
        assertMatch(await done(accounts), /980\.00/);
        [server] = await serve();
        const show = ["bank", "audit", "show", ...bank];
        const attested = "its device has attested its state after the restore";
        await until("the ATM has reported", async () => (await done(show)).includes(attested));
        assertMatch(await done(accounts), /940\.00/);
        await button(page, "Touch to begin").waitFor();
        await logIn();
        await withdraw("60");
        const log = await done(show);
        const places = [
          "withdraw €40.00 - reported by the ATM after a restore",
          "has reported its movements since the backup",
          attested,
          "withdraw €60.00",
        ].map((words) => log.indexOf(words));
        assert(!places.includes(-1), log);
        assertEquals(places, places.toSorted((a, b) => a - b), log);
      } finally {
        await browser.close();
      }
      assertEquals(await running.end(), 0);
      // 2,000.00 less 20.00, 40.00 and 60.00: the count of the notes agrees with the books.
      const counted = await done(["atm", "cash", "count", "20x94", ...atm]);
      assert(!/missing|over/.test(counted), counted);
      assertEquals(await devices.end(), 0);
      assertMatch(await done(["bank", "reconcile", ...bank]), /^lobby .*none$/m);
      const end = ["bank", "restore", "end", "--reason", "counted", "--yes", ...bank];
      assertMatch(await done(end), /customers are served again/);
      assertEquals(await server.end(), 0);
      await done(["bank", "ledger", "check", ...bank]);
    }),
});

Deno.test({
  name: "the demo's pane operates the devices of a service in the ATM's window",
  ignore: findBrowser() === null,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const demo = new Program([
        ...["demo", "--browser", "--no-open", "--json", "--data", `${folder}/demo`],
      ]);
      const { atm: link, customers } = JSON.parse(await demo.line());
      const { pin } = customers.find(({ username }: { username: string }) => username === "alice");
      const browser = await openBrowser();
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        await page.goto(link);
        const logIn = async () => {
          await button(page, "Insert Alice’s card").click();
          await onScreen(page, "pin");
          await page.keyboard.type(pin);
          await page.keyboard.press("Enter");
          await onScreen(page, "menu");
        };
        const withdrawTen = async () => { // one note: nothing to choose
          await button(page, "Another amount").click();
          await page.keyboard.type("10");
          await page.keyboard.press("Enter");
          await onScreen(page, "take_card");
          await button(page, "Take the card").click();
        };
        await onScreen(page, "welcome");
        await logIn();
        await button(page, "Deposit cash").click();
        await onScreen(page, "deposit");
        await button(page, "Insert €50").click();
        await button(page, /^Deposit €50/).click();
        await onScreen(page, "receipt");
        await button(page, "Done").click();
        await withdrawTen();
        await onScreen(page, "take");
        await button(page, "Take the notes").click();
        await onScreen(page, "receipt");
        await button(page, "Done").click();
        // A power cut ends every connection to the devices while notes move.
        await page.getByLabel("What").selectOption("power cut");
        await page.getByLabel("When").selectOption("between");
        await button(page, "Make it fail").click();
        await button(page, "Disarm: Power cut during dispensing").waitFor();
        await logIn();
        await withdrawTen();
        await page.getByText("Your money is safe").waitFor();
        await button(page, /^Disarm/).waitFor({ state: "detached" });
      } finally {
        await browser.close();
      }
      assertEquals(await demo.end(), 0);
      const atm = `${folder}/demo/atm-lobby`;
      const journal = openAtmFolder(systemFiles, atm);
      const { notes } = journal.prepare("SELECT count(*) AS notes FROM notes").get()!;
      journal.close();
      assertEquals(notes, 0, "the notes are the service's alone");
      const shown = await run(["atm", "cash", "show", "--data", atm]);
      assertMatch(shown.out, /€20,040.00 {2}in total/);
    }),
});

Deno.test({
  name: "a device service that is killed has every note that it had, and its client finds it again",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const port = freePort();
      const flags = ["devices", "--listen", `127.0.0.1:${port}`, "--data", `${folder}/devices`];
      const database = openAtmFolder(systemFiles, `${folder}/atm`);
      let returned = 0;
      const devices = new Xfs4IotDevices({
        url: `ws://127.0.0.1:${port}/xfs4iot/v1.0`,
        connect: connectStandard,
        world: system,
        database,
        currency: () => ({ code: "EUR", exponent: 2 }),
        log: () => {},
      });
      let service = new Program(flags);
      await service.line();
      const origin = `http://127.0.0.1:${port}`;
      const upgrade = {
        ...{ connection: "Upgrade", upgrade: "websocket", origin: "http://evil.example" },
        ...{ "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
      };
      const refusals: [path: string, init: RequestInit, status: number][] = [
        ["/xfs4iot/v1.0", {}, 400],
        ["/nothing", {}, 400],
        ["/state", { method: "POST" }, 403],
        [
          "/act",
          { method: "POST", headers: { "x-pane-secret": "0".repeat(64) }, body: "takeNotes" },
          403,
        ],
      ];
      for (const [path, init, status] of refusals) {
        const response = await fetch(origin + path, init);
        assertEquals(response.status, status, path);
        await response.body?.cancel();
      }
      assertMatch(await rawRequest(port, "/xfs4iot/v1.0/CashRecycler", upgrade), /^HTTP\/1.1 403 /);
      // Clients repeat a request on a used connection that ends without an answer: a note would be two.
      assertMatch(await rawRequest(port, "/", {}), /\r\nconnection: close\r\n/i);
      assertEquals(await devices.start(), true);
      devices.onReturn = () => returned++;
      devices.load(new Map([[2_000n, 50], [5_000n, 20]]));
      await devices.carryOut();
      const before = totalOf(devices.inside());
      for (const [index, step] of (["dispense", "present", "take"] as const).entries()) {
        await devices.dispense(new Map([[2_000n, 2]]));
        if (step !== "dispense") await devices.present();
        Deno.kill(findIn(treeOf(service.pid), "client/programs/devices.ts")!, "SIGKILL");
        await service.ended();
        await until("it is away", () => devices.away());
        service = new Program(flags);
        await service.line();
        await until("the client is back", () => returned > index);
        await devices.retract();
        assertEquals(totalOf(devices.inside()), before, step);
      }
      await devices.close();
      assertEquals(await service.end(), 0);
      database.close();
      const left = openDevicesFolder(systemFiles, `${folder}/devices`);
      assertEquals(totalOf(new SimulatedDevices(left).everywhere()), before);
      left.close();
    }),
});

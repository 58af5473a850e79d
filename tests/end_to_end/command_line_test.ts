/**
 * The commands as a user starts them, and what the programs refuse: one clear line, and an exit code for
 * scripts. What is wrong with the command line alone is in tests/ui/command_line.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { devicesFolderOf } from "../../lib/programs.ts";
import { Journal } from "../../client/journal.ts";
import { systemFiles } from "../../lib/system.ts";
import { freePort, Program, run } from "./programs.ts";

Deno.test("the command line", async (t) => {
  const folder = await Deno.makeTempDir();
  const bank = `${folder}/bank`;
  const key = `${folder}/lobby.key`;
  const password = "correct horse battery";

  /** Returns a command that is refused: its one line says `why`. */
  async function refused(name: string, args: string[], code: number, why: string, input = "") {
    await t.step(name, async () => {
      const finished = await run(args, input);
      assertStringIncludes(finished.err, why);
      assertEquals(finished.err.trim().split("\n").length, 1, finished.err);
      assertEquals({ code: finished.code, out: finished.out }, { code, out: "" });
    });
  }

  async function done(name: string, args: string[], says: string, input = "") {
    await t.step(name, async () => {
      const finished = await run(args, input);
      assertEquals({ code: finished.code, err: finished.err.trim() }, { code: 0, err: "" });
      assertStringIncludes(finished.out, says);
    });
  }

  try {
    for (const task of ["demo", "server", "atm", "bank"]) {
      await done(
        `${task} --help has examples`,
        [task, "--help"],
        `deno task ${task} --`.trimEnd().slice(0, 13),
      );
      await done(`${task} --version`, [task, "--version"], "strongroom 0.");
    }
    const long = ["bank", "init", "--single-operator", "--data", `${folder}/${"long".repeat(30)}`];
    await refused("a path too long for a socket", long, 1, "too long a path");
    const ofTheSystem = ["--data", "/proc/bank"];
    for (const words of [["init", "--single-operator"], ["status"]]) {
      const args = ["bank", ...words, ...ofTheSystem];
      await refused(
        `bank ${words[0]} in a path of the system`,
        args,
        1,
        "the path is the system's",
      );
    }
    const empty = ["--data", `${folder}/empty`];
    Deno.writeTextFileSync(`${folder}/file`, "not a folder");
    await refused("server without a bank", ["server", ...empty], 1, "bank init");
    await refused("audit without a bank", ["bank", "audit", "show", ...empty], 1, "bank init");
    for (
      const words of [
        ["status"],
        ["customer", "list"],
        ["customer", "add", "alice"],
        ["terminal", "list"],
        ["restore", "--from", "x"],
        ["audit", "verify"],
        ["audit", "chain"],
      ]
    ) {
      await refused(
        `bank ${words.join(" ")} without a bank`,
        ["bank", ...words, ...empty],
        words[1] === "verify" ? 2 : 1,
        `no bank in ${folder}/empty`,
      );
    }
    await refused(
      "a file as the bank's folder",
      ["bank", "status", "--data", `${folder}/file`],
      1,
      "no bank in",
    );
    await refused("atm without a key", ["atm", "--key", `${folder}/none`], 1, "terminal enroll");
    await refused("a wrong flag", ["server", "--prot", "1"], 2, "'--prot'");
    await done(
      "init",
      ["bank", "init", "--single-operator", "--data", bank, "--name", "Test Bank"],
      `Next: 'deno task bank terminal enroll NAME --data ${bank}'`,
    );
    await refused(
      "init twice",
      ["bank", "init", "--single-operator", "--data", bank],
      1,
      "already contains a bank",
    );
    await done(
      "enroll",
      ["bank", "terminal", "enroll", "lobby", "--out", key, "--data", bank],
      key,
    );
    const again = ["bank", "terminal", "enroll", "lobby", "--out", `${key}2`, "--data", bank];
    await refused("enroll a name twice", again, 1, "name taken");
    const nowhere = [
      "bank",
      "terminal",
      "enroll",
      "far",
      "--out",
      `${folder}/no/far.key`,
      "--data",
      bank,
    ];
    await refused("a key that cannot be written", nowhere, 1, "cannot be written");
    await done(
      "and its name is still free",
      nowhere.with(5, `${folder}/far.key`),
      "far is enrolled",
    );
    await refused("enroll a bad name", again.with(3, "Lobby!"), 2, "is not a name");
    await done("list", ["bank", "terminal", "list", "--data", bank], "lobby");
    const add = ["bank", "customer", "add", "alice", "--opening", "1000.00", "--data", bank];
    await refused("a bad name", add.with(3, "Alice!"), 2, "is not a name");
    await refused("a short password", add, 1, "8 to 128", "short\n");
    await refused("no password", add, 1, "no password on standard input");
    await refused("a bad opening", add.with(5, "lots"), 2, "--opening lots", `${password}\n`);
    await done("add", add, "customer alice is added", `${password}\n`);
    await refused("add twice", add, 1, "name taken", `${password}\n`);
    const limits = ["bank", "limits", "set", "--data", bank];
    await done("limits", [...limits, "--day", "500.00", "--cash-in", "none"], "€500.00");
    await refused("a bad limit", [...limits, "--day", "lots"], 2, "--day lots");
    const { out: listed } = await run(["bank", "account", "list", "--data", bank]);
    const number = /^\d{12}/m.exec(listed)![0];
    const wrong = ["bank", "account", "lock", "5", "--data", bank, "--reason", "card lost"];
    await refused("a lock of no account's number", wrong, 2, "is not an account number");
    const lock = wrong.with(3, number).slice(0, -1);
    await refused("a lock without a reason", [...lock, " "], 2, "--reason");
    await done("lock", [...lock, "card lost"], `account ${number} is locked`);
    const settle = ["bank", "holds", "settle", "00".repeat(16), "--data", bank, "--reason", "x"];
    await refused("settling nothing", [...settle, "--reverse"], 1, "unknown movement");

    await t.step("key files are private, and refused otherwise", async () => {
      assertEquals(Deno.statSync(key).mode! & 0o777, 0o600);
      for (const name of ["bank.keys", "bank.sqlite"]) {
        assertEquals(Deno.statSync(`${bank}/${name}`).mode! & 0o777, 0o600, name);
      }
      Deno.chmodSync(key, 0o640);
      const { code, err } = await run(["atm", "--key", key]);
      Deno.chmodSync(key, 0o600);
      assertEquals(code, 1);
      assertStringIncludes(err, "chmod 600");
      Deno.chmodSync(`${bank}/bank.keys`, 0o644);
      const server = await run(["server", "--data", bank]);
      Deno.chmodSync(`${bank}/bank.keys`, 0o600);
      assertEquals(server.code, 1);
      assertStringIncludes(server.err, "chmod 600");
    });

    const address = `127.0.0.1:${freePort()}`;
    await refused(
      "a bank that cannot be reached",
      ["atm", "--browser", "--bank", address, "--key", key, "--data", `${folder}/atm`],
      1,
      `the bank cannot be reached at ${address}`,
    );

    const server = new Program(["server", "--data", bank, "--listen", address]);
    let silent: Deno.UnixConn | undefined;
    try {
      assertStringIncludes(await server.line(), `listens on ${address}`);
      await refused("a taken port", ["server", "--data", bank, "--listen", address], 1, "in use");
      await done(
        "audit show while the server runs",
        ["bank", "audit", "show", "--data", bank],
        "alice | deposit",
      );
      await done(
        "another terminal while the server runs",
        ["bank", "terminal", "enroll", "hall", "--out", `${folder}/hall.key`, "--data", bank],
        "hall is enrolled",
      );
      await done(
        "audit verify while the server runs",
        ["bank", "audit", "verify", "--data", bank],
        "is good",
      );
      await done(
        "ledger check while the server runs",
        ["bank", "ledger", "check", "--data", bank],
        "the books are correct",
      );
      const backup = `${folder}/backup.sqlite`;
      await done(
        "backup while the server runs",
        ["bank", "backup", "--out", backup, "--data", bank],
        "the copy is good",
      );
      const restore = ["bank", "restore", "--data", bank];
      const from = [...restore, "--first-key", `${folder}/second.key`, "--from", backup];
      await refused("restore while the server runs", from, 1, "in use by another process");
      await t.step("the backup is private, and nothing of it is left in the bank's folder", () => {
        assertEquals(Deno.statSync(backup).mode! & 0o777, 0o600);
        const names = [...Deno.readDirSync(bank)].map(({ name }) => name);
        assertEquals(names.filter((name) => name.startsWith("bank.backup")), []);
      });
      await t.step(
        "a terminal enrolled while the server runs can be filled before its first session",
        async () => {
          const atm = [
            "atm",
            "--bank",
            address,
            "--key",
            `${folder}/hall.key`,
            "--data",
            `${folder}/hall`,
          ];
          const cash = ["--key", `${folder}/hall.key`, "--data", `${folder}/hall`];
          const odd = await run(["atm", "cash", "load", "7x3", ...cash]);
          assertEquals(odd.code, 2, "there is no note of seven");
          const loaded = await run(["atm", "cash", "load", "20x100", "50x40", ...cash]);
          assertStringIncludes(loaded.out, "€4,000.00  in total");
          const counted = await run(["atm", "cash", "count", "20x99", "50x40", ...cash]);
          assertStringIncludes(counted.out, "€20.00 missing: booked to the differences account");
          const movement = "ab".repeat(16);
          const why = "the bank has another amount";
          const database = openAtmFolder(systemFiles, `${folder}/hall`);
          const journal = new Journal(database);
          const transfer = {
            kind: "transfer",
            amount: 100n,
            currency: "EUR",
            notes: new Map(),
          } as const;
          journal.intend({ movement, ...transfer }, 0);
          journal.disputed(movement, why);
          database.close();
          const toCheck = `transfer ${movement}, €1.00: ${why}`;
          const shown = await run(["atm", "cash", "show", ...cash]);
          assertStringIncludes(shown.out, `To be checked: ${toCheck}`);
          const again = await run(["atm", "cash", "count", "20x101", "50x40", ...cash]);
          assertEquals({ code: again.code, err: again.err }, { code: 0, err: "" });
          assertStringIncludes(again.out, "€40.00 over: booked to the differences account");
          assertStringIncludes(again.out, `Checked by this count: ${toCheck}`);
          // As a power cut leaves a deposit.
          const cut = openAtmFolder(systemFiles, `${folder}/hall`);
          new Journal(cut).accepting({ account: "123456789012", uid: "cd".repeat(16) });
          cut.close();
          const devices = openDevicesFolder(systemFiles, devicesFolderOf(`${folder}/hall`));
          devices.exec("INSERT INTO notes VALUES ('escrow', '5000', 1), ('mouth', '1000', 1)");
          devices.close();
          const kept =
            "notes of a customer were not returned: no deposit was confirmed, account 123456789012";
          const whole = ["atm", "cash", "count", "20x101", "50x40", ...cash];
          const early = await run(whole);
          assertEquals(early.code, 1);
          assertStringIncludes(early.err, `nothing was counted: ${kept}. Separate these €60.00`);
          assertStringIncludes(
            (await run(["atm", "cash", "show", ...cash])).out,
            `€60.00: ${kept}`,
          );
          const apart = await run(whole);
          assertEquals(apart.out.includes("differences account"), false, apart.out);
          assertStringIncludes(apart.out, `€60.00: ${kept}`);
          const program = new Program([...atm, "--no-open", "--json"]);
          const ready = JSON.parse(await program.line());
          assertEquals([ready.bank, ready.data], [address, `${folder}/hall`]);
          assertEquals(await program.end(), 0);
          const { out } = await run(["bank", "audit", "show", "--data", bank]);
          for (
            const entry of [
              "load €4,000.00 into the cassettes",
              "count the notes: €20.00 missing, to the differences account",
              "count the notes: €40.00 over, to the differences account",
              "report devices: all well",
            ]
          ) assertStringIncludes(out, `terminal hall | ${entry} |`);
          const list = await run(["bank", "terminal", "list", "--data", bank]);
          assertStringIncludes(list.out, "all well, since ");
          const status = await run(["bank", "status", "--data", bank]);
          assert(!status.out.includes("is empty"), status.out);
        },
      );
      await t.step("an ATM that waits starts without its key", async () => {
        const atm = ["atm", "--wait", "--key", `${folder}/late.key`, "--bank", address];
        const { code, err } = await run(atm);
        assertEquals(code, 1, "without a key the folder is ambiguous");
        assertStringIncludes(err, "terminal enroll");
        const program = new Program([...atm, "--data", `${folder}/late`, "--no-open", "--json"]);
        assertEquals(JSON.parse(await program.line()).data, `${folder}/late`);
        assertEquals(await program.end(), 0);
      });
      await t.step("a terminal of another bank is turned away", async () => {
        const other = `${folder}/other`;
        await run(["bank", "init", "--single-operator", "--data", other]);
        await run([
          "bank",
          "terminal",
          "enroll",
          "lobby",
          "--out",
          `${folder}/other.key`,
          "--data",
          other,
        ]);
        const { code, err } = await run([
          ...[
            "atm",
            "--bank",
            address,
            "--key",
            `${folder}/other.key`,
            "--data",
            `${folder}/otherAtm`,
          ],
        ]);
        assertEquals(code, 1);
        assertStringIncludes(err, "does not accept this terminal");
      });
      await t.step(
        "a request that no operator would make is refused, and the server lives",
        async () => {
          const requests = [
            "null",
            "nonsense",
            '{"operator":"a | b","command":"list_terminals"}',
            '{"operator":"x","command":"add_customer","username":"z","password":{"length":10},"opening":"0"}',
            '{"operator":"x","command":"constructor"}',
          ];
          for (const request of requests) {
            const connection = await Deno.connect({
              transport: "unix",
              path: `${bank}/operator.sock`,
            });
            await connection.write(new TextEncoder().encode(`${request}\n`));
            const answer = await new Response(connection.readable).text();
            assertStringIncludes(answer, '"error"', request);
          }
          assertEquals((await run(["bank", "terminal", "list", "--data", bank])).code, 0);
        },
      );
      // Someone who says nothing must not keep the server from ending in order.
      silent = await Deno.connect({ transport: "unix", path: `${bank}/operator.sock` });
    } finally {
      assertEquals(await server.end(), 0);
      silent?.close();
    }

    await t.step("a port that another program has", async () => {
      const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = taken.addr as Deno.NetAddr;
      const { code, err } = await run(["server", "--data", bank, "--listen", `127.0.0.1:${port}`]);
      taken.close();
      assertEquals(code, 1);
      assertStringIncludes(err, `127.0.0.1:${port} is in use`);
    });

    const restore = ["bank", "restore", "--data", bank, "--first-key", `${folder}/second.key`];
    await refused(
      "restore of what is no bank",
      [...restore, "--from", key],
      1,
      `${key} is not a valid backup`,
    );
    const from = ["--from", `${folder}/backup.sqlite`];
    await done("restore", [...restore, ...from], "the books are restored and correct");
    await refused(
      "restore without a place for the key",
      [...restore, ...from],
      1,
      "name another file with --first-key FILE",
    );
    await done(
      "end of the restore",
      ["bank", "restore", "end", "--data", bank, "--reason", "only a test", "--yes"],
      "customers are served again",
    );

    await t.step("books that are bad, and books that nobody can look at", async () => {
      const check = ["bank", "ledger", "check", "--data", bank];
      const give = (amount: number) => {
        const database = new DatabaseSync(`${bank}/bank.sqlite`);
        database.exec(`UPDATE accounts SET balance = balance + ${amount} WHERE kind = 'customer'`);
        return database;
      };
      give(100).close();
      const bad = await run(check);
      assertEquals([bad.code, bad.out], [1, ""]);
      assertStringIncludes(bad.err, `the books are wrong: account ${number}: the balance is`);
      const held = give(-100);
      held.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT"); // keeps others out
      const shut = await run(check);
      assertEquals([shut.code, shut.out], [2, ""]);
      assertStringIncludes(shut.err, "checking the books failed");
      held.close();
    });

    await t.step("a data folder of a newer version", async () => {
      const database = new DatabaseSync(`${bank}/bank.sqlite`);
      database.exec("PRAGMA user_version = 99");
      database.close();
      const { code, err } = await run(["server", "--data", bank]);
      assertEquals(code, 1);
      assertStringIncludes(err, "newer Strongroom");
    });

    await t.step("no password is in any file of the bank", () => {
      for (const { name, isFile } of Deno.readDirSync(bank)) {
        if (!isFile) continue;
        const text = new TextDecoder("latin1").decode(Deno.readFileSync(`${bank}/${name}`));
        assert(!text.includes(password), name);
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A terminal's key through the real programs: renewed over the line, taken away, sealed again. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemFiles } from "../../lib/system.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { freePort, Program, run, until } from "./programs.ts";

Deno.test("each program refuses an ATM's folder that another terminal or bank has used", () =>
  inTemporaryFolder(async (folder) => {
    const [lobby, two] = await makeBank(`${folder}/one`, { terminals: ["lobby", "two"] });
    const [second] = await makeBank(`${folder}/other`, { terminals: ["lobby"] });
    const keys = { lobby, two, second };
    for (const [name, key] of Object.entries(keys)) {
      writePrivateFile(systemFiles, `${folder}/${name}.key`, key!);
    }
    const files = (name: string) => ["--key", `${folder}/${name}.key`, "--data", `${folder}/atm`];
    const loaded = await run(["atm", "cash", "load", "20x7", ...files("lobby")]);
    assertEquals([loaded.code, loaded.err], [0, ""]);
    const bank = ["--bank", `127.0.0.1:${freePort()}`, "--browser", "--no-open"];
    const attempts = [
      ["two", "atm", ...bank],
      ["second", "atm", ...bank, "--wait"],
      ["second", "atm", "cash", "load", "20x7"],
      ["two", "atm", "cash", "count", "20x6"],
      ["two", "atm", "cash", "show"],
      ["second", "atm", "cash", "show", "--devices", "ws://127.0.0.1:1/xfs4iot/v1.0"],
    ];
    const refusal =
      `${folder}/atm was used by another terminal or bank. Choose another folder with --data`;
    for (const [key, ...words] of attempts) {
      const { code, out, err } = await run([...words, ...files(key!)]);
      assertEquals([words, code, out, err], [words, 1, "", `${refusal}\n`]);
    }
    const { out } = await run(["atm", "cash", "show", ...files("lobby")]);
    assertStringIncludes(out, "€140.00  in total");
    // An emptied ATM is counted, too: its notes may go to a terminal that replaces it.
    assertEquals((await run(["atm", "cash", "load", "20x0", ...files("lobby")])).code, 2);
    const emptied = await run(["atm", "cash", "count", "20x0", ...files("lobby")]);
    assertStringIncludes(emptied.out, "€140.00 missing: booked to the differences account");
    assertStringIncludes(emptied.out, "€0.00  in total");
  }));

Deno.test("a bank put back from before a rotation lets an ATM in by a key that is carried, and no other", async () => {
  const folder = await Deno.makeTempDir();
  const bank = `${folder}/bank`, key = `${folder}/lobby.key`, atmFolder = `${folder}/atm`;
  const address = `127.0.0.1:${freePort()}`;
  const operate = (...words: string[]) => run(["bank", ...words, "--data", bank]);
  const atm = (file: string) => ["atm", "--bank", address, "--key", file, "--data", atmFolder];
  const startServer = async () => {
    const server = new Program(["server", "--data", bank, "--listen", address]);
    await server.line();
    return server;
  };
  await operate("init", "--single-operator");
  await operate("terminal", "enroll", "lobby", "--out", key);
  await Deno.mkdir(`${folder}/backup`);
  for (const { name, isFile } of Deno.readDirSync(bank)) {
    if (!isFile) continue;
    await Deno.copyFile(`${bank}/${name}`, `${folder}/backup/${name}`);
  }
  let server = await startServer();
  try {
    const program = new Program([...atm(key), "--no-open", "--json"]);
    await program.line();
    for (const version of [2, 3]) {
      await operate("terminal", "rotate", "lobby");
      await until(`key ${version}`, async () => {
        const { out } = await operate("terminal", "list", "--json");
        return out.includes(`"keyVersion":${version},"state":"active","nextSince":null`);
      }, 30_000);
    }
    assertEquals(await program.end(), 0);
    assertEquals(await server.end(), 0);
    await Deno.remove(bank, { recursive: true });
    await Deno.rename(`${folder}/backup`, bank);
    server = await startServer();

    // The bank would take key 1 again, and the ATM has it: but another holder of it could impersonate the bank.
    const refused = await run(atm(key));
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.err, `${atmFolder}/terminal.key, of which the newer is used`);
    const carried = `${folder}/carried.key`;
    const { out } = await operate("terminal", "rotate", "lobby", "--now", "--out", carried);
    assertStringIncludes(out, "has key 2");
    assertEquals((await run(atm(carried))).code, 1, "key 3 still comes first");
    await Deno.remove(`${atmFolder}/terminal.key`);
    const again = new Program([...atm(carried), "--no-open", "--json"]);
    await again.line();
    assertEquals(await again.end(), 0);
  } finally {
    await server.end();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an ATM's key is renewed over its line, carried after a theft, and revoked", async (t) => {
  const folder = await Deno.makeTempDir();
  const bank = `${folder}/bank`, key = `${folder}/lobby.key`, atmFolder = `${folder}/atm`;
  const address = `127.0.0.1:${freePort()}`;
  const operate = (...words: string[]) => run(["bank", ...words, "--data", bank]);
  const startAtm = async (file: string) => {
    const atm = ["atm", "--bank", address, "--key", file, "--data", atmFolder];
    const program = new Program([...atm, "--no-open", "--json"]);
    await program.line();
    return program;
  };
  const keptVersion = () => {
    try {
      return JSON.parse(Deno.readTextFileSync(`${atmFolder}/terminal.key`)).version;
    } catch {
      return null;
    }
  };
  await operate("init", "--single-operator");
  await operate("terminal", "enroll", "lobby", "--out", key);
  const server = new Program(["server", "--data", bank, "--listen", address]);
  await server.line();
  try {
    await t.step(
      "rotate: the ATM that is on the line stores its new key, and comes with it",
      async () => {
        const atm = await startAtm(key);
        const { out, code } = await operate("terminal", "rotate", "lobby");
        assertEquals(code, 0);
        assertStringIncludes(out, "gets key 2 over its connection");
        await until("key 2 is stored", () => keptVersion() === 2);
        assertEquals(Deno.statSync(`${atmFolder}/terminal.key`).mode! & 0o777, 0o600);
        const hasEnded = async () =>
          (await operate("terminal", "list", "--json")).out
            .includes('"keyVersion":2,"state":"active","nextSince":null');
        await until("key 1 has ended", hasEnded, 30_000);
        assertEquals(await atm.end(), 0);
      },
    );
    await t.step(
      "the file that was given goes on naming the terminal; its newer key counts",
      async () => {
        assertEquals(JSON.parse(Deno.readTextFileSync(key)).version, 1);
        assertEquals(await (await startAtm(key)).end(), 0);
      },
    );
    await t.step(
      "a kept key that others can read, or of another terminal, is refused",
      async () => {
        const kept = `${atmFolder}/terminal.key`;
        const start = ["atm", "--bank", address, "--data", atmFolder, "--key"];
        Deno.chmodSync(kept, 0o644);
        assertStringIncludes((await run([...start, key])).err, `chmod 600 ${kept}`);
        Deno.chmodSync(kept, 0o600);
        await operate("terminal", "enroll", "hall", "--out", `${folder}/hall.key`);
        const { code, err } = await run([...start, `${folder}/hall.key`]);
        assertEquals(code, 1);
        assertStringIncludes(err, "another terminal");
      },
    );
    await t.step("rotate --now: the line is closed, and only the new file is let in", async () => {
      const atm = await startAtm(key);
      const out = ["--out", `${folder}/lobby-3.key`];
      const refused = await operate("terminal", "rotate", "lobby", ...out);
      assertEquals(refused.code, 2);
      assertStringIncludes(refused.err, "--now");
      const rotated = await operate("terminal", "rotate", "lobby", "--now", ...out);
      assertStringIncludes(rotated.out, "has key 3");
      assertEquals(await atm.end(), 0);
      const old = await run(["atm", "--bank", address, "--key", key, "--data", atmFolder]);
      assertStringIncludes(old.err, "does not accept this terminal");
      assertEquals(await (await startAtm(`${folder}/lobby-3.key`)).end(), 0);
    });
    await t.step("key rotate, and the terminals stay", async () => {
      const before = Deno.readTextFileSync(`${bank}/bank.keys`);
      assertStringIncludes((await operate("key", "rotate")).out, "new master key");
      assertEquals(Deno.statSync(`${bank}/bank.keys`).mode! & 0o777, 0o600);
      assertEquals(before === Deno.readTextFileSync(`${bank}/bank.keys`), false);
      assertEquals(await (await startAtm(`${folder}/lobby-3.key`)).end(), 0);
    });
    await t.step("revoke: turned away for good", async () => {
      assertStringIncludes(
        (await operate("terminal", "revoke", "lobby", "--yes")).out,
        "is revoked",
      );
      const start = ["atm", "--bank", address, "--data", atmFolder, "--key"];
      const { code, err } = await run([...start, `${folder}/lobby-3.key`]);
      assertEquals(code, 1);
      assertStringIncludes(err, "does not accept this terminal");
      assertEquals((await operate("terminal", "rotate", "lobby")).code, 1);
      const { out } = await operate("terminal", "list", "--json");
      assertStringIncludes(out, '"keyVersion":3,"state":"revoked"');
    });
  } finally {
    assertEquals(await server.end(), 0);
    await Deno.remove(folder, { recursive: true });
  }
});

/** The operator's commands about the log, with the server running and without, and their exit codes. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openBank } from "../../server/bank.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { logCommand } from "../../server/ledger/command.ts";
import { freePort, Program, run } from "./programs.ts";

Deno.test("the audit log's commands", async (t) => {
  const folder = await Deno.makeTempDir();
  const bank = `${folder}/bank`;
  const data = ["--data", bank];
  const audit = (...args: string[]) => run(["bank", "audit", ...args, ...data]);
  const kept = `${folder}/kept.key`;
  const exported = `${folder}/log.txt`;
  const checkpoint = `${folder}/checkpoint.json`;
  let server: Program | undefined;

  try {
    await t.step("init writes the first key to its path, and keeps none", async () => {
      const { code, out } = await run([
        "bank",
        "init",
        "--single-operator",
        ...data,
        "--first-key",
        kept,
      ]);
      assertEquals(code, 0);
      assertStringIncludes(out, kept);
      assertEquals(Deno.statSync(kept).mode! & 0o777, 0o600);
      const { key } = JSON.parse(Deno.readTextFileSync(kept));
      for (const { name, isFile } of Deno.readDirSync(bank)) {
        if (!isFile) continue;
        const bytes = Deno.readFileSync(`${bank}/${name}`);
        assert(!bytes.toHex().includes(key), name);
        assert(!new TextDecoder("latin1").decode(bytes).includes(key), name);
      }
    });
    server = new Program(["server", ...data, "--listen", `127.0.0.1:${freePort()}`]);
    await server.line();

    await t.step("verify: 0 for a good log; 2 where it cannot be checked", async () => {
      const good = await audit("verify", "--first-key", kept);
      assertEquals([good.code, good.err.trim()], [0, ""]);
      assertMatch(good.out, /the audit log is good: [1-9][0-9]* entries/);
      const cannot: [args: string[], why: RegExp][] = [
        [[], /bank-first\.key cannot be read/],
        [["--first-key", checkpoint], /cannot be read/],
        [["--first-key", `${bank}/bank.keys`], /is not a first key/],
        [["--first-key", kept, "--file", `${folder}/none`], /none cannot be read/],
        [["--first-key", kept, "--checkpoint", kept], /is not a checkpoint/],
      ];
      for (const [args, why] of cannot) {
        const { code, err } = await audit("verify", ...args);
        assertEquals(code, 2, `${args}`);
        assertMatch(err, why);
        assertEquals(err.trim().split("\n").length, 1);
      }
    });

    await t.step(
      "a new AUDIT_KEY seals from now on, and what was sealed before stays readable",
      async () => {
        const rotated = await audit("rotate");
        assertStringIncludes(rotated.out, "version 2");
        const { out } = await audit("show", "--json");
        const entries = out.trim().split("\n").map((line) => JSON.parse(line));
        assert(entries.every(({ action }) => typeof action === "string"), out);
        assertMatch(entries.at(-1).action, /read the audit log/);
        assert(entries.some(({ action }) => /rotate the AUDIT_KEY to version 2/.test(action)));
      },
    );

    await t.step("show narrows by who, what, outcome and time", async () => {
      const lines = async (...args: string[]) =>
        (await audit("show", ...args)).out.split("\n").filter(Boolean);
      assert((await lines("--action", "ROTATE")).every((line) => line.includes("rotate")));
      assertEquals((await lines("--action", "ROTATE")).length, 1);
      assertEquals((await lines("--outcome", "refused")).length, 0);
      assert((await lines("--customer", "bank")).every((line) => line.startsWith("bank | ")));
      assertEquals((await lines("--before", "2001-01-01")).length, 0);
      assertEquals((await lines("--terminal", "lobby")).length, 0);
      const { code, err } = await audit("show", "--from", "yesterday");
      assertEquals(code, 2);
      assertStringIncludes(err, "--from yesterday");
    });

    await t.step("show --follow goes on with what arrives", async () => {
      const follower = new Program(["bank", "audit", "show", "--follow", ...data]);
      const until = async (words: string) => {
        while (!(await follower.line()).includes(words));
      };
      await until("read the audit log");
      await run(["bank", "terminal", "enroll", "far", "--out", `${folder}/far.key`, ...data]);
      await until("enrol terminal far");
      await follower.end();
    });

    await t.step(
      "export writes the log as text, once, and a checkpoint says how far it has come",
      async () => {
        const { code, out } = await audit("export", "--out", exported);
        assertEquals(code, 0);
        assertMatch(out, /entries are in/);
        assertEquals((await audit("export", "--out", exported)).code, 1, "it is there already");
        assertEquals((await audit("checkpoint", "--out", checkpoint)).code, 0);
        const since = await audit("verify", "--first-key", kept, "--checkpoint", checkpoint);
        assertEquals([since.code, since.err.trim()], [0, ""]);
        assertStringIncludes(since.out, "extends the checkpoint of");
      },
    );
    assertEquals(await server.end(), 0);
    server = undefined;

    await t.step(
      "the file that the server keeps, and the checkpoint of its stop, say the same",
      async () => {
        const [stop] = [...Deno.readDirSync(`${bank}/checkpoints`)].map(({ name }) => name);
        const { code, out } = await audit(
          "verify",
          "--first-key",
          kept,
          "--file",
          `${bank}/audit_log_secure.txt`,
          "--checkpoint",
          `${bank}/checkpoints/${stop}`,
        );
        assertEquals(code, 0, out);
      },
    );

    await t.step("a file is checked and read without the database", async () => {
      const verify = ["verify", "--first-key", kept, "--file", exported];
      assertEquals((await audit(...verify)).code, 0);
      const { out } = await audit("show", "--file", exported, "--keys", `${bank}/bank.keys`);
      assertStringIncludes(out, "enrol terminal far");
      const older = await audit(...verify, "--checkpoint", checkpoint);
      assertEquals(older.code, 1, "the checkpoint was taken after it");
      const text = Deno.readTextFileSync(exported);
      const lines = text.split("\n");
      Deno.writeTextFileSync(exported, [...lines.slice(0, 2), ...lines.slice(3)].join("\n"));
      const bad = await audit(...verify);
      assertEquals(bad.code, 1);
      assertMatch(bad.err, /the audit log is bad: chain [0-9a-f]{8}: entry 3 is missing/);
    });

    await t.step("a log of many entries is checked in threads", async () => {
      const { ledger, close } = await openBank(bankWorld(), bank);
      for (let batch = 0; batch < 20; batch++) {
        const notes = Array.from(
          { length: 150 },
          (_, index) => logCommand("bank", `${batch}.${index}`),
        );
        await Promise.all(notes.map((note) => ledger.submit(note)));
      }
      await close();
      const { code, out } = await audit("verify", "--first-key", kept);
      assertEquals(code, 0);
      assertMatch(out, /the audit log is good: 3[0-9]{3} entries/);
    });

    await t.step("verify: 1 for a log that was changed, naming the entry", async () => {
      const database = new DatabaseSync(`${bank}/bank.sqlite`);
      database.exec("DROP TRIGGER audit_is_never_changed");
      database.exec("UPDATE audit SET sealed = zeroblob(80) WHERE place = (1 << 40) + 1");
      database.close();
      const { code, err } = await audit("verify", "--first-key", kept);
      assertEquals(code, 1);
      assertMatch(err, /chain [0-9a-f]{8}: entry 1 is not as it was written/);
    });

    await t.step(
      "a key file that is lost stops the bank, until another chain is started",
      async () => {
        Deno.removeSync(`${bank}/chain.key`);
        const { code, err } = await audit("rotate");
        assertEquals(code, 1);
        assertStringIncludes(err, "deno task bank audit chain");
        assertStringIncludes((await audit("show")).out, "enrol terminal far");
        const second = `${folder}/second.key`;
        assertEquals((await audit("chain", "--first-key", second)).code, 0);
        assertStringIncludes((await audit("show")).out, "start another chain");
        const one = await audit("verify", "--first-key", second);
        assertEquals(one.code, 2, "the first chain's key is needed, too");
        const both = await audit("verify", "--first-key", `${kept},${second}`);
        assertEquals(both.code, 1, "which is still bad");
        assertMatch(both.err, /entry 1 is not as it was written/);
      },
    );
  } finally {
    await server?.end();
    await Deno.remove(folder, { recursive: true });
  }
});

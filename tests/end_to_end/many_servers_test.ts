/** A bank in PostgreSQL with two servers, as an operator makes it and runs it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BankClient } from "../../client/bank_client.ts";
import { parseTerminalKey } from "../../lib/terminal_key.ts";
import { connectTcp, system } from "../../lib/system.ts";
import { newDatabase, onPostgres } from "../server/helpers/stores.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { freePort, Program, run } from "./programs.ts";

const variable = "STRONGROOM_DATABASE_URL";

onPostgres(
  "an operator makes a bank in PostgreSQL, adds a server, and checks both chains",
  () =>
    inTemporaryFolder(async (root) => {
      const { url } = await newDatabase();
      const [one, other, key] = [`${root}/one`, `${root}/other`, `${root}/lobby.key`];
      const urlFile = `${root}/database.url`;
      Deno.writeTextFileSync(urlFile, `${url}\n`, { mode: 0o600 });
      const env = { [variable]: url };
      const done = async (
        args: string[],
        says: string,
        more: { input?: string; env?: typeof env } = {},
      ) => {
        const { code, out, err } = await run(args, more.input ?? "", more.env ?? {});
        assertEquals({ code, err }, { code: 0, err: "" }, args.join(" "));
        assertStringIncludes(out, says);
      };
      const refused = async (args: string[], code: number, why: string, env = {}) => {
        const finished = await run(args, "", env);
        assertStringIncludes(finished.err, why, args.join(" "));
        assertEquals(
          [finished.code, finished.err.trim().split("\n").length],
          [code, 1],
          finished.err,
        );
        assert(!finished.err.includes(url));
      };
      const byFile = ["--database-url-file", urlFile];

      await done(
        ["bank", "init", "--single-operator", "--data", one],
        "is created in the database",
        { env },
      );
      await refused(
        ["bank", "init", "--single-operator", "--data", `${root}/again`],
        1,
        "already contains a bank",
        env,
      );
      await done(["bank", "terminal", "enroll", "lobby", "--data", one, "--out", key], key, {
        env,
      });
      const input = "correct horse battery";
      const add = ["bank", "customer", "add", "alice", "--opening", "100.00", "--data", one];
      await done([...add, ...byFile], "alice", { input });
      const ownKey = ["--operator-key", `${one}-operator.key`];
      const join = ["bank", "join", "--data", other, "--from", `${one}/bank.keys`, ...ownKey];
      await refused(join, 2, variable);
      await done([...join, ...byFile], "another server");
      await done([...join, ...byFile], "share"); // again, for its keys

      await refused(["server", "--data", one], 1, variable);
      await refused(["bank", "migrate", "--data", one], 2, variable);
      await refused(["bank", "backup", "--data", one], 1, "PostgreSQL's tools", env);
      const restore = [
        "bank",
        "restore",
        "--from",
        key,
        "--data",
        one,
        "--first-key",
        `${root}/next.key`,
      ];
      await refused(restore, 1, "PostgreSQL's tools", env);
      await refused(["bank", "limits", "--data", one], 2, "write postgresql://", {
        [variable]: "no url",
      });
      await refused(["bank", "limits", "--data", one], 1, "cannot be used", {
        [variable]: url.replace(/:\d+\//, ":1/"),
      });
      Deno.chmodSync(urlFile, 0o644);
      await refused(["bank", "limits", "--data", one, ...byFile], 1, "can be read by other users");
      Deno.chmodSync(urlFile, 0o600);
      await refused(
        ["bank", "limits", "--data", one],
        2,
        "sslmode=verify-full",
        { [variable]: `${url}?sslmode=require` },
      );

      const port = freePort();
      const listen = ["--listen", `127.0.0.1:${port}`, "--share-port"];
      const servers = [
        new Program(["server", "--data", one, ...listen], env),
        new Program(["server", "--data", other, ...listen, ...byFile]),
      ];
      for (const server of servers) assertStringIncludes(await server.line(), "The bank listens");
      await refused(["server", "--data", one, ...listen], 1, "in use by another process", env);
      const terminalKey = parseTerminalKey(Deno.readTextFileSync(key), key);
      for (let visit = 0; visit < 6; visit++) {
        const client = await BankClient.connect({
          connect: () => connectTcp("127.0.0.1", port),
          terminalKey,
          world: system,
        });
        const answer = await client.ask({ op: "log_in", username: "alice", password: input });
        assertEquals(answer.outcome, "ok");
        await client.close();
      }
      await done(["bank", "ledger", "check", "--data", other, ...ownKey], "books are correct");
      for (const server of servers) assertEquals(await server.end(), 0);
      assert(Deno.readTextFileSync(`${other}/audit_log_secure.txt`).length > 0);

      const firstKeys = [`${one}-first.key`, `${other}-first.key`];
      const verify = ["bank", "audit", "verify", "--data", one, "--first-key"];
      await done([...verify, firstKeys.join()], "the audit log is good", { env });
      await refused([...verify, firstKeys[0]!], 2, "give its first key, too", env);
      const file = [...verify, firstKeys[1]!, "--file", `${other}/audit_log_secure.txt`];
      await refused(file, 2, "give its first key, too", env);
      await done([...file, "--one-server"], "the audit log is good", { env });
    }),
);

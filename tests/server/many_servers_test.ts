/** One bank, several servers: whichever is asked, it is the same bank. */
import { noSigner } from "./helpers/operators.ts";
import { assert, assertEquals, assertMatch, assertRejects, equal } from "@std/assert";
import { NoAnswer } from "../../client/bank_client.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseFirstKey } from "../../server/audit/first_key.ts";
import { originOf } from "../../server/audit/tree.ts";
import { LogVerifier } from "../../server/audit/verify.ts";
import { publicKeyOf } from "../../server/transparency/ed25519.ts";
import { type Bank, createBank, joinBank, openBank } from "../../server/bank.ts";
import { epochMs } from "../../lib/limits.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { pause } from "../../lib/world.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { logCommand } from "../../server/ledger/command.ts";
import { goodLogInWords, verifyLog } from "../../server/operator/log_programs.ts";
import { systemOperator } from "../../server/programs/system_bank.ts";
import { keysPath } from "../../server/folder/bank_folder.ts";
import { type BankKeys, readBankKeys, replaceBankKeys } from "../../server/folder/bank_keys.ts";
import { sealedOtherwise } from "../../server/terminals/change_keys.ts";
import { terminalSealKeys } from "../../server/terminals/terminal_keys.ts";
import { type Atm, newId, passwords, RunningBank } from "./helpers/running_bank.ts";
import { newDatabase, onPostgres } from "./helpers/stores.ts";
import { inTemporaryFolder } from "./helpers/temporary.ts";
import { bankWorld } from "./helpers/world.ts";

/** Registers a test with two servers of one bank. */
function onTwoServers(
  name: string,
  run: (one: RunningBank, other: RunningBank) => Promise<void>,
): void {
  onPostgres(name, async () => {
    const { url } = await newDatabase();
    await RunningBank.with(
      async (one) => {
        const other = await one.another();
        try {
          await run(one, other);
        } finally {
          await other.stop();
        }
      },
      {},
      url,
    );
  });
}

const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
  for (let tries = 0; tries < 200; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it never came: ${what}`);
};

onTwoServers(
  "a movement retried at another server gets its first outcome, and is done once",
  async (one, other) => {
    const atm = await one.visit("alice");
    const movement = newId();
    const first = await atm.authorise("withdrawal", movement, "2000");
    await atm.ask({ op: "complete", movement, amount: "2000" });
    await atm.client.close();
    const elsewhere = await other.visit("alice");
    assertEquals(
      (await elsewhere.authorise("withdrawal", movement, "2000")).outcome,
      first.outcome,
    );
    const again = await elsewhere.ask({ op: "complete", movement, amount: "2000" });
    assertEquals([again.outcome, again.account!.booked], ["ok", "98000"]);
    assertEquals((await elsewhere.authorise("withdrawal", movement, "2500")).outcome, "id_reused");
  },
);

onTwoServers(
  "a balance that changes at one server is pushed to those who watch it at another",
  async (one, other) => {
    const alice = await one.visit("alice");
    const neighbour = await other.visit("alice", other.keys.mall);
    for (const amount of ["2000", "1000"]) {
      const movement = newId();
      await alice.authorise("withdrawal", movement, amount);
      await alice.ask({ op: "complete", movement, amount });
    }
    const booked = () =>
      neighbour.pushes.flatMap((push) => push.push === "account" ? [push.account.booked] : []);
    await until("the new balance", () => booked().at(-1) === "97000");
    const versions = neighbour.pushes.flatMap((push) =>
      push.push === "account" ? [push.account.version] : []
    );
    assertEquals(versions, [...versions].sort((a, b) => a - b));
  },
);

onTwoServers(
  "enrolled, renewed and revoked at one server: so it is at the other",
  async (one, other) => {
    const key = await one.enrol("harbour");
    const accepted = async () => {
      try {
        await (await other.connect(key)).client.close();
        return true;
      } catch (error) {
        if (error instanceof NoAnswer) return false;
        throw error;
      }
    };
    await until("the new terminal", accepted);
    const line = await other.visit("alice", key);
    await Array.fromAsync(one.operate({ command: "revoke_terminal", name: "harbour" }));
    // At once, by the rules, though its connection may still be open; and then that is closed, too.
    await assertRejects(() => line.authorise("withdrawal", newId(), "2000"), NoAnswer);
    await until("its end", async () => !await accepted());
  },
);

onTwoServers("failed log-ins count together, wherever they are tried", async (one, other) => {
  const tried = async (server: RunningBank) => {
    const atm = await server.connect();
    const answer = await atm.ask({ op: "log_in", username: "alice", password: "wrong password" });
    await atm.client.close();
    return answer.outcome;
  };
  const outcomes: string[] = [];
  for (const server of [one, other, one, other]) outcomes.push(await tried(server));
  assertEquals(outcomes, [
    "wrong_credentials",
    "wrong_credentials",
    "wrong_credentials",
    "throttled",
  ]);
  const right = await other.connect();
  const answer = await right.ask({ op: "log_in", username: "alice", password: passwords.alice });
  assertEquals(answer.outcome, "throttled");
});

onTwoServers(
  "of two connections of one terminal at two servers the newer wins, which is logged",
  async (one, other) => {
    const older = await one.visit("alice");
    const newer = await other.connect();
    assertEquals(await older.client.ended, "replaced");
    assertEquals(await newer.outcomeOf({ op: "hello" }), "ok");
    const action = "terminal lobby | connection replaced by a newer one of the same terminal";
    await until("its entry", async () => (await one.entries()).includes(action));
    await one.connect();
    assertEquals(await newer.client.ended, "replaced");
  },
);

onTwoServers(
  "a customer's visits at another server are seen, and end with a new password",
  async (one, other) => {
    const lobby = await one.visit("alice");
    const mall = await other.visit("alice", other.keys.mall);
    const elsewhere = ({ pushes }: Atm) =>
      pushes.findLast((push) => push.push === "elsewhere")?.terminals;
    await until("mall, at lobby", () => elsewhere(lobby)?.join() === "mall");
    await until("lobby, at mall", () => elsewhere(mall)?.join() === "lobby");
    const change = {
      op: "change_password",
      current: passwords.alice,
      next: "a new password",
    } as const;
    assertEquals(await lobby.outcomeOf(change), "ok");
    await until("the end", () => mall.pushes.some((push) => push.push === "visit_ended"));
    await until("its leave", () => elsewhere(lobby)?.length === 0);
    assertEquals(await lobby.outcomeOf({ op: "touch" }), "ok");
    await lobby.client.close();
  },
);

onTwoServers(
  "a server with older keys than another one changes none, and does not call the books wrong",
  async (one, other) => {
    const keysOf = ({ folder }: RunningBank) => readBankKeys(systemFiles, keysPath(folder));
    const refused = async (server: RunningBank, commands: OperatorCommand["command"][]) => {
      const before = keysOf(server);
      for (const command of commands) {
        const again = Array.fromAsync(server.operate({ command } as OperatorCommand));
        await assertRejects(() => again, UsageError, "not this bank's newest");
      }
      assertEquals(keysOf(server), before);
    };
    await Array.fromAsync(one.operate({ command: "rotate_audit_key" }));
    await refused(other, ["rotate_audit_key", "rotate_key", "check_ledger"]);
    await Array.fromAsync(one.operate({ command: "rotate_key" }));
    const { master, audit } = keysOf(one);
    assertEquals(audit.map(({ version }) => version), [1, 2]);
    await other.stop();
    replaceBankKeys(systemFiles, keysPath(other.folder), { ...keysOf(other), master, audit });
    await other.reopen();
    await Array.fromAsync(other.operate({ command: "rotate_key" }));
    await refused(one, ["rotate_audit_key", "rotate_key"]);
  },
);

/** Answers some of a server's reads otherwise. */
function readsWith({ bank: { ledger } }: RunningBank, changed: Partial<typeof ledger.read>): void {
  const { read } = ledger;
  const get = (_: object, name: keyof typeof read) => changed[name] ?? read[name];
  Object.defineProperty(ledger, "read", { value: new Proxy({}, { get } as ProxyHandler<object>) });
}

onTwoServers(
  "of two servers whose claim of the keys ended early, the later one changes nothing",
  async (one, other) => {
    // A connection that is lost ends its claim: nobody's keeps another server out.
    for (const server of [one, other]) {
      readsWith(server, { claimKeys: () => Promise.resolve(true) });
    }
    const { ledger } = other.bank;
    const submit = ledger.submit.bind(ledger);
    ledger.submit = async (command) => {
      if (command.op === "reseal_terminals") {
        await Array.fromAsync(one.operate({ command: "rotate_key" }));
      }
      return await submit(command);
    };
    const late = () => Array.fromAsync(other.operate({ command: "rotate_key" }));
    await assertRejects(late, UsageError, "another server has changed it meanwhile");
    ledger.submit = submit;
    const newest = readBankKeys(systemFiles, keysPath(one.folder));
    const rows = await ledger.read.terminals();
    assertEquals(sealedOtherwise(rows, terminalSealKeys(newest.master)), []);
    await assertRejects(late, UsageError, "not this bank's newest");
  },
);

onTwoServers(
  "of two servers that rotate the AUDIT_KEY without a claim, the later one is refused by its commit",
  async (one, other) => {
    for (const server of [one, other]) {
      readsWith(server, { claimKeys: () => Promise.resolve(true) });
    }
    const keysOf = ({ folder }: RunningBank) => readBankKeys(systemFiles, keysPath(folder));
    const before = keysOf(other);
    const { ledger } = other.bank;
    const submit = ledger.submit.bind(ledger);
    ledger.submit = async (command) => {
      ledger.submit = submit;
      await Array.fromAsync(one.operate({ command: "rotate_audit_key" }));
      return await submit(command);
    };
    const late = () => Array.fromAsync(other.operate({ command: "rotate_audit_key" }));
    await assertRejects(late, UsageError, "another server has changed it meanwhile");
    assertEquals(keysOf(other), before);
    assertEquals(keysOf(one).audit.map(({ version }) => version), [1, 2]);
    await assertRejects(late, UsageError, "not this bank's newest");
    const versions = new Set<number>();
    for (const { number } of await ledger.read.chains()) {
      for (const { keyVersion } of await ledger.read.lastEntries(number, 2)) {
        versions.add(keyVersion);
      }
    }
    assert(versions.has(2), "other servers see the new version");
    assertEquals((await one.bank.ledger.check()).problem, null);
  },
);

onTwoServers(
  "the master key of a bank without terminals is not changed at one of its servers: no other could see it",
  async (one, other) => {
    for (const server of [one, other]) {
      readsWith(server, { terminals: () => Promise.resolve([]) });
      const before = readBankKeys(systemFiles, keysPath(server.folder));
      const rotate = () => Array.fromAsync(server.operate({ command: "rotate_key" }));
      await assertRejects(rotate, UsageError, "Enrol a terminal first");
      assertEquals(readBankKeys(systemFiles, keysPath(server.folder)), before);
    }
  },
);

onTwoServers(
  "of two servers that change the same keys at once one does, and the other is refused, unchanged",
  async (one, other) => {
    const keysOf = ({ folder }: RunningBank) => readBankKeys(systemFiles, keysPath(folder));
    for (const command of ["rotate_audit_key", "rotate_key"] as const) {
      const servers = [one, other];
      const before = servers.map(keysOf);
      const outcomes = await Promise.allSettled(
        servers.map((server) => Array.fromAsync(server.operate({ command }))),
      );
      const statuses = outcomes.map(({ status }) => status).sort();
      assertEquals(statuses, ["fulfilled", "rejected"]);
      const [won, lost] = outcomes[0]!.status === "fulfilled" ? [0, 1] : [1, 0];
      const { reason } = outcomes[lost] as PromiseRejectedResult;
      assert(reason instanceof UsageError, `${reason}`);
      assertMatch(reason.message, /another server changes|not this bank's newest/);
      assertEquals(keysOf(servers[lost]!), before[lost]);
      const { master, audit } = keysOf(servers[won]!);
      const loser = servers[lost]!;
      await loser.stop();
      replaceBankKeys(systemFiles, keysPath(loser.folder), { ...before[lost]!, master, audit });
      await loser.reopen();
    }
    assertEquals((await one.bank.ledger.check()).problem, null);
  },
);

onTwoServers(
  "limits and locks that are set at one server hold at the other",
  async (one, other) => {
    const atm = await other.visit("alice");
    await Array.fromAsync(one.operate({ command: "set_limits", withdrawal: "30.00" }));
    const refused = await atm.authorise("withdrawal", newId(), "4000");
    assertEquals(refused.outcome, "over_withdrawal_limit");
    const lock = { state: "locked", reason: "asked" } as const;
    await Array.fromAsync(
      one.operate({ command: "set_account_state", account: atm.account, ...lock }),
    );
    assertEquals((await atm.authorise("withdrawal", newId(), "2000")).outcome, "not_logged_in");
    const later = await one.visit("alice", one.keys.mall);
    assertEquals((await later.authorise("withdrawal", newId(), "2000")).outcome, "account_locked");
  },
);

onTwoServers("a history has what was done at every server, newest first", async (one, other) => {
  for (const [index, server] of [one, other, one, other].entries()) {
    const atm = await server.visit("bob", server.keys.mall);
    const movement = newId(), amount = String(1_000 + 500 * index);
    await atm.authorise("withdrawal", movement, amount);
    await atm.ask({ op: "complete", movement, amount });
    await atm.client.close();
  }
  const atm = await one.visit("bob");
  const { entries } = await atm.ask({ op: "history", filter: { kind: "withdrawal" } });
  const amounts = entries!.map(({ amount }) => amount);
  assertEquals(amounts, ["2500", "2000", "1500", "1000"]);
  assertEquals(new Set(entries!.map(({ place }) => place.split(".")[0])).size, 2);
});

onTwoServers(
  "each server has its own chain; all are checked together, and a missing one is noticed",
  async (one, other) => {
    for (const server of [one, other]) await server.visit("bob", server.keys.mall);
    const { read } = one.bank.ledger;
    const firstKeys = [one, other].map(({ firstKey }) => parseFirstKey(firstKey, "first.key"));
    const chains = await read.chains();
    assertEquals(
      chains.map(({ id }) => id.toHex()),
      firstKeys.map(({ chainId }) => chainId.toHex()),
    );
    const verify = async (missing?: number) => {
      const verifier = new LogVerifier({ firstKeys, keyFile: null });
      for (const { number, id } of chains) {
        if (number === missing) continue;
        for (const entry of await read.entriesAfter(number, 0, 10_000)) {
          verifier.next({ chainId: id, entry });
        }
      }
      verifier.end();
      return verifier.goodCount;
    };
    assert(await verify() > 5);
    await assertRejects(() => verify(2), UsageError, "is missing");
    assertEquals((await one.bank.ledger.check()).problem, null);
  },
);

onTwoServers(
  "a folder has one owner, its bank one database, and keys of another bank do not join",
  async (one, other) => {
    const world = bankWorld();
    await assertRejects(() => openBank(world, one.folder), UsageError, "STRONGROOM_DATABASE_URL");
    const { url } = await newDatabase();
    await assertRejects(
      () => openBank(world, one.folder, one.url),
      UsageError,
      "in use by another",
    );
    await assertRejects(
      () => openBank(world, other.folder, one.url),
      UsageError,
      "in use by another",
    );
    await inTemporaryFolder((folder) =>
      RunningBank.with(
        async (stranger) => {
          const keys = readBankKeys(systemFiles, keysPath(stranger.folder));
          const join = () => joinBank(world, `${folder}/bank`, keys, one.url!, () => {});
          await assertRejects(join, UsageError, "not this bank's");
          await stranger.stop();
          await assertRejects(
            () => openBank(world, stranger.folder, one.url),
            UsageError,
            "different bank",
          );
        },
        {},
        url,
      )
    );
  },
);

onPostgres(
  "what cannot be made leaves nothing behind that a second try would stumble over",
  () =>
    inTemporaryFolder(async (root) => {
      const { url } = await newDatabase();
      const settings = {
        bankName: "Another Bank",
        currency: { code: "EUR", exponent: 2 },
        timeZone: "UTC",
        smallestNote: 1n,
      };
      await RunningBank.with(
        async (running) => {
          const kept: string[] = [];
          const keep = (text: string) => void kept.push(text);
          const folder = `${root}/new`;
          const init = (url: string) => createBank(bankWorld(), folder, settings, keep, url);
          const good = readBankKeys(systemFiles, keysPath(running.folder));
          const join = (keys: BankKeys) => joinBank(bankWorld(), folder, keys, url, keep);
          const gone = url.replace(/[^/]+$/, "no_such_database");
          const refused: [() => Promise<unknown>, string][] = [
            [() => init(url), "already contains a bank"],
            [() => init(gone), "cannot be used"],
            [
              () => join({ ...good, audit: [{ version: 1, key: good.master }] }),
              "not this bank's newest",
            ],
            [() => join({ ...good, master: good.checkpoint }), "Copy the bank's newest"],
          ];
          for (const [make, why] of refused) await assertRejects(make, UsageError, why);
          assertEquals([kept, [...Deno.readDirSync(root)]], [[], []]);
          const other = await join(good);
          await other.close();
          // each chain has a key for its own checkpoints
          const { checkpointKey, origin } = parseFirstKey(kept[0]!, "it");
          const own = readBankKeys(systemFiles, keysPath(folder));
          assertEquals(checkpointKey, publicKeyOf(own.checkpoint));
          assert(!equal(own.checkpoint, good.checkpoint));
          assertEquals(origin, originOf(running.bank.settings.bankName, own.chainId));
          assertEquals((await running.bank.ledger.read.chains()).length, 2);
        },
        {},
        url,
      );
    }),
);

onPostgres(
  "of a folder and its copy one alone writes the log, and the other is refused at each commit and start",
  async () => {
    const { url } = await newDatabase();
    await RunningBank.with(
      async (running) => {
        const { folder } = running;
        const copy = `${folder}-copy`;
        const open = (path: string) => openBank(bankWorld(), path, url);
        const submit = async ({ ledger }: Bank) =>
          (await ledger.submit(logCommand("bank", "something"))).outcome;
        await running.stop();
        Deno.mkdirSync(copy);
        for (const { name, isFile } of Deno.readDirSync(folder)) {
          if (isFile) Deno.copyFileSync(`${folder}/${name}`, `${copy}/${name}`);
        }
        const original = await open(folder);
        const copied = await open(copy);
        const outcomes = [];
        for (let turn = 0; turn < 3; turn++) {
          for (const bank of [original, copied]) outcomes.push(await submit(bank));
          await pause(system, epochMs);
        }
        const writes = outcomes[0] === "ok" ? 0 : 1; // whose chain's row was written last
        assertEquals(
          outcomes,
          outcomes.map((_, index) => index % 2 === writes ? "ok" : "try_later"),
        );
        for (const bank of [original, copied]) await bank.close();
        const [writer, other] = writes === 0 ? [folder, copy] : [copy, folder];
        await assertRejects(() => open(other!), UsageError, "it is not the newest");
        const again = await open(writer!);
        assertEquals(await submit(again), "ok");
        await again.close();
        const firstKeyPath = `${folder}-first.key`;
        writePrivateFile(systemFiles, firstKeyPath, running.firstKey);
        const request = { folder: writer!, url, signer: noSigner, firstKeyPaths: [firstKeyPath] };
        const found = goodLogInWords(await verifyLog(systemOperator, request, () => {}));
        assertEquals(found.slice(0, 21), "the audit log is good");
      },
      {},
      url,
    );
  },
);

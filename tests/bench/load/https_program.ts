/**
 * What a user would write instead: a JSON API over HTTPS (TLS 1.3) in the same runtime, over the same
 * tables and the same rules, with a commit for each request. `https_program.ts FOLDER ATMS`.
 */
import { hex } from "../../../lib/bytes.ts";
import { ChainKeyFile } from "../../../server/audit/chain_key.ts";
import { nameHashOf } from "../../../server/audit/keys.ts";
import { ChainWriter } from "../../../server/audit/writer.ts";
import { system, systemFiles, systemWithFiles } from "../../../lib/system.ts";
import { openPasswordThreads } from "../../../server/credentials/password_threads.ts";
import { chainKeyPath, databasePath, keysPath } from "../../../server/folder/bank_folder.ts";
import { auditKeyRingOf, readBankKeys } from "../../../server/folder/bank_keys.ts";
import type { Command, Reply } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { makeCertificate } from "./certificate.ts";
import { customerName, fillBank, password } from "./filled_bank.ts";
import { serveLines } from "./program.ts";

/** What callers need. */
export interface HttpsReach {
  port: number;
  certificate: string;
  terminals: string[];
  customers: string[];
  password: string;
}

/** Returns the engine on this thread, one command at a time. */
async function openEngine(folder: string) {
  const bankKeys = readBankKeys(systemFiles, keysPath(folder));
  const { chainId } = bankKeys;
  const keys = auditKeyRingOf(bankKeys);
  const store = SqliteStore.open(systemWithFiles, databasePath(folder));
  const openKey = (epoch: number) =>
    ChainKeyFile.open(systemFiles, chainKeyPath(folder), chainId, epoch);
  const log = await ChainWriter.open(store, {
    chainId,
    openKey,
    keys,
    randomBytes: system.randomBytes,
  });
  const engine = await Engine.open({ store, log, clock: system });
  let turn: Promise<unknown> = Promise.resolve();
  const submit = (command: Command): Promise<Reply> => {
    const reply = turn.then(async () => (await engine.run([command], console.error)).replies[0]!);
    turn = reply;
    return reply;
  };
  return { store, submit, auditKeys: keys.newest };
}

if (import.meta.main) {
  const [folder, count] = Deno.args;
  const filled = await fillBank(folder!, Number(count));
  await filled.bank.close();
  const { store, submit, auditKeys } = await openEngine(folder!);
  const passwords = openPasswordThreads(1, console.error);
  const visits = new Map<
    string,
    { terminal: string; customer: string; passwordVersion: number; account: string }
  >();

  const logIn = async ({ terminal, username, password }: Record<string, string>) => {
    const who = {
      username: username!,
      nameHash: nameHashOf(auditKeys, username!),
      terminal: terminal!,
    };
    const begun = await submit({ op: "begin_log_in", ...who });
    const passed = await passwords.verify(password!, begun.passwordHash ?? null);
    const { passwordVersion = 0 } = begun;
    const end = { op: "end_log_in", ...who, passed, passwordVersion } as const;
    const { outcome, account } = await submit(end);
    if (outcome !== "ok") return { outcome };
    const token = hex(system.randomBytes(32));
    visits.set(token, {
      terminal: terminal!,
      customer: username!,
      passwordVersion,
      account: account!.number,
    });
    return { outcome, token };
  };

  const move = async (path: string, token: string, asked: Record<string, string>) => {
    const visit = visits.get(token);
    if (!visit) return { outcome: "not_logged_in" };
    const { terminal, account, ...whose } = visit;
    const movement = String(asked.movement), amount = BigInt(asked.amount!);
    const kind = asked.kind === "deposit" ? "deposit" : "withdrawal";
    const reply = await submit(
      path === "/authorise"
        ? { op: "authorise", kind, movement, terminal, ...whose, account, amount, currency: "EUR" }
        : { op: "complete", movement, terminal, amount },
    );
    const { outcome, account: state, timeMs, logged } = reply;
    const { balance, held, version } = state!;
    return { outcome, time: timeMs, logged, balance: `${balance}`, held: `${held}`, version };
  };

  const { certificate, key } = await makeCertificate(folder!);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certificate, key, onListen() {} },
    async (request) => {
      const asked = await request.json();
      const { pathname } = new URL(request.url);
      const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
      return Response.json(
        pathname === "/log_in" ? await logIn(asked) : await move(pathname, token, asked),
      );
    },
  );
  const reach: HttpsReach = {
    port: server.addr.port,
    certificate,
    terminals: filled.terminals.map(({ id }) => id),
    customers: filled.terminals.map((_, index) => customerName(index)),
    password,
  };
  await serveLines(reach, () => null);
  await server.shutdown();
  passwords.close();
  store.close();
  Deno.exit(0);
}

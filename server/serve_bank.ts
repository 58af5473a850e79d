/** Serves ATMs and operators, and takes checkpoints: the common part of every server of a bank. */
import type { BankServerStart, ServerReady } from "../lib/programs.ts";
import type { ExchangeHttp, SocketListener } from "../lib/world.ts";
import type { Bank } from "./bank.ts";
import { bindDoor, type DoorAddress, listen } from "./door/listener.ts";
import { OutcomeUnknown } from "./ledger/ledger.ts";
import { removeOldBackups } from "./folder/bank_folder.ts";
import { ProblemLog } from "./metrics/log_problems.ts";
import { serveMetrics } from "./metrics/serve_metrics.ts";
import { Checkpoints } from "./operator/checkpoints.ts";
import { serveOperators } from "./operator/socket.ts";
import type { Policy } from "./transparency/policy.ts";
import { Witnesses } from "./witnesses.ts";

export interface ServeOptions
  extends Omit<BankServerStart, "databaseUrlFile" | "folder" | "policy" | "log" | "check"> {
  /** The witnesses that cosign checkpoints, and the way to reach them. */
  witnesses?: { policy: Policy; exchange: ExchangeHttp };
  /** Listens on TCP. */
  bind: (address: DoorAddress) => SocketListener;
  /** Listens on a Unix socket. */
  listenUnix: (path: string, group?: number) => SocketListener;
}

/**
 * Serves until `end` resolves, then stops in order and closes the bank.
 * @param onReady called once ATMs and operators can connect
 * @throws {UsageError} if the address cannot be listened on
 */
export async function serveBank(
  bank: Bank,
  {
    listen: address,
    proxies,
    sharePort,
    checkpoints,
    backups,
    metrics,
    operatorsGroup: group,
    witnesses,
    bind,
    listenUnix,
  }: ServeOptions,
  end: Promise<void>,
  onReady: (ready: ServerReady) => void,
): Promise<void> {
  try {
    bank.backupFolder = backups ?? null;
    if (backups !== undefined) cleanBackups(bank, backups);
    const socket = bindDoor(bind, { ...address, sharePort });
    const metricsSocket = metrics && bindDoor(bind, { ...metrics, sharePort: false }, "--metrics");
    const listener = await listen(bank, { listener: socket, proxies });
    const operators = serveOperators(bank, listenUnix, { group });
    const schedule = {
      folder: checkpoints.folder,
      everyMs: checkpoints.everyMinutes * 60_000,
    };
    const taken = new Checkpoints(bank, schedule);
    const watched = metricsSocket && serveMetrics(bank, metricsSocket);
    const problems = new ProblemLog(bank);
    const asked = witnesses && new Witnesses(bank, witnesses.policy, witnesses.exchange);
    onReady({ address: listener.address, metrics: watched?.address });
    await end;
    bank.ledger.stopWaiting();
    for (const part of [problems, operators, listener, taken, asked, watched]) {
      await part?.close().catch(ignoreUnknown);
    }
  } finally {
    await bank.close();
  }
}

/** Removes unchecked copies of an earlier server. The bank works without it. */
function cleanBackups({ world: { files, log } }: Bank, folder: string): void {
  try {
    removeOldBackups(files, folder);
  } catch (error) {
    log(`removing unfinished backups from ${folder} failed: ${(error as Error).message}`);
  }
}

/**
 * Ignores a commit in doubt, which must not prevent the server from stopping: the entries about its
 * end may be missing.
 */
function ignoreUnknown(error: unknown): void {
  if (!(error instanceof OutcomeUnknown)) throw error;
}

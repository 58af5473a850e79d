/// <reference lib="deno.worker" />
/** The thread of a bank's ledger: answers calls, which arrive as messages, with one service. */
import { UsageError } from "../lib/errors.ts";
import { system, systemFiles, systemWithFiles } from "../lib/system.ts";
import { openStore } from "./ledger/open_store.ts";
import {
  checkFile,
  type FileToCheck,
  type FromLedgerThread,
  LedgerService,
  type OpenLedger,
  type OpenStore,
  type ToLedgerThread,
} from "./ledger_service.ts";

let service: LedgerService;

const answer = (message: FromLedgerThread) => self.postMessage(message);
const openSystemStore: OpenStore = (...place) => openStore(systemWithFiles, ...place);
const surroundings = {
  openStore: openSystemStore,
  files: systemFiles,
  world: system,
  onTrouble: (trouble: string) => answer({ trouble }),
  onDoubt: (inDoubt: boolean) => answer({ inDoubt }),
};

self.onmessage = async ({ data: { id, name, args } }: MessageEvent<ToLedgerThread>) => {
  try {
    answer({ id, value: await handle(id, name, args) });
  } catch (error) {
    const { message } = error as Error;
    answer({ id, error: { message, usage: error instanceof UsageError } });
  }
};

async function handle(
  id: number,
  name: ToLedgerThread["name"],
  args: unknown[],
): Promise<unknown> {
  if (name === "open") {
    service = await LedgerService.open(args[0] as OpenLedger, surroundings);
    return;
  }
  if (name === "checkFile") return await checkFile(args[0] as FileToCheck, openSystemStore);
  if (name === "check") return await service.check((done, of) => answer({ id, done, of }));
  return await (service[name] as (...args: unknown[]) => Promise<unknown>)(...args);
}

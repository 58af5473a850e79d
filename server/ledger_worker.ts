/// <reference lib="deno.worker" />
/** The thread of a bank's ledger: answers calls, which arrive as messages, with one service. */
import { UsageError } from "../lib/errors.ts";
import { filesLookMs } from "../lib/limits.ts";
import { system, systemFiles, systemWithFiles } from "../lib/system.ts";
import { FilesInPlace } from "./folder/files_in_place.ts";
import { inspectBank } from "./inspect_bank.ts";
import { openStore, openToInspect } from "./ledger/open_store.ts";
import { UnusableFile } from "./ledger/store.ts";
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
/** The files that the ledger writes; null before it is open, and while it closes. */
let inPlace: FilesInPlace | null = null;
/** The store opens its file again while a commit is in doubt. */
let isInDoubt = false;

const answer = (message: FromLedgerThread) => self.postMessage(message);
const openSystemStore: OpenStore = (...place) => openStore(systemWithFiles, ...place);
const surroundings = {
  openStore: openSystemStore,
  files: systemFiles,
  world: system,
  onTrouble: (trouble: string) => answer({ trouble }),
  onDoubt(inDoubt: boolean) {
    isInDoubt = inDoubt;
    answer({ inDoubt });
  },
  onFault: (fault: string | null) => answer({ fault }),
  onMoved: (moved: string) => answer({ moved }),
};

self.onmessage = async ({ data: { id, name, args } }: MessageEvent<ToLedgerThread>) => {
  try {
    answer({ id, value: await handle(id, name, args) });
  } catch (error) {
    const { message } = error as Error;
    const fault = error instanceof UnusableFile ? error.fault : undefined;
    answer({ id, error: { message, usage: error instanceof UsageError, fault } });
  }
};

async function handle(
  id: number,
  name: ToLedgerThread["name"],
  args: unknown[],
): Promise<unknown> {
  if (name === "open") {
    const parts = args[0] as OpenLedger;
    await inspect(parts);
    service = await LedgerService.open(parts, surroundings);
    inPlace = inPlaceOf(parts);
    lookInTime();
    return;
  }
  const onProgress = (done: number, of: number) => answer({ id, done, of });
  if (name === "checkFile") {
    return await checkFile(args[0] as FileToCheck, openSystemStore, onProgress);
  }
  if (name === "check") return await service.check(onProgress);
  if (name === "backUp") return await service.backUp(args[0] as string, onProgress);
  if (name === "close") inPlace = null;
  const value = await (service[name] as (...args: unknown[]) => Promise<unknown>)(...args);
  if (name === "run") requireInPlace();
  return value;
}

function inPlaceOf({ place, chainKeyPath }: OpenLedger): FilesInPlace {
  return "url" in place
    ? new FilesInPlace(systemFiles, [chainKeyPath], null)
    : new FilesInPlace(systemFiles, [place.path, chainKeyPath], `${place.path}-wal`);
}

/** @throws {Error} if a file is not in place: the last commit must not be acknowledged then */
function requireInPlace(): void {
  const moved = inPlace?.moved(isInDoubt) ?? null;
  if (moved === null) return;
  answer({ moved });
  throw new Error(`${moved} is no longer in its folder`);
}

function lookInTime(): void {
  system.after(filesLookMs, () => {
    if (inPlace === null) return;
    try {
      requireInPlace();
      lookInTime();
    } catch {
      // reported
    }
  });
}

/** @throws {UsageError} if the bank's file is damaged: it is unchanged then */
async function inspect(parts: OpenLedger): Promise<void> {
  const { place, create } = parts;
  if (!("path" in place) || create) return;
  const reader = openToInspect(systemWithFiles, place.path);
  try {
    if (reader) await inspectBank(systemFiles, place.path, reader, parts);
  } finally {
    await reader?.close();
  }
}

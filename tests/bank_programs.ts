/** Deno's arguments that start the bank's programs as the launcher does, for tests that hold the processes. */
import type { BankServerStart } from "../lib/programs.ts";
import * as families from "../ui/command_line/commands/index.ts";
import { findDatabase } from "../ui/command_line/launcher/database.ts";
import {
  bankPermissions,
  denoArguments,
  operatorPermissions,
  operatorSocket,
} from "../ui/command_line/launcher/permissions.ts";
import { parseCommandLine } from "../ui/command_line/parse.ts";

const checkout = new URL("../", import.meta.url).pathname.replace(/\/$/, "");

interface Bank {
  folder: string;
  databaseUrlFile?: string;
  /** Where its server listens. */
  hostname?: string;
  /** Its server's folder for backups. */
  backups?: string;
  /** The project's folder, or a copy of it. */
  project?: string;
}

/** Arguments of the bank's server, on loopback unless another address is given. */
export function serverArguments(
  { folder, databaseUrlFile, hostname = "127.0.0.1", backups, project = checkout }: Bank,
  port: number,
  sharePort = false,
): string[] {
  const start: BankServerStart = {
    folder,
    listen: { hostname, port },
    proxies: [],
    sharePort,
    checkpoints: { folder: `${folder}/checkpoints`, everyMinutes: 60 },
    log: "text",
    ...(databaseUrlFile && { databaseUrlFile }),
    ...(backups && { backups }),
  };
  const net = [`${hostname}:${port}`, operatorSocket(folder)];
  const database = databaseUrlFile ? findDatabase(databaseUrlFile) : undefined;
  const permissions = bankPermissions({ project }, [folder, backups ?? folder], net, database);
  return denoArguments({ project }, "server/programs/bank_server", permissions, start);
}

/** Arguments of an operator's command, such as `audit verify`. */
export function operatorArguments(
  { folder, databaseUrlFile, project = checkout }: Bank,
  words: readonly string[],
): string[] {
  const database = databaseUrlFile ? ["--database-url-file", databaseUrlFile] : [];
  const args = ["bank", ...words, "--data", folder, ...database];
  const place = { project, startedIn: project };
  const parsed = parseCommandLine(Object.values(families).flat(), args, place);
  if (!("launch" in parsed) || parsed.launch.kind !== "operator") throw new Error("no launch");
  const { start } = parsed.launch;
  const permissions = operatorPermissions(
    place,
    parsed.launch,
    databaseUrlFile ? findDatabase(databaseUrlFile) : undefined,
  );
  return denoArguments(place, "server/programs/operator", permissions, start);
}

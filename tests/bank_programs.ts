/** Deno's arguments that start the bank's programs as the launcher does, for tests that hold the processes. */
import type { BankServerStart, OperatorStart } from "../lib/programs.ts";
import {
  bankPermissions,
  denoArguments,
  operatorSocket,
} from "../ui/command_line/launcher/permissions.ts";
import { parseCommand } from "../ui/command_line/flags.ts";
import { findCommand, shapes } from "../ui/command_line/shapes.ts";

const checkout = new URL("../", import.meta.url).pathname.replace(/\/$/, "");

interface Bank {
  folder: string;
  databaseUrlFile?: string;
  /** The project's folder, or a copy of it. */
  project?: string;
}

/** Arguments of the bank's server, on loopback. */
export function serverArguments(
  { folder, databaseUrlFile, project = checkout }: Bank,
  port: number,
  sharePort = false,
): string[] {
  const start: BankServerStart = {
    folder,
    listen: { hostname: "127.0.0.1", port },
    proxies: [],
    sharePort,
    checkpoints: { folder: `${folder}/checkpoints`, everyMinutes: 60 },
    ...(databaseUrlFile && { databaseUrlFile }),
  };
  const net = [`127.0.0.1:${port}`, operatorSocket(folder)];
  const permissions = permissionsOf({ folder, databaseUrlFile, project }, [folder], net);
  return denoArguments({ project }, "server/programs/bank_server", permissions, start);
}

/** Arguments of an operator's command, such as `audit verify`. */
export function operatorArguments(
  { folder, databaseUrlFile, project = checkout }: Bank,
  words: readonly string[],
  moreFiles: string[] = [],
): string[] {
  const { name, rest } = findCommand(["bank", ...words])!;
  const parsed = parseCommand(shapes[name], rest);
  const start: OperatorStart = {
    command: name,
    folder,
    flags: {
      ...parsed.flags,
      ...(databaseUrlFile && { "database-url-file": databaseUrlFile }),
      ...(Object.hasOwn(shapes[name].options, "first-key") && {
        "first-key": parsed.flags["first-key"] ?? `${folder}-first.key`,
      }),
    },
    words: parsed.words,
  };
  const files = [folder, ...moreFiles];
  const permissions = permissionsOf(
    { folder, databaseUrlFile, project },
    files,
    [operatorSocket(folder)],
  );
  permissions.env.push("USER", "LOGNAME");
  return denoArguments({ project }, "server/programs/operator", permissions, start);
}

function permissionsOf(
  { databaseUrlFile, project }: Required<Pick<Bank, "project">> & Bank,
  folders: string[],
  net: string[],
) {
  const url = databaseUrlFile && Deno.readTextFileSync(databaseUrlFile).trim();
  const permissions = bankPermissions({ project }, folders, net, url || undefined);
  if (databaseUrlFile) permissions.read.push(databaseUrlFile);
  return permissions;
}

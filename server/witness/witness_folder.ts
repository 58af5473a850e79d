/**
 * A witness's folder:
 *
 *     witness.key     0600: the witness's name and the key that cosigns
 *     checkpoints/    0600: the last checkpoint that it cosigned of each origin, a file each
 *     owner.lock      held by the one process that owns the folder
 */
import { fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import {
  isThere,
  readPrivateFile,
  replacePrivateFile,
  writePrivateFile,
} from "../../lib/private_file.ts";
import { readTextFile } from "../../lib/text_file.ts";
import type { Files, OpenFile } from "../../lib/world.ts";
import { parseCheckpoint } from "../transparency/checkpoint.ts";
import {
  formatVerifierKey,
  isKeyName,
  signatureTypes,
  type SignerKey,
  verifierKeyOf,
} from "../transparency/note.ts";
import type { Witnessed, WitnessStorage } from "../transparency/witness.ts";

const formatName = "strongroom witness key 1";
const keyPath = (folder: string) => `${folder}/witness.key`;
const checkpointsPath = (folder: string) => `${folder}/checkpoints`;

/**
 * Creates the folder of a new witness; returns its verifier key as text.
 * @throws {UsageError} if a key cannot have this name, or the folder has a witness already, or
 * checkpoints of one
 */
export function makeWitness(
  files: Files,
  folder: string,
  name: string,
  secretKey: Uint8Array,
): string {
  if (!isKeyName(name)) {
    throw new UsageError(`'${name}' cannot name a witness: write a name without spaces and +`);
  }
  if (hasCheckpoints(files, folder)) requireKey(files, folder);
  files.makeFolder(folder);
  files.makeFolder(checkpointsPath(folder));
  const lines = [formatName, name, hex(secretKey), ""];
  writePrivateFile(files, keyPath(folder), lines.join("\n"));
  files.syncFolder(folder);
  return formatVerifierKey(verifierKeyOf(signerOf(name, secretKey)));
}

/** The folder of a witness, owned by this process until it is closed. */
export class WitnessFolder implements WitnessStorage {
  private constructor(
    private readonly files: Files,
    private readonly path: string,
    private readonly lock: OpenFile,
    readonly signer: SignerKey,
  ) {}

  /**
   * Opens a witness's folder.
   * @throws {UsageError} if there is no witness, other users can read its key, or another process
   * owns it
   */
  static open(files: Files, path: string): WitnessFolder {
    requireKey(files, path);
    const lock = files.open(`${path}/owner.lock`, "create");
    try {
      if (!lock.lock()) throw new UsageError(`${path} is in use by another process: end it first`);
      return new WitnessFolder(files, path, lock, readSigner(files, keyPath(path)));
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /**
   * Reads the last checkpoint of an origin.
   * @throws {Error} if the file is damaged, which is never treated as missing
   */
  read(originHash: string): Witnessed | null {
    const path = this.#pathOf(originHash);
    if (!isThere(this.files, path)) return null;
    const note = readTextFile(this.files, path);
    const { checkpoint } = parseCheckpoint(note) ?? {};
    if (!checkpoint) throw new Error(`${path} is damaged: restore it, or make another witness`);
    return { size: checkpoint.size, root: checkpoint.root, note };
  }

  write(originHash: string, { note }: Witnessed): void {
    replacePrivateFile(this.files, this.#pathOf(originHash), note);
  }

  close(): void {
    this.lock.close();
  }

  #pathOf(originHash: string): string {
    return `${checkpointsPath(this.path)}/${originHash}`;
  }
}

const hasCheckpoints = (files: Files, folder: string) =>
  isThere(files, checkpointsPath(folder)) && files.names(checkpointsPath(folder)).length > 0;

/** @throws {UsageError} if the witness's key is missing */
function requireKey(files: Files, folder: string): void {
  const key = keyPath(folder);
  if (isThere(files, key)) return;
  throw new UsageError(
    hasCheckpoints(files, folder)
      ? `${key} is missing: ${restoreKey}`
      : `no witness in ${folder}: make one with 'deno task witness init --name NAME'`,
  );
}

const restoreKey = "restore it from where you keep its copy";

function readSigner(files: Files, path: string): SignerKey {
  const [format, name, key, end, ...more] = readPrivateFile(files, path, restoreKey).split("\n");
  const secretKey = fromHex(key, 32);
  if (format === formatName && name && isKeyName(name) && secretKey && end === "" && !more.length) {
    return signerOf(name, secretKey);
  }
  throw new UsageError(`${path} is not a witness's key: ${restoreKey}`);
}

function signerOf(name: string, secretKey: Uint8Array): SignerKey {
  return { name, type: signatureTypes.cosignature, secretKey };
}

/**
 * An operator's key file, JSON with mode 0600: an Ed25519 key, sealed under a passphrase, which
 * Argon2id stretches. The key of a timer, or of a bank's single operator, may be unsealed.
 */
import { argon2id } from "hash-wasm";
import { concat, fromHex, hex, utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { passphraseMemoryKib, passphrasePasses } from "../../lib/limits.ts";
import { parsePrivateFile } from "../../lib/private_file.ts";
import { open, seal, type SealKeys } from "../../lib/seal.ts";
import { isName } from "../../lib/terminal_key.ts";
import type { Files, World } from "../../lib/world.ts";
import { publicKeyOf, signEd25519 } from "../transparency/ed25519.ts";
import type { Signer } from "./signed_request.ts";

const formatName = "strongroom operator key 1";

/** A key, and the text of its file. */
export interface NewOperatorKey {
  signer: Signer;
  text: string;
}

/**
 * Makes an operator's key.
 * @param passphrase null for an unsealed key
 */
export async function makeOperatorKey(
  { randomBytes }: Pick<World, "randomBytes">,
  name: string,
  passphrase: string | null,
): Promise<NewOperatorKey> {
  const secretKey = randomBytes(32);
  const signer = signerOf(name, secretKey);
  const fields = passphrase === null
    ? { secretKey: hex(secretKey) }
    : await sealedFields(signer, secretKey, passphrase, randomBytes);
  const { publicKey } = signer;
  const text = JSON.stringify({ format: formatName, name, publicKey, ...fields }, null, 2) + "\n";
  return { signer, text };
}

async function sealedFields(
  signer: Signer,
  secretKey: Uint8Array,
  passphrase: string,
  randomBytes: World["randomBytes"],
) {
  const salt = randomBytes(16);
  const keys = await sealKeysOf(passphrase, salt);
  return { salt: hex(salt), sealedKey: hex(seal(keys, randomBytes(16), aadOf(signer), secretKey)) };
}

/**
 * Reads an operator's key.
 * @param askPassphrase called if the key is sealed
 * @throws {UsageError} if the file is missing, readable by others or damaged, or the passphrase is
 * wrong
 */
export async function readOperatorKey(
  files: Pick<Files, "facts" | "read">,
  path: string,
  askPassphrase: (name: string) => Promise<string>,
): Promise<Signer> {
  const otherwise = "name your key's file with --operator-key FILE";
  const { name, publicKey, secretKey, salt, sealedKey } = parsePrivateFile(
    files,
    path,
    otherwise,
    (text) => parsed(text, path),
  );
  if (secretKey !== null) return signerOf(name, secretKey);
  const keys = await sealKeysOf(await askPassphrase(name), salt!);
  const opened = open(keys, aadOf({ name, publicKey }), sealedKey!);
  if (opened === null) throw new UsageError(`the passphrase is not that of ${path}. Try again`);
  return signerOf(name, opened);
}

function parsed(text: string, path: string) {
  const bad = new UsageError(
    `${path} is not an operator's key file. Make one with 'deno task bank operator key NAME'`,
  );
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text) ?? {};
  } catch {
    throw bad;
  }
  const { name, publicKey, format } = fields;
  const [secretKey, salt] = [fromHex(fields.secretKey, 32), fromHex(fields.salt, 16)];
  const sealedKey = fromHex(fields.sealedKey, sealedKeyBytes);
  const isWhole = secretKey !== null || (salt !== null && sealedKey !== null);
  if (
    format !== formatName || typeof name !== "string" || !isName(name) ||
    typeof publicKey !== "string" || !isWhole
  ) throw bad;
  return { name, publicKey, secretKey, salt, sealedKey };
}

/** IV, three blocks, tag. */
const sealedKeyBytes = 96;

function signerOf(name: string, secretKey: Uint8Array): Signer {
  const publicKey = hex(publicKeyOf(secretKey));
  return { name, publicKey, sign: (message) => signEd25519(secretKey, message) };
}

const aadOf = ({ name, publicKey }: Pick<Signer, "name" | "publicKey">) =>
  concat(utf8(`${formatName}\n${name}\n`), Uint8Array.fromHex(publicKey));

async function sealKeysOf(passphrase: string, salt: Uint8Array): Promise<SealKeys> {
  const bytes = await argon2id({
    password: passphrase,
    salt,
    iterations: passphrasePasses,
    memorySize: passphraseMemoryKib,
    parallelism: 1,
    hashLength: 48,
    outputType: "binary",
  });
  return { enc: bytes.subarray(0, 16), mac: bytes.subarray(16) };
}

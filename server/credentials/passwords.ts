/**
 * Hashes passwords with Argon2id (RFC 9106; 19 MiB, two passes, one lane: OWASP's first choice) and
 * checks them, in threads.
 */
import { UsageError } from "../../lib/errors.ts";
import {
  passwordChecksPendingMax,
  passwordLengthMax,
  passwordLengthMin,
} from "../../lib/limits.ts";
import type { Threads } from "../threads.ts";

export interface Passwords {
  /**
   * Returns the encoded hash of a new password; `salt` is 16 random bytes, `secret` a key that is not
   * in the database.
   */
  hash(password: string, salt: Uint8Array, secret?: Uint8Array): Promise<string>;
  /** As `hash`, for an operator: every customer's password comes first. */
  hashLater(password: string, salt: Uint8Array): Promise<string>;
  /**
   * Returns whether the password matches the hash; always false for null, the hash of an unknown
   * name.
   * @param secret as it was hashed with
   */
  verify(password: string, hash: string | null, secret?: Uint8Array): Promise<boolean>;
  /** True when the queue of checks is full. */
  readonly busy: boolean;
  close(): void;
}

/** A request to a thread. The answer is the hash, or whether the password matches it. */
export type PasswordRequest =
  & { password: string; secret?: Uint8Array }
  & ({ type: "hash"; salt: Uint8Array } | { type: "verify"; hash: string });

/** @throws {UsageError} if a new password is too short or too long */
export function requirePasswordLength({ length }: string): void {
  if (length >= passwordLengthMin && length <= passwordLengthMax) return;
  throw new UsageError(`a password has ${passwordLengthMin} to ${passwordLengthMax} characters`);
}

/** Returns whether a text is a hash with these parameters. */
export function isPasswordHash(text: string): boolean {
  return /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/.test(text);
}

/** Checked for an unknown name, so that the answer takes as long. */
const unknownNamesHash =
  "$argon2id$v=19$m=19456,t=2,p=1$c3Ryb25ncm9vbS9ub2JvZHk$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA";

export class ThreadedPasswords implements Passwords {
  constructor(private readonly threads: Threads<PasswordRequest, string | boolean>) {}

  async hash(password: string, salt: Uint8Array, secret?: Uint8Array): Promise<string> {
    return await this.threads.run({
      type: "hash",
      password,
      salt,
      ...(secret && { secret }),
    }) as string;
  }

  async hashLater(password: string, salt: Uint8Array): Promise<string> {
    return await this.threads.runLater({ type: "hash", password, salt }) as string;
  }

  get busy(): boolean {
    return this.threads.waiting >= passwordChecksPendingMax;
  }

  async verify(
    password: string,
    hash: string | null,
    secret?: Uint8Array,
  ): Promise<boolean> {
    // The library throws on an empty password; checking it must take as long as any other.
    const checked = password === "" ? "-" : password;
    const same = await this.threads.run({
      type: "verify",
      password: checked,
      hash: hash ?? unknownNamesHash,
      ...(secret && { secret }),
    });
    return same === true && hash !== null && password !== "";
  }

  close(): void {
    this.threads.close();
  }
}

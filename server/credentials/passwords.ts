/**
 * Passwords, kept as Argon2id (RFC 9106; 19 MiB, two passes, one lane: OWASP's first choice) and
 * checked in threads.
 */
import { passwordChecksPendingMax } from "../../lib/limits.ts";
import type { Threads } from "../threads.ts";

export interface Passwords {
  /** The encoded hash of a new password; `salt` is 16 random bytes. */
  hash(password: string, salt: Uint8Array): Promise<string>;
  /** Whether the password is the one that was hashed; null is nobody's hash, which never matches. */
  verify(password: string, hash: string | null): Promise<boolean>;
  /** True when so many checks are waiting that no more should be asked for. */
  readonly busy: boolean;
  close(): void;
}

/** What a password's thread is asked; its answer is a hash, or whether the password has this one. */
export type PasswordRequest =
  | { type: "hash"; password: string; salt: Uint8Array }
  | { type: "verify"; password: string; hash: string };

/** What a name that nobody has is checked against, so that it costs what a wrong password costs. */
const nobodysHash =
  "$argon2id$v=19$m=19456,t=2,p=1$c3Ryb25ncm9vbS9ub2JvZHk$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA";

export class ThreadedPasswords implements Passwords {
  constructor(private readonly threads: Threads<PasswordRequest, string | boolean>) {}

  async hash(password: string, salt: Uint8Array): Promise<string> {
    return await this.threads.run({ type: "hash", password, salt }) as string;
  }

  get busy(): boolean {
    return this.threads.waiting >= passwordChecksPendingMax;
  }

  async verify(password: string, hash: string | null): Promise<boolean> {
    // The hash's implementation throws on an empty password; it must cost what another one costs.
    const checked = password === "" ? "-" : password;
    const request = { type: "verify", password: checked, hash: hash ?? nobodysHash } as const;
    const same = await this.threads.run(request);
    return same === true && hash !== null && password !== "";
  }

  close(): void {
    this.threads.close();
  }
}

/**
 * Passwords, kept as Argon2id (RFC 9106; 19 MiB, two passes, one lane: OWASP's first choice) and
 * checked in threads of their own.
 */
import { passwordChecksPendingMax } from "../../lib/limits.ts";

export type ToPasswordWorker =
  | { type: "hash"; password: string; salt: Uint8Array }
  | { type: "verify"; password: string; hash: string };

/** What a name that nobody has is checked against, so that it costs what a wrong password costs. */
const nobodysHash =
  "$argon2id$v=19$m=19456,t=2,p=1$c3Ryb25ncm9vbS9ub2JvZHk$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA";

export class Passwords {
  readonly #idle: Worker[] = [];
  readonly #workers: Worker[] = [];
  readonly #queue: (() => void)[] = [];

  /** @param threads each takes 19 MiB and one core while it works */
  constructor(threads: number) {
    for (let index = 0; index < threads; index++) {
      const worker = new Worker(import.meta.resolve("./password_worker.ts"), {
        type: "module",
        deno: { permissions: "none" },
      });
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  /** The encoded hash of a new password; `salt` is 16 random bytes. */
  async hash(password: string, salt: Uint8Array): Promise<string> {
    return await this.#run({ type: "hash", password, salt }) as string;
  }

  /** True when so many checks are waiting that no more should be asked for. */
  get busy(): boolean {
    return this.#queue.length >= passwordChecksPendingMax;
  }

  /** Whether the password is the one that was hashed; null is nobody's hash, which never matches. */
  async verify(password: string, hash: string | null): Promise<boolean> {
    // The hash's implementation throws on an empty password; it must cost what another one costs.
    const checked = password === "" ? "-" : password;
    const same = await this.#run({ type: "verify", password: checked, hash: hash ?? nobodysHash });
    return same === true && hash !== null && password !== "";
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #run(message: ToPasswordWorker): Promise<unknown> {
    if (this.#idle.length === 0) await new Promise<void>((resolve) => this.#queue.push(resolve));
    const worker = this.#idle.pop()!;
    const { promise, resolve } = Promise.withResolvers<{ value: unknown } | { error: string }>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message);
    const result = await promise;
    this.#idle.push(worker);
    this.#queue.shift()?.();
    if ("error" in result) throw new Error(`a password could not be checked: ${result.error}`);
    return result.value;
  }
}

/** The judge of secrets: passwords and keys must never pass where others can read. */
import { Buffer } from "node:buffer";
import type { Finding } from "./money_judges.ts";

interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How many bytes a secret has at least: what is shorter turns up by chance. */
const secretBytesMin = 8;

export class SecretWatch {
  /** Secrets by their first two bytes. */
  readonly #secrets = new Map<number, Secret[]>();
  readonly #begins = new Uint8Array(65_536);
  readonly #known = new Set<string>();
  readonly findings: Finding[] = [];

  addText(name: string, text: string): void {
    this.#add(name, Buffer.from(text));
  }

  /** A key, in the forms in which one is written down, too. */
  addKey(name: string, key: Uint8Array): void {
    this.#add(name, key);
    this.#add(`${name} in hex`, Buffer.from(key.toHex()));
    this.#add(`${name} in Base64`, Buffer.from(key.toBase64().replace(/=+$/, "")));
  }

  /** Every secret key that a key file has. */
  addKeyFile(name: string, text: string): void {
    const keys = /"(key|master|nextMaster|checkpoint|XFSAuthenticate\w+)":\s*"([0-9a-f]{64})"/g;
    for (const [, field, key] of text.matchAll(keys)) {
      this.addKey(`${name}: ${field}`, Uint8Array.fromHex(key!));
    }
  }

  /** Looks for secrets in what others can read. */
  see(where: string, seen: string | Uint8Array): void {
    const bytes = typeof seen === "string" ? Buffer.from(seen) : seen;
    let begin = bytes[0] ?? 0;
    for (let at = 1; at < bytes.length; at++) {
      begin = ((begin << 8) | bytes[at]!) & 0xffff;
      if (this.#begins[begin] === 1) this.#compare(where, bytes.subarray(at - 1), begin);
    }
  }

  #compare(where: string, bytes: Uint8Array, begin: number): void {
    for (const secret of this.#secrets.get(begin)!) {
      if (!secret.bytes.every((byte, at) => byte === bytes[at])) continue;
      this.findings.push({ judge: "secrets", what: `${secret.name} is in ${where}` });
    }
  }

  #add(name: string, bytes: Uint8Array): void {
    const hex = bytes.toHex();
    if (this.#known.has(hex) || bytes.length < secretBytesMin) return;
    this.#known.add(hex);
    const begin = (bytes[0]! << 8) | bytes[1]!;
    this.#begins[begin] = 1;
    this.#secrets.set(begin, [...this.#secrets.get(begin) ?? [], { name, bytes }]);
  }
}

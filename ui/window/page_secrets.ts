/** Who may talk to the browser host: launch secrets, each good once, and the one page's own secret. */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { pageLinksMax } from "../../lib/limits.ts";

const secretBytes = 32;

export interface PageSecrets {
  /** A fresh launch secret, for a link. */
  newLaunchSecret(): string;
  /** Uses a launch secret up: the new page's secret, which ends the old one's; null if it was wrong. */
  exchange(launchSecret: string | null): string | null;
  /** Whether this is the secret of the page that opened last. */
  isPage(secret: string | null): boolean;
}

/** Secrets of 256 random bits, compared in constant time. */
export function createPageSecrets(randomBytes: (length: number) => Uint8Array): PageSecrets {
  const newSecret = () =>
    new Uint8Array(randomBytes(secretBytes)).toBase64({ alphabet: "base64url", omitPadding: true });
  let launchSecrets: string[] = [];
  let pageSecret: string | null = null;

  return {
    newLaunchSecret() {
      const secret = newSecret();
      launchSecrets = [...launchSecrets, secret].slice(-pageLinksMax);
      return secret;
    },
    exchange(launchSecret) {
      const unused = launchSecrets.filter((secret) => !equal(secret, launchSecret));
      if (unused.length === launchSecrets.length) return null;
      launchSecrets = unused;
      return pageSecret = newSecret();
    },
    isPage: (secret) => pageSecret !== null && equal(pageSecret, secret),
  };
}

function equal(a: string, b: string | null): boolean {
  const encoder = new TextEncoder();
  const [bytes, others] = [encoder.encode(a), encoder.encode(b ?? "")];
  // how long a secret is, is no secret
  return bytes.length === others.length && timingSafeEqual(bytes, others);
}

/**
 * Authenticates pages to the browser host: launch secrets, each usable once, and the present page's
 * secret.
 */
import { equalInConstantTime } from "../../lib/bytes.ts";
import { pageLinksMax } from "../../lib/limits.ts";

const secretBytes = 32;

export interface PageSecrets {
  /** Returns a fresh launch secret, for a link. */
  newLaunchSecret(): string;
  /**
   * Consumes a launch secret and returns the new page's secret, which replaces the old one; null if
   * it was wrong.
   */
  exchange(launchSecret: string | null): string | null;
  /** Returns whether this is the secret of the newest page. */
  isPage(secret: string | null): boolean;
}

/** Creates the secrets: 256 random bits each, compared in constant time. */
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
  return equalInConstantTime(encoder.encode(a), encoder.encode(b ?? ""));
}

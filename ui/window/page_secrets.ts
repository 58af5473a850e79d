/**
 * Authenticates pages to the browser host: launch secrets, each usable once, and the present page's
 * two secrets, one for its calls and one to open it again after a reload.
 */
import { equalInConstantTime } from "../../lib/bytes.ts";
import { pageLinksMax } from "../../lib/limits.ts";

const secretBytes = 32;

/** The secrets of a page, which end together. */
export interface OpenedPage {
  /** For its calls. */
  secret: string;
  /** Opens it again, once. */
  again: string;
}

export interface PageSecrets {
  /** Returns a fresh launch secret, for a link. */
  newLaunchSecret(): string;
  /**
   * Consumes a launch secret, or the present page's for a reload, and returns the secrets of the new
   * page, which replaces the present one; null if it was wrong.
   */
  exchange(launchSecret: string | null): OpenedPage | null;
  /** Returns whether this is the secret of the newest page. */
  isPage(secret: string | null): boolean;
  /** Ends the present page if its link opened it instead of another one; returns whether it did. */
  endReplacement(): boolean;
}

/** Creates the secrets: 256 random bits each, compared in constant time. */
export function createPageSecrets(randomBytes: (length: number) => Uint8Array): PageSecrets {
  const newSecret = () =>
    new Uint8Array(randomBytes(secretBytes)).toBase64({ alphabet: "base64url", omitPadding: true });
  let launchSecrets: string[] = [];
  let page: OpenedPage & { isReplacement: boolean } | null = null;

  return {
    newLaunchSecret() {
      const secret = newSecret();
      launchSecrets = [...launchSecrets, secret].slice(-pageLinksMax);
      return secret;
    },
    exchange(launchSecret) {
      const isReload = page !== null && equal(page.again, launchSecret);
      const unused = launchSecrets.filter((secret) => !equal(secret, launchSecret));
      if (!isReload && unused.length === launchSecrets.length) return null;
      launchSecrets = unused;
      const isReplacement: boolean = isReload ? page!.isReplacement : page !== null;
      page = { secret: newSecret(), again: newSecret(), isReplacement };
      return page;
    },
    isPage: (secret) => page !== null && equal(page.secret, secret),
    endReplacement() {
      if (!page?.isReplacement) return false;
      page = null;
      return true;
    },
  };
}

function equal(a: string, b: string | null): boolean {
  const encoder = new TextEncoder();
  return equalInConstantTime(encoder.encode(a), encoder.encode(b ?? ""));
}

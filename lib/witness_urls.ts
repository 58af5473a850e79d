/** The URLs of witnesses: in policy files (C2SP tlog-policy), and after a key on a command line. */
import { UsageError } from "./errors.ts";

/**
 * Returns the `host:port` of each witness in a policy file, for a program's permissions.
 * @throws {UsageError} if no witness has a URL, or one has no http or https URL
 */
export function witnessHostsOf(policy: string, path: string): string[] {
  const urls = policy.split("\n").flatMap((line) =>
    /^[ \t]*witness[ \t]+\S+[ \t]+\S+[ \t]+(\S+)/.exec(line)?.[1] ?? []
  );
  if (urls.length === 0) {
    throw new UsageError(
      `${path} has no witness with a URL. Write 'witness NAME VKEY URL', ` +
        "or give 'bank audit policy' --witness VKEY@URL",
    );
  }
  return urls.map((url) => {
    const parsed = isWitnessUrl(url) ? new URL(url) : null;
    if (!parsed) throw new UsageError(`${path}: '${url}' is not an http or https URL`);
    return `${parsed.hostname}:${parsed.port || (parsed.protocol === "https:" ? 443 : 80)}`;
  });
}

/** Returns the key and the URL of "VKEY@URL"; the URL is absent for a key alone. */
export function witnessOfText(text: string): { key: string; url?: string } {
  const [, key = text, url] = /^(.+?)@(https?:\/\/.*)$/.exec(text) ?? [];
  return { key, ...(url !== undefined && { url }) };
}

/** Returns whether a witness can be reached at this URL. */
export function isWitnessUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && !/[\s?#]/.test(url);
}

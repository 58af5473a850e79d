/** A signed receipt as a QR code, dark on light in every theme. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { html } from "htm/preact";
import { encode } from "uqr";
import { codeQuietModules, codeVersionMin } from "../../../lib/limits.ts";

export interface QrCodeProps {
  /** A signed note. */
  receipt: string;
  /** The page that verifies it; if absent, the code has the note alone. */
  url: string | undefined;
  label: string;
}

export function QrCode({ receipt, url, label }: QrCodeProps): VNode {
  const { path, size } = useMemo(() => drawn(codeText(receipt, url)), [receipt, url]);
  return html`
    <svg
      class="qr-code"
      viewBox="0 0 ${size} ${size}"
      role="img"
      aria-label=${label}
    >
      <path d=${path} />
    </svg>
  ` as VNode;
}

/** Returns what a code has: the note, or a link whose fragment, which no browser sends, is the note. */
export function codeText(receipt: string, url: string | undefined): string {
  return url === undefined ? receipt : `${url}#${fragmentOf(receipt)}`;
}

/** Characters that a link cannot have, and the ones that replace them in a fragment. */
const replaced = { " ": "_", "\n": "~", "\u2014": "*", "|": "!" } as const;
const replacements = new Set<string>(Object.values(replaced));

/**
 * Returns a receipt as a fragment, not much longer, so that the code stays small: a signer that is
 * the receipt's own log is left out, and what is frequent takes one character instead of three.
 * server/audit/FORMAT.md specifies it.
 */
function fragmentOf(receipt: string): string {
  const origin = receipt.split("\n")[4];
  const shorter = receipt.replace(`\n\n\u2014 ${origin} `, "\n\n\u2014");
  return Array.from(shorter, (each) => {
    if (each in replaced) return replaced[each as keyof typeof replaced];
    if (!replacements.has(each) && each !== "#") return encodeURI(each);
    return `%${each.charCodeAt(0).toString(16).toUpperCase()}`;
  }).join("");
}

/** Returns a code as a path of its dark modules, each a unit square, and its width with the quiet zone. */
function drawn(text: string): { path: string; size: number } {
  const { data, size } = encode(text, {
    ecc: "L",
    minVersion: codeVersionMin,
    border: codeQuietModules,
  });
  const runs = data.flatMap((row, y) =>
    [...row.map((dark) => dark ? 1 : 0).join("").matchAll(/1+/g)].map(({ 0: run, index }) =>
      `M${index} ${y}h${run.length}v1h-${run.length}z`
    )
  );
  return { path: runs.join(""), size };
}

/** The page for a native window: one self-contained document, as a data URL. */
import { createHash } from "node:crypto";
import type { Page } from "./page_bundle.ts";

const sha256 = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * Returns the document with script and style inlined. Its Content Security Policy allows exactly
 * these two, by their hashes: no other script, and no network.
 * @param secret base64url; the page removes it from the document first
 */
export function windowDocument(page: Page, secret: string): string {
  if (!/^[\w-]{32,}$/.test(secret)) throw new TypeError("not a window's secret");
  const script = page.script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const style = page.style.replaceAll("</style", "<\\/style");
  const policy = [
    "default-src 'none'",
    `script-src ${sha256(script)}`,
    `style-src ${sha256(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const parts: [place: string, part: string][] = [
    [
      `<meta charset="utf-8">`,
      `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">`,
    ],
    [`<link rel="stylesheet" href="page.css">`, `<style>${style}</style>`],
    [`<script type="module" src="page.js"></script>`, `<script type="module">${script}</script>`],
    [`<div id="app">`, `<div id="app" data-secret="${secret}">`],
  ];
  return parts.reduce((html, [place, part]) => {
    if (html.split(place).length !== 2) throw new Error(`the page's document has no ${place}`);
    return html.replace(place, () => part);
  }, page.html);
}

/** Returns a document as an address that a web view can navigate to repeatedly. */
export function dataUrl(html: string): string {
  return `data:text/html;charset=utf-8;base64,${new TextEncoder().encode(html).toBase64()}`;
}

/** The receipt page as one document that needs no network, bundled from its sources. */
import { createHash } from "node:crypto";

/**
 * Bundles the page. Its Content Security Policy allows its script and its style by their hashes, and
 * nothing else.
 * @param policy the text of a policy that the page begins with
 * @throws {Error} when the page does not build
 */
export async function receiptDocument(policy = ""): Promise<string> {
  const bundle = await Deno.bundle({
    entrypoints: [new URL("page.ts", import.meta.url).href],
    platform: "browser",
    minify: true,
    write: false,
  });
  const bundled = bundle.outputFiles?.[0]?.text();
  if (!bundle.success || !bundled) {
    const problems = bundle.errors.map((error) => error.text);
    throw new Error(`the receipt page does not build: ${problems.join("; ")}`);
  }
  const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));
  const style = await read("../page/tokens.css") + await read("receipt.css");
  const script = bundled.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const rules = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  const csp = `<meta http-equiv="Content-Security-Policy" content="${rules.join("; ")}">`;
  const parts: [place: string, part: string][] = [
    [`<meta charset="utf-8">`, `<meta charset="utf-8">\n    ${csp}`],
    ["<style></style>", `<style>${style}</style>`],
    [`<script type="module"></script>`, `<script type="module">${script}</script>`],
  ];
  const html = parts.reduce((html, [place, part]) => {
    if (html.split(place).length !== 2) throw new Error(`the page's document has no ${place}`);
    return html.replace(place, () => part);
  }, await read("receipt.html"));
  return html.replace(
    /(id="policy"[^>]*>)/,
    (_, start) => start + policy.replaceAll("&", "&amp;").replaceAll("<", "&lt;"),
  );
}

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

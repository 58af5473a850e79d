/** The receipt page in Chromium, from a file: pasted, dropped and scanned receipts, and no network. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { receiptDocument } from "../../../ui/receipt_page/receipt_document.ts";
import { type Browser, findBrowser, openBrowser, type Page } from "../../browser.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";
import { filled } from "../../lib/helpers.ts";
import { codeText } from "../../../ui/page/parts/qr_code.ts";
import { policyOf, SmallLog, twoWitnesses } from "../../server/transparency/small_log.ts";
import { violationsOf } from "../accessibility.ts";
import { watchPage } from "../open_atm.ts";

const log = new SmallLog(12);
const later = new SmallLog(4, filled(0x33, 16), [{ chain: log.chain, size: 7 }]);
const policy = policyOf([log, later], twoWitnesses);
const ignore = findBrowser() === null;

interface Opened {
  page: Page;
  problems: string[];
  requests: string[];
}

interface Options {
  policy?: string;
  fragment?: string;
  viewport?: { width: number; height: number };
  /** Runs in the page before its own script. */
  before?: string;
  colorScheme?: "light" | "dark";
}

/** Opens the page from a file while `use` runs; nothing may go wrong on it or leave it. */
async function withPage(use: (opened: Opened) => Promise<void>, options: Options = {}) {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/receipt.html`, await receiptDocument(options.policy));
    const browser: Browser = await openBrowser();
    try {
      const { viewport = { width: 390, height: 844 }, colorScheme = "light" } = options;
      const context = await browser.newContext({ viewport, colorScheme });
      if (options.before) await context.addInitScript(options.before);
      const page = await context.newPage();
      const problems: string[] = [];
      const requests = watchPage(page, problems);
      await page.goto(`file://${folder}/receipt.html${options.fragment ?? ""}`);
      await use({ page, problems, requests });
      assertEquals(problems, []);
      assertEquals(requests.filter((each) => !each.startsWith("GET file://")), []);
    } finally {
      await browser.close();
    }
  });
}

async function heading(page: Page, text: string): Promise<void> {
  await page.getByRole("heading", { name: text, exact: true }).waitFor({ timeout: 10_000 });
}

Deno.test({
  name: "a pasted receipt is signed, its proof makes it logged, and a changed one is refused",
  ignore,
  fn: () =>
    withPage(async ({ page }) => {
      await heading(page, "Nothing to check yet");
      await page.getByLabel("Receipt", { exact: true }).fill(`\n${log.receipt(5).trimEnd()}  \n\n`);
      await page.getByText("Add the bank's policy").waitFor();
      await page.getByLabel("Policy: whom you trust").fill(policy);
      await heading(page, "Signed by the bank, not proved yet");
      await page.getByLabel("Proof (.tlog-proof)").fill(await log.proof(5, 12, { by: [1, 3] }));
      await heading(page, "The log has this entry");
      await page.getByText("On 28 November 2026 First Bank logged: withdraw €40.05, done")
        .waitFor();
      await page.getByLabel("Receipt", { exact: true }).fill(log.receipt(5).replace("40", "90"));
      await heading(page, "Not verified");
      await page.getByText("The receipt was changed: the bank's signature does not fit it.")
        .waitFor();
    }),
});

Deno.test({
  name: "a scanned link is checked at once under the page's own policy",
  ignore,
  fn: () =>
    withPage(async ({ page }) => {
      await heading(page, "Signed by the bank, not proved yet");
      assertEquals(await page.getByLabel("Receipt", { exact: true }).inputValue(), log.receipt(5));
      await page.evaluate(
        (hash) => void (location.hash = hash),
        encodeURIComponent(log.receipt(6)),
      );
      await page.getByText("withdraw €40.06, done").waitFor();
      await page.evaluate(() => void (location.hash = "%ff"));
      await page.getByRole("alert").getByText("The link is damaged").waitFor();
      await heading(page, "Nothing to check yet");
      await page.getByLabel("Receipt", { exact: true }).fill(log.receipt(7));
      await heading(page, "Signed by the bank, not proved yet");
      assertEquals(await page.getByRole("alert").count(), 0);
    }, {
      policy: `# <b>&amp;</textarea>\n${policy}`,
      fragment: codeText(log.receipt(5), ""),
    }),
});

Deno.test({
  name: "files that are chosen or dropped find their places by their first lines",
  ignore,
  fn: () =>
    withPage(async ({ page }) => {
      const files = [
        ["my.policy", policy],
        ["a.tlog-proof", await later.proof(0)],
        ["receipt.txt", log.receipt(9)],
      ].map(([name, text]) => ({
        name: name!,
        mimeType: "text/plain",
        buffer: Buffer.from(text!),
      }));
      await page.getByLabel("Files").setInputFiles(files);
      await page.getByText("A restore lost this entry; the receipt is still the bank's word")
        .waitFor();
      await page.evaluate((text) => {
        const dropped = new DataTransfer();
        dropped.items.add(new File([text], "b.tlog-proof"));
        dropped.items.add(new File([new Uint8Array([0xff])], "photo.jpg"));
        document.body.dispatchEvent(
          new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }),
        );
      }, await log.proof(9));
      await heading(page, "The log has this entry");
      await page.getByRole("alert").getByText("photo.jpg cannot be read").waitFor();
    }),
});

Deno.test({
  name: "without cryptography the page says so, instead of an answer",
  ignore,
  async fn() {
    await withPage(async ({ page }) => {
      await page.getByRole("alert").getByText("offers no cryptography (crypto.subtle)").waitFor();
      await heading(page, "Nothing to check yet");
    }, {
      before: "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })",
      policy,
    });
    await withPage(async ({ page }) => {
      await page.getByRole("alert").getByText("lacks Ed25519 signatures").waitFor();
      await heading(page, "Nothing to check yet");
    }, {
      before: "SubtleCrypto.prototype.importKey = () => " +
        "Promise.reject(new DOMException('no', 'NotSupportedError'))",
      policy,
      fragment: `#${encodeURIComponent(log.receipt(5))}`,
    });
  },
});

Deno.test({
  name: "every outcome fits a phone and a screen, in light and dark, and breaks no rule of WCAG",
  ignore,
  async fn() {
    const pictures = Deno.env.get("RECEIPT_PICTURES");
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await withPage(async ({ page }) => {
          const looks: [name: string, receipt: string, proof: string][] = [
            ["empty", "", ""],
            ["signed", log.receipt(5), ""],
            ["logged", log.receipt(5), await log.proof(5)],
            ["refused", log.receipt(5), await log.proof(6)],
          ];
          for (const [name, receipt, proof] of looks) {
            await page.getByLabel("Receipt", { exact: true }).fill(receipt);
            await page.getByLabel("Proof (.tlog-proof)").fill(proof);
            const outcome = name === "empty" ? "" : name;
            await page.locator(`#verdict[data-outcome="${outcome}"]`).waitFor();
            assertEquals(await violationsOf(page), [], `${name} ${viewport.width} ${colorScheme}`);
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            assert(width <= viewport.width, `${name}: ${width} px wide`);
            if (!pictures) continue;
            await page.evaluate(() => scrollTo(0, 0));
            const path = `${pictures}/${viewport.width}-${colorScheme}-${name}.png`;
            await page.screenshot({ path });
          }
        }, { viewport, colorScheme, policy });
      }
    }
  },
});

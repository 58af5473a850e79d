/** The ATM by keys and speech alone: what was spoken is asserted, nothing that is seen. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Language } from "../../../lib/atm.ts";
import type { OpenAtm } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import { family } from "./flows.ts";

const voices = ["en", "es", "fr", "de"] as const;
const { flow } = family("speech");
const speaking = (language: Language = "en") => () => ({
  scripted: new ScriptedAtm({ language, aids: { prints: false, voices } }),
});

/** Returns the last text that matches, as soon as it was spoken. */
async function spoken({ scripted, page }: OpenAtm, wanted: RegExp): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const text = scripted.spoken.at(-1)?.text ?? "";
    if (wanted.test(text)) return text;
    await page.waitForTimeout(25);
  }
  throw new Error(`${wanted} was not spoken, but: ${scripted.spoken.at(-1)?.text}`);
}

/** Presses the digit that was announced for a choice. */
async function choose(atm: OpenAtm, announced: string, name: string): Promise<void> {
  const [, digit] = new RegExp(`Press ([1-9]) for ${name}[.]`).exec(announced) ?? [];
  if (!digit) throw new Error(`${name} is not among: ${announced}`);
  await atm.page.keyboard.press(digit);
}

flow("a withdrawal by keys and speech alone, the screen blanked", async (atm) => {
  const { page, scripted } = atm;
  await page.locator("[data-screen=welcome]").waitFor();
  await page.keyboard.press("x");
  await spoken(atm, /^For speech, press F1[.]$/);
  await page.keyboard.press("F1");
  const welcome = await spoken(atm, /^Welcome to Strongroom Bank[.]/);
  assertMatch(welcome, /Press 4 for Deutsch[.].* Enter: Touch to begin[.] F1 repeats/);
  await page.keyboard.press("F4");
  const covers = () =>
    page.evaluate(() => getComputedStyle(document.querySelector(".atm")!, "::after").content);
  assertEquals(await covers(), `""`, "the screen is blank");
  await page.keyboard.press("Enter");
  await spoken(atm, /^Log in[.].* Username[.] Password[.]/);
  await page.keyboard.type("alice");
  await spoken(atm, /^e$/);
  await page.keyboard.press("Enter");
  await spoken(atm, /^Password$/);
  await page.keyboard.type("correct horse");
  await spoken(atm, /^star$/);
  await page.keyboard.press("Enter");
  const menu = await spoken(atm, /^Good .*, Alice[.]/);
  assert(!menu.includes("1,250.50"), "the balance is covered");
  await choose(atm, menu, "Another amount");
  await spoken(atm, /How much would you like[?] Up to €1,250, in notes of/);
  await page.keyboard.type("9000");
  await spoken(atm, /^9,000 EUR[.] You can withdraw up to €1,250 here now[.]$/);
  for (let digits = 4; digits > 0; digits--) await page.keyboard.press("Backspace");
  await page.keyboard.type("40");
  await spoken(atm, /^40 EUR[.]$/);
  await page.keyboard.press("Enter");
  const mixes = await spoken(atm, /^Choose your notes[.]/);
  assertMatch(mixes, /Press 1 for 2 × €20[.]/);
  await page.keyboard.press("1");
  const receipt = await spoken(atm, /^Withdrawal complete[.]/);
  for (const part of ["2 × €20.", "Amount €40.00.", "New balance €1,210.50.", "Enter: Done."]) {
    assert(receipt.includes(part), `${part} in ${receipt}`);
  }
  await page.keyboard.press("Enter");
  await spoken(atm, /^Good .*, Alice[.]/);
  await page.keyboard.press("Escape");
  await spoken(atm, /^Goodbye[.]/);
  assert(scripted.calls.includes("withdraw 4000 2x2000"));
  const all = scripted.spoken.map(({ text }) => text).join(" ");
  assert(!all.includes("correct horse") && !/\b[c] o r r\b/.test(all), "no password is spoken");
}, speaking());

flow("speech is repeated, interrupted, made louder and slower", async (atm) => {
  const { page, scripted } = atm;
  await page.locator("[data-screen=welcome]").waitFor();
  await page.keyboard.press("F2");
  assertEquals(scripted.spoken, [], "no key but the first begins");
  await page.keyboard.press("F1");
  const first = await spoken(atm, /^Welcome/);
  const { hushed } = scripted;
  await page.keyboard.press("Shift");
  while (scripted.hushed === hushed) await page.waitForTimeout(10);
  await page.keyboard.press("F1");
  while (scripted.spoken.length < 2) await page.waitForTimeout(10);
  assertEquals(scripted.spoken[1]!.text, first);
  await page.keyboard.press("F2");
  await page.keyboard.press("F3");
  while (scripted.spoken.length < 4) await page.waitForTimeout(10);
  const [usual, , quieter, slower] = scripted.spoken;
  assert(quieter!.volume < usual!.volume && slower!.rate < usual!.rate);
  await page.keyboard.press("F2");
  while (scripted.spoken.length < 5) await page.waitForTimeout(10);
  assert(scripted.spoken[4]!.volume > quieter!.volume, "louder again");
}, speaking());

for (
  const [language, text] of Object.entries({
    de: /^Willkommen .*Drücken Sie 1 für English[.]/,
    fr: /^Bienvenue .*Appuyez sur 1 pour English[.]/,
    es: /^.*Pulse 1 para English[.]/,
  })
) {
  flow(`speech in ${language}`, async (atm) => {
    await atm.page.locator("[data-screen=welcome]").waitFor();
    await atm.page.keyboard.press("F1");
    await spoken(atm, text);
    assertEquals(atm.scripted.spoken.at(-1)!.language, language);
  }, speaking(language as Language));
}

flow("no speech is offered where no voice is", async ({ page, scripted }) => {
  await page.locator("[data-screen=welcome]").waitFor();
  await page.keyboard.press("F1");
  assertEquals(await page.locator("[data-speech-start]").count(), 0);
  assertEquals(scripted.spoken, []);
}, speaking("ja"));

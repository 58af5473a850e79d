import { assert, assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow, browserFlow } = family("settings");

flow(
  "settings hold for one customer, from the first screen to the last",
  async ({ page, scripted }) => {
    const root = (name: string) =>
      page.evaluate((name) => document.documentElement.getAttribute(name), name);
    await button(page, "Settings").click();
    await button(page, "Deutsch").click();
    await sees(page, "Einstellungen");
    assertEquals([await root("lang"), await root("dir")], ["de-DE", "ltr"]);
    await button(page, "Groß").click();
    await button(page, "Hoch").click();
    assertEquals([await root("data-size"), await root("data-contrast")], ["large", "high"]);
    await button(page, "Fertig").click();
    await sees(page, "Willkommen bei Strongroom Bank");
    await button(page, "Zum Beginnen berühren").click();
    await page.getByLabel("Benutzername").fill("alice");
    await page.getByLabel("Passwort", { exact: true }).fill("correct horse");
    await page.keyboard.press("Enter");
    await onScreen(page, "menu");
    await button(page, "Einstellungen").click();
    await button(page, "العربية").click();
    assertEquals([await root("lang"), await root("dir")], ["ar-u-nu-latn", "rtl"]);
    await page.keyboard.press("Escape");
    await onScreen(page, "menu");
    scripted.endVisit("logged_out");
    await sees(page, "إلى اللقاء");
    await page.keyboard.press("Enter");
    await sees(page, "Welcome to Strongroom Bank");
    assertEquals([await root("dir"), await root("data-size"), await root("data-contrast")], [
      "ltr",
      "normal",
      "normal",
    ]);
  },
);

flow(
  "read aloud on request: each screen, again, and not while one acts",
  async ({ page }) => {
    await page.evaluate(() => {
      const spoken: string[] = [];
      Object.assign(globalThis, { spoken });
      speechSynthesis.speak = ({ text, lang }) => void spoken.push(`${lang}: ${text}`);
      speechSynthesis.cancel = () => void spoken.push("stop");
    });
    const spoken = () =>
      page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken);
    const last = async () => (await spoken()).at(-1)!;
    await button(page, "Touch to begin").click();
    await page.keyboard.press("Escape");
    await onScreen(page, "welcome");
    assert((await spoken()).every((each) => each === "stop"), "nothing is spoken unasked");
    await button(page, "Settings").click();
    await page.locator("[data-choice=on]").click();
    await button(page, "Done").click();
    await onScreen(page, "welcome");
    assert(
      (await last()).startsWith("en: Welcome to Strongroom Bank. Insert your card"),
      await last(),
    );
    await button(page, "Touch to begin").click();
    await page.getByLabel("Password", { exact: true }).fill("correct horse");
    await page.keyboard.press("Shift");
    assertEquals(await last(), "stop", "a key stops the speaker");
    await button(page, "Read again").click();
    assert((await last()).includes("Log in"), await last());
    assert(!(await spoken()).join().includes("correct horse"));
    await button(page, "Stop reading aloud").click();
    await button(page, "Cancel").click();
    await onScreen(page, "welcome");
    assertEquals(await last(), "stop");
  },
);

browserFlow(
  "the system's preferences are followed: motion, contrast, forced colours",
  async ({ page }) => {
    const animated = () =>
      page.evaluate(() => {
        const { animationDuration } = getComputedStyle(document.querySelector(".stage")!);
        return Math.max(...animationDuration.split(",").map((each) => parseFloat(each)));
      });
    await onScreen(page, "welcome");
    assert(await animated() < 0.01, "less motion");
    await page.emulateMedia({ reducedMotion: "no-preference" });
    assert(await animated() > 0.1);
    await page.emulateMedia({ contrast: "more" });
    await page.reload();
    await onScreen(page, "welcome");
    assertEquals(await page.evaluate(() => document.documentElement.dataset.contrast), "high");
    await page.emulateMedia({ contrast: null, forcedColors: "active" });
    await page.reload();
    await logIn(page);
    for (const button of [".tile", ".amount-button", ".account__cover", ".demo__button"]) {
      const edge = await page.locator(button).first().evaluate((element) => {
        const { borderStyle, borderWidth } = getComputedStyle(element);
        return borderStyle === "none" ? 0 : parseFloat(borderWidth);
      });
      assert(edge > 0, `${button} has no edge`);
    }
  },
);

import { assert, assertEquals } from "@std/assert";
import { openFile } from "../../../ui/window/browser_host.ts";
import { button, logIn, onScreen } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow, browserFlow } = family("links, tabs and the host");

browserFlow("the link's secret leaves address and history at once", async ({ page, host }) => {
  await onScreen(page, "welcome");
  assertEquals(page.url(), `${host.origin}/`);
  assertEquals(await page.evaluate(() => history.length), 2); // about:blank and the page
  assertEquals(
    await page.evaluate(() => Object.keys(localStorage).length + document.cookie.length),
    0,
  );
  assertEquals(await page.evaluate(() => Object.keys(sessionStorage)), ["again"], "for a reload");
});

flow("a dropped file and the context menu have no effect", async ({ page }) => {
  await onScreen(page, "welcome");
  const prevented = await page.evaluate(() =>
    ["contextmenu", "dragover", "drop"].map((type) =>
      !document.body.dispatchEvent(new Event(type, { bubbles: true, cancelable: true }))
    )
  );
  assertEquals(prevented, [true, true, true]);
});

browserFlow("host killed: the page says so and never sends again", async (atm) => {
  const { page, requests, problems } = atm;
  await logIn(page);
  await atm.killHost();
  await sees(page, "This ATM has stopped");
  const sent = requests.length;
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.mouse.click(640, 400);
  await page.waitForTimeout(2500);
  assertEquals(requests.length, sent);
  // Chromium itself reports the cut stream
  assertEquals(problems.filter((problem) => !problem.includes("net::ERR_")), []);
  problems.length = 0;
});

browserFlow("a host ends though a call of its page is not answered", async (atm) => {
  const { page, scripted, problems } = atm;
  await logIn(page);
  scripted.gate = new Promise(() => {});
  await button(page, "€50").click();
  await onScreen(page, "working");
  await atm.killHost();
  await sees(page, "This ATM has stopped");
  problems.length = 0; // Chromium itself reports the cut
});

browserFlow("one failed call stops the page", async ({ page, scripted, problems, requests }) => {
  await logIn(page);
  scripted.history = () => Promise.reject(new Error("nobody's business"));
  await button(page, "History").click();
  await sees(page, "This ATM has stopped");
  assert(!(await page.content()).includes("nobody's business"));
  const sent = requests.length;
  await page.waitForTimeout(1200);
  assertEquals(requests.length, sent);
  assertEquals(problems.length, 2, "the host's log and Chromium's line of the 500");
  problems.length = 0;
});

flow("an error while the page draws says that this ATM has stopped", async (atm) => {
  const { page, scripted, problems } = atm;
  await logIn(page);
  scripted.change({ timeZone: "Nowhere/Else" });
  await sees(page, "This ATM has stopped");
  while (scripted.view().visit) await page.waitForTimeout(20);
  assert(problems.some((problem) => problem.includes("Nowhere/Else")), problems.join());
  problems.length = 0;
});

browserFlow("reloaded: the visit ends, and the ATM is there again", async ({ page, scripted }) => {
  await logIn(page);
  for (const times of [1, 2]) {
    await page.reload();
    await onScreen(page, "welcome");
    assertEquals(scripted.view().visit, null);
    assertEquals(scripted.calls.filter((call) => call === "logOut").length, times);
    await logIn(page);
  }
});

browserFlow("each opening is reported, so that another link can be kept ready", async (atm) => {
  const { page, opened } = atm;
  await onScreen(page, "welcome");
  assertEquals(opened.length, 1);
  await page.reload();
  await onScreen(page, "welcome");
  assertEquals(opened.length, 2);
});

browserFlow("a file forwards to the link", async ({ context, host }) => {
  const file = await Deno.makeTempFile({ suffix: ".html" });
  try {
    await Deno.writeTextFile(file, openFile(host.newLink()));
    const page = await context.newPage();
    await page.goto(toFileUrl(file));
    await onScreen(page, "welcome");
    assertEquals(page.url(), `${host.origin}/`);
  } finally {
    await Deno.remove(file);
  }
});

browserFlow("a used link opens nothing", async ({ page, context, host, problems }) => {
  await page.goto("about:blank"); // else it would ask under the secret that the link ends
  const link = host.newLink();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto(link);
  await onScreen(first, "welcome");
  await second.goto(link);
  await sees(second, "This page cannot be opened again");
  await onScreen(first, "welcome");
  assertEquals(problems, []);
});

browserFlow(
  "opened again: the newer page wins and the older says so",
  async ({ page, host, context, scripted }) => {
    await logIn(page);
    const newer = await context.newPage();
    await newer.goto(host.newLink());
    await onScreen(newer, "welcome");
    await sees(page, "This ATM is open in another window");
    assertEquals(scripted.view().visit, null);
  },
);

browserFlow("tab closed: the visit ends", async ({ page, scripted }) => {
  await logIn(page);
  await page.close();
  while (scripted.view().visit) await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(scripted.calls.at(-1), "logOut");
});

function toFileUrl(path: string): string {
  return new URL(`file://${path.startsWith("/") ? "" : "/"}${path.replaceAll("\\", "/")}`).href;
}

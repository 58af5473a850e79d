/** `deno task bank console` in a real terminal, with its page in a real browser. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { findBrowser, openBrowser } from "../browser.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { freePort, Program, run, until } from "./programs.ts";
import { Terminal } from "./terminal.ts";

const passphrase = "correct horse battery";

Deno.test({
  name:
    "console: the passphrase is typed in the terminal, at the start and after each lock; Ctrl-C ends all",
  ignore: Deno.build.os !== "linux" || findBrowser() === null,
  fn: () =>
    inTemporaryFolder(async (root) => {
      const [data, key] = [["--data", `${root}/bank`], `${root}/anna.key`];
      const home = { HOME: root, DENO_DIR: cacheFolder() };
      assertEquals((await run(["bank", "init", "--single-operator", ...data])).code, 0);
      const made = await run(["bank", "operator", "key", "anna", "--out", key], `${passphrase}\n`);
      const publicKey = /public key is ([0-9a-f]{64})/.exec(made.out)![1]!;
      const add = [
        "bank",
        "operator",
        "add",
        "anna",
        "--role",
        "admin",
        "--public-key",
        publicKey,
      ];
      assertEquals((await run([...add, ...data])).code, 0);
      const server = new Program(["server", "--listen", `127.0.0.1:${freePort()}`, ...data]);
      await server.line();
      const browser = await openBrowser();
      try {
        const words = ["bank", "console", ...data, "--operator-key", key, "--no-open", "--json"];
        const firstKey = ["--first-key", `${root}/bank-first.key`];
        const terminal = new Terminal([...words, ...firstKey], home);
        await terminal.shows("Passphrase of anna: ");
        await terminal.type(`${passphrase}\r`);
        await terminal.shows('{"console":"');
        const [link] = /http:\/\/127[^"]*/.exec(terminal.text)!;
        const page = await browser.newPage();
        await page.goto(link);
        await page.locator("[data-screen=today]").waitFor({ timeout: 60_000 });
        await terminal.shows("the page was opened");
        const [file] = [...Deno.readDirSync(`${root}/.strongroom`)].map(({ name }) => name);
        assertMatch(file!, /^console-\d+\.html$/);
        assertEquals(Deno.statSync(`${root}/.strongroom/${file}`).mode! & 0o777, 0o600);

        await page.getByRole("navigation").getByText("Log", { exact: true }).click();
        await page.getByRole("button", { name: "Verify the log" }).click();
        await page.getByText(/^the audit log is good: \d+ entries$/).waitFor({ timeout: 60_000 });
        await terminal.shows("verify the log: good");
        await page.getByText(/^Last good verification\d+ s ago$/).waitFor();

        const serving = findIn(treeOf(server.pid), "server/programs/bank_server.ts")!;
        Deno.kill(serving, "SIGSTOP");
        try {
          await page.getByText("the server has not answered for 10 s").waitFor({ timeout: 60_000 });
        } finally {
          Deno.kill(serving, "SIGCONT");
        }
        await page.locator("[data-screen=log]").waitFor({ timeout: 60_000 });

        await page.getByRole("button", { name: "Lock" }).click();
        await page.getByRole("heading", { name: "Locked" }).waitFor();
        await until("second prompt", () => terminal.text.split("Passphrase of anna").length === 3);
        await terminal.type("wrong words\r");
        await terminal.shows("the passphrase is not that of");
        await terminal.type(`${passphrase}\r`);
        await page.locator("[data-screen=log]").waitFor({ timeout: 60_000 });
        assert(!terminal.text.includes(passphrase), "nothing is echoed");

        Deno.kill(findIn(treeOf(terminal.pid), "main.ts")!, "SIGINT");
        await page.getByRole("heading", { name: "The console is closed" }).waitFor();
        const text = await terminal.end();
        assertMatch(text, /code 0/, text);
        assertMatch(text, / echo /);
        assertEquals([...Deno.readDirSync(`${root}/.strongroom`)], []);
      } finally {
        await browser.close();
        await server.end();
      }
    }),
});

/** Returns the runtime's folder for packages, which another home would hide. */
function cacheFolder(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
}

/**
 * An operator's console: how soon its page is drawn, and what it asks for in a bank of a million
 * customers, on SQLite and PostgreSQL.
 */
import pg from "pg";
import { DatabaseSync } from "node:sqlite";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { consoleRowsMax } from "../../lib/limits.ts";
import { databasePath } from "../../server/folder/bank_folder.ts";
import { findBrowser, type Page } from "../browser.ts";
import { whyNoPostgres } from "../server/helpers/postgres.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { newDatabase } from "../server/helpers/stores.ts";
import { closeBrowser, type OpenOptions, withConsoles } from "../ui/console/open_console.ts";
import { busy } from "../ui/console/pictures.ts";
import { type Bench, median } from "./harness.ts";

/** Commands, each with its figure's name; a customer's number is that of index `of`. */
const commands: [name: string, command: OperatorCommand][] = [
  ["first_page", { command: "find_customers", find: "" }],
  ["page_in_the_middle", { command: "find_customers", find: "", after: "username c0500000" }],
  ["find_username", { command: "find_customers", find: "c0654321" }],
  ["find_display_name", { command: "find_customers", find: "Martin 65" }],
  ["find_number", { command: "find_customers", find: "4000065432" }],
  ["find_short_number", { command: "find_customers", find: "4" }],
  ["customer", { command: "show_customer", customer: "c0000700" }],
  ["limits", { command: "show_limits" }],
];

/**
 * Figures `console.page.*`: milliseconds until a page of 1,000 terminals is painted, and of them those
 * of the page's thread; all others: until the last row of a page, the entry in the log included.
 */
export async function benchConsole(bench: Bench): Promise<void> {
  if (findBrowser() !== null) await benchDrawing(bench);
  const count = bench.size(1_000_000, 1_000);
  await RunningBank.with(async (running) => {
    await running.stop();
    const file = new DatabaseSync(databasePath(running.folder));
    file.exec(
      `WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < ${
        count - 1
      }) INSERT INTO customers SELECT printf('c%07d', i), '$argon2id$', 1, 'null', '[]',
        CASE WHEN i % 2 = 0 THEN printf('Martin %d', i) ELSE '' END, NULL, NULL, NULL FROM n;
      WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
      INSERT INTO accounts (id, number, uid, kind, owner, currency, version, state)
        SELECT 1000 + i, printf('%d%02d', 4000000000 + i, 98 - ((4000000000 + i) * 100) % 97),
          unhex(printf('%032x', 1000 + i)), 'customer', printf('c%07d', i), 'EUR', 0, 'open' FROM n`,
    );
    file.close();
    await running.reopen();
    await measure(bench, "sqlite", running);
  });
  if (whyNoPostgres !== null) return console.log(`without PostgreSQL: ${whyNoPostgres}`);
  const { url } = await newDatabase();
  await RunningBank.with(
    async (running) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(
        `INSERT INTO customers SELECT 'c' || lpad(i::text, 7, '0'), '$argon2id$', 1,
        'null', '[]', CASE WHEN i % 2 = 0 THEN 'Martin ' || i ELSE '' END, NULL, NULL, NULL
        FROM generate_series(0, ${count - 1}) AS i`,
      );
      await client.query(
        `INSERT INTO accounts (id, number, uid, kind, owner, name, currency, version,
        state, day, day_out, day_in) SELECT 1000 + i, (4000000000 + i)::text ||
          lpad((98 - ((4000000000 + i) * 100) % 97)::text, 2, '0'),
          decode(lpad(to_hex(1000 + i), 32, '0'), 'hex'), 'customer', 'c' || lpad(i::text, 7, '0'), '',
          'EUR', 0, 'open', 0, 0, 0 FROM generate_series(0, ${count - 1}) AS i`,
      );
      await client.query("ANALYZE customers, accounts");
      await client.end();
      await measure(bench, "postgres", running);
    },
    {},
    url,
  );
}

async function benchDrawing(bench: Bench): Promise<void> {
  const painted: number[] = [];
  const ofThread: number[] = [];
  await withConsoles(async ({ open }) => {
    const wrap: OpenOptions["wrap"] = (console) => busy(console, 1_000);
    const { page } = await open("anna", "admin", { wrap });
    await page.locator("[data-screen=today]").waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const threadMs = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "TaskDuration")!.value * 1_000;
    };
    for (let turn = 0; turn < bench.size(10, 1); turn++) {
      await shownMs(page, "Today", "[data-screen=today]");
      const sinceMs = await threadMs();
      const row = `[data-screen=terminals] tbody tr:nth-child(${consoleRowsMax})`;
      painted.push(await shownMs(page, "Terminals", row));
      ofThread.push(await threadMs() - sinceMs);
    }
  }).finally(closeBrowser);
  bench.each({ id: "console.page.terminals", unit: "ms" }, painted);
  bench.each({ id: "console.page.terminals_thread", unit: "ms" }, ofThread);
}

/** Goes to a screen by its navigation; returns the milliseconds until this on it is painted. */
function shownMs(page: Page, title: string, selector: string): Promise<number> {
  return page.evaluate(async ({ title, selector }) => {
    const button = [...document.querySelectorAll<HTMLElement>(".nav")].find(
      ({ innerText }) => innerText.startsWith(title),
    )!;
    const sinceMs = performance.now();
    button.click();
    while (document.querySelector(selector) === null) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - sinceMs;
  }, { title, selector });
}

async function measure(bench: Bench, store: string, running: RunningBank): Promise<void> {
  for (const [name, command] of commands) {
    const times: number[] = [];
    await bench.median({ id: `console.${store}.${name}`, unit: "ms" }, async () => {
      times.length = 0;
      for (let turn = 0; turn < bench.size(9, 1); turn++) {
        const sinceMs = performance.now();
        await Array.fromAsync(running.operate(command)).catch(() => {}); // none in a quick bench
        times.push(performance.now() - sinceMs);
      }
      return median(times);
    });
  }
}

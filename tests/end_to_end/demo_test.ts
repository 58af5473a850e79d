/** The demo: one command, found again as it was left, and gone when its launcher is. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { openDemoBank } from "../../server/programs/demo_bank.ts";
import { argumentsOf, findIn, treeOf } from "../process_tree.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { listens, Program, until } from "./programs.ts";

interface Ready {
  bank: string;
  atm: string;
  data: string;
  customers: { username: string; password: string }[];
  atms?: string[];
}

async function startDemo(data: string, ...more: string[]) {
  const program = new Program(["demo", "--no-open", "--json", "--data", data, ...more]);
  return { program, ready: JSON.parse(await program.line()) as Ready };
}

Deno.test("a demo whose bank was removed says to remove the rest", () =>
  inTemporaryFolder(async (root) => {
    await (await openDemoBank(root, 1)).bank.close();
    await (await openDemoBank(root, 1)).bank.close();
    Deno.removeSync(`${root}/bank`, { recursive: true });
    const why = `the bank of ${root}/atm-lobby is missing: delete ${root}`;
    await assertRejects(() => openDemoBank(root, 1), UsageError, why);
    await assertRejects(() => openDemoBank(root, 1), UsageError, why);
  }));

Deno.test("a demo adds no customers to another bank", () =>
  inTemporaryFolder(async (root) => {
    await makeBank(`${root}/bank`, { terminals: [] });
    const missing = `${root}/demo-customers.json is missing`;
    await assertRejects(() => openDemoBank(root, 1), UsageError, missing);
    Deno.writeTextFileSync(`${root}/demo-customers.json`, '{"customers":[]}', { mode: 0o600 });
    const why = `${root}/bank is Test Bank, not a demo's bank`;
    await assertRejects(() => openDemoBank(root, 1), UsageError, why);
    await assertRejects(() => openDemoBank(root, 1), UsageError, why);
  }));

Deno.test("the demo", async (t) => {
  const folder = await Deno.makeTempDir();
  const data = `${folder}/demo`;
  try {
    const first = await startDemo(data);
    await t.step("is ready with one line of JSON", async () => {
      const { bank, atm, customers } = first.ready;
      assertMatch(bank, /^127\.0\.0\.1:\d+$/);
      assertMatch(atm, /^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{32,}$/);
      assertEquals(first.ready.data, data);
      assertEquals(customers.map(({ username }) => username), ["alice", "bob", "carol"]);
      assert(await listens(bank));
    });

    await t.step({
      name: "each program has the permissions that it needs, and no others",
      ignore: Deno.build.os !== "linux",
      fn() {
        const project = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
        const tree = treeOf(first.program.pid);
        const flagsOf = (program: string) =>
          argumentsOf(findIn(tree, `${program}.ts`)!).filter((argument) =>
            argument.startsWith("--")
          );
        const closed = ["--no-prompt", "--cached-only", "--frozen", "--no-remote"];
        assertEquals(flagsOf("server/programs/demo_bank"), [
          ...closed,
          `--allow-read=${project}/server,${project}/lib,${data}`,
          `--allow-write=${data}`,
          `--allow-net=127.0.0.1:0,unix:${data}/bank/operator.sock`,
        ]);
        const atm = `${data}/atm-lobby`;
        const start = argumentsOf(findIn(tree, "client/programs/atm_in_browser.ts")!).at(-1)!;
        const devices = new URL(JSON.parse(start).devices.url).host;
        assertEquals(flagsOf("client/programs/atm_in_browser"), [
          ...closed,
          `--allow-read=${atm},${atm}/terminal.key`,
          `--allow-write=${atm}`,
          `--allow-net=${first.ready.bank},127.0.0.1:0,${devices}`,
        ]);
        assertEquals(flagsOf("client/programs/devices"), [
          ...closed,
          `--allow-read=${atm}/devices`,
          `--allow-write=${atm}/devices`,
          `--allow-net=127.0.0.1:0,unix:${atm}/devices/service.sock`,
        ]);
      },
    });

    await t.step("keeps its passwords in a private file that says what they are", () => {
      const path = `${data}/demo-customers.json`;
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      assertMatch(Deno.readTextFileSync(path), /DEMO/);
    });

    await t.step("ends in order at SIGTERM", async () => {
      assertEquals(await first.program.end("SIGTERM"), 0);
      assert(!await listens(first.ready.bank));
    });

    const second = await startDemo(data, "--atms", "2");
    await t.step("finds everything as it was left, and opens two ATMs", () => {
      assertEquals(second.ready.customers, first.ready.customers);
      assertEquals(new Set(second.ready.atms).size, 2);
    });

    await t.step("ends in order at Ctrl-C, even twice", async () => {
      second.program.signal("SIGINT");
      assertEquals(await second.program.end("SIGINT"), 0);
      assert(!await listens(second.ready.bank));
    });

    await t.step("leaves no bank behind when its launcher is killed", async () => {
      const third = await startDemo(data);
      assert(await listens(third.ready.bank));
      await third.program.end("SIGKILL");
      await until("the bank ends", async () => !await listens(third.ready.bank));
      const atm = new URL(third.ready.atm).host;
      await until("the ATM ends", async () => !await listens(atm));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

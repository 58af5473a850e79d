/**
 * Each file of a bank missing, empty, halved or garbled, before each of its programs: a program goes on
 * where nothing that was acknowledged is lost, or ends with a line that names the file, and the folder
 * is then as it was, byte for byte. Prints the table.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { type Bank, createBank, openBank } from "../../server/bank.ts";
import { initBank } from "../../server/operator/init.ts";
import { answersOf, verifyLog } from "../../server/operator/log_programs.ts";
import { demoBankName, openDemoBank } from "../../server/programs/demo_bank.ts";
import { systemOperator } from "../../server/programs/system_bank.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { hashOf, noSigner } from "../server/helpers/operators.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { type Contents, contentsOf, damaged, writeFolder } from "./damage.ts";

const settings = {
  bankName: demoBankName,
  currency: { code: "EUR", exponent: 2 },
  timeZone: "UTC",
  smallestNote: 1n,
};

/**
 * Returns a bank that was killed at work, what its folder has, and how many customers it has
 * acknowledged.
 */
async function killedBank(root: string): Promise<{ contents: Contents; firstKey: string }> {
  const folder = `${root}/killed`;
  const firstKey = `${root}/first.key`;
  const keepFirstKey = (text: string) => Deno.writeTextFileSync(firstKey, text, { mode: 0o600 });
  const made = await createBank(bankWorld(), folder, settings, keepFirstKey);
  await addCustomer(made, customers[0]!);
  await made.close(); // everything is in the file, and what comes now in the write-ahead log
  const bank = await openBank(bankWorld(), folder);
  try {
    for (const username of customers.slice(1)) await addCustomer(bank, username);
    const enrol = { command: "enrol_terminal", name: "lobby", operator: "test" } as const;
    await Array.fromAsync(runOperatorCommand(bank, enrol));
    return { contents: contentsOf(folder), firstKey };
  } finally {
    await bank.close();
  }
}

async function addCustomer(bank: Bank, username: string): Promise<void> {
  const passwordHash = await hashOf(bank, `${username}'s password`);
  const add = { command: "add_customer", username, passwordHash, operator: "test" } as const;
  await Array.fromAsync(runOperatorCommand(bank, { ...add, opening: "10.00" }));
}

const customers = ["alice", "bob", "carol"];

/** Each removes nothing, and reads or serves the bank of a folder to its end. */
const programs: Record<string, (folder: string, firstKey: string) => Promise<void>> = {
  async server(folder) {
    const bank = await openBank(bankWorld(), folder);
    await bank.close();
  },
  async demo(folder) {
    const data = folder.replace(/\/bank$/, "");
    Deno.writeTextFileSync(`${data}/demo-customers.json`, '{"customers":[]}', { mode: 0o600 });
    const { bank } = await openDemoBank(data, 0);
    await bank.close();
  },
  async init(folder) {
    await initBank(bankWorld(), {
      path: folder,
      operator: "test",
      ...settings,
      withdrawalMax: null,
      keepFirstKey: () => {},
    });
  },
  async show(folder) {
    const request = {
      command: "show_audit",
      json: false,
      follow: false,
    } as const;
    await Array.fromAsync(answersOf(systemOperator, folder, request, noSigner));
  },
  async verify(folder, firstKey) {
    const request = { folder, signer: noSigner, firstKeyPaths: [firstKey] };
    await verifyLog(systemOperator, request, () => {});
  },
};

const files = [
  "bank.sqlite",
  "bank.sqlite-wal",
  "bank.keys",
  "chain.key",
  "terminals.json",
  "audit_log_secure.txt",
];

/** What a program needs none of: it goes on, and what it makes of these files loses nothing. */
const madeAgain = new Set(["terminals.json", "audit_log_secure.txt"]);

Deno.test("a damaged file of a bank is named, and nothing is changed; nothing is lost unseen", (t) =>
  inTemporaryFolder(async (root) => {
    const { contents, firstKey } = await killedBank(root);
    assertEquals(files.filter((name) => !contents.get(name)), [], "each file has something in it");
    const table: string[] = [];
    let number = 0;
    for (const file of files) {
      for (const [damage, files] of damaged(contents, file)) {
        await t.step(`${file} ${damage}`, async () => {
          const cells: string[] = [];
          for (const [name, program] of Object.entries(programs)) {
            const folder = `${root}/${number++}/bank`;
            writeFolder(folder, files);
            let refusal: string | null = null;
            try {
              await program(folder, firstKey);
            } catch (error) {
              assert(error instanceof UsageError, `${name}: ${(error as Error).stack}`);
              refusal = (error as UsageError).message;
            }
            const where = `${name}, ${file} ${damage}: ${refusal}`;
            if (refusal === null) {
              assert(name !== "init", where);
              assert(madeAgain.has(file) || name === "show" || name === "verify", where);
              const bank = await openBank(bankWorld(), folder).catch(() => null);
              if (madeAgain.has(file)) {
                const kept = await bank!.ledger.read.customers();
                assertEquals(kept.map(({ username }) => username), customers, where);
              }
              await bank?.close();
            } else {
              assertEquals(contentsOf(folder), files, where);
              const words = { init: "already contains", show: folder, verify: "the audit log" };
              const says = words[name as keyof typeof words] ?? file.replace("-wal", "");
              assertStringIncludes(refusal, says, where);
            }
            cells.push(refusal === null ? "goes on" : "refused");
          }
          table.push(`| ${file} | ${damage} | ${cells.join(" | ")} |`);
        });
      }
    }
    console.log(`| file | damage | ${Object.keys(programs).join(" | ")} |\n${table.join("\n")}`);
  }));

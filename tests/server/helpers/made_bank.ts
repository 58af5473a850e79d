/** A bank made for a test: in a folder, with terminals and customers, and closed again. */
import { writePrivateFile } from "../../../lib/private_file.ts";
import { createBank } from "../../../server/bank.ts";
import { singleKeyPath } from "../../../server/folder/bank_folder.ts";
import { systemBank } from "../../../server/programs/system_bank.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import { addOperator, hashOf } from "./operators.ts";

export interface Customer {
  username: string;
  password: string;
}

/**
 * Writes the log's first key, and the key of its single operator, next to the folder. Returns the text of each terminal's key file,
 * in the order of their names.
 */
export async function makeBank(
  folder: string,
  { terminals, customers = [], opening = "0" }: {
    terminals: readonly string[];
    customers?: readonly Customer[];
    opening?: string;
  },
  url?: string,
): Promise<string[]> {
  const settings = {
    bankName: "Test Bank",
    currency: { code: "EUR", exponent: 2 },
    timeZone: "UTC",
    smallestNote: 1n,
  };
  const bank = await createBank(
    systemBank,
    folder,
    settings,
    (firstKey) => writePrivateFile(systemBank.files, `${folder}-first.key`, firstKey),
    url,
  );
  const { text } = await addOperator(bank, "test");
  writePrivateFile(systemBank.files, singleKeyPath(folder), text);
  const keys: string[] = [];
  for (const name of terminals) {
    const command = { command: "enrol_terminal", name, operator: "test" } as const;
    for await (const answer of runOperatorCommand(bank, command)) {
      if ("keyFile" in answer) keys.push(answer.keyFile);
    }
  }
  for (const customer of customers) {
    const { username, password } = customer;
    const passwordHash = await hashOf(bank, password);
    const add = { command: "add_customer", username, passwordHash, opening } as const;
    const command = { ...add, operator: "test" };
    await Array.fromAsync(runOperatorCommand(bank, command));
  }
  await bank.close();
  return keys;
}

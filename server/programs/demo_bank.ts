/**
 * Runs the demo's bank: created once with customers whose passwords are generated, and reopened
 * later.
 */
import { cardNumberHash, formatCard, isWeakPin, newCardNumber, readCard } from "../../lib/card.ts";
import { UsageError } from "../../lib/errors.ts";
import { checkpointMinutesDefault } from "../../lib/limits.ts";
import { leashEnds, runProgram, say } from "../../lib/process.ts";
import { cardsFolderOf, type DemoBankStart, devicesFolderOf } from "../../lib/programs.ts";
import { currencyOf } from "../../lib/money.ts";
import { smallestNote } from "../../lib/notes.ts";
import {
  isThere,
  readPrivateFile,
  replacePrivateFile,
  writePrivateFile,
} from "../../lib/private_file.ts";
import { keepSpareHandles, listenTcp, listenUnix, system, systemFiles } from "../../lib/system.ts";
import { type Bank, createBank, openBank } from "../bank.ts";
import { holdsBank, singleKeyPath } from "../folder/bank_folder.ts";
import { cardKeysOf } from "../credentials/card_keys.ts";
import { runOperatorCommand } from "../operator/commands.ts";
import { makeOperatorKey } from "../operator/operator_key.ts";
import { serveBank } from "../serve_bank.ts";
import { systemBank } from "./system_bank.ts";

export interface DemoBank {
  bank: Bank;
  /** The bank's folder, inside the demo's. */
  folder: string;
  customers: { username: string; password: string; pin: string }[];
  terminals: { name: string; key: string; folder: string }[];
}

const openings = { alice: "2500.00", bob: "800.00", carol: "120.00" };
const terminalNames = [
  "lobby",
  "station",
  "market",
  "harbour",
  "airport",
  "campus",
  "museum",
  "garden",
];
const operator = "demo";

export const demoBankName = "Strongroom Demo Bank";

/** Opens the demo's bank in `data/bank`, with this many terminals in `data/atm-NAME`. */
export async function openDemoBank(
  data: string,
  atms: number,
): Promise<DemoBank> {
  const folder = `${data}/bank`;
  const currency = currencyOf("EUR");
  const settings = {
    bankName: demoBankName,
    currency,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    smallestNote: smallestNote(currency),
  };
  const hasBank = holdsBank(systemFiles, folder);
  if (!hasBank) requireNoAtm(data);
  // before the bank is opened, which changes its files
  const customers = customersOf(data, hasBank);
  for (const { username } of customers) keptCard(data, username);
  const bank = hasBank ? await openBank(systemBank, folder) : await createBank(
    systemBank,
    folder,
    settings,
    (firstKey) => replacePrivateFile(systemFiles, `${folder}-first.key`, firstKey),
  );
  const { bankName } = bank.settings;
  if (bankName !== demoBankName) {
    await bank.close();
    throw new UsageError(
      `${folder} is ${bankName}, not a demo's bank. Choose another folder with --data`,
    );
  }
  await addOperator(bank, folder);
  for (const { username, password } of customers) {
    const opening = openings[username as keyof typeof openings] ?? "0";
    if (await bank.ledger.read.customer(username)) continue;
    const passwordHash = await bank.passwords.hashLater(password, system.randomBytes(16));
    const request = { command: "add_customer", operator, username, passwordHash, opening } as const;
    for await (const _ of runOperatorCommand(bank, request));
  }
  const terminals = [];
  for (const name of terminalNames.slice(0, atms)) terminals.push(await terminal(bank, data, name));
  for (const { username, pin } of customers) {
    const card = await cardOf(bank, data, username, pin);
    for (const { folder } of terminals) {
      const cards = cardsFolderOf(devicesFolderOf(folder));
      systemFiles.makeFolder(cards);
      replacePrivateFile(systemFiles, `${cards}/${username}.card`, card);
    }
  }
  return { bank, folder, customers, terminals };
}

/** Returns the file of a customer's card, which has this PIN; makes both if the customer has none. */
async function cardOf(bank: Bank, data: string, username: string, pin: string): Promise<string> {
  systemFiles.makeFolder(`${data}/cards`);
  const kept = keptCard(data, username);
  const number = kept ?? newCardNumber(system.randomBytes);
  const card = formatCard({ customer: username, number });
  if (kept === null) writePrivateFile(systemFiles, cardPath(data, username), card);
  const { card: issued } = (await bank.ledger.read.customer(username))!;
  if (issued && kept !== null) return card;
  if (issued) { // its file was lost
    const revoke = { command: "revoke_card", operator, customer: username } as const;
    for await (const _ of runOperatorCommand(bank, revoke));
  }
  const numberHash = cardNumberHash(number);
  const request = { command: "issue_card", operator, customer: username, numberHash } as const;
  for await (const _ of runOperatorCommand(bank, request));
  const { pepper } = cardKeysOf(bank.keys.audit);
  const pinHash = await bank.passwords.hash(pin, system.randomBytes(16), pepper);
  const { passwordVersion } = (await bank.ledger.read.customer(username))!;
  const set = { op: "set_pin", username, passwordVersion, terminal: "", pinHash } as const;
  await bank.ledger.submit({ ...set, refused: null });
  return card;
}

const cardPath = (data: string, username: string) => `${data}/cards/${username}.card`;

/** Returns the number of a customer's card; null if there is no file of it. @throws {UsageError} if that is damaged */
function keptCard(data: string, username: string): string | null {
  const path = cardPath(data, username);
  return isThere(systemFiles, path) ? readCard(systemFiles, path).number : null;
}

/** @throws {UsageError} if an ATM's key is left, which another bank would not accept */
function requireNoAtm(data: string): void {
  const atm = terminalNames.map((name) => `${data}/atm-${name}`)
    .find((folder) => isThere(systemFiles, `${folder}/terminal.key`));
  if (atm !== undefined) {
    throw new UsageError(`the bank of ${atm} is missing: ${startAgain(data)}`);
  }
}

/** Makes the demo's bank one of a single operator, whose key is next to its folder. */
async function addOperator(bank: Bank, folder: string): Promise<void> {
  if ((await bank.ledger.read.staff()).operators.length > 0) return;
  const { signer, text } = await makeOperatorKey(system, operator, null);
  replacePrivateFile(systemFiles, singleKeyPath(folder), text);
  const { publicKey } = signer;
  await bank.ledger.submit({
    op: "add_operator",
    operator,
    name: operator,
    publicKey,
    role: "admin",
  });
}

/**
 * Returns the demo's customers. Their passwords are written before the bank is made, so that none is
 * lost.
 * @throws {UsageError} if their file is damaged, or a bank lacks it
 */
function customersOf(data: string, hasBank: boolean): DemoBank["customers"] {
  const path = `${data}/demo-customers.json`;
  if (isThere(systemFiles, path)) {
    const text = readPrivateFile(systemFiles, path, startAgain(data));
    try {
      return JSON.parse(text).customers;
    } catch {
      throw new UsageError(`${path} is damaged: ${startAgain(data)}`);
    }
  }
  if (hasBank) {
    throw new UsageError(
      `${path} is missing, which a demo's bank has. Bring it back, or choose another folder with --data`,
    );
  }
  systemFiles.makeFolder(data);
  const customers = Object.keys(openings).map((username) => ({
    username,
    password: demoPassword(),
    pin: demoPin(),
  }));
  const note = "DEMO passwords and PINs, generated: they protect nothing real";
  writePrivateFile(systemFiles, path, JSON.stringify({ note, customers }, null, 2) + "\n");
  return customers;
}

const startAgain = (data: string) => `delete ${data}, the demo's folder, to start again`;

/** Returns a PIN of four digits that is not weak. */
function demoPin(): string {
  for (;;) {
    const pin = newCardNumber(system.randomBytes).slice(0, 4);
    if (!isWeakPin(pin)) return pin;
  }
}

/** Returns a password of twelve characters that are easy to read and to type. */
function demoPassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789a"; // a is listed twice, which makes 32: the remainder is unbiased
  const text = [...system.randomBytes(12)].map((byte) => letters[byte % 32]).join("");
  return text.replace(/(.{4})(?=.)/g, "$1-");
}

async function terminal(
  bank: Bank,
  data: string,
  name: string,
): Promise<DemoBank["terminals"][number]> {
  const folder = `${data}/atm-${name}`;
  const key = `${folder}/terminal.key`;
  systemFiles.makeFolder(folder);
  if (!isThere(systemFiles, key)) {
    // A key that was lost before it reached its file cannot be recovered: the terminal gets a new
    // name.
    const taken = (await bank.ledger.read.terminals()).map((terminal) => terminal.name);
    const free = taken.includes(name) ? `${name}-${taken.length + 1}` : name;
    const enrolled = runOperatorCommand(bank, { command: "enrol_terminal", operator, name: free });
    let keyFile = "";
    for await (const answer of enrolled) if ("keyFile" in answer) keyFile = answer.keyFile;
    writePrivateFile(systemFiles, key, keyFile);
  }
  return { name, key, folder };
}

if (import.meta.main) {
  await runProgram<DemoBankStart>(async ({ folder: data, listen, atms }) => {
    const end = leashEnds();
    const { bank, folder, customers, terminals } = await openDemoBank(data, atms);
    const options = {
      listen,
      proxies: [],
      sharePort: false,
      checkpoints: { folder: `${folder}/checkpoints`, everyMinutes: checkpointMinutesDefault },
      bind: listenTcp,
      listenUnix,
    };
    keepSpareHandles();
    await serveBank(
      bank,
      options,
      end,
      (ready) => say(JSON.stringify({ ...ready, customers, terminals })),
    );
    return 0;
  });
}

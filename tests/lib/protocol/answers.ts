/** The tables of PROTOCOL.md that say what is asked and what is answered, as data. */
import type { Answer } from "../../../lib/protocol/message.ts";

/** What PROTOCOL.md says of some outcomes of some operations. */
export interface AnswerRow {
  readonly operations: readonly string[];
  readonly outcomes: readonly string[];
  /** Besides `outcome`. */
  readonly fields: readonly { readonly name: string; readonly optional: boolean }[];
}

const page = Deno.readTextFileSync(new URL("../../../lib/protocol/PROTOCOL.md", import.meta.url));

/** Returns the rows of the first table behind a heading, each as its cells. */
function tableBehind(heading: string): string[][] {
  const section = page.slice(page.indexOf(`\n### ${heading}`) + 1);
  const [, , ...rows] = /(^\|.*\n)+/m.exec(section)![0].trim().split("\n");
  return rows.map((row) => row.slice(1, -1).split("|").map((cell) => cell.trim()));
}

const namesIn = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!);

/** Every operation, and whether it needs a visit. */
export const operations: ReadonlyMap<string, boolean> = new Map(
  tableBehind("Requests").map(([op, , visit]) => [namesIn(op!)[0]!, visit === "yes"]),
);

/** Every field of an answer. */
export const answerFields: readonly string[] = tableBehind("Answers")
  .map(([field]) => namesIn(field!)[0]!);

export const answerRows: readonly AnswerRow[] = tableBehind("Which answer has which fields")
  .map(([ops, outcomes, fields]) => ({
    operations: namesIn(ops!),
    outcomes: namesIn(outcomes!),
    fields: [...fields!.matchAll(/`(\w+)`(\??)/g)].map(([, name, mark]) => ({
      name: name!,
      optional: mark !== "",
    })),
  }));

/** Asserts that an operation may be answered so. */
export function assertSpecified(op: string, answer: Answer): void {
  const { outcome, ...given } = answer;
  const row = answerRows.find(({ operations, outcomes }) =>
    operations.includes(op) && outcomes.includes(outcome)
  );
  if (!row) throw new Error(`PROTOCOL.md has no answer ${outcome} to ${op}`);
  const names = Object.keys(given);
  const known = row.fields.map(({ name }) => name);
  const extra = names.filter((name) => !known.includes(name));
  const missing = row.fields.filter(({ name, optional }) => !optional && !names.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw new Error(`${op} was answered ${outcome} with ${names}: PROTOCOL.md says ${known}`);
}

/** Movements in doubt: authorised, and not settled by their terminal. They never end by themselves. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { decimalText, formatMoney, parseAmount } from "../../lib/money.ts";
import type { Bank } from "../bank.ts";
import type { OperatorAnswer, OperatorRequest } from "./commands.ts";
import { requireReason } from "./words.ts";

type Answers = AsyncGenerator<OperatorAnswer, void, void>;
type Asked<C extends OperatorRequest["command"]> = Extract<OperatorRequest, { command: C }>;

export async function* list(bank: Bank, { json }: Asked<"list_holds">): Answers {
  const nowMs = bank.world.nowMs();
  const names = new Map(
    (await bank.ledger.read.terminals()).map(({ id, name }) => [id, name] as const),
  );
  for (const { id, kind, amount, customer, terminal, timeMs } of await bank.ledger.read.holds()) {
    const ageMs = Math.max(0, nowMs - timeMs);
    const at = names.get(terminal) ?? terminal;
    if (json) {
      const facts = { movement: id, kind, amount: amount.toString(), customer, terminal: at };
      yield { line: JSON.stringify({ ...facts, time: new Date(timeMs).toISOString(), ageMs }) };
      continue;
    }
    const money = formatMoney(amount, bank.settings.currency);
    yield { line: `${id}  ${kind}  ${money}  ${customer}  ${at}  ${ageInWords(ageMs)}` };
  }
}

/** "3 d 4 h", "4 h 12 min", "12 min" */
function ageInWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

export async function* settle(
  bank: Bank,
  { movement, complete, reverse, reason, operator }: Asked<"settle_hold">,
): Answers {
  if (!/^[0-9a-f]{32}$/.test(movement)) {
    throw new UsageError(`'${movement}' is no movement's id: see 'deno task bank holds'`, 2);
  }
  if ((complete === undefined) === !reverse) {
    throw new UsageError("say what the machine did: --complete AMOUNT, or --reverse", 2);
  }
  const { currency } = bank.settings;
  const amount = reverse ? 0n : parseAmount(complete!, currency.exponent);
  if (amount === null || (!reverse && amount === 0n)) {
    const example = decimalText(40n * 10n ** BigInt(currency.exponent), currency.exponent);
    throw new UsageError(`--complete ${complete}: write an amount, such as ${example}`, 2);
  }
  const { outcome } = await bank.ledger.submit({
    op: "settle_hold",
    operator,
    movement,
    amount,
    reason: requireReason(reason),
  });
  if (outcome !== "ok") {
    throw new UsageError(`movement ${movement} was not settled: ${inWords(outcome)}`);
  }
  const how = reverse ? "reversed" : `completed with ${formatMoney(amount, currency)}`;
  yield {
    line:
      `movement ${movement} is ${how}; what its terminal says later goes to the differences account`,
  };
}

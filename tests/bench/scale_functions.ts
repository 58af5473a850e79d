/**
 * The other way to write a bank on PostgreSQL, to be compared with: its rules as functions inside the
 * database, a call for each request. They lock, look and write what the rules and the store do for a
 * withdrawal, and no refusal but one; their entry of the log is as long as a real one and proves nothing.
 */
import { fromHex } from "../../lib/bytes.ts";
import type { Statement } from "../../server/ledger/postgres/connection.ts";
import { idOf } from "../server/helpers/small_bank.ts";

const log = `INSERT INTO audit (chain, sequence, epoch, key_version, who, commitment, sealed, tag)
  VALUES (in_chain, in_sequence, 0, 0, decode(repeat('00', 16), 'hex'),
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 270), 'hex'), decode(repeat('00', 32), 'hex'));`;

export const functions = [
  `CREATE OR REPLACE FUNCTION bench_authorise(in_id bytea, in_account bigint, in_cash bigint,
    in_terminal text, in_amount bigint, in_chain bigint, in_sequence bigint) RETURNS text AS $$
  DECLARE mine accounts; cash accounts; first movements;
  BEGIN
    PERFORM 1 FROM accounts WHERE id IN (in_account, in_cash) ORDER BY id FOR UPDATE;
    SELECT * INTO first FROM movements WHERE id = in_id AND step = 1;
    IF FOUND THEN RETURN first.outcome; END IF;
    SELECT * INTO mine FROM accounts WHERE id = in_account;
    SELECT * INTO cash FROM accounts WHERE id = in_cash;
    IF mine.state <> 'open' OR mine.balance - mine.held < in_amount THEN
      RETURN 'insufficient_funds';
    END IF;
    INSERT INTO movements VALUES (in_id, 1, 'authorise', 'withdrawal', in_terminal, mine.owner, '',
      in_account, in_cash, in_amount, 0, 'EUR', 'ok', mine.balance, cash.balance, 1, 1, '', '');
    INSERT INTO holds VALUES (in_id, 1);
    UPDATE accounts SET held = held + in_amount, day_out = day_out + in_amount, version = version + 1
      WHERE id = in_account;
    UPDATE accounts SET day_out = day_out + in_amount WHERE id = in_cash;
    ${log}
    RETURN 'ok';
  END $$ LANGUAGE plpgsql`,
  `CREATE OR REPLACE FUNCTION bench_complete(in_id bytea, in_amount bigint, in_chain bigint,
    in_sequence bigint) RETURNS text AS $$
  DECLARE mine accounts; cash accounts; first movements;
  BEGIN
    SELECT * INTO first FROM movements WHERE id = in_id AND step = 1;
    PERFORM 1 FROM accounts WHERE id IN (first.debit, first.credit) ORDER BY id FOR UPDATE;
    PERFORM 1 FROM movements WHERE id = in_id AND step = 2;
    IF FOUND THEN RETURN 'ok'; END IF;
    UPDATE accounts SET balance = balance - in_amount, held = held - first.amount,
      version = version + 1 WHERE id = first.debit RETURNING * INTO mine;
    UPDATE accounts SET balance = balance + in_amount, version = version + 1
      WHERE id = first.credit RETURNING * INTO cash;
    INSERT INTO movements VALUES (in_id, 2, 'complete', first.kind, first.terminal, first.customer,
      '', first.debit, first.credit, first.amount, in_amount, 'EUR', 'ok', mine.balance,
      cash.balance, 1, 1, '', '');
    DELETE FROM holds WHERE movement = in_id;
    INSERT INTO day_balances VALUES (first.debit, 1, mine.balance)
      ON CONFLICT (account, day) DO UPDATE SET balance = excluded.balance;
    ${log}
    RETURN 'ok';
  END $$ LANGUAGE plpgsql`,
];

const sequences = new Map<number, number>();

function nextOf(chain: number): number {
  const next = (sequences.get(chain) ?? 0) + 1;
  sequences.set(chain, next);
  return next;
}

/** Returns the calls of one movement. */
export function* callFunctions(
  chain: number,
  account: number,
  cash: number,
  movement: string,
  amount: bigint,
): Generator<Statement, void, void> {
  const id = fromHex(movement, 16)!;
  yield {
    name: "authorise",
    text: "SELECT bench_authorise($1, $2, $3, $4, $5, $6, $7) AS outcome",
    values: [id, account, cash, idOf("lobby"), amount, chain, nextOf(chain)],
  };
  yield {
    name: "complete",
    text: "SELECT bench_complete($1, $2, $3, $4) AS outcome",
    values: [id, amount, chain, nextOf(chain)],
  };
}

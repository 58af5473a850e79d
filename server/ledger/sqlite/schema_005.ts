/**
 * What a customer's account had at the end of each day on which its money moved, so that thirty days
 * are looked up without reading its movements. Days are the bank's, counted since 1 January 1970.
 */
export const sqlite005 = `
CREATE TABLE day_balances (
  account INTEGER NOT NULL REFERENCES accounts (id),
  day INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
INSERT INTO day_balances
SELECT account, day, sum(moved) OVER (PARTITION BY account ORDER BY day)
FROM (
  SELECT account, day, sum(moved) AS moved
  FROM (
    SELECT debit AS account, day, -booked AS moved FROM movements WHERE booked > 0
    UNION ALL SELECT credit, day, booked FROM movements WHERE booked > 0
  )
  GROUP BY account, day
)
WHERE account IN (SELECT id FROM accounts WHERE kind = 'customer');
CREATE TRIGGER movements_end_days AFTER INSERT ON movements WHEN new.booked > 0
BEGIN
  INSERT INTO day_balances
  SELECT id, new.day, CASE id WHEN new.debit THEN new.debit_balance ELSE new.credit_balance END
  FROM accounts WHERE id IN (new.debit, new.credit) AND kind = 'customer'
  ON CONFLICT (account, day) DO UPDATE SET balance = excluded.balance;
END;
CREATE TRIGGER day_balances_are_never_deleted BEFORE DELETE ON day_balances
BEGIN SELECT RAISE(ABORT, 'the days of an account are never deleted'); END;
`;

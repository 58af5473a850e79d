/**
 * The books keep themselves: a movement's row moves the balances and the holds, and can neither be
 * unbalanced nor stand alone. Accounts have names, limits and what was charged to their day.
 */
export const sqlite002 = `
ALTER TABLE accounts ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN day_out INTEGER NOT NULL DEFAULT 0 CHECK (day_out >= 0);
ALTER TABLE accounts ADD COLUMN day_in INTEGER NOT NULL DEFAULT 0 CHECK (day_in >= 0);
ALTER TABLE accounts ADD COLUMN withdrawal_max INTEGER CHECK (withdrawal_max >= 0);
ALTER TABLE accounts ADD COLUMN day_out_max INTEGER CHECK (day_out_max >= 0);
ALTER TABLE accounts ADD COLUMN day_in_max INTEGER CHECK (day_in_max >= 0);

CREATE TABLE movements_002 (
  id BLOB NOT NULL CHECK (length(id) = 16),
  step INTEGER NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'deposit', 'transfer', 'load', 'opening', 'void')),
  terminal TEXT NOT NULL,
  customer TEXT NOT NULL,
  operator TEXT NOT NULL,
  debit INTEGER REFERENCES accounts (id),
  credit INTEGER REFERENCES accounts (id),
  amount INTEGER NOT NULL,
  booked INTEGER NOT NULL CHECK (booked >= 0),
  currency TEXT NOT NULL,
  outcome TEXT NOT NULL,
  debit_balance INTEGER,
  credit_balance INTEGER,
  day INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (id, step),
  CHECK (step = CASE action WHEN 'authorise' THEN 1 WHEN 'book' THEN 1 WHEN 'complete' THEN 2
    WHEN 'reverse' THEN 2 WHEN 'report' THEN 3 WHEN 'void' THEN iif(kind = 'void', 1, 2) END),
  CHECK (booked = 0 OR (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit)),
  CHECK (booked = 0 OR (outcome = 'ok' AND action IN ('complete', 'book', 'report'))),
  CHECK (booked <= amount OR booked = 0 OR action = 'report'),
  CHECK (action <> 'complete' OR booked > 0),
  CHECK (action <> 'book' OR outcome <> 'ok' OR (booked = amount AND amount > 0)),
  CHECK (action <> 'authorise' OR outcome <> 'ok' OR (debit <> credit AND amount > 0)),
  CHECK ((debit IS NULL) = (debit_balance IS NULL) AND (credit IS NULL) = (credit_balance IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO movements_002
  SELECT id, step, action, kind, terminal, customer, '', debit, credit, amount, booked, currency,
    outcome, debit_balance, credit_balance, 0, time_ms
  FROM movements;
DROP TABLE movements;
ALTER TABLE movements_002 RENAME TO movements;

CREATE TABLE holds_002 (
  movement BLOB PRIMARY KEY,
  step INTEGER NOT NULL DEFAULT 1 CHECK (step = 1),
  time_ms INTEGER NOT NULL,
  FOREIGN KEY (movement, step) REFERENCES movements (id, step)
) STRICT, WITHOUT ROWID;
INSERT INTO holds_002 (movement, time_ms) SELECT movement, time_ms FROM holds;
DROP TABLE holds;
ALTER TABLE holds_002 RENAME TO holds;

CREATE TRIGGER movements_are_never_changed BEFORE UPDATE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER movements_are_never_deleted BEFORE DELETE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;

CREATE TRIGGER movements_settle_what_is_open BEFORE INSERT ON movements WHEN new.step = 2
BEGIN
  SELECT RAISE(ABORT, 'a settling fits no open movement') WHERE NOT EXISTS (
    SELECT 1 FROM movements AS first WHERE first.id = new.id AND first.step = 1
      AND first.action = 'authorise' AND first.outcome = 'ok' AND first.kind = new.kind
      AND first.terminal = new.terminal AND first.customer = new.customer
      AND first.debit = new.debit AND first.credit = new.credit
      AND first.amount = new.amount AND first.currency = new.currency);
END;
CREATE TRIGGER movements_report_what_an_operator_settled BEFORE INSERT ON movements WHEN new.step = 3
BEGIN
  SELECT RAISE(ABORT, 'a report fits no movement that an operator settled') WHERE NOT EXISTS (
    SELECT 1 FROM movements AS second WHERE second.id = new.id AND second.step = 2
      AND second.operator <> '' AND second.terminal = new.terminal AND second.kind = new.kind);
END;

CREATE TRIGGER movements_hold AFTER INSERT ON movements
WHEN new.action = 'authorise' AND new.outcome = 'ok'
BEGIN
  INSERT INTO holds (movement, time_ms) VALUES (new.id, new.time_ms);
  UPDATE accounts SET held = held + new.amount WHERE id = new.debit AND new.kind = 'withdrawal';
END;
CREATE TRIGGER movements_move_money AFTER INSERT ON movements WHEN new.step = 2 OR new.booked > 0
BEGIN
  DELETE FROM holds WHERE movement = new.id;
  UPDATE accounts SET
    balance = balance + CASE id WHEN new.debit THEN -new.booked ELSE new.booked END,
    held = held - iif(id = new.debit AND new.step = 2 AND new.kind = 'withdrawal', new.amount, 0)
  WHERE id IN (new.debit, new.credit);
  SELECT RAISE(ABORT, 'the balances after a movement are not its own, or its currency is not')
  FROM accounts WHERE id IN (new.debit, new.credit) AND (currency <> new.currency
    OR balance <> CASE id WHEN new.debit THEN new.debit_balance ELSE new.credit_balance END);
END;

CREATE TRIGGER accounts_begin_empty BEFORE INSERT ON accounts WHEN new.balance <> 0 OR new.held <> 0
BEGIN SELECT RAISE(ABORT, 'an account begins empty: only movements move money'); END;
CREATE TRIGGER accounts_are_never_deleted BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END;
CREATE TRIGGER accounts_keep_whose_they_are BEFORE UPDATE ON accounts
WHEN new.id <> old.id OR new.kind <> old.kind OR new.owner <> old.owner OR new.currency <> old.currency
BEGIN SELECT RAISE(ABORT, 'an account keeps its owner and its currency'); END;
CREATE TRIGGER accounts_stay_closed BEFORE UPDATE ON accounts
WHEN old.state = 'closed' AND new.state <> 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed account stays closed'); END;
CREATE TRIGGER accounts_count_their_changes BEFORE UPDATE ON accounts WHEN new.version < old.version
BEGIN SELECT RAISE(ABORT, 'an account''s version never goes back'); END;

CREATE TABLE clock (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  confirmed_ms INTEGER NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT;
`;

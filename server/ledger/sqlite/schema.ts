/**
 * The tables of a bank on SQLite. The database rejects invalid changes: movements and entries of
 * the log are never changed or deleted, and balances and holds change only by a movement's row.
 */
import { isLimited } from "../rows.ts";

export const schema = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE clock (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  confirmed_ms INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  set_backs INTEGER NOT NULL
) STRICT;

CREATE TABLE customers (
  username TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  password_version INTEGER NOT NULL CHECK (password_version > 0),
  one_time TEXT NOT NULL,
  known_terminals TEXT NOT NULL,
  display_name TEXT NOT NULL,
  card_hash TEXT UNIQUE CHECK (length(card_hash) = 64),
  card_since_ms INTEGER,
  pin_hash TEXT,
  CHECK ((card_hash IS NULL) = (card_since_ms IS NULL)),
  CHECK (pin_hash IS NULL OR card_hash IS NOT NULL)
) STRICT, WITHOUT ROWID;
-- Operators find customers by the beginning of what screens call them.
CREATE INDEX customers_shown ON customers (lower(display_name), username) WHERE display_name <> '';
CREATE TRIGGER password_versions_never_go_back BEFORE UPDATE ON customers
WHEN new.password_version < old.password_version
BEGIN SELECT RAISE(ABORT, 'a customer never goes back to an older password'); END;

CREATE TABLE failures (
  source TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Terminals. next_*: the key that follows, until the terminal has used it. device_*: its cash device
-- with keys, and the keys before these until the device has used the present ones.

CREATE TABLE terminals (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  key_version INTEGER NOT NULL,
  sealed_key BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
  next_version INTEGER,
  next_sealed_key BLOB,
  next_since_ms INTEGER,
  device_name TEXT UNIQUE,
  device_state TEXT CHECK (device_state IN ('active', 'revoked')),
  device_since_ms INTEGER,
  device_version INTEGER,
  device_keys BLOB,
  device_previous INTEGER,
  device_previous_keys BLOB,
  CHECK ((next_version IS NULL) = (next_sealed_key IS NULL)
    AND (next_version IS NULL) = (next_since_ms IS NULL)),
  CHECK ((device_name IS NULL) = (device_state IS NULL)
    AND (device_name IS NULL) = (device_since_ms IS NULL)
    AND (device_name IS NULL) = (device_version IS NULL)
    AND (device_name IS NULL) = (device_keys IS NULL)
    AND (device_previous IS NULL) = (device_previous_keys IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER terminals_stay_revoked BEFORE UPDATE OF state ON terminals
WHEN old.state = 'revoked' AND new.state <> 'revoked'
BEGIN SELECT RAISE(ABORT, 'a revoked terminal stays revoked'); END;
CREATE TRIGGER terminals_keep_their_names BEFORE UPDATE OF id, name ON terminals
WHEN new.id <> old.id OR new.name <> old.name
BEGIN SELECT RAISE(ABORT, 'a terminal keeps its name'); END;
CREATE TRIGGER terminal_keys_never_go_back BEFORE UPDATE OF key_version ON terminals
WHEN new.key_version < old.key_version
BEGIN SELECT RAISE(ABORT, 'a terminal never goes back to an older key'); END;
CREATE TRIGGER terminals_keep_their_protection BEFORE UPDATE ON terminals
WHEN old.device_name IS NOT NULL AND (new.device_name IS NULL
  OR new.device_version < old.device_version OR new.device_since_ms <> old.device_since_ms)
BEGIN SELECT RAISE(ABORT, 'a terminal never goes back to older keys of a device, nor to none'); END;
CREATE TRIGGER terminals_are_never_deleted BEFORE DELETE ON terminals
BEGIN SELECT RAISE(ABORT, 'terminals are never deleted'); END;

-- Accounts. A customer's has a number of 12 digits, which leaves 1 when it is divided by 97; one of the
-- bank's own has a name there. uid names it in a bank that was restored, too. day_out and day_in are what
-- was charged to the day.

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  uid BLOB NOT NULL UNIQUE CHECK (length(uid) = 16),
  kind TEXT NOT NULL CHECK (kind IN ('customer', 'terminal', 'vault', 'differences')),
  owner TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  currency TEXT NOT NULL,
  balance INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'locked', 'closed')),
  day INTEGER NOT NULL DEFAULT 0,
  day_out INTEGER NOT NULL DEFAULT 0 CHECK (day_out >= 0),
  day_in INTEGER NOT NULL DEFAULT 0 CHECK (day_in >= 0),
  withdrawal_max INTEGER CHECK (withdrawal_max >= 0),
  day_out_max INTEGER CHECK (day_out_max >= 0),
  day_in_max INTEGER CHECK (day_in_max >= 0),
  CHECK (kind <> 'customer' OR balance >= held),
  CHECK (CASE kind
    WHEN 'customer' THEN length(number) = 12 AND number NOT GLOB '*[^0-9]*' AND number NOT GLOB '0*'
      AND CAST(number AS INTEGER) % 97 = 1
    WHEN 'terminal' THEN number = 'cash ' || owner
    ELSE number = kind END)
) STRICT;
CREATE INDEX accounts_owner ON accounts (owner, kind);
CREATE INDEX accounts_limited ON accounts (id) WHERE ${isLimited};
CREATE TRIGGER accounts_begin_empty BEFORE INSERT ON accounts WHEN new.balance <> 0 OR new.held <> 0
BEGIN SELECT RAISE(ABORT, 'an account begins empty: only movements move money'); END;
CREATE TRIGGER accounts_keep_whose_they_are
BEFORE UPDATE OF id, number, uid, kind, owner, currency ON accounts
WHEN new.id <> old.id OR new.number <> old.number OR new.uid <> old.uid OR new.kind <> old.kind
  OR new.owner <> old.owner OR new.currency <> old.currency
BEGIN SELECT RAISE(ABORT, 'an account keeps its number, its owner and its currency'); END;
CREATE TRIGGER accounts_stay_closed BEFORE UPDATE OF state ON accounts
WHEN old.state = 'closed' AND new.state <> 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed account stays closed'); END;
CREATE TRIGGER accounts_count_their_changes BEFORE UPDATE OF version ON accounts
WHEN new.version < old.version
BEGIN SELECT RAISE(ABORT, 'an account''s version never goes back'); END;
CREATE TRIGGER accounts_are_never_deleted BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END;

-- The balance of a customer's account at the end of each day on which its money moved. Days are the
-- bank's, counted since 1 January 1970, and on from the next million each time its clock was set back.

CREATE TABLE day_balances (
  account INTEGER NOT NULL REFERENCES accounts (id),
  day INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER day_balances_are_never_deleted BEFORE DELETE ON day_balances
BEGIN SELECT RAISE(ABORT, 'the days of an account are never deleted'); END;

-- Movements: step 1 begins one, step 2 settles it, step 3 is the terminal's report after an operator
-- settled it, or its doubt before one does, and the steps from 4 on correct it.

CREATE TABLE movements (
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
  message_hash TEXT NOT NULL,
  token TEXT NOT NULL,
  PRIMARY KEY (id, step),
  CHECK (step = CASE action WHEN 'authorise' THEN 1 WHEN 'book' THEN 1 WHEN 'complete' THEN 2
    WHEN 'reverse' THEN 2 WHEN 'report' THEN 3 WHEN 'doubt' THEN 3
    WHEN 'void' THEN iif(kind = 'void', 1, 2) WHEN 'correct' THEN max(step, 4) END),
  CHECK (booked = 0 OR (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit)),
  CHECK (booked = 0 OR (outcome = 'ok' AND action IN ('complete', 'book', 'report', 'correct'))),
  CHECK (booked <= amount OR booked = 0 OR action = 'report'),
  CHECK (action <> 'complete' OR booked > 0),
  CHECK (action <> 'book' OR outcome <> 'ok' OR (booked = amount AND amount > 0)),
  CHECK (action <> 'authorise' OR outcome <> 'ok' OR
    (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit AND amount > 0)),
  CHECK ((debit IS NULL) = (debit_balance IS NULL) AND (credit IS NULL) = (credit_balance IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER movements_are_never_changed BEFORE UPDATE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER movements_are_never_deleted BEFORE DELETE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;

-- The newest movement that each terminal began.

CREATE TABLE last_movements (
  terminal TEXT PRIMARY KEY,
  movement BLOB NOT NULL CHECK (length(movement) = 16)
) STRICT, WITHOUT ROWID;

-- The movements that are open: authorised, and not settled.

CREATE TABLE holds (
  movement BLOB PRIMARY KEY,
  step INTEGER NOT NULL DEFAULT 1 CHECK (step = 1),
  time_ms INTEGER NOT NULL,
  FOREIGN KEY (movement, step) REFERENCES movements (id, step)
) STRICT, WITHOUT ROWID;

-- What a movement's row must fit, and what it changes.

CREATE TRIGGER movements_settle_what_is_open BEFORE INSERT ON movements WHEN new.step = 2
BEGIN
  SELECT RAISE(ABORT, 'a settling fits no open movement') WHERE NOT EXISTS (
    SELECT 1 FROM movements AS first WHERE first.id = new.id AND first.step = 1
      AND first.action = 'authorise' AND first.outcome = 'ok' AND first.kind = new.kind
      AND first.terminal = new.terminal AND first.customer = new.customer
      AND first.debit = new.debit AND first.credit = new.credit
      AND first.amount = new.amount AND first.currency = new.currency);
END;
CREATE TRIGGER movements_report_what_an_operator_settled BEFORE INSERT ON movements
WHEN new.action = 'report'
BEGIN
  SELECT RAISE(ABORT, 'a report fits no movement that an operator settled') WHERE NOT EXISTS (
    SELECT 1 FROM movements AS second WHERE second.id = new.id AND second.step = 2
      AND second.operator <> '' AND second.terminal = new.terminal AND second.kind = new.kind);
END;
CREATE TRIGGER movements_doubt_what_is_open BEFORE INSERT ON movements WHEN new.action = 'doubt'
BEGIN
  SELECT RAISE(ABORT, 'a doubt fits no open withdrawal') WHERE NOT EXISTS (
    SELECT 1 FROM holds JOIN movements AS first ON first.id = holds.movement AND first.step = 1
    WHERE first.id = new.id AND first.kind = 'withdrawal' AND new.kind = 'withdrawal'
      AND first.terminal = new.terminal AND first.amount = new.amount);
END;
CREATE TRIGGER movements_correct_what_has_ended BEFORE INSERT ON movements WHEN new.step > 3
BEGIN
  SELECT RAISE(ABORT, 'a correction fits no movement that has ended')
  WHERE EXISTS (SELECT 1 FROM holds WHERE movement = new.id) OR NOT EXISTS (
    SELECT 1 FROM movements AS first WHERE first.id = new.id AND first.step = 1
      AND first.outcome = 'ok' AND first.kind = new.kind AND first.currency = new.currency);
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
    balance = CASE WHEN currency = new.currency AND balance - new.booked = new.debit_balance
      THEN new.debit_balance
      ELSE RAISE(ABORT, 'the balances after a movement are not its own, or its currency is not') END,
    held = held - iif(new.step = 2 AND new.kind = 'withdrawal', new.amount, 0)
  WHERE id = new.debit;
  UPDATE accounts SET
    balance = CASE WHEN currency = new.currency AND balance + new.booked = new.credit_balance
      THEN new.credit_balance
      ELSE RAISE(ABORT, 'the balances after a movement are not its own, or its currency is not') END
  WHERE id = new.credit;
END;
CREATE TRIGGER movements_end_days AFTER INSERT ON movements WHEN new.booked > 0
BEGIN
  INSERT INTO day_balances SELECT new.debit, new.day, new.debit_balance
    WHERE (SELECT kind FROM accounts WHERE id = new.debit) = 'customer'
    ON CONFLICT (account, day) DO UPDATE SET balance = excluded.balance;
  INSERT INTO day_balances SELECT new.credit, new.day, new.credit_balance
    WHERE (SELECT kind FROM accounts WHERE id = new.credit) = 'customer'
    ON CONFLICT (account, day) DO UPDATE SET balance = excluded.balance;
END;

-- The log: a chain for each writer. batch_id names the last batch that the chain's writer committed,
-- time_ms is that one's time, and sure counts the commits that only made sure of one. An entry's place is chain * 2^40 + sequence, so
-- that the whole log is one table in the order in which it is written and read.

CREATE TABLE audit_chains (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 4095),
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch_id BLOB NOT NULL DEFAULT (zeroblob(16)) CHECK (length(batch_id) = 16),
  sure INTEGER NOT NULL DEFAULT 0,
  time_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TRIGGER audit_chains_are_never_changed BEFORE UPDATE OF number, id ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains are never changed'); END;
CREATE TRIGGER audit_chains_are_never_deleted BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains are never deleted'); END;

CREATE TABLE audit (
  place INTEGER PRIMARY KEY CHECK ((place & 1099511627775) > 0),
  chain INTEGER NOT NULL AS (place >> 40) REFERENCES audit_chains (number),
  epoch INTEGER NOT NULL,
  key_version INTEGER NOT NULL CHECK (key_version = 0 OR length(sealed) > 0),
  who BLOB NOT NULL CHECK (length(who) = 16),
  commitment BLOB NOT NULL CHECK (length(commitment) = 32),
  sealed BLOB NOT NULL,
  tag BLOB NOT NULL CHECK (length(tag) = 32)
) STRICT;
CREATE INDEX audit_who ON audit (who);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
`;

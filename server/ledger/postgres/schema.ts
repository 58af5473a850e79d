/**
 * The tables of a bank on PostgreSQL, equal to SQLite's. There are no triggers, since other
 * databases with this protocol lack the necessary language. Instead, the store's plain statements
 * evaluate invalid updates to NULL, which violates NOT NULL; and the bank's role has no right to
 * change rows that must not change.
 */
import { isLimited } from "../rows.ts";

export const schema = [
  `CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL)`,
  `CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    number text NOT NULL UNIQUE,
    uid bytea NOT NULL UNIQUE CHECK (length(uid) = 16),
    kind text NOT NULL CHECK (kind IN ('customer', 'terminal', 'vault', 'differences')),
    owner text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    balance bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    version bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'locked', 'closed')),
    day bigint NOT NULL,
    day_out bigint NOT NULL CHECK (day_out >= 0),
    day_in bigint NOT NULL CHECK (day_in >= 0),
    withdrawal_max bigint CHECK (withdrawal_max >= 0),
    day_out_max bigint CHECK (day_out_max >= 0),
    day_in_max bigint CHECK (day_in_max >= 0),
    CHECK (kind <> 'customer' OR balance >= held),
    CHECK (CASE WHEN kind = 'terminal' THEN number = 'cash ' || owner
      WHEN kind <> 'customer' THEN number = kind
      WHEN number ~ '^[1-9][0-9]{11}$' THEN CAST(number AS bigint) % 97 = 1
      ELSE false END)
  )`,
  `CREATE INDEX accounts_owner ON accounts (owner, kind)`,
  `CREATE INDEX accounts_limited ON accounts (id) WHERE ${isLimited}`,
  // Operators find by beginnings, in the order of bytes: the database's own may be another.
  `CREATE INDEX accounts_number ON accounts (number COLLATE "C")`,
  `CREATE TABLE movements (
    id bytea NOT NULL CHECK (length(id) = 16),
    step smallint NOT NULL,
    action text NOT NULL,
    kind text NOT NULL
      CHECK (kind IN ('withdrawal', 'deposit', 'transfer', 'load', 'opening', 'void')),
    terminal text NOT NULL,
    customer text NOT NULL,
    operator text NOT NULL,
    debit bigint REFERENCES accounts (id),
    credit bigint REFERENCES accounts (id),
    amount bigint NOT NULL,
    booked bigint NOT NULL CHECK (booked >= 0),
    currency text NOT NULL,
    outcome text NOT NULL,
    debit_balance bigint,
    credit_balance bigint,
    day bigint NOT NULL,
    time_ms bigint NOT NULL,
    message_hash text NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (id, step),
    CHECK (step = CASE action WHEN 'authorise' THEN 1 WHEN 'book' THEN 1 WHEN 'complete' THEN 2
      WHEN 'reverse' THEN 2 WHEN 'report' THEN 3 WHEN 'doubt' THEN 3
      WHEN 'void' THEN CASE WHEN kind = 'void' THEN 1 ELSE 2 END
      WHEN 'correct' THEN greatest(step, 4) ELSE 0 END),
    CHECK (booked = 0 OR (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit)),
    CHECK (booked = 0 OR (outcome = 'ok' AND action IN ('complete', 'book', 'report', 'correct'))),
    CHECK (booked <= amount OR booked = 0 OR action = 'report'),
    CHECK (action <> 'complete' OR booked > 0),
    CHECK (action <> 'book' OR outcome <> 'ok' OR (booked = amount AND amount > 0)),
    CHECK (action <> 'authorise' OR outcome <> 'ok' OR
      (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit AND amount > 0)),
    CHECK ((debit IS NULL) = (debit_balance IS NULL) AND (credit IS NULL) = (credit_balance IS NULL))
  )`,
  // The newest movement that each terminal began.
  `CREATE TABLE last_movements (
    terminal text PRIMARY KEY,
    movement bytea NOT NULL CHECK (length(movement) = 16)
  )`,
  // No foreign key: its check would need the right to change movements.
  `CREATE TABLE holds (movement bytea PRIMARY KEY, time_ms bigint NOT NULL)`,
  // The balance of a customer's account at the end of each day on which its money moved.
  `CREATE TABLE day_balances (
    account bigint NOT NULL REFERENCES accounts (id),
    day bigint NOT NULL,
    balance bigint NOT NULL,
    PRIMARY KEY (account, day)
  )`,
  `CREATE TABLE customers (
    username text PRIMARY KEY,
    password_hash text NOT NULL,
    password_version bigint NOT NULL CHECK (password_version > 0),
    one_time text NOT NULL,
    known_terminals text NOT NULL,
    display_name text NOT NULL,
    card_hash text UNIQUE CHECK (length(card_hash) = 64),
    card_since_ms bigint,
    pin_hash text,
    CHECK ((card_hash IS NULL) = (card_since_ms IS NULL)),
    CHECK (pin_hash IS NULL OR card_hash IS NOT NULL)
  )`,
  `CREATE INDEX customers_username ON customers (username COLLATE "C")`,
  `CREATE INDEX customers_shown ON customers (lower(display_name) COLLATE "C", username COLLATE "C")
    WHERE display_name <> ''`,
  `CREATE TABLE terminals (
    id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    key_version bigint NOT NULL,
    sealed_key bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'revoked')),
    next_version bigint,
    next_sealed_key bytea,
    next_since_ms bigint,
    device_name text UNIQUE,
    device_state text CHECK (device_state IN ('active', 'revoked')),
    device_since_ms bigint,
    device_version bigint,
    device_keys bytea,
    device_previous bigint,
    device_previous_keys bytea,
    CHECK ((device_name IS NULL) = (device_state IS NULL)
      AND (device_name IS NULL) = (device_since_ms IS NULL)
      AND (device_name IS NULL) = (device_version IS NULL)
      AND (device_name IS NULL) = (device_keys IS NULL)
      AND (device_previous IS NULL) = (device_previous_keys IS NULL)),
    CHECK ((next_version IS NULL) = (next_sealed_key IS NULL)
      AND (next_version IS NULL) = (next_since_ms IS NULL))
  )`,
  // The newest connection of each terminal, and who is logged in on it; empty for nobody.
  `CREATE TABLE lines (
    terminal text PRIMARY KEY,
    connection text NOT NULL,
    server text NOT NULL,
    username text NOT NULL DEFAULT ''
  )`,
  `CREATE INDEX lines_username ON lines (username)`,
  `CREATE TABLE failures (source text PRIMARY KEY, count bigint NOT NULL, last_ms bigint NOT NULL)`,
  `CREATE TABLE clock (
    one smallint PRIMARY KEY CHECK (one = 1),
    confirmed_ms bigint NOT NULL,
    time_ms bigint NOT NULL,
    set_backs bigint NOT NULL
  )`,
  // One chain per writer: `batch_id` is the id of the last batch that it committed, `time_ms` that
  // batch's time, and `sure` counts the commits without changes.
  `CREATE TABLE audit_chains (
    number bigint PRIMARY KEY CHECK (number BETWEEN 1 AND 4095),
    id bytea NOT NULL UNIQUE CHECK (length(id) = 16),
    batch_id bytea NOT NULL DEFAULT decode(repeat('00', 16), 'hex') CHECK (length(batch_id) = 16),
    sure bigint NOT NULL DEFAULT 0,
    time_ms bigint NOT NULL DEFAULT 0
  )`,
  // Chains grow concurrently: `position` orders entries about the same account.
  `CREATE TABLE audit (
    chain bigint NOT NULL REFERENCES audit_chains (number),
    sequence bigint NOT NULL CHECK (sequence > 0),
    position bigint GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    key_version bigint NOT NULL,
    who bytea NOT NULL CHECK (length(who) = 16),
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    sealed bytea NOT NULL,
    tag bytea NOT NULL CHECK (length(tag) = 32),
    PRIMARY KEY (chain, sequence),
    CHECK (key_version = 0 OR length(sealed) > 0)
  )`,
  `CREATE INDEX audit_who ON audit (who, position)`,
  // Committed rows are final; an account starts empty, and keeps its number, its owner and its
  // currency; a terminal its name.
  `REVOKE UPDATE, DELETE, TRUNCATE ON movements, audit FROM CURRENT_USER`,
  `REVOKE UPDATE, DELETE, TRUNCATE ON terminals, audit_chains, day_balances FROM CURRENT_USER`,
  `GRANT UPDATE (balance) ON day_balances TO CURRENT_USER`,
  `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON accounts FROM CURRENT_USER`,
  `GRANT INSERT (id, number, uid, kind, owner, name, currency, version, state, day, day_out, day_in,
    withdrawal_max, day_out_max, day_in_max) ON accounts TO CURRENT_USER`,
  `GRANT UPDATE (name, balance, held, version, state, day, day_out, day_in, withdrawal_max,
    day_out_max, day_in_max) ON accounts TO CURRENT_USER`,
  `GRANT UPDATE (key_version, sealed_key, state, next_version, next_sealed_key, next_since_ms,
    device_name, device_state, device_since_ms, device_version, device_keys, device_previous,
    device_previous_keys)
    ON terminals TO CURRENT_USER`,
  `GRANT UPDATE (batch_id, sure, time_ms) ON audit_chains TO CURRENT_USER`,
];

/** The first schema. What must never be is refused by the database itself, whatever asks for it. */
export const sqlite001 = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('customer', 'terminal', 'vault', 'differences')),
  owner TEXT NOT NULL,
  currency TEXT NOT NULL,
  balance INTEGER NOT NULL,
  held INTEGER NOT NULL CHECK (held >= 0),
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'locked', 'closed')),
  CHECK (kind <> 'customer' OR balance >= held)
) STRICT;
CREATE INDEX accounts_owner ON accounts (owner, kind);

CREATE TABLE movements (
  id BLOB NOT NULL CHECK (length(id) = 16),
  step INTEGER NOT NULL CHECK (step IN (1, 2)),
  action TEXT NOT NULL CHECK (action IN ('authorise', 'complete', 'reverse', 'void', 'book')),
  kind TEXT NOT NULL,
  terminal TEXT NOT NULL,
  customer TEXT NOT NULL,
  debit INTEGER REFERENCES accounts (id),
  credit INTEGER REFERENCES accounts (id),
  amount INTEGER NOT NULL,
  booked INTEGER NOT NULL CHECK (booked >= 0),
  currency TEXT NOT NULL,
  outcome TEXT NOT NULL,
  debit_balance INTEGER,
  credit_balance INTEGER,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (id, step),
  CHECK (booked = 0 OR (debit IS NOT NULL AND credit IS NOT NULL AND debit <> credit)),
  CHECK (booked = 0 OR outcome = 'ok'),
  CHECK (booked = 0 OR booked <= amount)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER movements_are_never_changed BEFORE UPDATE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER movements_are_never_deleted BEFORE DELETE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;

CREATE TABLE holds (movement BLOB PRIMARY KEY, time_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE customers (username TEXT PRIMARY KEY, password_hash TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE terminals (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  key_version INTEGER NOT NULL,
  sealed_key BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'revoked'))
) STRICT, WITHOUT ROWID;

CREATE TABLE failures (
  source TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  key_version INTEGER NOT NULL,
  who BLOB NOT NULL CHECK (length(who) = 16),
  sealed BLOB NOT NULL,
  tag BLOB NOT NULL CHECK (length(tag) = 32)
) STRICT;
CREATE INDEX audit_who ON audit (who, sequence);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
`;

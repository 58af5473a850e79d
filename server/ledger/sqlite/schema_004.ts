/**
 * The log has a chain for each writer, and epochs. An entry's place is one number, chain * 2^40 +
 * sequence, so that the whole log is one table in the order in which it is written and read. What
 * was there before is the first chain.
 */
export const sqlite004 = `
CREATE TABLE audit_chains (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 4095),
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16)
) STRICT;
CREATE TRIGGER audit_chains_are_never_changed BEFORE UPDATE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains are never changed'); END;
CREATE TRIGGER audit_chains_are_never_deleted BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'audit chains are never deleted'); END;

ALTER TABLE audit RENAME TO audit_before;
DROP TRIGGER audit_is_never_changed;
DROP TRIGGER audit_is_never_deleted;
DROP INDEX audit_who;
CREATE TABLE audit (
  place INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  key_version INTEGER NOT NULL CHECK ((key_version = 0) = (length(sealed) = 0)),
  who BLOB NOT NULL CHECK (length(who) = 16),
  sealed BLOB NOT NULL,
  tag BLOB NOT NULL CHECK (length(tag) = 32)
) STRICT;
INSERT INTO audit SELECT (1 << 40) + sequence, epoch, key_version, who, sealed, tag
FROM audit_before ORDER BY sequence;
DROP TABLE audit_before;
CREATE INDEX audit_who ON audit (who, place);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
`;

/** Terminals' keys are renewed: the next key of each, until its terminal has come with it. */
export const sqlite003 = `
CREATE TABLE next_terminal_keys (
  terminal TEXT PRIMARY KEY REFERENCES terminals (id),
  version INTEGER NOT NULL,
  sealed_key BLOB NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER terminals_stay_revoked BEFORE UPDATE ON terminals
WHEN old.state = 'revoked' AND new.state <> 'revoked'
BEGIN SELECT RAISE(ABORT, 'a revoked terminal stays revoked'); END;
CREATE TRIGGER terminals_keep_their_names BEFORE UPDATE ON terminals
WHEN new.name <> old.name
BEGIN SELECT RAISE(ABORT, 'a terminal keeps its name'); END;
CREATE TRIGGER terminal_keys_never_go_back BEFORE UPDATE ON terminals
WHEN new.key_version < old.key_version
BEGIN SELECT RAISE(ABORT, 'a terminal never goes back to an older key'); END;
`;

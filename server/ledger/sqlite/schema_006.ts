/** The guards of accounts look at what is set, and at nothing else: most updates are of money alone. */
export const sqlite006 = `
DROP TRIGGER accounts_keep_whose_they_are;
CREATE TRIGGER accounts_keep_whose_they_are BEFORE UPDATE OF id, kind, owner, currency ON accounts
WHEN new.id <> old.id OR new.kind <> old.kind OR new.owner <> old.owner OR new.currency <> old.currency
BEGIN SELECT RAISE(ABORT, 'an account keeps its owner and its currency'); END;
DROP TRIGGER accounts_stay_closed;
CREATE TRIGGER accounts_stay_closed BEFORE UPDATE OF state ON accounts
WHEN old.state = 'closed' AND new.state <> 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed account stays closed'); END;
DROP TRIGGER accounts_count_their_changes;
CREATE TRIGGER accounts_count_their_changes BEFORE UPDATE OF version ON accounts
WHEN new.version < old.version
BEGIN SELECT RAISE(ABORT, 'an account''s version never goes back'); END;
`;

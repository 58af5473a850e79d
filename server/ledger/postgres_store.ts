/**
 * The ledger's store on PostgreSQL, which several servers share. A batch is one transaction in two
 * round trips: the first locks and loads what it touches, the second commits what it changed. Locks are
 * taken in one order, so that batches wait for each other in no circle: the writer's chain, accounts by
 * id, counters of failures, then the ids of movements. Each statement sees what was committed before it
 * (READ COMMITTED), so whoever waited for an account then sees the movements that it waited for.
 *
 * Every batch writes, if only to its chain's row: so a commit that the database confirms without a
 * warning confirms all that the batch saw, with a synchronous standby too. What became of a commit
 * without an answer the chain's row tells: whoever holds its lock knows that no commit of this chain is
 * still under way, and `commit_id` says which was the last.
 */
import { randomBytes } from "node:crypto";
import { equal, fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { databaseOutageMsMax, databaseRetryMs } from "../../lib/limits.ts";
import type { ChainName, SealedEntry } from "../audit/chain.ts";
import type {
  Account,
  Changes,
  Customer,
  Failures,
  Limits,
  Loaded,
  Movement,
  Restoring,
  Settings,
  Terminal,
  Touch,
} from "./books.ts";
import type { ConfirmedClock } from "./clock.ts";
import type { AccountState, MovementId } from "./command.ts";
import {
  ConnectionLost,
  type Parameter,
  PostgresConnection,
  type Result,
  type Row,
  type Statement,
  stateOf,
  type Value,
} from "./postgres_connection.ts";
import { postgres001 } from "./schema/postgres_001.ts";
import { limitsOf, restoringOf, settingsOf, settingsToCreate, valuesOfLimits } from "./settings.ts";

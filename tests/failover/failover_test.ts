/** The fail-over in short, and whether it would see a loss. */
import { assert, assertEquals } from "@std/assert";
import { onPostgres } from "../server/helpers/stores.ts";
import { failOver, loseWithoutWaiting } from "./failover.ts";

onPostgres(
  "a primary that dies takes nothing with it that was told, its standby frozen or not",
  async () => {
    const { acknowledged, lost, doubled, problems } = await failOver({ failovers: 2, atms: 2 });
    assertEquals({ lost, doubled, problems }, { lost: [], doubled: [], problems: [] });
    assert(acknowledged > 60);
  },
);

onPostgres(
  "with a standby that nobody waits for, what was told is lost, and that is seen",
  async () => {
    assert((await loseWithoutWaiting(2)).length > 0);
  },
);

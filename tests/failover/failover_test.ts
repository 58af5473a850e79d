/** The fail-over in short, and whether it would see a loss. */
import { assert, assertEquals } from "@std/assert";
import { onPostgres } from "../server/helpers/stores.ts";
import { failOver, loseWithoutWaiting } from "./failover.ts";
import { PromotedCluster } from "./promoted_cluster.ts";

const start = (synchronous: boolean) => PromotedCluster.start(synchronous);

onPostgres(
  "a primary that dies takes nothing with it that was acknowledged, its standby frozen or not",
  async () => {
    const { acknowledged, lost, doubled, problems } = await failOver({
      failovers: 2,
      atms: 2,
      start,
    });
    assertEquals({ lost, doubled, problems }, { lost: [], doubled: [], problems: [] });
    assert(acknowledged > 60);
  },
);

onPostgres(
  "with a standby that nobody waits for, what was acknowledged is lost, and that is seen",
  async () => {
    assert((await loseWithoutWaiting(start, 2)).length > 0);
  },
);

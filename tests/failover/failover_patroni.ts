/**
 * The same drill where Patroni decides who is the primary: `deno task failover:patroni`. A machine of
 * three dies, with its PostgreSQL, its Patroni and its member of etcd; it comes back, and another dies.
 */
import { drill } from "./failover.ts";
import { missingPackages, PatroniCluster } from "./patroni_cluster.ts";

if (import.meta.main) {
  const missing = missingPackages();
  if (missing.length > 0) {
    console.error(
      `not on this machine: ${missing.join(", ")}. On Debian: ` +
        `apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
    Deno.exit(2);
  }
  await drill((synchronous) => PatroniCluster.start(synchronous));
}

/**
 * The bank's database dies, again and again: `deno task failover`. A PostgreSQL primary with a
 * synchronous standby, two real servers on one port, real ATMs; the primary is killed with every process
 * of it, sometimes with the standby's receiver frozen just before, and the standby takes its place; before
 * each, one of the servers is killed, too, and an operator's command is under way. After each death what
 * the new primary has is held against everything that ATMs received; at the end books, notes and both
 * chains of the log, and all against what customers intended and saw, by the simulator's judges. As a
 * control, a standby that nobody waits for must lose something:
 * else this could not see a loss.
 */
import { freePort } from "../end_to_end/programs.ts";
import { flag, type Outcome, printOutcome } from "../torture/drill.ts";
import type { Cluster, Death } from "./cluster.ts";
import { PromotedCluster } from "./promoted_cluster.ts";
import { onScene, Scene } from "./scene.ts";

/** @param synchronous whether commits wait for a standby */
export type StartCluster = (synchronous: boolean) => Promise<Cluster>;

export interface FailOver {
  /** How often the primary dies. */
  failovers: number;
  atms: number;
  start: StartCluster;
  log?: (line: string) => void;
}

/** What is answered between two deaths, at least. */
const betweenDeaths = 30;

/**
 * Kills the primary so often, with a standby that commits wait for.
 * @returns also of each fail-over, seconds from the death to the next answer of the bank
 */
export async function failOver(
  { failovers, atms, start, log = () => {} }: FailOver,
): Promise<Outcome & { outagesS: number[] }> {
  return await withCluster(await start(true), atms, async (scene) => {
    const { deaths } = scene.cluster;
    const outagesS: number[] = [];
    for (let count = 1; count <= failovers; count++) {
      await scene.progress(betweenDeaths);
      const death = deaths[(count - 1) % deaths.length]!;
      await scene.killServer(count);
      const outageS = await scene.failOver(death);
      outagesS.push(outageS);
      log(
        `fail-over ${count}, ${death}: ${scene.acknowledged} acknowledged, ${scene.lost.length} lost, ` +
          `the bank was away for ${outageS.toFixed(1)} s`,
      );
    }
    await scene.progress(betweenDeaths);
    return { ...await scene.end(), outagesS };
  });
}

/**
 * Returns what is lost with a standby that nobody waits for, and that receives nothing in the end.
 */
export async function loseWithoutWaiting(start: StartCluster, atms: number): Promise<string[]> {
  return await withCluster(await start(false), atms, async (scene) => {
    await scene.progress(betweenDeaths);
    await scene.cluster.cutOff();
    await scene.progress(betweenDeaths);
    await scene.killBank();
    await scene.cluster.failOver("killed");
    await scene.hold();
    return scene.lost;
  });
}

function withCluster<T>(
  cluster: Cluster,
  atms: number,
  run: (scene: ClusterScene) => Promise<T>,
): Promise<T> {
  return onScene((folder) => new ClusterScene(folder, cluster), cluster, atms, run);
}

class ClusterScene extends Scene {
  constructor(folder: string, readonly cluster: Cluster) {
    const server = { address: { hostname: "127.0.0.1", port: freePort() }, within: [] };
    super(folder, cluster, { servers: [server, server], atms: [] });
  }

  /** One of the bank's servers dies, in turn, and is started again. */
  async killServer(turn: number): Promise<void> {
    const server = this.servers[turn % this.servers.length]!;
    await server.kill();
    const ready = this.ready;
    server.start();
    await this.until("the server is back", () => this.ready > ready);
  }

  /**
   * Kills the primary; a standby takes over and gets its own standby; seconds without
   * an answer.
   */
  async failOver(death: Death): Promise<number> {
    await this.acting;
    this.acting = this.act();
    const diedMs = await this.cluster.failOver(death);
    const answered = this.acknowledged;
    await this.until("the bank is back", () => this.acknowledged > answered);
    const answeredMs = Math.max(...this.answeredMs.values());
    await this.hold();
    await this.cluster.mend();
    await this.actAgain();
    return (answeredMs - diedMs) / 1_000;
  }
}

/**
 * Runs the whole drill with its flags; prints the outcome, and ends with 1 where that
 * is bad.
 */
export async function drill(start: StartCluster): Promise<never> {
  const [failovers, atms] = [flag("failovers", 10), flag("atms", 6)];
  const seen = await loseWithoutWaiting(start, atms);
  console.log(`control, a standby that nobody waits for: ${seen.length} lost, as it must be`);
  if (seen.length === 0) console.log("nothing was lost: this could not see a loss");
  const outcome = await failOver({ failovers, atms, start, log: console.log });
  const { acknowledged, lost, doubled, outagesS } = outcome;
  const isWell = printOutcome(outcome);
  const sorted = outagesS.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  console.log(
    `outage ${median.toFixed(1)} s (${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)})`,
  );
  console.log(
    `failovers ${failovers} acknowledged ${acknowledged} lost ${lost.length} doubled ${doubled.length}`,
  );
  Deno.exit(isWell && seen.length > 0 ? 0 : 1);
}

if (import.meta.main) await drill((synchronous) => PromotedCluster.start(synchronous));

/**
 * A drill with Debian's `prometheus` and `prometheus-alertmanager`: a bank whose ATM runs out of
 * notes, and whose server then ends, alerts a webhook, and resolves both. Prints what arrived.
 */
import { listenTcp } from "../../lib/system.ts";
import { serveMetrics } from "../../server/metrics/serve_metrics.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

interface Notice {
  alerts: { status: "firing" | "resolved"; labels: { alertname: string; terminal?: string } }[];
}

const alerts = new URL("../../docs/ops/alerts.yml", import.meta.url).pathname;
const beganMs = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - beganMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);

/** Returns a free port of loopback. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const seen = new Set<string>();
let onSeen = () => {};

/** Waits until the webhook has an alert in this state. */
async function arrives(alert: string, status: "firing" | "resolved"): Promise<void> {
  const untilMs = performance.now() + 240_000;
  while (!seen.has(`${alert} ${status}`)) {
    if (performance.now() > untilMs) throw new Error(`${alert} is not ${status}`);
    await new Promise<void>((resolve) => {
      onSeen = resolve;
      setTimeout(resolve, 1_000);
    });
  }
  say(`${alert} ${status}`);
}

function spawn(program: string, args: string[], cwd: string): Deno.ChildProcess {
  return new Deno.Command(program, { args, cwd, stdout: "null", stderr: "null" }).spawn();
}

await inTemporaryFolder((folder) =>
  RunningBank.with(async (running) => {
    const [metricsPort, prometheusPort, managerPort] = [freePort(), freePort(), freePort()];
    const hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const notice = await request.json() as Notice;
      for (const { status, labels } of notice.alerts) seen.add(`${labels.alertname} ${status}`);
      onSeen();
      return new Response();
    });
    await Deno.writeTextFile(
      `${folder}/prometheus.yml`,
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: [alerts],
        alerting: {
          alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${managerPort}`] }] }],
        },
        scrape_configs: [{
          job_name: "strongroom",
          static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }],
        }],
      }),
    );
    await Deno.writeTextFile(
      `${folder}/alertmanager.yml`,
      JSON.stringify({
        route: { receiver: "hook", group_wait: "1s", group_interval: "1s", repeat_interval: "1h" },
        receivers: [{
          name: "hook",
          webhook_configs: [{ url: `http://127.0.0.1:${hook.addr.port}/`, send_resolved: true }],
        }],
      }),
    );
    const listenMetrics = () => listenTcp({ hostname: "127.0.0.1", port: metricsPort });
    let metrics = serveMetrics(running.bank, listenMetrics());
    const programs = [
      spawn("prometheus-alertmanager", [
        "--config.file=alertmanager.yml",
        `--storage.path=${folder}/alertmanager`,
        `--web.listen-address=127.0.0.1:${managerPort}`,
        "--cluster.listen-address=",
      ], folder),
      spawn("prometheus", [
        "--config.file=prometheus.yml",
        `--storage.tsdb.path=${folder}/prometheus`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ], folder),
    ];
    try {
      const atm = await running.connect();
      const report = async (count: number) => {
        const cassettes = [{ value: "5000", count }];
        await atm.ask({ op: "report", cassettes, jammed: [], counted: true, left: "0" });
        say(`the ATM reports ${count} notes`);
      };
      await report(7);
      await arrives("CassetteLow", "firing");
      await report(400);
      await arrives("CassetteLow", "resolved");
      await metrics.close();
      say("the server does not answer");
      await arrives("ServerDown", "firing");
      metrics = serveMetrics(running.bank, listenMetrics());
      say("the server answers");
      await arrives("ServerDown", "resolved");
    } finally {
      for (const program of programs) {
        program.kill("SIGTERM");
        await program.status;
      }
      await metrics.close();
      await hook.shutdown();
    }
  })
);
say("both alerts arrived at the webhook, and resolved");

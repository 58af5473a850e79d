/** Metrics over HTTP: well-formed, with what happened, and without a customer or an account. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { listenTcp } from "../../../lib/system.ts";
import { type MetricsServer, serveMetrics } from "../../../server/metrics/serve_metrics.ts";
import { promtool } from "../../promtool.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function withMetrics(
  { bank }: RunningBank,
  run: (get: (path: string) => Promise<[status: number, body: string]>) => Promise<void>,
): Promise<void> {
  const server: MetricsServer = serveMetrics(
    bank,
    listenTcp({ hostname: "127.0.0.1", port: 0 }),
  );
  try {
    await run(async (path) => {
      const response = await fetch(`http://${server.address}${path}`);
      return [response.status, await response.text()];
    });
  } finally {
    await server.close();
  }
}

onEachBank(
  "metrics have what happened, and no customer or account",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      await atm.authorise("withdrawal", newId(), "99999900");
      await atm.authorise("withdrawal", newId(), "1000");
      await atm.ask({
        op: "report",
        cassettes: [{ value: "5000", count: 80 }, { value: "500", count: 1, unfilled: true }],
        jammed: ["dispenser"],
        counted: true,
        left: "0",
      });
      const mall = await running.connect(running.keys.mall);
      await mall.ask({ op: "log_in", username: "bob", password: "not his password" });
      await running.answerTo(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      await withMetrics(running, async (get) => {
        const [status, page] = await get("/metrics");
        assertEquals(status, 200);
        for (
          const sample of [
            'strongroom_movements_total{kind="withdrawal",outcome="ok"} 2',
            'strongroom_movements_total{kind="withdrawal",outcome="insufficient_funds"} 1',
            'strongroom_movements_total{kind="complete",outcome="ok"} 1',
            'strongroom_log_ins_total{outcome="ok"} 1',
            'strongroom_log_ins_total{outcome="wrong_credentials"} 1',
            "strongroom_log_in_failed_names 1",
            'strongroom_refusals_total{reason="insufficient_funds"} 1',
            'strongroom_handshakes_total{result="proved"} 2',
            'strongroom_handshakes_total{result="failed"} 1',
            "strongroom_handshake_failures_one_source 1",
            'strongroom_holds_in_doubt{age="under_1h"} 1',
            'strongroom_cassette_notes{terminal="lobby",value="5000"} 80',
            'strongroom_terminal_needs_repair{terminal="lobby"} 1',
            "strongroom_money_stopped 0",
          ]
        ) assertStringIncludes(page, `${sample}\n`);
        assertMatch(page, /strongroom_command_seconds_count [1-9]/);
        assertMatch(page, /strongroom_memory_bytes [1-9]/);
        assertMatch(page, /strongroom_disk_free_bytes [1-9]/);
        assert(!page.includes('value="500"'), "a cassette that staff did not fill");
        for (const secret of ["alice", "bob", atm.account]) assert(!page.includes(secret), secret);
        const { code, printed } = await promtool(["check", "metrics"], page);
        assertEquals([code, printed], [0, ""]);
      });
    }),
);

onEachBank(
  "healthz answers while the process runs, readyz while money can move",
  (withBank) =>
    withBank((running) =>
      withMetrics(running, async (get) => {
        assertEquals(await get("/healthz"), [200, "ok\n"]);
        assertEquals(await get("/readyz"), [200, "ready\n"]);
        assertEquals((await get("/"))[0], 404);
        const { ledger } = running.bank;
        ledger.clockDoubt = () => Promise.resolve("the clock jumped ahead by 2 h 0 min");
        const why = "no money moves: the clock jumped ahead by 2 h 0 min\n";
        assertEquals(await get("/readyz"), [503, why]);
        assertStringIncludes((await get("/metrics"))[1], "strongroom_money_stopped 1\n");
        const status = running.operate({ command: "show_status", json: false, watch: false });
        const lines = (await Array.fromAsync(status)).map((answer) => JSON.stringify(answer));
        assertStringIncludes(lines.join("\n"), why.trim());
      })
    ),
);

onEachBank(
  "connect, loss, settlement, start and stop are events of the log",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "reverse", movement });
      await running.stop();
      const events = running.events.map(({ event }) => event);
      assertEquals([...new Set(events)], [
        "start",
        "terminal_connected",
        "settled",
        "terminal_lost",
        "stop",
      ]);
    }),
);

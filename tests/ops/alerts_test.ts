/** Each rule of docs/ops/alerts.yml fires and resolves, in Prometheus's own evaluator. */
import { assertEquals } from "@std/assert";
import { promtool } from "../promtool.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import {
  backupAgeMsMax,
  checkpointAgeMsMax,
  doubtAgeMsMax,
  failedNamesMax,
  freeBytesMin,
  handshakeFailuresMax,
  reconciledAgeMsMax,
  scarceNotesMax,
  terminalSilentMsMax,
  verificationAgeMsMax,
} from "../../lib/limits.ts";

const rules = new URL("../../docs/ops/alerts.yml", import.meta.url).pathname;
const text = await Deno.readTextFile(rules);

interface Case {
  alert: string;
  /** The series, and its values at each step, in promtool's notation. */
  series: [name: string, values: string][];
  interval: string;
  /** When it fires, and when it does not, after the start. */
  fires: string;
  quiet: string[];
  /** Labels of the alert besides its severity. */
  labels?: Record<string, string>;
}

const instance = 'instance="a", job="strongroom"';
const at = { instance: "a", job: "strongroom" };
const lobby = { terminal: "lobby" };

const cases: Case[] = [
  {
    alert: "ServerDown",
    series: [[`up{${instance}}`, "1x4 0x5 1x5"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: at,
  },
  {
    alert: "MoneyStopped",
    series: [[`strongroom_money_stopped{${instance}}`, "0x4 1x5 0x5"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: at,
  },
  {
    alert: "ClockJump",
    series: [[`strongroom_clock_step_seconds{${instance}}`, "0x10 7x20"]],
    interval: "1m",
    fires: "12m",
    quiet: ["8m", "20m"],
    labels: at,
  },
  {
    alert: "RestoreWaits",
    series: [[`strongroom_restore_waiting_terminals{${instance}}`, "2x20 0x10"]],
    interval: "1m",
    fires: "17m",
    quiet: ["10m", "25m"],
    labels: at,
  },
  {
    alert: "UnknownPayment",
    series: [[`strongroom_restore_unknown_payments{${instance}, terminal="lobby"}`, "_x5 1x5 _x9"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "19m"],
    labels: lobby,
  },
  {
    // Values are seconds since 1970, which is when promtool's time begins; another server has an old one.
    alert: "TerminalSilent",
    series: [
      [
        `strongroom_terminal_last_contact_timestamp_seconds{${instance}, terminal="lobby"}`,
        [
          "0+60x5 300x10 960+60x5",
        ][0]!,
      ],
      [
        `strongroom_terminal_last_contact_timestamp_seconds{instance="b", terminal="lobby"}`,
        "0x30",
      ],
    ],
    interval: "1m",
    fires: "12m",
    quiet: ["5m", "9m", "18m"],
    labels: lobby,
  },
  {
    alert: "TerminalNeedsRepair",
    series: [[`strongroom_terminal_needs_repair{${instance}, terminal="lobby"}`, "0x4 1x5 0x5"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: lobby,
  },
  {
    alert: "WithdrawalInDoubt",
    series: [[
      `strongroom_terminal_withdrawals_in_doubt{${instance}, terminal="lobby"}`,
      "0x4 1x5 0x5",
    ]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: lobby,
  },
  {
    alert: "TerminalUnreconciled",
    series: [
      [`strongroom_terminal_differences{${instance}, terminal="lobby"}`, "0x4 2x12 0x10"],
      [
        `strongroom_terminal_reconciled_timestamp_seconds{${instance}, terminal="lobby"}`,
        "0+60x30",
      ],
    ],
    interval: "1m",
    fires: "12m",
    quiet: ["4m", "24m"],
    labels: lobby,
  },
  {
    alert: "CassetteLow",
    series: [[
      `strongroom_cassette_notes{${instance}, terminal="lobby", value="5000"}`,
      "11x4 10x5 400x5",
    ]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: { ...lobby, value: "5000" },
  },
  {
    // 20 notes in 10 minutes: 400 are gone within 4 hours.
    alert: "CassetteSoonEmpty",
    series: [[
      `strongroom_cassette_notes{${instance}, terminal="lobby", value="5000"}`,
      "600x6 600-20x10 2000x60",
    ]],
    interval: "10m",
    fires: "150m",
    quiet: ["50m", "600m"],
    labels: { ...lobby, value: "5000" },
  },
  {
    alert: "HoldInDoubt",
    series: [
      [`strongroom_holds_in_doubt{${instance}, age="under_1h"}`, "3x20"],
      [`strongroom_holds_in_doubt{${instance}, age="1h_to_1d"}`, "0x4 1x5 0x5"],
    ],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: { age: "1h_to_1d", job: "strongroom" },
  },
  {
    alert: "LogNotVerified",
    series: [[`strongroom_verification_timestamp_seconds{${instance}}`, "0x232 835200x100"]],
    interval: "1h",
    fires: "220h",
    quiet: ["190h", "240h"],
    labels: at,
  },
  {
    alert: "CheckpointOld",
    series: [[`strongroom_checkpoint_timestamp_seconds{${instance}}`, "0x28 104400x20"]],
    interval: "1h",
    fires: "28h",
    quiet: ["26h", "30h"],
    labels: at,
  },
  {
    alert: "BackupOld",
    series: [[`strongroom_backup_timestamp_seconds{${instance}}`, "0x29 108000x20"]],
    interval: "1h",
    fires: "29h",
    quiet: ["26h", "31h"],
    labels: at,
  },
  {
    alert: "HandshakeFailures",
    series: [[`strongroom_handshake_failures_one_source{${instance}}`, "30x4 31x5 0x5"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: at,
  },
  {
    alert: "FailedLogIns",
    series: [[`strongroom_log_in_failed_names{${instance}}`, "20x4 21x5 0x5"]],
    interval: "1m",
    fires: "8m",
    quiet: ["4m", "12m"],
    labels: at,
  },
  {
    alert: "DiskUnderADaysGrowth",
    series: [[`strongroom_disk_free_bytes{${instance}}`, "50e9-1e9x12 90e9x80"]],
    interval: "10m",
    fires: "100m",
    quiet: ["0m", "600m"],
    labels: at,
  },
];

/** Returns the severity of a rule, as its file has it. */
const severityOf = (alert: string) =>
  new RegExp(`alert: ${alert}\n[^]*?severity: (\\w+)`).exec(text)![1]!;

/** Returns promtool's test file for a case: JSON, which is YAML. */
function testOf({ alert, series, interval, fires, quiet, labels }: Case) {
  const alerts = (time: string, exp_alerts: unknown[]) => ({
    eval_time: time,
    alertname: alert,
    exp_alerts,
  });
  return {
    interval,
    input_series: series.map(([series, values]) => ({ series, values })),
    alert_rule_test: [
      alerts(fires, [{ exp_labels: { severity: severityOf(alert), ...labels } }]),
      ...quiet.map((time) => alerts(time, [])),
    ],
  };
}

Deno.test("every alert rule has a case", () => {
  const names = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assertEquals(cases.map(({ alert }) => alert), names);
});

Deno.test("the rules are well-formed", async () => {
  const { code, printed } = await promtool(["check", "rules", rules]);
  assertEquals(code, 0, printed);
});

Deno.test("each alert fires, and resolves", () =>
  inTemporaryFolder(async (folder) => {
    // Annotations are part of an alert: the rules are tested without them.
    const bare = `${folder}/rules.yml`;
    await Deno.writeTextFile(bare, text.replace(/^ {8}annotations:\n(?: {10}.*\n)+/gm, ""));
    const files: string[] = [];
    for (const [interval, group] of Map.groupBy(cases, ({ interval }) => interval)) {
      const file = `${folder}/${interval}.yml`;
      // A sample is stale after 5 minutes: rules are evaluated when there is one.
      const tests = group.map(testOf);
      const content = { rule_files: [bare], evaluation_interval: interval, tests };
      await Deno.writeTextFile(file, JSON.stringify(content));
      files.push(file);
    }
    const { code, printed } = await promtool(["test", "rules", ...files]);
    assertEquals(code, 0, printed);
  }));

Deno.test("the rules have the limits of `bank status`", () => {
  const has = (alert: string, limit: string) => {
    const expression = new RegExp(`alert: ${alert}\n[^]*?expr: ([^]*?)\n +(?:for|labels):`)
      .exec(text)![1]!;
    assertEquals(expression.includes(limit), true, `${alert}: ${expression} lacks ${limit}`);
  };
  has("TerminalSilent", `> ${terminalSilentMsMax / 1_000}`);
  has("TerminalUnreconciled", `> ${reconciledAgeMsMax / 3_600_000} * 3600`);
  has("CassetteLow", `<= ${scarceNotesMax}`);
  has("CassetteSoonEmpty", `> ${scarceNotesMax}`);
  assertEquals(doubtAgeMsMax, 3_600_000); // the label `under_1h`
  has("LogNotVerified", `> ${verificationAgeMsMax / 86_400_000} * 86400`);
  has("CheckpointOld", `> ${checkpointAgeMsMax / 3_600_000} * 3600`);
  has("BackupOld", `> ${backupAgeMsMax / 3_600_000} * 3600`);
  has("HandshakeFailures", `> ${handshakeFailuresMax}`);
  has("FailedLogIns", `> ${failedNamesMax}`);
  has("DiskUnderADaysGrowth", `< ${freeBytesMin.toExponential().replace("+", "")}`);
});

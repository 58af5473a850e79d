/** Settings from a file, the environment and flags, in rising strength; anything unknown is an error. */
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import * as families from "../../../ui/command_line/commands/index.ts";
import { parseCommandLine } from "../../../ui/command_line/parse.ts";
import { settingNames, settingsOf, withoutConfig } from "../../../ui/command_line/settings.ts";

const definitions = Object.values(families).flat();
const path = "/etc/strongroom/bank.toml";

function launchOf(line: string, text = "", environment: Record<string, string> = {}) {
  const settings = settingsOf({ path, text }, environment);
  const place = { project: "/strongroom", startedIn: "/home", settings };
  const parsed = parseCommandLine(definitions, line.split(" "), place);
  if (!("launch" in parsed)) throw new Error(line);
  return parsed.launch;
}

function serverOf(...args: Parameters<typeof launchOf>) {
  const launch = launchOf(...args);
  if (launch.kind !== "server") throw new Error(args[0]);
  return launch;
}

const whole = `
[bank]
data = "../../srv/bank"
[server]
listen = "0.0.0.0:4848"
proxy-from = ["10.0.0.5", "10.0.0.6"]
checkpoints = "/mnt/safe"
checkpoint-minutes = 30
backups = "backups"
metrics = "127.0.0.1:9464"
log = "json"
policy = "bank.policy"
share-port = true
`;

Deno.test("every setting of the server can be in the file; its paths are relative to its folder", () => {
  assertEquals(serverOf("server", whole).start, {
    folder: "/etc/strongroom/../../srv/bank",
    databaseUrlFile: undefined,
    listen: { hostname: "0.0.0.0", port: 4848 },
    proxies: ["10.0.0.5", "10.0.0.6"],
    sharePort: true,
    backups: "/etc/strongroom/backups",
    metrics: { hostname: "127.0.0.1", port: 9464 },
    log: "json",
    policy: "/etc/strongroom/bank.policy",
    checkpoints: { folder: "/mnt/safe", everyMinutes: 30 },
  });
});

Deno.test("the environment is stronger than the file, and a flag than both", () => {
  const minutes = (...args: Parameters<typeof launchOf>) =>
    serverOf(...args).start.checkpoints.everyMinutes;
  const environment = { STRONGROOM_CHECKPOINT_MINUTES: "20", PATH: "/bin" };
  assertEquals(minutes("server", "", {}), 60);
  assertEquals(minutes("server", whole, {}), 30);
  assertEquals(minutes("server", whole, environment), 20);
  assertEquals(minutes("server --checkpoint-minutes 10", whole, environment), 10);
});

Deno.test("commands of the bank have its settings, and no others", () => {
  const folderOf = (line: string) => {
    const launch = launchOf(line, whole);
    return launch.kind === "operator" ? launch.start.folder : null;
  };
  assertEquals(folderOf("bank status"), "/etc/strongroom/../../srv/bank");
  assertEquals(folderOf("bank status --data x"), "/home/x");
  const atm = launchOf("atm --key k", whole);
  assertEquals(atm.kind === "atm" && atm.terminal.folder, undefined);
});

Deno.test("every setting is a flag of the server, and every flag of it a setting", () => {
  const { settings } = serverOf("server --check");
  const flags = settings!.map((line) => line.split(" ")[0]!);
  assertEquals(flags.sort(), Object.values(settingNames).flat().sort());
});

Deno.test("a check says each value and where it comes from", () => {
  const environment = { STRONGROOM_LOG: "text" };
  const { settings } = serverOf("server --check --metrics [::1]:1", whole, environment);
  const lineOf = (name: string) => settings!.find((line) => line.startsWith(`${name} `));
  assertEquals(lineOf("listen"), "listen              0.0.0.0:4848, from the configuration file");
  assertEquals(lineOf("log"), "log                 text, from the environment");
  assertEquals(lineOf("metrics"), "metrics             [::1]:1, from a flag");
  assertEquals(lineOf("database-url-file"), "database-url-file   -, by default");
});

const wrong: [text: string, environment: Record<string, string>, message: string][] = [
  ["[sever]\n", {}, `${path}: unknown table 'sever'. Did you mean 'server'?`],
  [
    "[server]\nlissten = 1",
    {},
    `${path}: [server]: unknown setting 'lissten'. Did you mean 'listen'?`,
  ],
  [
    '[bank]\nfolder = "/srv"',
    {},
    `${path}: [bank]: unknown setting 'folder'. Write one of data, database-url-file`,
  ],
  ["bank = 1", {}, `${path}: bank is not a table. Write [bank]`],
  [
    "[server]\nlisten = { port = 1 }",
    {},
    `${path}: [server] listen: write a text, a number, true or false, or a list of texts`,
  ],
  [
    '[server]\nlisten = "here"',
    {},
    `${path}: [server] listen = here: write HOST:PORT, for example 127.0.0.1:4848`,
  ],
  ['[server]\nshare-port = "yes"', {}, `${path}: [server] share-port yes: write true or false`],
  [
    "[server]\ncheckpoint-minutes = 0",
    {},
    `${path}: [server] checkpoint-minutes = 0: write a whole number from 1 to 10080`,
  ],
  [
    "",
    { STRONGROOM_LISTN: "x" },
    "the environment: unknown variable 'STRONGROOM_LISTN'. Did you mean 'STRONGROOM_LISTEN'?",
  ],
  ["", { STRONGROOM_LOG: "xml" }, "STRONGROOM_LOG = xml: choose one of text, json"],
];

for (const [text, environment, message] of wrong) {
  Deno.test(`a wrong setting: ${message}`, () => {
    const error = assertThrows(() => launchOf("server", text, environment), UsageError);
    assertEquals([error.exitCode, error.message], [2, message]);
  });
}

Deno.test("a file that is not TOML is refused with its line", () => {
  const error = assertThrows(() => launchOf("server", '[bank]\ndata = "x'), UsageError);
  assertEquals(error.message.startsWith(`${path}, line 2: `), true, error.message);
});

Deno.test("--config is taken out of the arguments", () => {
  const args = ["--config", "f", "server", "--check"];
  assertEquals(withoutConfig(args), { args: ["server", "--check"], config: "f" });
  assertEquals(withoutConfig(["server", "--config=f"]), { args: ["server"], config: "f" });
  assertEquals(withoutConfig(["server"]), { args: ["server"] });
  assertThrows(() => withoutConfig(["server", "--config"]), UsageError, "name a file");
});

Deno.test("default folders are in the place's folder for data, whose variable is no setting", () => {
  const settings = settingsOf(null, { STRONGROOM_HOME: "/srv/strongroom" });
  assertEquals(settings.size, 0);
  const place = { project: "/usr/lib/strongroom", startedIn: "/", data: "/srv/strongroom" };
  for (
    const [line, folder] of [["server", "bank"], ["demo", "demo"], ["devices", "devices"]] as const
  ) {
    const parsed = parseCommandLine(definitions, [line], place);
    if (!("launch" in parsed)) throw new Error(line);
    const { launch } = parsed;
    const found = launch.kind === "demo" ? launch.folder : "start" in launch && launch.start.folder;
    assertEquals(found, `/srv/strongroom/${folder}`);
  }
});

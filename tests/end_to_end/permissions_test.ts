/** A program, given exactly the permissions that its launcher computes, can do no more: the table of docs/ARCHITECTURE.md. */
import { assert, assertEquals } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { run } from "./programs.ts";
import {
  atmPermissions,
  bankPermissions,
  consolePermissions,
  consoleWindowPermissions,
  denoArguments,
  devicesPermissions,
  operatorPermissions,
  operatorSocket,
  type Permissions,
  type ProgramName,
  serverPermissions,
  windowPermissions,
  witnessPermissions,
} from "../../ui/command_line/launcher/permissions.ts";

const project = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Of every folder with source, a file. */
const sources = {
  "main.ts": "main.ts",
  "client": "client/atm.ts",
  "lib": "lib/money.ts",
  "server": "server/bank.ts",
  "ui/command_line": "ui/command_line/help.ts",
  "ui/console": "ui/console/app.ts",
  "ui/page": "ui/page/app.ts",
  "ui/window": "ui/window/webview.ts",
};

/** Tries everything that a program might; prints what was granted. */
const attempts = (folder: string) => `
import * as fs from "node:fs";
const inside = ${JSON.stringify(`${folder}/data`)};
const outside = ${JSON.stringify(`${folder}/outside`)};
const tries = {
  ffi: () => Deno.dlopen("libc.so.6", {}),
  run: () => new Deno.Command("true").outputSync(),
  env: () => Deno.env.get("HOME"),
  sys: () => Deno.hostname(),
  "free space": () => fs.statfsSync(inside),
  "read elsewhere": () => Deno.readTextFileSync("/etc/hostname"),
  "write elsewhere": () => Deno.writeTextFileSync(outside, "x"),
  "write its source": () => Deno.writeTextFileSync(${
  JSON.stringify(`${project}/lib/money.ts`)
}, "", { append: true }),
  "connect elsewhere": () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: 4850 }),
  "a remote module": () => importing("https://deno.land/std@0.224.0/version.ts", "--no-remote"),
  "a package": () =>
    importing("npm:is-odd@3.0.1", "not found in cache", "lockfile is out of date"),
  "its data": () => Deno.writeTextFileSync(inside + "/x", "x"),
  ${
  Object.entries(sources).map(([name, path]) =>
    `${JSON.stringify(name)}: () => Deno.readTextFileSync(${JSON.stringify(`${project}/${path}`)}),`
  ).join("\n  ")
}
};
async function importing(specifier, ...refusals) {
  try {
    await import(specifier);
  } catch (error) {
    const isRefused = refusals.some((refusal) => error.message.includes(refusal));
    throw isRefused ? new Deno.errors.NotCapable() : error;
  }
}
const granted = [];
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    granted.push(name);
  } catch (error) {
    if (error.name !== "NotCapable") granted.push(name + " (" + error.name + ")");
  }
}
console.log(JSON.stringify(granted));
`;

/** What each program is granted, and nothing else. */
const table: [ProgramName, (data: string) => Permissions, string[]][] = [
  [
    "server/programs/bank_server",
    (data) => serverPermissions({ project }, [data], ["127.0.0.1:4849", operatorSocket(data)]),
    ["free space", "its data", "lib", "server"],
  ],
  [
    "server/programs/demo_bank",
    (data) => bankPermissions({ project }, [data], ["127.0.0.1:0", operatorSocket(data)]),
    ["its data", "lib", "server"],
  ],
  [
    "server/programs/operator",
    (data) => bankPermissions({ project }, [data], [operatorSocket(data)]),
    ["its data", "lib", "server"],
  ],
  [
    "server/programs/console",
    (data) =>
      consolePermissions({ project }, {
        folder: data,
        operatorKey: `${data}/operator.key`,
        page: `${data}/page.json`,
        openFile: `${data}/x`,
        firstKeys: [],
        checkpoints: [],
      }),
    ["env", "its data"],
  ],
  [
    "server/programs/console_window",
    () => consoleWindowPermissions({ project }),
    ["ffi", "lib", "ui/window"],
  ],
  [
    "server/programs/witness",
    (data) =>
      witnessPermissions({
        command: "serve",
        folder: data,
        listen: { hostname: "127.0.0.1", port: 4849 },
        policy: `${data}/policy`,
      }),
    ["its data"],
  ],
  [
    "client/programs/devices",
    (data) => devicesPermissions({ folder: data, keys: `${data}/keys` }, "127.0.0.1:4849"),
    ["its data"],
  ],
  [
    "client/programs/atm_in_browser",
    (data) => atmPermissions(data, `${data}/terminal.key`, ["127.0.0.1:4849", "127.0.0.1:0"]),
    ["its data"],
  ],
  [
    "client/programs/atm_window",
    (data) => windowPermissions({ project }, data, `${data}/terminal.key`, ["127.0.0.1:4849"]),
    ["ffi", "its data", "client", "lib", "ui/window"],
  ],
  [
    "client/programs/atm_cash",
    (data) => atmPermissions(data, `${data}/terminal.key`, []),
    ["its data"],
  ],
];

for (const [program, permissionsOf, expected] of table) {
  Deno.test(`${program} may do this and no more: ${expected.join(", ")}`, () =>
    inTemporaryFolder(async (folder) => {
      const data = `${folder}/data`;
      await Deno.mkdir(data);
      const script = `${folder}/attempts.js`;
      await Deno.writeTextFile(script, attempts(folder));
      const args = denoArguments({ project }, program, permissionsOf(data), null);
      assert(!args.includes("-A") && !args.includes("--allow-all"));
      // Deno itself writes a lock, whatever its program may write: the script gets copies.
      for (const file of ["deno.json", "deno.lock"]) {
        await Deno.copyFile(`${project}/${file}`, `${folder}/${file}`);
      }
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: args.map((arg) => arg === `${project}/${program}.ts` ? script : arg),
      }).output();
      const [lock, left] = [`${project}/deno.lock`, `${folder}/deno.lock`];
      assert(await Deno.readTextFile(lock) === await Deno.readTextFile(left), "the lock changed");
      assertEquals(JSON.parse(new TextDecoder().decode(stdout)), expected);
    }));
}

Deno.test("an operator's command may use the files of its flags, and who gives it", () => {
  const launch = {
    start: { folder: "/bank", operatorKey: "/anna.key", command: { command: "list_holds" } },
    reads: ["/first.key", "/anna.key"],
    writes: ["/out"],
  } as unknown as Parameters<typeof operatorPermissions>[1];
  assertEquals(operatorPermissions({ project: "/p" }, launch), {
    read: ["/p/server", "/p/lib", "/bank", "/bank-operators", "/out", "/first.key", "/anna.key"],
    write: ["/bank", "/bank-operators", "/out"],
    net: ["unix:/bank/operator.sock", "unix:/bank-operators/operator.sock"],
    env: ["HOME", "USER", "LOGNAME"],
    sys: [],
  });
});

Deno.test("the table has every program", () => {
  const programs = ["server", "client"].flatMap((side) =>
    [...Deno.readDirSync(`${project}/${side}/programs`)].map(({ name }) =>
      `${side}/programs/${name}`
    )
  ).filter((path) => Deno.readTextFileSync(`${project}/${path}`).includes("await runProgram"));
  assertEquals(table.map(([program]) => `${program}.ts`).sort(), programs.sort());
});

Deno.test("the table in docs/ARCHITECTURE.md is this one", async () => {
  const text = await Deno.readTextFile(`${project}/docs/ARCHITECTURE.md`);
  const document = text.replace(/ +/g, " ");
  for (const [program, , granted] of table) {
    const names = granted.map((name) => name in sources ? `\`${name}/\`` : name);
    const row = `| \`${program}\` | ${names.join(", ")} |`;
    assert(document.includes(row), `docs/ARCHITECTURE.md lacks the row ${row}`);
  }
});

Deno.test("what a program prints is sent to no collector, whatever the environment says", () =>
  inTemporaryFolder(async (folder) => {
    const args = ["bank", "init", "--single-operator", "--data", `${folder}/bank`];
    // The runtime's exporter prints here what it would send.
    const collecting = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };
    const { out, err } = await run(args, "", collecting);
    const made = /is created in/g;
    assertEquals([...out.matchAll(made), ...err.matchAll(made)].length, 1, out + err);
  }));

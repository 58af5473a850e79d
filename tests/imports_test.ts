/** Who may import whom: the table of docs/ARCHITECTURE.md, held against every source file. */
import { assert, assertEquals } from "@std/assert";

interface Rule {
  /** What these files may import, by the beginnings of paths. */
  readonly imports: readonly string[];
  /** What they may not import all the same. */
  readonly butNot?: readonly string[];
  /** What they may import besides, with `import type`. */
  readonly types?: readonly string[];
  /** What they may import from outside the project; anything, where it is left out. */
  readonly packages?: readonly string[];
  /** What their code must not name, whatever they import. */
  readonly without?: Readonly<Record<string, RegExp>>;
}

const worldFiles = ["lib/system.ts", "lib/process.ts", "lib/ml_kem.ts"];

/** The world, which code gets as arguments, by every name that it has. */
const world: Readonly<Record<string, RegExp>> = {
  "Deno": /\bDeno\b/,
  "the clock": /\bDate\b(?!\.(?:parse|UTC)\b|\s*\(\s*[^)\s])|\b(?:Temporal|performance)\b/,
  "the clock, by Intl": /\.format(?:ToParts|Range)?\(\s*\)/,
  "randomness": /\bMath\.random\b|\bMath\b(?!\.)|\b(?:crypto|getRandomValues|randomUUID)\b/,
  "a timer or a turn":
    /\b(?:set(?:Timeout|Interval|Immediate)|queueMicrotask|MessageChannel|Atomics)\b|\bAbortSignal\.timeout\b/,
  "the network": /\b(?:fetch|WebSocket|EventSource|BroadcastChannel)\b(?!:)/,
  "a global by another name": /\b(?:globalThis|navigator|process)\b|\beval\b|\bFunction\(/,
  "a path that is not plain":
    /\bimport\s*\(\s*(?!")|\bimport\.meta\.resolve\(\s*(?!")|\bnew URL\(\s*`/,
  "what may hide a comment": /\[\/\*/,
};
/** Files that are a thread, or start one. */
const threadFile = /[_/](?:worker|threads?)\.ts$/;
const thread = /\b(?:Worker|self)\b/;

/** What a file may take of `node:crypto`: nothing that has randomness; and one file alone encrypts. */
const cryptoNames: Readonly<Record<string, readonly string[]>> = {
  "lib/bytes.ts": ["timingSafeEqual"],
  "lib/seal.ts": ["createCipheriv", "createDecipheriv"],
  "lib/hmac.ts": ["hash"],
  "lib/protocol/handshake.ts": ["createPrivateKey", "createPublicKey", "diffieHellman"],
  "server/transparency/ed25519.ts": [
    "createPrivateKey",
    "createPublicKey",
    "KeyObject",
    "sign",
    "verify",
  ],
};

/** What draws the page. */
const drawing = ["preact", "preact/hooks", "htm/preact"];

/** Returns what a floor of the page may import: these floors, and what is pure of `lib`. */
function page(...floors: readonly string[]): Rule {
  return {
    imports: [
      ...floors.map((floor) => floor === "" ? "ui/page/" : `ui/page/${floor}/`),
      "lib/account_number.ts",
      "lib/money.ts",
      "lib/limits.ts",
      "lib/errors.ts",
    ],
    types: ["lib/"],
    packages: drawing,
    without: { "Deno": /\bDeno\b/ },
  };
}

/** Returns the same for the console's page, which has the bridges and some parts of the ATM's. */
function consolePage(...floors: readonly string[]): Rule {
  const { imports, ...rule } = page();
  return {
    ...rule,
    imports: [
      ...floors.map((floor) => floor === "" ? "ui/console/" : `ui/console/${floor}/`),
      "ui/page/bridge/",
      "ui/page/parts/icon.ts",
      "ui/page/parts/mark.ts",
      ...imports,
      "lib/operator_commands.ts",
    ],
  };
}

/** Returns a store: below the ledger's engine, above its model. */
function store(...packages: readonly string[]): Rule {
  return {
    imports: ["server/ledger/", "server/audit/entry.ts", "lib/"],
    butNot: ["server/ledger/rules/", "server/ledger/engine.ts", ...worldFiles],
    packages,
    without: world,
  };
}

/** Files that start threads, with the file handles that the world keeps for them. */
const startsThreads: Rule = {
  imports: ["server/", "lib/"],
  butNot: ["server/programs/", "lib/process.ts", "lib/ml_kem.ts"],
  without: world,
};

/** By the beginning of a file's path; the first that fits decides. */
const rules: Readonly<Record<string, Rule>> = {
  // The three files of lib that are the world, for programs, threads, the launcher and tests.
  "lib/system.ts": {
    imports: ["lib/errors.ts", "lib/world.ts", "lib/limits.ts", "lib/ml_kem.ts"],
  },
  "lib/ml_kem.ts": { imports: ["lib/bytes.ts", "lib/kem.ts"] },
  "lib/process.ts": { imports: ["lib/errors.ts", "lib/log_event.ts"] },
  "lib/": {
    imports: ["lib/"],
    butNot: worldFiles,
    packages: [
      "node:crypto",
      "@noble/hashes/hmac.js",
      "@noble/hashes/sha2.js",
    ],
    without: world,
  },
  // The console's page has the ATM's host.
  "server/programs/console": { imports: ["server/", "ui/window/", "lib/"] },
  "server/programs/": { imports: ["server/", "ui/receipt_page/verify_receipt.ts", "lib/"] },
  // The ledger's thread, which is a composition root, too.
  "server/ledger_thread.ts": startsThreads,
  "server/credentials/password_threads.ts": startsThreads,
  "server/operator/check_threads.ts": startsThreads,
  "server/ledger_worker.ts": { imports: ["server/", "lib/"], butNot: ["server/programs/"] },
  "server/transparency/": {
    imports: ["server/transparency/", "lib/"],
    butNot: worldFiles,
    packages: ["node:crypto"],
    without: world,
  },
  "server/audit/": {
    imports: ["server/audit/", "server/transparency/", "lib/"],
    butNot: worldFiles,
    packages: [],
    without: world,
  },
  "server/ledger/sqlite/": store("node:sqlite"),
  "server/ledger/postgres/": store("pg"),
  // Only this file chooses a store.
  "server/ledger/open_store.ts": store(),
  "server/ledger/": {
    imports: ["server/ledger/", "server/audit/entry.ts", "lib/"],
    butNot: ["server/ledger/sqlite/", "server/ledger/postgres/", ...worldFiles],
    packages: [],
    without: world,
  },
  "server/": {
    imports: ["server/", "lib/"],
    butNot: ["server/programs/", ...worldFiles],
    packages: ["hash-wasm"],
    without: world,
  },
  "client/programs/": { imports: ["client/", "ui/window/", "lib/"] },
  "client/": {
    imports: ["client/", "lib/"],
    butNot: ["client/programs/", ...worldFiles],
    packages: ["node:sqlite"],
    without: world,
  },
  // Each floor of the page lies above the ones before it.
  "ui/page/bridge/": page("bridge"),
  "ui/page/words/": page("words", "bridge"),
  "ui/page/state/": page("state", "words", "bridge"),
  "ui/page/parts/": {
    ...page("parts", "state", "words", "bridge"),
    packages: [...drawing, "uqr"],
  },
  "ui/page/screens/": page("screens", "parts", "state", "words", "bridge"),
  "ui/page/": page(""),
  "ui/console/state/": consolePage("state"),
  "ui/console/parts/": consolePage("parts", "state"),
  "ui/console/screens/": consolePage("screens", "parts", "state"),
  "ui/console/": consolePage(""),
  "ui/window/page_bundle.ts": { imports: ["ui/page/", "ui/console/", "lib/"] },
  "ui/window/": { imports: ["ui/window/", "lib/"], types: ["ui/page/"] },
  // A stranger's verifier, and the page around it: they share no code with the rest.
  "ui/receipt_page/receipt_document.ts": { imports: ["ui/receipt_page/"] },
  "ui/receipt_page/": {
    imports: ["ui/receipt_page/"],
    packages: [],
    without: { "Deno": /\bDeno\b/ },
  },
  "ui/command_line/commands/": {
    imports: ["ui/command_line/", "lib/"],
    butNot: ["ui/command_line/launcher/", ...worldFiles],
    without: world,
  },
  "ui/command_line/": {
    imports: [
      "ui/command_line/",
      "ui/window/page_bundle.ts",
      "ui/receipt_page/receipt_document.ts",
      "lib/",
    ],
  },
  "tests/": { imports: ["lib/", "server/", "client/", "ui/", "tests/", "main.ts"] },
  "main.ts": { imports: ["lib/", "ui/command_line/", "deno.json"] },
};

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Returns the source without its comments; texts stay. */
function withoutComments(source: string): string {
  const textOrComment =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[^]*?\*\/|(?<![:\\])\/\/.*/g;
  return source.replace(textOrComment, (_, text) => text ?? " ");
}

/** Returns the source without the contents of texts; what templates insert stays. */
function codeOf(source: string): string {
  const inserted = (template: string) => [...template.matchAll(/\$\{[^}]*\}/g)].join(" ");
  return source.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/`(?:[^`\\]|\\.)*`/g, (template) => `\`${inserted(template)}\``);
}

/** Returns every import, export from, dynamic import and resolved source file of a source. */
function importsOf(source: string): Import[] {
  const statement =
    /(?:^|;)\s*(import|export)\s+(type\s)?\s*([\w*{][^"'`;]*?\bfrom\s*)?["']([^"']+)["']/gm;
  const call = /\b(?:import|import\.meta\.resolve|new URL)\(\s*["'`]([^"'`]+\.[cm]?[jt]sx?)["'`]/g;
  const statements = [...source.matchAll(statement)].map(([, , type, names, specifier]) => {
    const inBraces = /^\{([^}]*)\}\s*from\s*$/.exec(names ?? "")?.[1]?.split(",")
      .map((name) => name.trim()).filter(Boolean);
    const allTypes = inBraces?.length ? inBraces.every((name) => name.startsWith("type ")) : false;
    return { specifier: specifier!, typeOnly: type !== undefined || allTypes };
  });
  const calls = [...source.matchAll(call)].map(([, specifier]) => ({
    specifier: specifier!,
    typeOnly: false,
  }));
  return [...statements, ...calls];
}

/** Returns what is wrong with a file, in words that name the file and the rule. */
function violationsOf(path: string, text: string): string[] {
  const found = Object.entries(rules).find(([start]) => path.startsWith(start));
  if (!found) return [`${path}: is in no folder that has a rule`];
  const [folder, rule] = found;
  const source = withoutComments(text);
  const fits = (target: string, starts: readonly string[]) =>
    starts.some((start) => target.startsWith(start));
  const bad = importsOf(source).flatMap(({ specifier, typeOnly }) => {
    if (!/^[./]/.test(specifier)) {
      const allowed = rule.packages?.includes(specifier) ?? true;
      return allowed
        ? []
        : [`${path} imports ${specifier}: ${folder} imports only ${rule.packages}`];
    }
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const allowed = fits(target, rule.imports) && !fits(target, rule.butNot ?? []);
    if (allowed || (typeOnly && fits(target, rule.types ?? []))) return [];
    const types = rule.types ? `, and types from ${rule.types}` : "";
    const but = rule.butNot ? `, but not ${rule.butNot}` : "";
    return [`${path} imports ${target}: ${folder} imports only ${rule.imports}${but}${types}`];
  });
  const code = codeOf(source);
  const words = Object.entries(rule.without ?? {}).filter(([, word]) => word.test(code))
    .map(([name]) => name);
  if (rule.without === world && thread.test(code) && !threadFile.test(path)) words.push("a thread");
  for (const [, names] of source.matchAll(/import\s*\{([^}]*)\}\s*from\s*"node:crypto"/g)) {
    const taken = names!.split(",").map((name) => name.trim().replace(/^type /, "")).filter(
      Boolean,
    );
    const wrong = taken.filter((name) => !cryptoNames[path]?.includes(name));
    if (!path.startsWith("tests/") && !path.startsWith("ui/")) words.push(...wrong);
  }
  return [...bad, ...words.map((word) => `${path} names ${word}: ${folder} never does`)];
}

/** Returns every TypeScript file under a folder, by its path in the project. */
function* sourcesUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`../${folder}`, import.meta.url))) {
    if (isDirectory) yield* sourcesUnder(`${folder}${name}/`);
    else if (/\.[mc]?[jt]sx?$/.test(name)) yield `${folder}${name}`;
  }
}

const textOf = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

/**
 * Returns the room that a file is in: a folder below `server` or `client` with all that is in it,
 * `lib` and `lib/protocol`, the floors of `ui/page`, the other folders of `ui`. A file right in
 * `server` is a room automatically: some lie below the folders, some above.
 */
function roomOf(path: string): string {
  const [top, folder, inner, ...rest] = path.split("/");
  if (inner === undefined) return top === "server" ? path : top!;
  return top === "ui" && rest.length > 0 ? `${top}/${folder}/${inner}` : `${top}/${folder}`;
}

/** Returns which of these each file of the project imports, types included. */
function importsAmong(sources: ReadonlyMap<string, string>): Map<string, Set<string>> {
  return new Map([...sources].map(([path, text]) => [
    path,
    new Set(
      importsOf(withoutComments(text)).map(({ specifier }) =>
        new URL(specifier, `file:///${path}`).pathname.slice(1)
      ).filter((target) => sources.has(target)),
    ),
  ]));
}

/** Returns the same between rooms. */
function importsAmongRooms(files: ReadonlyMap<string, ReadonlySet<string>>) {
  const rooms = new Map<string, Set<string>>();
  for (const [path, targets] of files) {
    const room = roomOf(path);
    const others = rooms.get(room) ?? new Set();
    for (const target of targets) if (roomOf(target) !== room) others.add(roomOf(target));
    rooms.set(room, others);
  }
  return rooms;
}

/** Returns a circle, as "a → b → a"; null where there is none. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string | null {
  const done = new Set<string>();
  const follow = (node: string, path: readonly string[]): string | null => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node].join(" → ");
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const circle = follow(next, [...path, node]);
      if (circle) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const circle = follow(node, []);
    if (circle) return circle;
  }
  return null;
}

function projectSources(): Map<string, string> {
  const paths = ["lib/", "server/", "client/", "ui/"].flatMap((folder) => [
    ...sourcesUnder(folder),
  ]);
  return new Map(paths.map((path) => [path, textOf(path)]));
}

Deno.test("a program binds no name after its start, which waits for its end", () => {
  const late = [...projectSources()].flatMap(([path, text]) => {
    const [, after = ""] = text.split(/^if \(import\.meta\.main\)/m);
    return [...after.matchAll(/^(?:export )?(?:const|let|class) \w+/gm)].map(([name]) =>
      `${path}: ${name}`
    );
  });
  assertEquals(late, []);
});

Deno.test("no circle, between files or between rooms, types included", () => {
  const files = importsAmong(projectSources());
  assertEquals(circleIn(files), null);
  assertEquals(circleIn(importsAmongRooms(files)), null);
});

Deno.test("a circle is found, between files and between rooms", () => {
  const circles: [sources: Record<string, string>, files: string | null, rooms: string | null][] = [
    [{ "lib/a.ts": 'import "./b.ts";', "lib/b.ts": "" }, null, null],
    [
      { "lib/a.ts": 'import type { B } from "./b.ts";', "lib/b.ts": 'export * from "./a.ts";' },
      "lib/a.ts → lib/b.ts → lib/a.ts",
      null,
    ],
    [
      {
        "server/audit/a.ts": 'import "../ledger/b.ts";',
        "server/audit/c.ts": "",
        "server/ledger/b.ts": "",
        "server/ledger/sqlite/d.ts": 'import { type C } from "../../audit/c.ts";',
      },
      null,
      "server/audit → server/ledger → server/audit",
    ],
    [
      {
        "server/bank.ts": 'import "./door/a.ts";',
        "server/door/a.ts": 'import "../accept.ts";',
        "server/accept.ts": "",
      },
      null,
      null,
    ],
    [
      {
        "lib/a.ts": 'import "./protocol/b.ts";',
        "lib/c.ts": "",
        "lib/protocol/b.ts": 'import "../c.ts";',
      },
      null,
      "lib → lib/protocol → lib",
    ],
  ];
  for (const [sources, betweenFiles, betweenRooms] of circles) {
    const files = importsAmong(new Map(Object.entries(sources)));
    assertEquals(circleIn(files), betweenFiles);
    assertEquals(circleIn(importsAmongRooms(files)), betweenRooms);
  }
});

Deno.test("the table in docs/ARCHITECTURE.md is this one", () => {
  const names = (list: readonly string[] | undefined, none: string) =>
    list?.map((name) => `\`${name}\``).join(", ") || none;
  const document = textOf("docs/ARCHITECTURE.md").replace(/ +/g, " ");
  for (const [files, { imports, butNot, types, packages }] of Object.entries(rules)) {
    const cells = [
      `\`${files}\``,
      names(imports, ""),
      names(butNot, ""),
      names(types, ""),
      names(packages, packages ? "none" : "any"),
    ];
    const row = `| ${cells.join(" | ")} |`.replace(/ +/g, " ");
    assert(document.includes(row), `docs/ARCHITECTURE.md lacks the row ${row}`);
  }
  const [, table = ""] = /## Who may import whom([^]*?)\n## /.exec(document) ?? [];
  const rows = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, files]) => files);
  assertEquals(rows, Object.keys(rules));
});

Deno.test("no name of the import map leads into the project", () => {
  const { imports, scopes } = JSON.parse(textOf("deno.json"));
  const targets = [imports, ...Object.values(scopes)].flatMap((map) =>
    Object.values(map as object)
  );
  assertEquals(targets.filter((target) => !target.startsWith("npm:")), []);
});

Deno.test("every file imports only what its folder may", () => {
  const paths = ["lib/", "server/", "client/", "ui/", "tests/"].flatMap((folder) => [
    ...sourcesUnder(folder),
  ]);
  const roots = [...Deno.readDirSync(new URL("..", import.meta.url))]
    .flatMap(({ name }) => /\.[jt]sx?$/.test(name) ? [name] : []);
  assert(paths.length > 50, "the sources were not found");
  const wrong = [...paths, ...roots].flatMap((path) => violationsOf(path, textOf(path)));
  assertEquals(wrong, []);
});

Deno.test("the table notices each kind of crossing, and names the file and the rule", () => {
  const crossings: [path: string, source: string, named: string][] = [
    ["lib/money.ts", 'import { x } from "../server/bank.ts";', "server/bank.ts"],
    ["lib/money.ts", 'import "node:fs";', "node:fs"],
    ["lib/money.ts", 'export * from "node:net";', "node:net"],
    ["lib/money.ts", "const now = Date.now();", "the clock"],
    ["lib/money.ts", "const { now } = Date;", "the clock"],
    ["lib/money.ts", "const now = +new Date;", "the clock"],
    ["lib/money.ts", "const now = new Date().getTime();", "the clock"],
    ["lib/money.ts", "const text = new Intl.DateTimeFormat().format();", "by Intl"],
    ["lib/money.ts", "Temporal.Now.instant();", "the clock"],
    ["lib/money.ts", "const { now } = performance;", "the clock"],
    ["lib/money.ts", "const { random } = Math;", "randomness"],
    ["lib/money.ts", "crypto.getRandomValues(bytes);", "randomness"],
    ["lib/money.ts", "const { subtle } = crypto;", "randomness"],
    ["lib/seal.ts", 'import { randomBytes } from "node:crypto";', "randomBytes"],
    ["lib/hmac.ts", 'import { createCipheriv } from "node:crypto";', "createCipheriv"],
    ["server/bank.ts", "queueMicrotask(act);", "a timer"],
    ["server/bank.ts", "const signal = AbortSignal.timeout(ms);", "a timer"],
    ["server/bank.ts", 'const d = Deno["readTextFile"];', "Deno"],
    ["server/bank.ts", "const { readTextFileSync } = Deno;", "Deno"],
    ["server/bank.ts", "const text = `${Deno.pid}`;", "Deno"],
    ["server/bank.ts", 'globalThis["setTimeout"](act, 1);', "a global"],
    ["server/bank.ts", "new WebSocket(url);", "the network"],
    ["server/bank.ts", 'new Worker("x");', "a thread"],
    ["server/bank.ts", 'import { readFileSync } from "node:fs";', "node:fs"],
    ["client/atm.ts", 'import net from "node:net";', "node:net"],
    ["client/atm.ts", "await import(path);", "not plain"],
    ["client/atm.ts", 'const a = 1; import { b } from "../server/bank.ts";', "server/bank.ts"],
    ["server/ledger/engine.ts", 'import { a } from "../audit/verify.ts";', "audit/verify.ts"],
    ["server/ledger/engine.ts", 'import { a } from "./sqlite/store.ts";', "sqlite/store.ts"],
    ["server/ledger/rules/a.ts", 'import { a } from "../sqlite/load.ts";', "sqlite/load.ts"],
    ["server/ledger/sqlite/a.ts", 'import { a } from "../engine.ts";', "ledger/engine.ts"],
    ["server/audit/chain.ts", 'import { a } from "../ledger/model.ts";', "ledger/model.ts"],
    ["lib/protocol/frame.ts", 'const x = await import("../../client/atm.ts");', "client/atm.ts"],
    ["server/bank.ts", 'import {\n  type A,\n  b,\n} from "../client/atm.ts";', "client/atm.ts"],
    ["server/bank.ts", 'import type { A } from "../ui/page/state.ts";', "ui/page/state.ts"],
    ["server/ledger_thread.ts", 'new Worker(import.meta.resolve("../main.ts"));', "main.ts"],
    ["client/atm.ts", 'export { b } from "../server/bank.ts";', "server/bank.ts"],
    ["client/atm.ts", 'import "../tests/browser.ts";', "tests/browser.ts"],
    ["ui/page/state.ts", 'import { seal } from "../../lib/seal.ts";', "lib/seal.ts"],
    ["ui/page/state.ts", 'import { type A, b } from "../../lib/atm.ts";', "lib/atm.ts"],
    ["ui/page/state.ts", 'import type { A } from "../../client/atm.ts";', "client/atm.ts"],
    ["ui/page/state.ts", 'import { hash } from "node:crypto";', "node:crypto"],
    ["ui/window/host.ts", 'import { a } from "../../client/atm.ts";', "client/atm.ts"],
    ["ui/page/state/model.ts", 'import { a } from "../parts/header.ts";', "ui/page/parts"],
    ["ui/page/words/words.ts", 'import type { A } from "../state/model.ts";', "ui/page/state"],
    ["ui/window/host.ts", 'import { a } from "../page/bridge.ts";', "ui/page/bridge.ts"],
    ["server/bank.ts", "const timer = setTimeout(act, ms);", "a timer"],
    ["server/bank.ts", 'import { system } from "../lib/system.ts";', "lib/system.ts"],
    ["server/bank.ts", 'import { a } from "./programs/demo_bank.ts";', "programs/demo_bank.ts"],
    ["server/programs/a.ts", 'import { a } from "../../ui/window/gate.ts";', "ui/window/gate.ts"],
    ["ui/receipt_page/a.ts", 'import { a } from "../../lib/bytes.ts";', "lib/bytes.ts"],
    ["ui/receipt_page/a.ts", 'import { hash } from "node:crypto";', "node:crypto"],
    ["client/atm.ts", "const now = Date.now();", "the clock"],
    ["client/programs/a.ts", 'import { a } from "../../server/bank.ts";', "server/bank.ts"],
    ["client/programs/a.ts", 'import { a } from "../../ui/page/app.ts";', "ui/page/app.ts"],
    ["ui/command_line/flags.ts", 'import { a } from "../page/words.ts";', "ui/page/words.ts"],
    ["ui/console/app.ts", 'import { a } from "../page/app.ts";', "ui/page/app.ts"],
    ["ui/console/app.ts", 'import { a } from "../../lib/console.ts";', "lib/console.ts"],
    ["ui/console/state/a.ts", 'import { a } from "../parts/pill.ts";', "parts/pill.ts"],
    ["server/programs/console.ts", 'import { a } from "../../ui/page/a.ts";', "ui/page/a.ts"],
    ["main.ts", 'import { a } from "./tests/browser.ts";', "tests/browser.ts"],
    ["tools/make.ts", "", "no folder"],
  ];
  for (const [path, source, named] of crossings) {
    const wrong = violationsOf(path, source);
    assertEquals(wrong.length, 1, `${path}: ${source}`);
    assert(wrong[0]!.startsWith(path) && wrong[0]!.includes(named), wrong[0]);
  }
});

Deno.test("the table lets through what is allowed", () => {
  const allowed: [path: string, source: string][] = [
    ["lib/money.ts", '// Date.now in a comment\n/** import "../server/bank.ts" */'],
    ["lib/hmac.ts", 'import { hash } from "node:crypto";\nimport { a } from "./bytes.ts";'],
    ["server/bank.ts", 'import { a } from "../lib/money.ts";\nimport "./ledger/rules.ts";'],
    ["ui/page/state.ts", 'import type { A } from "../../lib/atm.ts";'],
    ["ui/page/state.ts", 'import { type A, type B } from "../../lib/atm.ts";'],
    ["ui/page/state.ts", 'import { a } from "../../lib/money.ts";\nimport "preact";'],
    [
      "ui/window/host.ts",
      'import type { A } from "../page/bridge.ts";\nimport "../../lib/atm.ts";',
    ],
    ["client/programs/a.ts", 'import "../../ui/window/gate.ts";\nimport "../../lib/system.ts";'],
    [
      "main.ts",
      'import "./lib/errors.ts";\nimport "./ui/command_line/launcher/launch.ts";',
    ],
    ["tests/a_test.ts", 'import "../server/bank.ts";\nimport "../main.ts";'],
  ];
  for (const [path, source] of allowed) assertEquals(violationsOf(path, source), [], path);
});

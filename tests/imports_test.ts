/** Who may import whom: the table of docs/ARCHITECTURE.md, held against every source file. */
import { assert, assertEquals } from "@std/assert";

interface Rule {
  /** What these files may import, by the beginnings of paths. */
  readonly imports: readonly string[];
  /** What they may import beside that, with `import type`. */
  readonly types?: readonly string[];
  /** What they may import from outside the project; anything, where it is left out. */
  readonly packages?: readonly string[];
  /** Words that their code must not hold, whatever they import. */
  readonly without?: readonly string[];
}

/** By the beginning of a file's path; the first that fits decides. */
const rules: Readonly<Record<string, Rule>> = {
  "lib/system.ts": { imports: ["lib/world.ts"] },
  "lib/process.ts": { imports: ["lib/errors.ts"] },
  "lib/": {
    imports: ["lib/"],
    packages: [
      "node:crypto",
      "@noble/hashes/hmac.js",
      "@noble/hashes/sha2.js",
      "@std/crypto/timing-safe-equal",
    ],
    // No files, sockets, clock or randomness of its own: they are passed in.
    without: [
      "Deno.",
      "Date.now",
      "new Date()",
      "performance.",
      "setTimeout",
      "setInterval",
      "fetch(",
      "Math.random",
      "getRandomValues",
      "randomUUID",
      "crypto.subtle",
    ],
  },
  "client/programs/": { imports: ["client/", "ui/window/", "lib/"] },
  "server/": { imports: ["server/", "lib/"] },
  "client/": { imports: ["client/", "lib/"] },
  "ui/page/": {
    imports: ["ui/page/", "lib/money.ts", "lib/limits.ts", "lib/errors.ts"],
    types: ["lib/"],
    packages: ["preact", "preact/hooks", "htm/preact"],
    without: ["Deno."],
  },
  "ui/window/": { imports: ["ui/", "lib/"] },
  "ui/command_line/": { imports: ["ui/command_line/", "ui/window/page_bundle.ts", "lib/"] },
  "tests/": { imports: ["lib/", "server/", "client/", "ui/", "tests/", "main.ts"] },
  "main.ts": { imports: ["lib/", "ui/command_line/", "deno.json"] },
};

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** The source without its comments; texts stay. */
function withoutComments(source: string): string {
  const textOrComment =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[^]*?\*\/|(?<![:\\])\/\/.*/g;
  return source.replace(textOrComment, (_, text) => text ?? " ");
}

/** Every import, export from, dynamic import and resolved source file of a source. */
function importsOf(source: string): Import[] {
  const statement =
    /^\s*(import|export)\s+(type\s)?\s*([\w*{][^"'`;]*?\bfrom\s*)?["']([^"']+)["']/gm;
  const call = /\b(?:import|import\.meta\.resolve|new URL)\(\s*["']([^"']+\.[cm]?[jt]sx?)["']/g;
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

/** What is wrong with a file, in words that name the file and the rule. */
function violationsOf(path: string, text: string): string[] {
  const found = Object.entries(rules).find(([start]) => path.startsWith(start));
  if (!found) return [`${path}: lies in no folder that has a rule`];
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
    if (fits(target, rule.imports) || (typeOnly && fits(target, rule.types ?? []))) return [];
    const types = rule.types ? `, and types from ${rule.types}` : "";
    return [`${path} imports ${target}: ${folder} imports only ${rule.imports}${types}`];
  });
  const words = (rule.without ?? []).filter((word) => source.includes(word));
  return [...bad, ...words.map((word) => `${path} says ${word}: ${folder} never does`)];
}

/** Every TypeScript file under a folder, by its path in the project. */
function* sourcesUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`../${folder}`, import.meta.url))) {
    if (isDirectory) yield* sourcesUnder(`${folder}${name}/`);
    else if (/\.[mc]?[jt]sx?$/.test(name)) yield `${folder}${name}`;
  }
}

const textOf = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

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
    ["lib/money.ts", "const now = Date.now();", "Date.now"],
    ["lib/money.ts", "crypto.getRandomValues(bytes);", "getRandomValues"],
    ["lib/protocol/frame.ts", 'const x = await import("../../client/atm.ts");', "client/atm.ts"],
    ["server/bank.ts", 'import {\n  type A,\n  b,\n} from "../client/atm.ts";', "client/atm.ts"],
    ["server/bank.ts", 'import type { A } from "../ui/page/state.ts";', "ui/page/state.ts"],
    ["server/bank.ts", 'new Worker(import.meta.resolve("../main.ts"));', "main.ts"],
    ["client/atm.ts", 'export { b } from "../server/bank.ts";', "server/bank.ts"],
    ["client/atm.ts", 'import "../tests/browser.ts";', "tests/browser.ts"],
    ["ui/page/state.ts", 'import { seal } from "../../lib/seal.ts";', "lib/seal.ts"],
    ["ui/page/state.ts", 'import { type A, b } from "../../lib/atm.ts";', "lib/atm.ts"],
    ["ui/page/state.ts", 'import type { A } from "../../client/atm.ts";', "client/atm.ts"],
    ["ui/page/state.ts", 'import { hash } from "node:crypto";', "node:crypto"],
    ["ui/window/host.ts", 'import { a } from "../../client/atm.ts";', "client/atm.ts"],
    ["ui/command_line/flags.ts", 'import { a } from "../page/words.ts";', "ui/page/words.ts"],
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
    ["lib/seal.ts", 'import { createHmac } from "node:crypto";\nimport { a } from "./bytes.ts";'],
    ["server/bank.ts", 'import { a } from "../lib/money.ts";\nimport "./ledger/rules.ts";'],
    ["ui/page/state.ts", 'import type { A } from "../../lib/atm.ts";'],
    ["ui/page/state.ts", 'import { type A, type B } from "../../lib/atm.ts";'],
    ["ui/page/state.ts", 'import { a } from "../../lib/money.ts";\nimport "preact";'],
    ["ui/window/host.ts", 'import { a } from "../page/bridge.ts";\nimport "../../lib/atm.ts";'],
    [
      "main.ts",
      'import "./lib/errors.ts";\nimport "./ui/command_line/launch.ts";',
    ],
    ["tests/a_test.ts", 'import "../server/bank.ts";\nimport "../main.ts";'],
  ];
  for (const [path, source] of allowed) assertEquals(violationsOf(path, source), [], path);
});

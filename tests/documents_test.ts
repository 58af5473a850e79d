/** The documents name files that exist, and keep their form. */
import { assert, assertEquals } from "@std/assert";

const project = new URL("../", import.meta.url);

/** Returns every document, by its path in the project. */
function* documentsIn(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`./${folder}`, project))) {
    if (/^\.|^(data|screenshots|coverage|node_modules)$/.test(name)) continue;
    if (isDirectory) yield* documentsIn(`${folder}${name}/`);
    else if (name.endsWith(".md")) yield folder + name;
  }
}

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}

Deno.test("every link in a document leads to a file of the project", () => {
  const broken = [...documentsIn()].flatMap((document) => {
    const at = new URL(document, project);
    const links = Deno.readTextFileSync(at).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g);
    return [...links].filter(([, target]) => !exists(new URL(target!, at)))
      .map(([, target]) => `${document}: ${target}`);
  });
  assertEquals(broken, []);
});

const textOf = (document: string) => Deno.readTextFileSync(new URL(document, project));

/** Lines of README.md: what a newcomer reads at once. */
const readmeLinesMax = 110;

Deno.test("README.md is short", () => {
  const lines = textOf("README.md").trimEnd().split("\n").length;
  assert(lines <= readmeLinesMax, `README.md has ${lines} lines; move some to another document`);
});

Deno.test("every promise names a test that exists", () => {
  const rows = textOf("docs/PROMISES.md").split("\n").filter((line) =>
    /^\| (?!promise|-)/.test(line)
  );
  assert(rows.length > 30);
  for (const row of rows) {
    const [, promise, tests] = row.split(/ \| |^\| /);
    const named = [...tests!.matchAll(/\]\(\.\.\/(tests\/[^)]+_test\.ts)\)/g)];
    assert(named.length > 0, `no test: ${promise}`);
    for (const [, path] of named) assert(exists(new URL(path!, project)), path);
  }
});

Deno.test("OPERATIONS.md begins with its contents", () => {
  const [contents, ...sections] = textOf("docs/OPERATIONS.md").split(/^## /m);
  const listed = [...contents!.matchAll(/\[([^\]]+)\]\(#([^)]+)\)/g)].map(([, title]) => title);
  assertEquals(listed, sections.map((section) => section.split("\n")[0]));
});

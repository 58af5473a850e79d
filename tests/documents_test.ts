/** The documents name files that exist. */
import { assertEquals } from "@std/assert";

const project = new URL("../", import.meta.url);

/** Every document, by its path in the project. */
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

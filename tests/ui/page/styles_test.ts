/** The style sheets, held against the page that they style: nothing missing, nothing unused. */
import { assert, assertEquals } from "@std/assert";
import { styleSheets } from "../../../ui/page/styles.ts";

const page = new URL("../../../ui/page/", import.meta.url);

/** Returns every file under `ui/page` with one of these endings, by its path there. */
function* filesOf(endings: RegExp, folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, page))) {
    if (isDirectory) yield* filesOf(endings, `${folder}${name}/`);
    else if (endings.test(name)) yield `${folder}${name}`;
  }
}
const textOf = (path: string) => Deno.readTextFileSync(new URL(path, page));
const rulesOf = (path: string) => textOf(path).replace(/\/\*[^]*?\*\//g, "");
const source = [...filesOf(/\.(ts|html)$/)].map(textOf).join("\n");

Deno.test("every style sheet is joined once, and is there", () => {
  assertEquals([...styleSheets].sort(), [...filesOf(/\.css$/)].sort());
});

Deno.test("every class that has a rule is drawn by a part or a screen", () => {
  const isDrawn = (name: string) => {
    const [block] = name.split("--");
    // a modifier may be put together: `note--${tone}`
    return new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(source) ||
      (name.includes("--") && source.includes(`${block}--\${`));
  };
  const unused = styleSheets.flatMap((path) => {
    const selectors = rulesOf(path).replace(/\{[^{}]*\}/g, "{}");
    return [...selectors.matchAll(/\.([a-z][\w-]*)/g)]
      .flatMap(([, name]) => isDrawn(name!) ? [] : [`${path}: .${name}`]);
  });
  assertEquals(unused, []);
});

Deno.test("every token is used, every token in use is there, and only tokens name colours", () => {
  const rules = styleSheets.map(rulesOf).join("\n");
  const named = new Set([...rules.matchAll(/^\s*(--[\w-]+):/gm)].map(([, name]) => name));
  const used = new Set([...rules.matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name));
  assertEquals(named, used);
  assert(named.size > 50, "the tokens were not found");
  const colours = styleSheets.slice(1).flatMap((path) =>
    [...rulesOf(path).matchAll(/#[\da-f]{6}\b|\b(rgb|hsl|oklch)a?\(.*?\)/gi)]
      .map(([colour]) => `${path}: ${colour}`)
  );
  assertEquals(colours, []);
});

Deno.test("every animation that is used is there", () => {
  const rules = styleSheets.map(rulesOf).join("\n");
  const there = new Set([...rules.matchAll(/@keyframes ([\w-]+)/g)].map(([, name]) => name));
  const used = new Set(
    [...rules.matchAll(/\banimation: ([a-z-]+)/g)].map(([, name]) => name)
      .filter((name) => name !== "none"),
  );
  assertEquals(used, there);
});

/**
 * Comments, messages and documents are plain technical English: no paraphrase where a technical word
 * exists, and the comment of a function starts with a third-person verb.
 */
import { assertEquals } from "@std/assert";

/** Paths that the rules do not hold yet, or not at all. */
const exempt = [
  "tests/english_test.ts",
  "tests/vectors/",
];

/** What to write instead of each word. */
const banned: readonly [word: RegExp, instead: string][] = [
  [/\banew\b/, '"again"'],
  [/\bbeside\b/, '"next to" or "besides"'],
  [/\bwhoever\b/, '"anyone who", or the noun'],
  [/\bstands\b/, '"is" or "exists"'],
  [/\b(goes|go|went) by\b/, '"uses"'],
  [/\bin the place of\b/, '"instead of"'],
  [/(?<!there )\b(is|are|was|were) none\b/, '"does not exist", "there is no …"'],
  [/\bof (its|their) own\b/, '"its own …", "separate"'],
  [/\b(comes|came|come|became|becomes|become) of\b/, '"result" or "outcome"'],
  [/\bby itself\b/, '"automatically" or "alone"'],
  [/\b(hears?|heard)\b/, '"receives" or "is notified of"'],
  [/\b(tells?|told)\b/, '"notifies", "reports", "returns" or "determines"'],
  [/\b(knows|knew)\b/, '"has", "stores" or "imports"'],
  [/\b(believes?|believed)\b/, '"trusts" or "accepts"'],
  [/\bremembers?\b/, '"stores" or "keeps"'],
  [/\b(wants|wishes|thinks|forgets|understands|learns)\b/, "what the code does"],
  [/\bone \w+ too many\b/, '"unexpected …"'],
  [/\bcounts no more\b/, '"is no longer used"'],
  [/\bword for word\b/, '"unchanged" or "verbatim"'],
  [/\blets? go of\b/, '"releases"'],
];

const project = new URL("../", import.meta.url);

/** Lists the texts of the project: code, styles, pages and documents. */
function* textsIn(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`./${folder}`, project))) {
    if (/^\.|^(data|screenshots|coverage|node_modules)$/.test(name)) continue;
    if (isDirectory) yield* textsIn(`${folder}${name}/`);
    else if (/\.(tsx?|md|css|html)$/.test(name)) yield folder + name;
  }
}

const lineOf = (text: string, at: number) => text.slice(0, at).split("\n").length;

/** Returns each breach of the rules in one text, as `path:line: what to write`. */
function breachesIn(path: string, text: string): string[] {
  const words = banned.flatMap(([word, instead]) =>
    // A phrase may be broken over two lines of a comment.
    [...text.matchAll(new RegExp(word.source.replaceAll(" ", "(?:\\s|\\n *[*/]+ )+"), "gi"))].map(
      ({ 0: found, index }) =>
        `${path}:${lineOf(text, index)}: "${found.replace(/\s[\s*/]*/g, " ")}": write ${instead}`,
    )
  );
  // Names in camel case.
  const names = [...text.matchAll(/[a-z](Told|Heard|Hears|Knows|Tells)(?![a-z])/g)].map((
    { 1: found, index },
  ) =>
    `${path}:${lineOf(text, index)}: "${found}": name it by a technical word (notified, received)`
  );
  // A function's comment, up to its first word.
  const comments =
    /\/\*\*(?!\/)\s*(?:\* )?(\S+)(?:(?!\*\/)[^])*\*\/\s*(?:export )?(?:default )?(?:async )?function\b/g;
  const nouns = [...text.matchAll(comments)]
    .filter(([, first]) => !/^([A-Z][a-z]+s,?|@(param|throws|returns))$/.test(first!))
    .map(({ 1: first, index }) =>
      `${path}:${
        lineOf(text, index)
      }: "${first}": start a function's comment with a verb (Returns, Writes)`
    );
  return [...words, ...names, ...nouns];
}

Deno.test("comments, messages and documents keep to plain technical English", () => {
  const paths = [...textsIn()].filter((path) => !exempt.some((start) => path.startsWith(start)));
  const breaches = paths.flatMap((path) =>
    breachesIn(path, Deno.readTextFileSync(new URL(path, project)))
  );
  assertEquals(breaches, []);
});

Deno.test("the rules find a paraphrase, a phrase over two lines and a noun clause", () => {
  const cases: [text: string, found: number][] = [
    ["// Written anew.", 1],
    ["// Runs by\n  // itself.", 1],
    ["/**\n * It is in the\n * place of another.\n */", 1],
    ["/** The sum. */\nexport function sum() {}", 1],
    ["/** Returns the sum. */\nexport function sum() {}", 0],
    ["/** The sum. */\nconst sum = 1;\n/** Returns it. */\nfunction f() {}", 0],
  ];
  for (const [text, found] of cases) assertEquals(breachesIn("a.ts", text).length, found, text);
});

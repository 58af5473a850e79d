/**
 * The two locks: the programs' has no package of the tests, and every task uses the one that it needs.
 * And the two parts of the tests: together they are all.
 */
import { assert, assertEquals } from "@std/assert";
import { usesTestsLock } from "./test_program.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));
const config = JSON.parse(read("deno.json"));

interface Lock {
  /** Each package that is asked for, and its version. */
  specifiers: Record<string, string>;
  npm: Record<string, { integrity: string }>;
}

const programs: Lock = JSON.parse(read("deno.lock"));
const tests: Lock = JSON.parse(read("tests/deno.lock"));

/** The packages of a map of imports, without the files in them. */
const packagesOf = (imports: Record<string, string>) =>
  new Set(Object.values(imports).map((each) => /^npm:@?[^@]+@[^/]+/.exec(each)![0]));

/** Deno bundles with it, and nothing imports it. */
const isBundler = (name: string) => name.startsWith("npm:esbuild@");

Deno.test({
  name: "the programs' lock has their packages and the bundler, and nothing of the tests",
  ignore: !usesTestsLock(),
  fn() {
    const specifiers = Object.keys(programs.specifiers);
    const others = specifiers.filter((each) => !isBundler(each));
    assertEquals(new Set(others), packagesOf(config.imports), "run .ci/lock");
    assertEquals(specifiers.length - others.length, 1, "run .ci/lock");
  },
});

Deno.test("the tests' lock has all packages, those of the programs as they are", () => {
  const scoped = packagesOf(config.scopes["./tests/"]);
  const missing = [...scoped].filter((each) => !(each in tests.specifiers));
  assertEquals(missing, []);
  assertEquals({ ...tests.npm, ...programs.npm }, tests.npm);
});

Deno.test("a program's task uses the programs' lock as it is, a test's the tests'", () => {
  for (const [name, { command }] of Object.entries<{ command: string }>(config.tasks)) {
    for (
      const part of command.split(" && ").filter((part) => /^deno (run|test|check)/.test(part))
    ) {
      const expected =
        /^deno run --quiet -A --frozen main\.ts [a-z-]+$|--lock=tests\/deno\.lock --frozen/;
      assert(expected.test(part), `deno.json: the task ${name} has '${part}'`);
    }
  }
});

Deno.test("the tests that run alone are all that do not run in parallel", () => {
  const command = (name: string): string => config.tasks[name].command;
  assertEquals(command("test"), "deno task test:parallel && deno task test:alone");
  const [start, ignored] = command("test:parallel").split(" --parallel --ignore=");
  assertEquals(command("test:alone"), `${start} ${ignored!.replaceAll(",", " ")}`);
});

/** The server's program, given exactly the permissions that its launcher computes, can do no more. */
import { assertEquals } from "@std/assert";
import { denoArguments } from "../../ui/command_line/child.ts";
import { serverPermissions } from "../../ui/command_line/launch.ts";

const attempts = `
const tries = {
  ffi: () => Deno.dlopen("libc.so.6", {}),
  run: () => new Deno.Command("true").outputSync(),
  env: () => Deno.env.get("HOME"),
  "read elsewhere": () => Deno.readTextFileSync("/etc/hostname"),
  "write elsewhere": () => Deno.writeTextFileSync(OUTSIDE, "x"),
  "write its source": () => Deno.writeTextFileSync(SOURCE, "x", { append: true }),
  "connect elsewhere": () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: 4850 }),
  sys: () => Deno.hostname(),
  "its own folder": () => Deno.writeTextFileSync(INSIDE, "x"),
};
const outcomes = {};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    outcomes[name] = "done";
  } catch (error) {
    outcomes[name] = error.name;
  }
}
console.log(JSON.stringify(outcomes));
`;

Deno.test("the server's permissions end at its own source, folder and address", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const project = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
    const bank = `${folder}/bank`;
    await Deno.mkdir(bank);
    const script = `${folder}/attempts.js`;
    const paths = {
      OUTSIDE: `${folder}/outside`,
      INSIDE: `${bank}/inside`,
      SOURCE: `${project}/main.ts`,
    };
    const named = Object.entries(paths).reduce(
      (text, [name, path]) => text.replace(name, JSON.stringify(path)),
      attempts,
    );
    await Deno.writeTextFile(script, named);
    const place = {
      main: `${project}/main.ts`,
      project,
      packages: [],
      webview: null,
      startedIn: folder,
    };
    const permissions = serverPermissions([bank], ["127.0.0.1:4849"], place);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: denoArguments(script, permissions),
    }).output();
    const { "its own folder": own, ...rest } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(own, "done");
    assertEquals([...new Set(Object.values(rest))], ["NotCapable"], JSON.stringify(rest));
    assertEquals(Object.keys(rest).length, 9);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

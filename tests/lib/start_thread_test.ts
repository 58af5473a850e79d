/**
 * Threads are started when a process is out of file handles: Deno ends a process whose new thread gets
 * none. Files and programs are not to blame for it. Each process here has few handles (`ulimit -n 100`).
 */
import { assertEquals } from "@std/assert";

const system = new URL("../../lib/system.ts", import.meta.url).href;
const privateFile = new URL("../../lib/private_file.ts", import.meta.url).href;
const project = new URL("../../", import.meta.url);

/** Runs `program` in a process with few handles; returns its exit code and what it printed. */
async function runWithFewHandles(program: string): Promise<[code: number, printed: string]> {
  const { code, stdout } = await new Deno.Command("sh", {
    args: [
      ...[
        "-c",
        'ulimit -n 100; exec "$@"',
        "sh",
        Deno.execPath(),
        "eval",
        "--no-check",
        "--frozen",
      ],
      `import { keepSpareHandles, listenTcp, startProgram, startThread, systemFiles } from
         ${JSON.stringify(system)};
       import { readPrivateFile, reservePrivateFile } from ${JSON.stringify(privateFile)};
       const source = "self.onmessage = () => self.postMessage('answered')";
       const url = "data:text/javascript," + encodeURIComponent(source);
       const takeAll = () => { try { for (;;) Deno.openSync("/dev/null"); } catch { /* none is left */ } };
       const answer = async () => {
         try {
           const thread = startThread(url, { type: "module" });
           return await new Promise((resolve) => {
             thread.onmessage = ({ data }) => resolve(data);
             thread.postMessage(1);
           });
         } catch (error) { return error.name; }
       };
       ${program}
       Deno.exit(0);`,
    ],
    cwd: project,
    stderr: "null",
  }).output();
  return [code, new TextDecoder().decode(stdout).trim()];
}

Deno.test("a thread that finds no file handles is refused, and its process goes on", async () => {
  const program = `console.log(await answer()); takeAll(); console.log(await answer());`;
  assertEquals(await runWithFewHandles(program), [0, "answered\nUsageError"]);
});

Deno.test("a process that keeps handles starts a thread after connections have taken the others", async () => {
  const program = `
    keepSpareHandles();
    const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    const [hostname, port] = listener.address.split(":");
    await Deno.connect({ hostname, port: Number(port) });
    await accepted;
    takeAll();
    console.log(await answer());`;
  assertEquals(await runWithFewHandles(program), [0, "answered"]);
});

Deno.test("a file or a program that finds no file handles is not to blame: the limit is named", async () => {
  const program = `
    const messageOf = (act) => { try { act(); } catch (error) { return error.message; } };
    takeAll();
    console.log([
      () => readPrivateFile(systemFiles, "/etc/passwd", "restore it from its copy"),
      () => reservePrivateFile(systemFiles, "/tmp/strongroom-is-never-made"),
      () => startProgram(new Deno.Command("true")),
    ].map(messageOf).join("\\n"));`;
  const [code, printed] = await runWithFewHandles(program);
  assertEquals(code, 0);
  const remedy = "Try again later, or raise the limit of open files ('ulimit -n')";
  assertEquals(printed.split("\n"), [
    `/etc/passwd cannot be opened: too many files are open. ${remedy}`,
    `/tmp/strongroom-is-never-made cannot be opened: too many files are open. ${remedy}`,
    `no program can be started (Too many open files (os error 24)). ${remedy}`,
  ]);
});

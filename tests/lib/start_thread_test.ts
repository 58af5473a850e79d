/**
 * Threads are started when a process is out of file handles: Deno ends a process whose new thread gets
 * none. Each process here has few handles (`ulimit -n 100`).
 */
import { assertEquals } from "@std/assert";

const system = new URL("../../lib/system.ts", import.meta.url).href;
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
      `import { keepSpareHandles, listenTcp, startThread } from ${JSON.stringify(system)};
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

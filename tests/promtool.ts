/** Debian's `promtool`, which checks metrics and tests alert rules. */

/** Runs it; returns its exit code and what it printed. */
export async function promtool(
  args: readonly string[],
  input = "",
): Promise<{ code: number; printed: string }> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, printed: decoder.decode(stdout) + decoder.decode(stderr) };
}

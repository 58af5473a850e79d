/**
 * A command that waits for a second operator, as scripts and people see it: another exit code than
 * that of a finished one, the way to its approval, and no next step of what has not been done.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isThere } from "../../lib/private_file.ts";
import { systemFiles } from "../../lib/system.ts";
import { run } from "./programs.ts";

Deno.test("a proposal has its own exit code, and says how it is approved", async () => {
  const folder = await Deno.makeTempDir();
  const bank = ["--data", `${folder}/bank`];
  const as = (name: string) => [...bank, "--operator-key", `${folder}/${name}.key`];
  const keyFile = `${folder}/lobby.key`;
  try {
    const admins: string[] = [];
    for (const name of ["anna", "ben"]) {
      const out = `${folder}/${name}.key`;
      const made = await run([
        ...["bank", "operator", "key", name, "--no-passphrase", "--out", out, ...bank],
      ]);
      admins.push(`${name}:${/public key is (\w{64})/.exec(made.out)?.[1]}`);
    }
    const made = await run(["bank", "init", "--admins", admins.join(","), ...bank]);
    assertEquals(made.code, 0, made.err);

    const enroll = ["bank", "terminal", "enroll", "lobby", "--out", keyFile];
    const proposed = await run([...enroll, ...as("anna")]);
    assertEquals({ code: proposed.code, err: proposed.err }, { code: 3, err: "" });
    const [, id = ""] = /bank approvals approve (\w{64})/.exec(proposed.out) ?? [];
    assertMatch(proposed.out, /^proposed, and not done yet: /);
    assert(!proposed.out.includes("Next:"), proposed.out);
    assert(!isThere(systemFiles, keyFile));

    const removed = await run(["bank", "operator", "remove", "ben", "--yes", ...as("anna")]);
    assertEquals(removed.code, 3, removed.err);

    const cut = await run(["bank", "approvals", "approve", id.slice(0, 6), ...as("ben")]);
    assertEquals(cut.code, 1, cut.out);
    assertStringIncludes(cut.err, `'deno task bank approvals approve ${id}'`);

    const approved = await run([
      ...["bank", "approvals", "approve", id, "--out", keyFile, ...as("ben")],
    ]);
    assertEquals({ code: approved.code, err: approved.err }, { code: 0, err: "" });
    assertStringIncludes(approved.out, "Next: ");
    assert(isThere(systemFiles, keyFile));
    const again = await run([
      ...["bank", "approvals", "approve", id, "--out", `${keyFile}.2`, ...as("ben")],
    ]);
    assertEquals(again.code, 1, again.out);

    const [, other = ""] = /bank approvals approve (\w{64})/.exec(removed.out) ?? [];
    const rejected = await run([
      ...["bank", "approvals", "reject", other.slice(0, 6), "--reason", "he stays", ...as("ben")],
    ]);
    assertEquals({ code: rejected.code, err: rejected.err }, { code: 0, err: "" });
    assertStringIncludes(rejected.out, `the proposal ${other} is rejected`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

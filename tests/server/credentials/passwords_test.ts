import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openPasswordThreads } from "../../../server/credentials/password_threads.ts";

Deno.test("a password passes against its own hash alone", async () => {
  const passwords = openPasswordThreads(2, console.error);
  try {
    const salts = [1, 2].map((value) => new Uint8Array(16).fill(value));
    const hash = await passwords.hash("correct horse", salts[0]!);
    assert(hash.startsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
    assertNotEquals(hash, await passwords.hash("correct horse", salts[1]!));
    const tried = ["correct horse", "Correct horse", "correct horse ", "", "x".repeat(128)];
    const passed = await Promise.all(tried.map((password) => passwords.verify(password, hash)));
    assertEquals(passed, [true, false, false, false, false]);
    // What nobody has never passes, an empty password included, and the threads go on.
    const nobody = ["", "0", "correct horse"].map((password) => passwords.verify(password, null));
    assertEquals(await Promise.all(nobody), [false, false, false]);
    assertEquals(await passwords.verify("correct horse", hash), true);
    const [pepper, another] = [3, 4].map((value) => new Uint8Array(32).fill(value));
    const peppered = await passwords.hash("4711", salts[0]!, pepper);
    const secrets = [pepper, another, undefined];
    const withSecrets = secrets.map((secret) => passwords.verify("4711", peppered, secret));
    assertEquals(await Promise.all(withSecrets), [true, false, false]);
  } finally {
    passwords.close();
  }
});

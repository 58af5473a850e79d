import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import {
  appendFile,
  parsePrivateFile,
  readPrivateFile,
  replacePrivateFile,
  reservePrivateFile,
  writePrivateFile,
} from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";
import { systemFiles } from "../../lib/system.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

Deno.test("a private file is never written over, and replaced whole", () =>
  inTemporaryFolder((root) => {
    const path = `${root}/key`;
    writePrivateFile(systemFiles, path, "first");
    assertThrows(
      () => writePrivateFile(systemFiles, path, "second"),
      UsageError,
      "already exists",
    );
    assertEquals(readPrivateFile(systemFiles, path, ""), "first");
    replacePrivateFile(systemFiles, path, "third");
    assertEquals(readPrivateFile(systemFiles, path, ""), "third");
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["key"]);
  }));

Deno.test("a private file that others can read, or that is missing, is refused by name", () =>
  inTemporaryFolder((root) => {
    const path = `${root}/key`;
    const read = () => readPrivateFile(systemFiles, path, "make another");
    assertThrows(read, UsageError, `${path} cannot be read`);
    assertThrows(read, UsageError, "make another");
    writePrivateFile(systemFiles, path, "secret");
    if (Deno.build.os === "windows") return;
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    Deno.chmodSync(path, 0o644);
    assertThrows(read, UsageError, "can be read by other users");
  }));

Deno.test("a file of another kind, and a folder, are refused as such, whatever their modes", () =>
  inTemporaryFolder((root) => {
    const path = `${root}/README.md`;
    Deno.writeTextFileSync(path, "words", { mode: 0o644 });
    Deno.chmodSync(root, 0o755);
    const noKey = () => {
      throw new UsageError("not a key file");
    };
    const read = (path: string) => () => parsePrivateFile(systemFiles, path, "name a key", noKey);
    assertThrows(read(path), UsageError, "not a key file");
    assertThrows(read(root), UsageError, `${root} is a folder: name a key`);
  }));

Deno.test("a reserved file is filled in parts, and removed when it is not finished", () =>
  inTemporaryFolder((root) => {
    Deno.writeTextFileSync(`${root}/source`, "from a file");
    for (const finished of [true, false]) {
      const path = `${root}/${finished}`;
      const file = reservePrivateFile(systemFiles, path);
      file.write("a text, ");
      appendFile(systemFiles, `${root}/source`, file);
      if (finished) file.finish();
      file.close();
      assertEquals(systemFiles.facts(path)?.bytes, finished ? 19 : undefined);
    }
    assertEquals(Deno.readTextFileSync(`${root}/true`), "a text, from a file");
  }));

Deno.test("a full disk is named with the file, which is removed", () =>
  inTemporaryFolder((root) => {
    const full = () => {
      throw new Error("No space left on device");
    };
    for (const fault of [{ writeAt: full }, { sync: full }]) {
      const files: Files = {
        ...systemFiles,
        open: (...place) => ({ ...systemFiles.open(...place), ...fault }),
      };
      const write = () => writePrivateFile(files, `${root}/key`, "a secret");
      assertThrows(write, UsageError, `${root}/key cannot be written (No space left on device)`);
      assertEquals(systemFiles.facts(`${root}/key`), null);
    }
  }));

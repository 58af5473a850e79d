/** The chain's key only goes forward, through any crash, and what has ended is nowhere. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isThere } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import { UsageError } from "../../../lib/errors.ts";
import { nextEpochKey } from "../../../server/audit/chain.ts";
import { ChainKeyFile } from "../../../server/audit/chain_key.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, firstKey } from "../helpers/engine.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const keyOf = (epoch: number): Uint8Array =>
  epoch === 0 ? firstKey : nextEpochKey(keyOf(epoch - 1));

function withFile(run: (path: string) => void): Promise<void> {
  return inTemporaryFolder((folder) => {
    const path = `${folder}/chain.key`;
    ChainKeyFile.create(systemFiles, path, chainId, firstKey);
    run(path);
  });
}

/** Returns whether the file has these bytes anywhere. */
function holds(path: string, key: Uint8Array): boolean {
  return Deno.readFileSync(path).toHex().includes(key.toHex());
}

Deno.test("an epoch's key is gone from the file once the epoch has ended, and the next one is there", () =>
  withFile((path) => {
    const key = ChainKeyFile.open(systemFiles, path, chainId, 0);
    for (let epoch = 0; epoch < 5; epoch++) {
      assertEquals([key.epoch, key.key], [epoch, keyOf(epoch)]);
      key.prepare();
      assert(holds(path, keyOf(epoch)), "a crash may still need the present one");
      assert(holds(path, keyOf(epoch + 1)));
      key.step();
      assert(!holds(path, keyOf(epoch)), `epoch ${epoch}`);
      assert(holds(path, keyOf(epoch + 1)));
    }
    key.close();
  }));

Deno.test("a crash between an epoch's end and the erasing of its key is made up for at the next start", () =>
  withFile((path) => {
    const key = ChainKeyFile.open(systemFiles, path, chainId, 0);
    key.prepare();
    key.close(); // and the transaction that ends epoch 0 is durable
    assert(holds(path, keyOf(0)));
    const next = ChainKeyFile.open(systemFiles, path, chainId, 1);
    assertEquals(next.key, keyOf(1));
    assert(!holds(path, keyOf(0)));
    next.close();
  }));

Deno.test("the key of a chain that ends is overwritten, and gone before its file is", () =>
  withFile((path) => {
    const key = ChainKeyFile.open(systemFiles, path, chainId, 0);
    key.prepare(); // both slots are full
    key.close();
    const linked = `${path}.linked`;
    Deno.linkSync(path, linked);
    ChainKeyFile.destroy(systemFiles, path);
    assert(!isThere(systemFiles, path));
    for (const epoch of [0, 1]) assert(!holds(linked, keyOf(epoch)), `epoch ${epoch}`);
    ChainKeyFile.destroy(systemFiles, path); // where none is there
  }));

Deno.test("a slot torn at any byte takes nothing that is still needed", () =>
  withFile((path) => {
    const key = ChainKeyFile.open(systemFiles, path, chainId, 0);
    const before = Deno.readFileSync(path);
    key.prepare();
    const prepared = Deno.readFileSync(path);
    key.step();
    const erased = Deno.readFileSync(path);
    key.close();
    /** The file when the power went after `count` bytes of what changed. */
    const torn = (from: Uint8Array, to: Uint8Array, count: number) => {
      const bytes = new Uint8Array(to.length);
      bytes.set(from.subarray(0, to.length));
      let left = count;
      for (let at = 0; at < to.length && left > 0; at++) {
        if (bytes[at] === to[at]) continue;
        bytes[at] = to[at]!;
        left--;
      }
      return bytes;
    };
    for (let count = 0; count < 104; count++) {
      Deno.writeFileSync(path, torn(before, prepared, count));
      const present = ChainKeyFile.open(systemFiles, path, chainId, 0); // the log has not ended the epoch
      assertEquals(present.key, firstKey);
      present.prepare();
      present.step();
      assertEquals(present.key, keyOf(1));
      present.close();
      Deno.writeFileSync(path, torn(prepared, erased, count));
      const next = ChainKeyFile.open(systemFiles, path, chainId, 1); // the log has
      assertEquals(next.key, keyOf(1));
      next.close();
    }
  }));

Deno.test("a key file that is missing, others', another chain's or of another time is refused by name", () =>
  withFile((path) => {
    const open = (epoch: number, id = chainId) => () =>
      ChainKeyFile.open(systemFiles, path, id, epoch).close();
    assertThrows(open(0, filled(9, 16)), UsageError, "has no key, and the log is in epoch 0");
    assertThrows(open(3), UsageError, "has the key of epoch 0, and the log is in epoch 3");
    const key = ChainKeyFile.open(systemFiles, path, chainId, 0);
    for (let epoch = 0; epoch < 3; epoch++) {
      key.prepare();
      key.step();
    }
    key.close();
    assertThrows(open(1), UsageError, "has the key of epoch 3, and the log is in epoch 1");
    if (Deno.build.os !== "windows") {
      Deno.chmodSync(path, 0o640);
      assertThrows(open(3), UsageError, "can be read by other users");
    }
    Deno.removeSync(path);
    assertThrows(open(3), UsageError, "bank audit chain");
  }));

/** A log that goes on in another chain: the end of the one before can no longer be cut off unseen. */
import { assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { databasePath } from "../../../server/folder/bank_folder.ts";
import { type FirstKey, parseFirstKey } from "../../../server/audit/first_key.ts";
import { formatLogLine, parseLogLine } from "../../../server/audit/log_line.ts";
import { BadLog, LogVerifier } from "../../../server/audit/verify.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { anotherChain } from "../../../server/operator/log_programs.ts";
import { RunningBank } from "../helpers/running_bank.ts";
import { bankWorld } from "../helpers/world.ts";

/** Returns every line of a bank that nobody has open, a chain after the other. */
function linesOf(folder: string): string[][] {
  const store = SqliteStore.open(bankWorld(), databasePath(folder));
  try {
    return store.chains().map(({ number, id }) =>
      store.entriesAfter(number, 0, 10_000).map((entry) => formatLogLine(id, entry))
    );
  } finally {
    store.close();
  }
}

function check(
  chains: readonly string[][],
  firstKeys: readonly FirstKey[],
  ofOneServer = false,
): number {
  const verifier = new LogVerifier({ firstKeys, keyFile: null, ofOneServer });
  for (const line of chains.flat()) verifier.next(parseLogLine(line));
  verifier.end();
  return verifier.goodCount;
}

Deno.test("the first key and the first entry of a chain name the heads of all chains before it", () =>
  RunningBank.with(async (running) => {
    const { folder } = running;
    await running.visit("alice");
    await running.stop();
    const texts = [running.firstKey];
    for (let chain = 2; chain <= 3; chain++) {
      const firstKeyPath = `${folder}-${chain}.key`;
      await anotherChain(bankWorld(), { path: folder, firstKeyPath, operator: "root" });
      texts.push(Deno.readTextFileSync(firstKeyPath));
    }
    const keys = texts.map((text) => parseFirstKey(text, "first key"));
    const chains = linesOf(folder);
    assertEquals(keys.map(({ before }) => before.length), [0, 1, 2]);
    assertEquals(check(chains, keys), chains.flat().length);

    const cut = (chain: number, count: number) =>
      chains.map((lines, index) => index === chain ? lines.slice(0, -count) : lines);
    for (const [chain, lines] of chains.slice(0, -1).entries()) {
      for (let count = 1; count < lines.length; count++) {
        assertThrows(() => check(cut(chain, count), keys), BadLog, "the chain ends before it");
      }
      assertThrows(() => check(cut(chain, lines.length), keys), BadLog, "is missing");
    }
    // A file of the log without its first chains: the last one names them.
    const without = (count: number, keys: readonly FirstKey[]) => () =>
      check(chains.slice(count), keys);
    assertThrows(without(1, keys.slice(1)), UsageError, "give its first key, too");
    assertThrows(without(2, keys.slice(2)), UsageError, "give its first key, too");
    assertThrows(without(2, keys), BadLog, "is missing");
    assertEquals(check(chains.slice(2), keys.slice(2), true), chains[2]!.length);
    assertThrows(
      () => check(cut(2, 1).slice(1), keys.slice(1, 2), true),
      UsageError,
      "give its first key, too",
    );
    // Anyone who replaces the end of an earlier chain with its key, which is no longer overwritten.
    const other = keys[1]!.before[0]!;
    const changed = { ...keys[1]!, before: [{ ...other, tag: other.tag.toReversed() }] };
    assertThrows(
      () => check(chains, [keys[0]!, changed as FirstKey, keys[2]!]),
      BadLog,
      "is not the one that the first key of chain",
    );
    const more = {
      ...keys[2]!,
      before: [...keys[2]!.before, { ...other, id: new Uint8Array(16) }],
    };
    assertThrows(
      () => check(chains, [keys[0]!, keys[1]!, more], true),
      BadLog,
      "does not name the chains",
    );

    // Two restores of one backup: neither chain lists the other, and the log has the second alone.
    const first = { ...keys[1]!, chainId: new Uint8Array(16).fill(7) };
    const older = { ...first, before: [{ ...other, sequence: other.sequence + 1 }] };
    for (const left of [first, older]) {
      assertThrows(
        () => check(chains.slice(0, 2), [keys[0]!, keys[1]!, left]),
        BadLog,
        "chain 07070707 is missing: it was removed, or left out by a restore",
      );
    }
    // A chain that forked before both of the log's restores: its list does not show which left it out.
    const [second, third] = keys.slice(1).map(({ chainId }) => hex(chainId).slice(0, 8));
    assertThrows(
      () => check(chains, [...keys, first]),
      BadLog,
      `which began one of these: chain ${second}, chain ${third}. 'deno task bank audit show'`,
    );
    // A chain that was left out with the one before it, whose first key is not given.
    const afterOlder = {
      ...keys[1]!,
      chainId: new Uint8Array(16).fill(8),
      before: [...keys[1]!.before, { ...other, id: first.chainId }],
    };
    assertThrows(
      () => check(chains.slice(0, 2), [keys[0]!, keys[1]!, afterOlder as FirstKey]),
      UsageError,
      "chain 07070707 cannot be checked: give its first key, too, with --first-key FILE,FILE. If a " +
        "restore left out both chains, leave out the first key of chain 08080808, which lists it",
    );
  }));

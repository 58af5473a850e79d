/**
 * A bank that lies, on the real programs, with two witnesses whose quorum is both: combined attacks on
 * the log that strangers verify. Prints each case and what was seen; ends with exit code 1 if one differs.
 */
import { signCheckpoint } from "../../server/transparency/checkpoint.ts";
import { signatureTypes } from "../../server/transparency/note.ts";
import { formatAddCheckpoint } from "../../server/transparency/witness.ts";
import { freePort, Program, run, until } from "../end_to_end/programs.ts";
import { filled } from "../lib/helpers.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const waitMs = 120_000;
let [held, failed] = [0, 0];

function report(what: string, seen: string, isRight: boolean): void {
  console.log(`${isRight ? "held  " : "BROKEN"}  ${what}: ${seen.trim().split("\n").join(" / ")}`);
  if (isRight) held++;
  else failed++;
}

await inTemporaryFolder(async (top) => {
  const bank = `${top}/bank`;
  const data = ["--data", bank];
  const policy = `${top}/bank.policy`;
  const firstKeys = [`${top}/bank-first.key`];
  const ports = [freePort(), freePort()];
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const running: Program[] = [];

  const ok = async (args: string[], input = "") => {
    const { code, out, err } = await run(args, input);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${err}`);
    return out;
  };
  const start = async (args: string[]) => {
    const program = new Program(args);
    await program.line();
    running.push(program);
    return program;
  };
  const end = async (program: Program, signal: Deno.Signal = "SIGTERM") => {
    running.splice(running.indexOf(program), 1);
    return await program.end(signal);
  };
  const serve = () =>
    start(["server", ...data, "--listen", `127.0.0.1:${freePort()}`, "--policy", policy]);
  const witness = (number: number) =>
    start([
      ...["witness", "--policy", policy, "--listen", `127.0.0.1:${ports[number - 1]}`],
      ...["--data", `${top}/witness-${number}`],
    ]);
  const copy = async (from: string, to: string) => {
    await Deno.remove(to, { recursive: true }).catch(() => {});
    const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
    if (!success) throw new Error(`cp ${from} ${to}`);
  };
  const add = (name: string) =>
    ok(["bank", "customer", "add", name, "--opening", "100.00", ...data], "a long password\n");
  const take = async (reference: string, name: string, ...more: string[]) => {
    const file = `${top}/${name}`;
    await ok(["bank", "receipt", reference, ...more, "--out", file, ...data]);
    return file;
  };
  const verify = (...files: string[]) =>
    run([
      ...["bank", "audit", "verify", "--policy", policy],
      ...["--receipt", files.join(","), ...data],
    ]);
  const checkpoint = (name: string) =>
    run(["bank", "audit", "checkpoint", "--out", `${top}/${name}`, ...data]);
  const placeOf = async (action: string) => {
    const out = await ok(["bank", "audit", "show", "--json", ...data]);
    const entries = out.trim().split("\n").map((each) => JSON.parse(each));
    const { chain, sequence } = entries.findLast((each) => each.action.includes(action));
    const chains = [...new Set(entries.map((each) => each.chain))];
    return `${chains.indexOf(chain) + 1}.${sequence}`;
  };
  const proved = async (what: string, ...files: string[]) => {
    const { code, out, err } = await verify(...files);
    report(what, (out + err).split("\n")[0]!, code === 0 && /logged: /.test(out));
  };
  /** A bank that lost its signed checkpoints may have signed the fork before a witness said so. */
  const unproved = async (what: string, place: string) => {
    const file = `${top}/${what}.tlog-proof`;
    const { code, err } = await run(["bank", "receipt", place, "--out", file, ...data]);
    const refused = code === 0 ? await verify(file) : null;
    report(
      what,
      (refused ?? { err }).err.replaceAll(top, ""),
      refused === null || refused.code !== 0,
    );
  };
  const stops = async (what: string) => {
    let seen = "";
    let tries = 0;
    await until(what, async () => {
      seen = (await checkpoint(`stop-${what.length}-${++tries}`)).err;
      return /signing failed|nothing is signed/.test(seen);
    }, waitMs).catch(() => {});
    report(what, seen.replaceAll(top, ""), /signing failed|nothing is signed/.test(seen));
  };
  const logHas = async (what: string, pattern: RegExp) => {
    let found = "";
    await until(what, async () => {
      const out = await ok(["bank", "audit", "show", ...data]);
      found = out.split("\n").find((line) => pattern.test(line)) ?? "";
      return found !== "";
    }, waitMs).catch(() => {});
    report(what, found, found !== "");
  };
  const witnessed = async (number: number, origin: string) => {
    const hash = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(origin)),
    );
    const answer = await fetch(`${urls[number - 1]}/${hash.toHex()}/checkpoint`);
    return await answer.text();
  };
  const show = async (number: number, note: string, oldSize: number) => {
    const body = formatAddCheckpoint({ oldSize, proof: [], checkpoint: note });
    const answer = await fetch(`${urls[number - 1]}/add-checkpoint`, { method: "POST", body });
    return { status: answer.status, body: await answer.text() };
  };

  try {
    await ok(["bank", "init", ...data, "--single-operator", "--first-key", firstKeys[0]!]);
    const keys: string[] = [];
    for (const number of [1, 2]) {
      const init = ["witness", "init", "--name", `witness.example/${number}`];
      keys.push((await ok([...init, "--data", `${top}/witness-${number}`])).split("\n")[0]!);
    }
    const writePolicy = async () => {
      await Deno.remove(policy).catch(() => {});
      await ok([
        ...["bank", "audit", "policy", ...data, "--first-key", firstKeys.join(",")],
        ...["--witness", keys.map((key, at) => `${key}@${urls[at]}`).join(",")],
        ...["--out", policy],
      ]);
    };
    await writePolicy();
    let witnesses = [await witness(1), await witness(2)];
    let server = await serve();
    await add("alice");
    const kept = await take(await placeOf("opening balance"), "alice.tlog-proof");
    await proved("an entry is proved, cosigned by both", kept);
    const origin = (await Deno.readTextFile(kept)).split("\n\n")[1]!.split("\n")[0]!;
    const early = await witnessed(1, origin);
    await end(server);
    await copy(bank, `${top}/earlier`);

    server = await serve();
    await ok(["bank", "backup", "--out", `${top}/backup.sqlite`, ...data]);
    await add("bob");
    const bobs = await placeOf("opening balance");
    const note = await take(bobs, "bob.txt", "--note");
    const proof = await take(bobs, "bob.tlog-proof");
    await proved("a newer entry is proved, too", note, proof);
    await end(server);
    await copy(bank, `${top}/newer`);

    console.log("\nThe newest entries are dropped: the folder of yesterday, and a restart");
    for (
      const [how, more] of [
        ["as it was", async () => {}],
        [
          "without its signed checkpoints",
          async () => await Deno.remove(`${bank}/trees`, { recursive: true }),
        ],
        ["with keys that were rotated since", async () => {
          await ok(["bank", "key", "rotate", ...data]);
          await ok(["bank", "audit", "rotate", ...data]);
        }],
      ] as const
    ) {
      await copy(`${top}/earlier`, bank);
      await more();
      server = await serve();
      await add("carol");
      await stops(`signing stops (${how})`);
      await logHas(`the log says so (${how})`, /alarm - witness w[12]: .*; signing has stopped/);
      await unproved(`no proof of the fork (${how})`, await placeOf("add customer carol"));
      await proved(`the dropped entry is still proved (${how})`, note, proof);
      await end(server);
    }
    const size = Number((await witnessed(1, origin)).split("\n")[1]);

    console.log("\nOld and forged checkpoints are shown to the witnesses");
    const { checkpoint: secret } = JSON.parse(await Deno.readTextFile(`${top}/newer/bank.keys`));
    const signer = {
      name: origin,
      type: signatureTypes.note,
      secretKey: Uint8Array.fromHex(secret),
    };
    const replayed = early.split(/(?<=\n)(?=\u2014 witness)/)[0]!;
    const again = await show(1, replayed, 0);
    report(
      "a replayed checkpoint is answered with the size since",
      `${again.status} ${again.body}`,
      again.status === 409 && again.body === `${size}\n`,
    );
    const fork = signCheckpoint({ size, root: filled(9, 32) }, signer);
    const forked = await show(2, fork, size);
    report("a fork of the same size", `${forked.status}`, forked.status === 422);
    const longer = signCheckpoint({ size: size + 5, root: filled(9, 32) }, signer);
    const grown = await show(2, longer, size);
    report("a longer fork without a proof", `${grown.status}`, grown.status === 422);
    await end(witnesses[0]!, "SIGKILL");
    witnesses = [await witness(1), witnesses[1]!];
    const after = await show(1, replayed, 0);
    report(
      "the same after the witness was killed",
      `${after.status} ${after.body}`,
      after.status === 409 && after.body === `${size}\n`,
    );

    console.log("\nOne witness lies, the other is down");
    await copy(`${top}/newer`, bank);
    for (const program of witnesses) await end(program);
    const lies = Deno.serve(
      { hostname: "127.0.0.1", port: ports[0], onListen: () => {} },
      (asked) =>
        asked.method === "POST"
          ? new Response("", { status: 422 })
          : new Response(fork.replace(/^[^\n]*/, "other/bank")),
    );
    server = await serve();
    await add("dave");
    await logHas(
      "its lie is an alarm",
      /alarm - witness w1: it has another tree than the log's \|/,
    );
    const signed = await checkpoint("lied-to");
    report("signing goes on", signed.err || "signed", signed.code === 0);
    const davesPlace = await placeOf("opening balance");
    const daves = await take(davesPlace, "dave.tlog-proof");
    const lacking = await verify(daves);
    report("its proof has no quorum", lacking.err, lacking.code !== 0);
    await lies.shutdown();
    witnesses = [await witness(1), await witness(2)];
    let [cosigned, tries] = ["", 0];
    await until("both are there again", async () => {
      cosigned = await take(davesPlace, `dave-${++tries}.tlog-proof`);
      return (await verify(cosigned)).code === 0;
    }, waitMs).catch(() => {});
    await proved("and has one once both are there again", cosigned);
    await end(server);

    console.log("\nA restore loses an epoch");
    firstKeys.push(`${top}/second.key`);
    await ok([
      ...["bank", "restore", ...data, "--from", `${top}/backup.sqlite`],
      ...["--first-key", firstKeys[1]!],
    ]);
    await writePolicy();
    for (const program of witnesses) await end(program);
    witnesses = [await witness(1), await witness(2)]; // with the new chain's key
    server = await serve();
    await add("erin");
    await proved(
      "an entry of the new chain",
      await take(await placeOf("opening"), "erin.tlog-proof"),
    );
    await proved("an entry before the backup, by its proof of then", kept);
    await proved("a lost entry, by its proof of then", note, proof);
    const first = await take("2.1", "start.tlog-proof");
    const lost = await verify(note, first);
    report(
      "a lost entry, by its receipt and the new chain's first entry",
      lost.out.split("\n").find((line) => /restore lost/.test(line)) ?? lost.out + lost.err,
      /A restore lost this entry; the receipt is still the bank's word/.test(lost.out),
    );
    await unproved("the bank has no proof of it", bobs);
    await end(server);
    await Deno.copyFile(`${top}/newer/bank.keys`, `${bank}/bank.keys`);
    const revived = new Program([
      ...["server", ...data, "--listen", `127.0.0.1:${freePort()}`, "--policy", policy],
    ]);
    const line = await revived.line().catch((error: Error) => error.message);
    if (/^the program ended/.test(line)) {
      report("the old chain's key in the restored folder", line.replaceAll(top, ""), true);
      await revived.status;
    } else {
      running.push(revived);
      await stops("the old chain, revived with its key, signs nothing");
      await end(revived);
    }
    await proved("the lost entry's proof, after all of this", note, proof);
    for (const program of witnesses) await end(program);
  } finally {
    for (const program of running) await program.end("SIGKILL").catch(() => {});
  }
});
console.log(`\ncases ${held + failed} held ${held} broken ${failed}`);
Deno.exit(failed === 0 ? 0 : 1);

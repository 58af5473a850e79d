/** The whole path over real TCP: an ATM, its bank, and everything that can happen between them. */
import { assert, assertEquals } from "@std/assert";
import type { Journal } from "../../client/journal.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { isInClear } from "../../server/audit/entry.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

function withBranch(name: string, test: (branch: Branch) => Promise<void>): void {
  Deno.test(name, async () => {
    const branch = await Branch.open();
    try {
      await test(branch);
    } finally {
      await branch.close();
    }
  });
}

/** Runs one visit of alice's at an ATM. */
async function visiting(
  branch: Branch,
  visit: (lobby: BranchAtm) => Promise<void>,
  name = "lobby",
) {
  const lobby = branch.atm(name);
  try {
    await logIn(lobby);
    await visit(lobby);
  } finally {
    await lobby.close();
  }
}

withBranch(
  "the journal has the account of each movement, by number and uid, and the bank's time of it",
  async (branch) => {
    await visiting(branch, async ({ atm, journal }) => {
      assertEquals("uid" in atm.view().visit!.account, false, "the page needs none");
      const { movement: id } = await atm.withdraw("8000");
      const { read } = branch.bank.ledger;
      const alices = (await read.accounts()).find(({ owner }) => owner === "alice")!;
      const row = (await read.movementsAfter("00".repeat(16), 0, 99))
        .find((row) => row.id === id && row.step === 1)!;
      const entry = journal.since(0).find(({ movement }) => movement === id)!;
      assertEquals(
        [entry.account, entry.uid, entry.bankTimeMs],
        [alices.number, alices.uid, row.timeMs],
      );
      await atm.transfer(alices.number, "100"); // refused: it is the same account
      const sent = journal.since(0).find(({ kind }) => kind === "transfer")!;
      assertEquals([sent.uid, typeof sent.bankTimeMs], [alices.uid, "number"]);
      const load = journal.since(0).find(({ kind }) => kind === "load")!;
      assertEquals([load.account, load.uid, load.bankTimeMs], [null, null, null]);
    });
  },
);

withBranch("a customer withdraws, deposits and reads the history", async (branch) => {
  await visiting(branch, async (lobby) => {
    const { atm } = lobby;
    const withdrawn = await atm.withdraw("8000");
    assertEquals(withdrawn.outcome, "ok");
    assertEquals(withdrawn.account!.booked, "92000");
    const shown = await atm.history({ kind: "withdrawal" }, undefined, true);
    const { place, tag } = shown.entries[0]!;
    assertEquals(withdrawn.logged, { place, tag: tag! }, "the receipt names its entry of the log");
    const signed = await atm.signedReceipt(place);
    assertEquals([signed.outcome, signed.place], ["ok", place]);
    assert(signed.receipt!.startsWith("strongroom receipt 1\nwithdraw €80.00 | "));
    assertEquals(await atm.signedReceipt("1.1"), { outcome: "unknown_movement", place: "1.1" });
    assertEquals(withdrawn.notes, [{ value: "5000", count: 1 }, { value: "2000", count: 1 }, {
      value: "1000",
      count: 1,
    }]);
    await atm.depositOpen();
    for (const note of ["2000", "5000", "3", "500"]) await atm.insertNote(note);
    assertEquals(atm.view().escrow!.total, "7500");
    const deposited = await atm.depositConfirm();
    assertEquals([deposited.outcome, deposited.account!.booked], ["ok", "99500"]);
    assertEquals(atm.view().escrow, null);
    assertEquals(atm.view().visit!.account.available, "99500");
    const { entries } = await atm.history({});
    assertEquals(entries.map(({ action }) => action), [
      "deposit €75.00",
      "view receipt failed - unknown movement",
      "search history",
      "withdraw €80.00",
      "log in",
      "deposit €1,000.00 - opening balance",
    ]);
    assertEquals((await atm.history({})).entries[0]!.action, "view history");
    const found = await atm.history({ kind: "withdrawal", text: "80" });
    assertEquals(found.entries.length, 1);
    await branch.requireAllSettled(lobby);
  });
});

withBranch(
  "a customer sends money, once however the line breaks, and sees whose it becomes",
  async (branch) => {
    await visiting(branch, async (lobby) => {
      const { atm } = lobby;
      const accounts = await branch.bank.ledger.read.accounts();
      const bobs = accounts.find(({ owner }) => owner === "bob")!.number;
      assertEquals(await atm.recipient(bobs), {
        outcome: "ok",
        recipient: "b•••b",
        retryAfterMs: undefined,
      });
      assertEquals((await atm.recipient("4711")).outcome, "unknown_recipient");
      const sent = await atm.transfer(bobs, "2500");
      assertEquals([sent.outcome, sent.kind, sent.to, sent.account!.booked], [
        "ok",
        "transfer",
        bobs,
        "97500",
      ]);
      assert(sent.logged, "the receipt names its entry of the log");
      assertEquals((await atm.transfer(bobs, "9999999")).outcome, "insufficient_funds");
      assertEquals((await atm.transfer("4711", "100")).outcome, "unknown_recipient");
      assertEquals(lobby.journal.open(), []);
      lobby.socket().losesNext = true;
      const lost = await atm.transfer(bobs, "500");
      assertEquals([lost.outcome, lost.amount, lost.account], ["ok", "500", null]);
      await until(
        "the bank is back, all is settled",
        () => atm.view().bank === "online" && lobby.journal.open().length === 0,
      );
      assertEquals(lobby.journal.flagged(), [], "given up or booked, it is over");
      await logIn(lobby);
      const sums = (await atm.history({ kind: "transfer", outcome: "done" })).entries
        .reduce((sum, { amount }) => sum + BigInt(amount!), 0n);
      assertEquals(
        atm.view().visit!.account.booked,
        String(100_000n - sums),
        "once, or not at all",
      );
      await branch.requireAllSettled(lobby);
    });
  },
);

withBranch(
  "an ATM that is killed before the answer to its transfer settles it once it is back",
  async (branch) => {
    const accounts = await branch.bank.ledger.read.accounts();
    const bobs = accounts.find(({ owner }) => owner === "bob")!.number;
    const lobby = branch.atm("lobby");
    await logIn(lobby);
    const killed = Promise.withResolvers<void>();
    lobby.socket().insteadOfReading = () => void lobby.kill().then(killed.resolve);
    lobby.atm.transfer(bobs, "2500").catch(() => {});
    await killed.promise;
    await visiting(branch, async (again) => {
      await until("it is settled", () => again.journal.open().length === 0);
      assertEquals(again.journal.flagged(), []);
      assertEquals(again.atm.view().visit!.account.booked, "97500", "the bank had booked it");
      await branch.requireAllSettled(again);
    });
  },
);

withBranch("a customer chooses an account and the notes, and keeps files", async (branch) => {
  await runOperatorCommand(branch.bank, {
    command: "open_account",
    username: "alice",
    name: "savings",
    opening: "30.00",
    operator: "root",
  }).next();
  await visiting(branch, async (lobby) => {
    const { atm } = lobby;
    const { accounts, account } = atm.view().visit!;
    assertEquals(accounts.map(({ name, booked }) => [name, booked]), [
      [undefined, "100000"],
      ["savings", "3000"],
    ]);
    await atm.chooseAccount(accounts[1]!.id);
    assertEquals(atm.view().visit!.account.name, "savings");
    const mixes = await atm.noteMixes("3000");
    assert(mixes.length > 1, "there is a choice");
    const small = mixes.at(-1)!;
    assertEquals(
      (await atm.withdraw("3000", [{ value: "1000", count: 2 }])).outcome,
      "not_dispensable",
    );
    assertEquals(
      (await atm.withdraw("3000", [{ value: "3000", count: 1 }])).outcome,
      "not_dispensable",
    );
    const paid = await atm.withdraw("3000", small);
    assertEquals([paid.outcome, paid.notes, paid.account!.booked], ["ok", small, "0"]);
    await atm.chooseAccount("4711");
    assertEquals(atm.view().visit!.account.name, "savings", "nobody else's is chosen");
    await atm.chooseAccount(account.id);
    assertEquals(atm.view().visit!.account.booked, "100000");
  });
});

withBranch(
  "what a customer may not do without a visit, no look either",
  async (branch) => {
    const lobby = branch.atm("lobby");
    try {
      const { atm } = lobby;
      await until("the bank is there", () => atm.view().bank === "online");
      const outcomes = await Promise.all([
        atm.balance(),
        atm.recipient("3"),
        atm.transfer("3", "100"),
        atm.changePassword("correct horse", "another one"),
      ]);
      assertEquals(outcomes.map(({ outcome }) => outcome), outcomes.map(() => "not_logged_in"));
    } finally {
      await lobby.close();
    }
  },
);

withBranch("every refusal has its name, moves nothing, and is in the log", async (branch) => {
  await visiting(branch, async (lobby) => {
    const { atm } = lobby;
    assertEquals((await atm.withdraw("0")).outcome, "amount_not_positive");
    assertEquals((await atm.withdraw("-1000")).outcome, "amount_not_positive");
    assertEquals((await atm.withdraw("ten")).outcome, "amount_not_positive");
    const odd = await atm.withdraw("1234");
    assertEquals([odd.outcome, odd.nearest], ["not_dispensable", ["1000", "2000"]]);
    assertEquals((await atm.withdraw("999999999999")).outcome, "not_dispensable");
    await atm.depositOpen();
    assertEquals((await atm.depositConfirm()).outcome, "no_notes_inserted");
    assertEquals(await atm.logIn("bob", "whatever"), { outcome: "already_logged_in" });
    assertEquals(atm.view().visit!.account.booked, "100000");
    const refused = await atm.history({ outcome: "refused" });
    assert(
      refused.entries.some(({ action }) => action === "withdraw €12.34 failed - not dispensable"),
    );
    assert(
      refused.entries.some(({ action }) =>
        action === "withdraw €0.00 failed - amount not positive"
      ),
    );
    await branch.requireAllSettled(lobby);
  });
});

withBranch("too little money is refused, and the notes stay", async (branch) => {
  await visiting(branch, async ({ atm }) => void await atm.withdraw("70000"), "hall");
  await visiting(branch, async (lobby) => {
    const before = lobby.devices.cassettes();
    const refused = await lobby.atm.withdraw("40000");
    assertEquals([refused.outcome, refused.notes], ["insufficient_funds", []]);
    assertEquals(refused.account!.booked, "30000");
    assertEquals(lobby.devices.cassettes(), before);
    await branch.requireAllSettled(lobby);
  });
});

withBranch("a wrong password and an unknown name are answered alike", async (branch) => {
  const lobby = branch.atm();
  try {
    await until("online", () => lobby.atm.view().bank === "online");
    assertEquals(await lobby.atm.logIn("alice", "wrong password"), {
      outcome: "wrong_credentials",
      retryAfterMs: undefined,
    });
    assertEquals(await lobby.atm.logIn("nobody", "wrong password"), {
      outcome: "wrong_credentials",
      retryAfterMs: undefined,
    });
    assertEquals(lobby.atm.view().visit, null);
    assertEquals(await lobby.atm.logIn("alice", "correct horse"), { outcome: "ok" });
    await lobby.atm.logOut();
    assertEquals(lobby.atm.view().ended, "logged_out");
    // The next customer gets their own session, at once.
    await logIn(lobby, "bob");
    assertEquals(lobby.atm.view().visit!.username, "bob");
  } finally {
    await lobby.close();
  }
});

withBranch("the balance follows when money moves at another ATM", async (branch) => {
  await visiting(branch, async (atLobby) => {
    await visiting(branch, async (atHall) => {
      const seen: string[] = [];
      atLobby.atm.watch(({ visit }) => visit && seen.push(visit.account.available));
      await atHall.atm.withdraw("5000");
      await until(
        "the other balance follows",
        () => atLobby.atm.view().visit!.account.booked === "95000",
      );
      assertEquals(seen.at(-1), "95000");
    }, "hall");
  });
});

withBranch("who walks away is logged out", async (branch) => {
  const lobby = branch.atm("lobby", { idleMsMax: 200 });
  try {
    await logIn(lobby);
    await lobby.atm.depositOpen();
    await lobby.atm.insertNote("2000");
    await until("the idle limit", () => lobby.atm.view().ended === "idle");
    assertEquals([lobby.atm.view().visit, lobby.atm.view().escrow], [null, null]);
    await until("online again", () => lobby.atm.view().bank === "online");
    await logIn(lobby);
    const { entries } = await lobby.atm.history({ kind: "log-in" });
    assert(entries.some(({ action }) => action === "log out - idle"));
  } finally {
    await lobby.close();
  }
});

withBranch("a line that is closed twice at once ends once", async (branch) => {
  const lobby = branch.atm();
  await logIn(lobby);
  const { atm, socket, close } = lobby;
  const write = socket().write.bind(socket());
  socket().write = async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve, 100)); // both find the first write under way
    return await write(bytes);
  };
  await Promise.all([atm.logOut(), atm.stop()]);
  await close();
});

withBranch(
  "a lost bank ends the visit, and a bank that comes back is found again",
  async (branch) => {
    await visiting(branch, async (lobby) => {
      const { atm } = lobby;
      await branch.unserve();
      await until("lost", () => atm.view().bank === "lost");
      assertEquals([atm.view().visit, atm.view().ended], [null, "connection_lost"]);
      assertEquals(await atm.logIn("alice", "correct horse"), { outcome: "bank_unreachable" });
      assertEquals((await atm.withdraw("2000")).outcome, "not_logged_in");
      await branch.serve();
      await until("back", () => atm.view().bank === "online");
      assertEquals(await atm.logIn("alice", "correct horse"), { outcome: "ok" });
      assertEquals((await atm.withdraw("2000")).outcome, "ok");
      await branch.requireAllSettled(lobby);
    });
  },
);

withBranch(
  "a withdrawal whose authorisation got no answer pays nothing and costs nothing",
  async (branch) => {
    await visiting(branch, async (lobby) => {
      const before = lobby.devices.cassettes();
      lobby.socket().losesNext = true;
      const receipt = await lobby.atm.withdraw("4000");
      assertEquals([receipt.outcome, receipt.notes], ["bank_unreachable", []]);
      await until(
        "settled",
        () => lobby.atm.view().bank === "online" && lobby.journal.open().length === 0,
      );
      assertEquals(lobby.devices.cassettes(), before);
      assertEquals(await branch.balanceOf("alice"), 100_000n);
      await branch.requireAllSettled(lobby);
    });
  },
);

withBranch("a withdrawal whose completion got no answer is booked once", async (branch) => {
  await visiting(branch, async (lobby) => {
    const present = lobby.devices.present.bind(lobby.devices);
    lobby.devices.present = async () => {
      await present();
      lobby.socket().losesNext = true;
    };
    const receipt = await lobby.atm.withdraw("4000");
    assertEquals([receipt.outcome, receipt.account], ["ok", null]);
    await until(
      "settled",
      () => lobby.atm.view().bank === "online" && lobby.journal.open().length === 0,
    );
    assertEquals(await branch.balanceOf("alice"), 96_000n);
    await branch.requireAllSettled(lobby);
  });
});

withBranch("a customer at two ATMs at once sees at each that they are", async (branch) => {
  const [lobby, hall] = [branch.atm("lobby"), branch.atm("hall")];
  const elsewhere = ({ atm }: BranchAtm) => atm.view().visit?.elsewhere;
  await logIn(lobby);
  assertEquals(elsewhere(lobby), []);
  await logIn(hall);
  assertEquals(elsewhere(hall), ["lobby"]);
  await until("shown", () => elsewhere(lobby)?.join() === "hall");
  assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
  assertEquals((await hall.atm.withdraw("2000")).outcome, "ok");
  await hall.atm.logOut();
  await until("gone again", () => elsewhere(lobby)?.length === 0);
  assertEquals(await branch.balanceOf("alice"), 96_000n);
  for (const [each, name] of [[lobby, "lobby"], [hall, "hall"]] as const) {
    await branch.requireAllSettled(each, name);
    await each.close();
  }
});

withBranch("a device that fails half-way is booked for what it gave", async (branch) => {
  await visiting(branch, async (lobby) => {
    await lobby.atm.armFault("jam between present");
    const part = await lobby.atm.withdraw("8000");
    assertEquals([part.outcome, part.amount, part.account!.booked], ["ok", "5000", "95000"]);
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "device_fault");
    await lobby.atm.clearJams();
    await lobby.atm.armFault("jam between dispense");
    const none = await lobby.atm.withdraw("8000");
    assertEquals([none.outcome, none.account!.booked, none.notes], ["device_fault", "95000", []]);
    await branch.requireAllSettled(lobby);
  });
});

withBranch(
  "an outcome that could not be journaled is read from the counters before they move again",
  async (branch) => {
    let fails = 1;
    const wrap = (journal: Journal) => {
      const acted = journal.acted.bind(journal);
      journal.acted = (...args) => {
        if (fails-- > 0) throw new Error("disk full");
        acted(...args);
      };
      return journal;
    };
    const lobby = branch.atm("lobby", { wrap });
    try {
      await logIn(lobby);
      assertEquals(await lobby.atm.withdraw("2000").catch((error) => error.message), "disk full");
      await lobby.atm.depositOpen();
      await lobby.atm.insertNote("2000");
      assertEquals((await lobby.atm.depositConfirm()).outcome, "ok");
      await lobby.atm.logOut();
      await until(
        "settled",
        () => lobby.atm.view().bank === "online" && lobby.journal.open().length === 0,
      );
      assertEquals(await branch.balanceOf("alice"), 100_000n);
      await branch.requireAllSettled(lobby);
    } finally {
      await lobby.close();
    }
  },
);

withBranch(
  "what is put in while a deposit is booked stays out, and it is booked once",
  async (branch) => {
    await visiting(branch, async (lobby) => {
      const { atm } = lobby;
      await atm.depositOpen();
      await atm.insertNote("2000");
      const [first, second] = await Promise.all([
        atm.depositConfirm(),
        atm.depositConfirm(),
        atm.depositCancel(),
        atm.insertNote("5000"),
      ]);
      // The note raced the count: it is either all of it or none of it, and never taken unbooked.
      assert(["2000", "7000"].includes(first.amount), first.amount);
      assertEquals([first.outcome, second.outcome], ["ok", "no_notes_inserted"]);
      assertEquals(await branch.balanceOf("alice"), 100_000n + BigInt(first.amount));
      await branch.requireAllSettled(lobby);
    });
  },
);

withBranch("notes that cannot be handed back do not keep the next customer out", async (branch) => {
  const lobby = branch.atm();
  try {
    await logIn(lobby);
    await lobby.atm.depositOpen();
    await lobby.atm.insertNote("5000");
    await lobby.atm.armFault("jam before cashInRollback");
    await lobby.atm.logOut();
    await logIn(lobby, "bob");
    assert(branch.logged.some((line) => line.includes("hardwareError during cashInRollback")));
    const [left] = lobby.journal.flagged();
    assertEquals([left?.kind, left?.amount, left?.state], ["left", 5000n, "disputed"]);
    assertEquals((await lobby.atm.depositOpen()).outcome, "device_fault");
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
    await branch.requireAllSettled(lobby);
  } finally {
    await lobby.close();
  }
});

withBranch("two ATMs with one key displace each other more and more slowly", async (branch) => {
  const one = branch.atm("lobby");
  branch.keys.set("copy", branch.keys.get("lobby")!);
  const two = branch.atm("copy");
  const entries = async () =>
    (await branch.bank.ledger.read.entriesAfter(1, 0, 10_000))
      .filter((entry) => !isInClear(entry)).length;
  try {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const before = await entries();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    // Without back-off it is some ten a second, for ever.
    const more = await entries() - before;
    assert(more <= 6, `${more} more entries`);
  } finally {
    await one.close();
    await two.close();
  }
});

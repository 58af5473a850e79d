/** The whole path over real TCP: a machine, its bank, and everything that can happen between them. */
import { assert, assertEquals } from "@std/assert";
import type { Journal } from "../../client/journal.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { endsEpoch } from "../../server/audit/entry.ts";
import { Branch, logIn, type Machine, until } from "./branch.ts";

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

/** A machine for the time of one visit of alice's. */
async function visiting(branch: Branch, visit: (atm: Machine) => Promise<void>, name = "lobby") {
  const atm = branch.machine(name);
  try {
    await logIn(atm);
    await visit(atm);
  } finally {
    await atm.close();
  }
}

withBranch("a customer withdraws, deposits and reads the history", async (branch) => {
  await visiting(branch, async (atm) => {
    const { machine } = atm;
    const withdrawn = await machine.withdraw("8000");
    assertEquals(withdrawn.outcome, "ok");
    assertEquals(withdrawn.account!.booked, "92000");
    const shown = await machine.history({ kind: "withdrawal" }, undefined, true);
    const { place, tag } = shown.entries[0]!;
    assertEquals(withdrawn.logged, { place, tag: tag! }, "the receipt names its entry of the log");
    assertEquals(withdrawn.notes, [{ value: "5000", count: 1 }, { value: "2000", count: 1 }, {
      value: "1000",
      count: 1,
    }]);
    await machine.depositOpen();
    for (const note of ["2000", "5000", "3", "500"]) await machine.insertNote(note);
    assertEquals(machine.view().escrow!.total, "7500");
    const deposited = await machine.depositConfirm();
    assertEquals([deposited.outcome, deposited.account!.booked], ["ok", "99500"]);
    assertEquals(machine.view().escrow, null);
    assertEquals(machine.view().visit!.account.available, "99500");
    const { entries } = await machine.history({});
    assertEquals(entries.map(({ action }) => action), [
      "deposit €75.00",
      "search history",
      "withdraw €80.00",
      "log in",
      "deposit €1,000.00 - opening balance",
    ]);
    assertEquals((await machine.history({})).entries[0]!.action, "view history");
    const found = await machine.history({ kind: "withdrawal", text: "80" });
    assertEquals(found.entries.length, 1);
    await branch.requireAllSettled(atm);
  });
});

withBranch(
  "a customer sends money, once however the line breaks, and sees whose it becomes",
  async (branch) => {
    await visiting(branch, async (atm) => {
      const { machine } = atm;
      const bobs = String(
        (await branch.bank.ledger.read.accounts()).find(({ owner }) => owner === "bob")!.id,
      );
      assertEquals(await machine.recipient(bobs), {
        outcome: "ok",
        recipient: "b•••b",
        retryAfterMs: undefined,
      });
      assertEquals((await machine.recipient("4711")).outcome, "unknown_recipient");
      const sent = await machine.transfer(bobs, "2500");
      assertEquals([sent.outcome, sent.kind, sent.to, sent.account!.booked], [
        "ok",
        "transfer",
        bobs,
        "97500",
      ]);
      assert(sent.logged, "the receipt names its entry of the log");
      assertEquals((await machine.transfer(bobs, "9999999")).outcome, "insufficient_funds");
      assertEquals((await machine.transfer("4711", "100")).outcome, "unknown_recipient");
      assertEquals(atm.journal.open(), []);
      atm.socket().deaf = true;
      const doubtful = await machine.transfer(bobs, "500");
      assertEquals(doubtful.outcome, "in_doubt");
      await until(
        "the bank is back, all is settled",
        () => machine.view().bank === "online" && atm.journal.open().length === 0,
      );
      assertEquals(atm.journal.flagged(), [], "given up or booked, it is over");
      await logIn(atm);
      const sums = (await machine.history({ kind: "transfer", outcome: "done" })).entries
        .reduce((sum, { amount }) => sum + BigInt(amount!), 0n);
      assertEquals(
        machine.view().visit!.account.booked,
        String(100_000n - sums),
        "once, or not at all",
      );
      await branch.requireAllSettled(atm);
    });
  },
);

withBranch(
  "an ATM that is killed before it hears of its transfer settles it once it is back",
  async (branch) => {
    const accounts = await branch.bank.ledger.read.accounts();
    const bobs = String(accounts.find(({ owner }) => owner === "bob")!.id);
    const atm = branch.machine("lobby");
    await logIn(atm);
    const killed = Promise.withResolvers<void>();
    atm.socket().insteadOfHearing = () => void atm.kill().then(killed.resolve);
    atm.machine.transfer(bobs, "2500").catch(() => {});
    await killed.promise;
    await visiting(branch, async (again) => {
      await until("it is settled", () => again.journal.open().length === 0);
      assertEquals(again.journal.flagged(), []);
      assertEquals(again.machine.view().visit!.account.booked, "97500", "the bank had booked it");
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
  await visiting(branch, async (atm) => {
    const { machine } = atm;
    const { accounts, account } = machine.view().visit!;
    assertEquals(accounts.map(({ name, booked }) => [name, booked]), [
      [undefined, "100000"],
      ["savings", "3000"],
    ]);
    await machine.chooseAccount(accounts[1]!.id);
    assertEquals(machine.view().visit!.account.name, "savings");
    const mixes = await machine.noteMixes("3000");
    assert(mixes.length > 1, "there is a choice");
    const small = mixes.at(-1)!;
    assertEquals(
      (await machine.withdraw("3000", [{ value: "1000", count: 2 }])).outcome,
      "not_dispensable",
    );
    assertEquals(
      (await machine.withdraw("3000", [{ value: "3000", count: 1 }])).outcome,
      "not_dispensable",
    );
    const paid = await machine.withdraw("3000", small);
    assertEquals([paid.outcome, paid.notes, paid.account!.booked], ["ok", small, "0"]);
    await machine.chooseAccount("4711");
    assertEquals(machine.view().visit!.account.name, "savings", "nobody else's is chosen");
    await machine.chooseAccount(account.id);
    assertEquals(machine.view().visit!.account.booked, "100000");

    const receipt = await machine.saveReceipt("Withdrawal: €30.00\n");
    assertEquals(receipt.outcome, "ok");
    assertEquals(Deno.readTextFileSync(receipt.place!), "Withdrawal: €30.00\n");
    assertEquals(Deno.statSync(receipt.place!).mode! & 0o777, 0o600);
    const history = await machine.saveHistory({ kind: "withdrawal" });
    const [head, ...rows] = Deno.readTextFileSync(history.place!).trim().split("\r\n");
    assertEquals(head, "time,action,kind,outcome,amount,currency,terminal,place");
    assertEquals(rows.map((row) => row.split(",").slice(1, 6).join()), [
      "withdraw €30.00,withdrawal,done,30.00,EUR",
      "withdraw €30.00 failed - not dispensable,withdrawal,refused,,",
      "withdraw €30.00 failed - not dispensable,withdrawal,refused,,",
    ]);
    Deno.chmodSync(receipt.place!.replace(/\/[^/]+$/, ""), 0o500);
    if (Deno.uid() !== 0) assertEquals((await machine.saveReceipt("-")).outcome, "not_saved");
  });
});

withBranch(
  "what a customer may not do without a visit, no file and no look either",
  async (branch) => {
    const atm = branch.machine("lobby");
    try {
      const { machine } = atm;
      await until("the bank is there", () => machine.view().bank === "online");
      const outcomes = await Promise.all([
        machine.balance(),
        machine.recipient("3"),
        machine.transfer("3", "100"),
        machine.changePassword("correct horse", "another one"),
        machine.saveReceipt("-"),
        machine.saveHistory({}),
      ]);
      assertEquals(outcomes.map(({ outcome }) => outcome), outcomes.map(() => "not_logged_in"));
    } finally {
      await atm.close();
    }
  },
);

withBranch("every refusal has its name, moves nothing, and is in the log", async (branch) => {
  await visiting(branch, async (atm) => {
    const { machine } = atm;
    assertEquals((await machine.withdraw("0")).outcome, "amount_not_positive");
    assertEquals((await machine.withdraw("-1000")).outcome, "amount_not_positive");
    assertEquals((await machine.withdraw("ten")).outcome, "amount_not_positive");
    const odd = await machine.withdraw("1234");
    assertEquals([odd.outcome, odd.nearest], ["not_dispensable", ["1000", "2000"]]);
    assertEquals((await machine.withdraw("999999999999")).outcome, "not_dispensable");
    await machine.depositOpen();
    assertEquals((await machine.depositConfirm()).outcome, "no_notes_inserted");
    assertEquals(await machine.logIn("bob", "whatever"), { outcome: "already_logged_in" });
    assertEquals(machine.view().visit!.account.booked, "100000");
    const refused = await machine.history({ outcome: "refused" });
    assert(
      refused.entries.some(({ action }) => action === "withdraw €12.34 failed - not dispensable"),
    );
    assert(
      refused.entries.some(({ action }) =>
        action === "withdraw €0.00 failed - amount not positive"
      ),
    );
    await branch.requireAllSettled(atm);
  });
});

withBranch("too little money is refused, and the notes stay", async (branch) => {
  await visiting(branch, async ({ machine }) => void await machine.withdraw("70000"), "hall");
  await visiting(branch, async (atm) => {
    const before = atm.devices.cassettes();
    const refused = await atm.machine.withdraw("40000");
    assertEquals([refused.outcome, refused.notes], ["insufficient_funds", []]);
    assertEquals(refused.account!.booked, "30000");
    assertEquals(atm.devices.cassettes(), before);
    await branch.requireAllSettled(atm);
  });
});

withBranch("a wrong password and an unknown name are answered alike", async (branch) => {
  const atm = branch.machine();
  try {
    await until("online", () => atm.machine.view().bank === "online");
    assertEquals(await atm.machine.logIn("alice", "wrong password"), {
      outcome: "wrong_credentials",
      retryAfterMs: undefined,
    });
    assertEquals(await atm.machine.logIn("nobody", "wrong password"), {
      outcome: "wrong_credentials",
      retryAfterMs: undefined,
    });
    assertEquals(atm.machine.view().visit, null);
    assertEquals(await atm.machine.logIn("alice", "correct horse"), { outcome: "ok" });
    await atm.machine.logOut();
    assertEquals(atm.machine.view().ended, "logged_out");
    // The next customer gets a session of their own, at once.
    await logIn(atm, "bob");
    assertEquals(atm.machine.view().visit!.username, "bob");
  } finally {
    await atm.close();
  }
});

withBranch("the balance changes by itself when money moves at another ATM", async (branch) => {
  await visiting(branch, async (atLobby) => {
    await visiting(branch, async (atHall) => {
      const seen: string[] = [];
      atLobby.machine.watch(({ visit }) => visit && seen.push(visit.account.available));
      await atHall.machine.withdraw("5000");
      await until(
        "the other balance follows",
        () => atLobby.machine.view().visit!.account.booked === "95000",
      );
      assertEquals(seen.at(-1), "95000");
    }, "hall");
  });
});

withBranch("who walks away is logged out", async (branch) => {
  const atm = branch.machine("lobby", { idleMsMax: 200 });
  try {
    await logIn(atm);
    await atm.machine.depositOpen();
    await atm.machine.insertNote("2000");
    await until("the idle limit", () => atm.machine.view().ended === "idle");
    assertEquals([atm.machine.view().visit, atm.machine.view().escrow], [null, null]);
    await until("online again", () => atm.machine.view().bank === "online");
    await logIn(atm);
    const { entries } = await atm.machine.history({ kind: "log-in" });
    assert(entries.some(({ action }) => action === "log out - idle"));
  } finally {
    await atm.close();
  }
});

withBranch("a line that is closed twice at once ends once", async (branch) => {
  const atm = branch.machine();
  await logIn(atm);
  const { machine, socket, close } = atm;
  const write = socket().write.bind(socket());
  socket().write = async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve, 100)); // both find the first write under way
    return await write(bytes);
  };
  await Promise.all([machine.logOut(), machine.stop()]);
  await close();
});

withBranch(
  "a lost bank ends the visit, and a bank that comes back is found again",
  async (branch) => {
    await visiting(branch, async (atm) => {
      const { machine } = atm;
      await branch.unserve();
      await until("lost", () => machine.view().bank === "lost");
      assertEquals([machine.view().visit, machine.view().ended], [null, "connection_lost"]);
      assertEquals(await machine.logIn("alice", "correct horse"), { outcome: "bank_unreachable" });
      assertEquals((await machine.withdraw("2000")).outcome, "not_logged_in");
      await branch.serve();
      await until("back", () => machine.view().bank === "online");
      assertEquals(await machine.logIn("alice", "correct horse"), { outcome: "ok" });
      assertEquals((await machine.withdraw("2000")).outcome, "ok");
      await branch.requireAllSettled(atm);
    });
  },
);

withBranch(
  "a withdrawal whose authorisation was not heard pays nothing and costs nothing",
  async (branch) => {
    await visiting(branch, async (atm) => {
      const before = atm.devices.cassettes();
      atm.socket().deaf = true;
      const receipt = await atm.machine.withdraw("4000");
      assertEquals([receipt.outcome, receipt.notes], ["in_doubt", []]);
      await until(
        "settled",
        () => atm.machine.view().bank === "online" && atm.journal.open().length === 0,
      );
      assertEquals(atm.devices.cassettes(), before);
      assertEquals(await branch.balanceOf("alice"), 100_000n);
      await branch.requireAllSettled(atm);
    });
  },
);

withBranch("a withdrawal whose completion was not heard is booked once", async (branch) => {
  await visiting(branch, async (atm) => {
    const present = atm.devices.present.bind(atm.devices);
    atm.devices.present = async () => {
      await present();
      atm.socket().deaf = true;
    };
    const receipt = await atm.machine.withdraw("4000");
    assertEquals([receipt.outcome, receipt.account], ["ok", null]);
    await until(
      "settled",
      () => atm.machine.view().bank === "online" && atm.journal.open().length === 0,
    );
    assertEquals(await branch.balanceOf("alice"), 96_000n);
    await branch.requireAllSettled(atm);
  });
});

withBranch("a customer at two machines at once sees at each that they are", async (branch) => {
  const [lobby, hall] = [branch.machine("lobby"), branch.machine("hall")];
  const elsewhere = ({ machine }: Machine) => machine.view().visit?.elsewhere;
  await logIn(lobby);
  assertEquals(elsewhere(lobby), []);
  await logIn(hall);
  assertEquals(elsewhere(hall), ["lobby"]);
  await until("shown", () => elsewhere(lobby)?.join() === "hall");
  assertEquals((await lobby.machine.withdraw("2000")).outcome, "ok");
  assertEquals((await hall.machine.withdraw("2000")).outcome, "ok");
  await hall.machine.logOut();
  await until("gone again", () => elsewhere(lobby)?.length === 0);
  assertEquals(await branch.balanceOf("alice"), 96_000n);
  for (const [atm, name] of [[lobby, "lobby"], [hall, "hall"]] as const) {
    await branch.requireAllSettled(atm, name);
    await atm.close();
  }
});

withBranch("a device that fails half-way is booked for what it gave", async (branch) => {
  await visiting(branch, async (atm) => {
    await atm.machine.armFault("jam between present");
    const part = await atm.machine.withdraw("8000");
    assertEquals([part.outcome, part.amount, part.account!.booked], ["ok", "5000", "95000"]);
    assertEquals((await atm.machine.withdraw("8000")).outcome, "device_fault");
    await atm.machine.clearJams();
    await atm.machine.armFault("jam between dispense");
    const none = await atm.machine.withdraw("8000");
    assertEquals([none.outcome, none.account!.booked, none.notes], ["device_fault", "95000", []]);
    await branch.requireAllSettled(atm);
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
    const atm = branch.machine("lobby", { wrap });
    try {
      await logIn(atm);
      assertEquals(await atm.machine.withdraw("2000").catch((error) => error.message), "disk full");
      await atm.machine.depositOpen();
      await atm.machine.insertNote("2000");
      assertEquals((await atm.machine.depositConfirm()).outcome, "ok");
      await atm.machine.logOut();
      await until(
        "settled",
        () => atm.machine.view().bank === "online" && atm.journal.open().length === 0,
      );
      assertEquals(await branch.balanceOf("alice"), 100_000n);
      await branch.requireAllSettled(atm);
    } finally {
      await atm.close();
    }
  },
);

withBranch(
  "what is put in while a deposit is booked stays out, and it is booked once",
  async (branch) => {
    await visiting(branch, async (atm) => {
      const { machine } = atm;
      await machine.depositOpen();
      await machine.insertNote("2000");
      const [first, second] = await Promise.all([
        machine.depositConfirm(),
        machine.depositConfirm(),
        machine.depositCancel(),
        machine.insertNote("5000"),
      ]);
      // The note raced the count: it is either all of it or none of it, and never taken unbooked.
      assert(["2000", "7000"].includes(first.amount), first.amount);
      assertEquals([first.outcome, second.outcome], ["ok", "no_notes_inserted"]);
      assertEquals(await branch.balanceOf("alice"), 100_000n + BigInt(first.amount));
      await branch.requireAllSettled(atm);
    });
  },
);

withBranch("notes that cannot be handed back do not keep the next customer out", async (branch) => {
  const atm = branch.machine();
  try {
    await logIn(atm);
    await atm.machine.depositOpen();
    await atm.machine.insertNote("5000");
    await atm.machine.armFault("jam before cashInRollback");
    await atm.machine.logOut();
    await logIn(atm, "bob");
    assert(branch.logged.some((line) => line.includes("hardwareError during cashInRollback")));
    const [left] = atm.journal.flagged();
    assertEquals([left?.kind, left?.amount, left?.state], ["left", 5000n, "disputed"]);
    assertEquals((await atm.machine.depositOpen()).outcome, "device_fault");
    assertEquals((await atm.machine.withdraw("2000")).outcome, "ok");
    await branch.requireAllSettled(atm);
  } finally {
    await atm.close();
  }
});

withBranch("two machines with one key displace each other more and more slowly", async (branch) => {
  const one = branch.machine("lobby");
  branch.keys.set("copy", branch.keys.get("lobby")!);
  const two = branch.machine("copy");
  const entries = async () =>
    (await branch.bank.ledger.read.entriesAfter(1, 0, 10_000))
      .filter((entry) => !endsEpoch(entry)).length;
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

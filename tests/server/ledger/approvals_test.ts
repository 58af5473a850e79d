/** What a bank's operators can still approve. */
import { assertEquals } from "@std/assert";
import type { Role } from "../../../lib/operator_commands.ts";
import { approvalsMissing, takesLastAdmin } from "../../../server/ledger/approvals.ts";
import type { Staff } from "../../../server/ledger/model.ts";

const staffOf = (fourEyes: boolean, ...roles: Role[]): Staff => ({
  fourEyes,
  operators: roles.map((role, index) => ({
    ...{ name: `operator-${index}`, role, publicKey: `${index}`.padStart(64, "0"), sinceMs: 0 },
  })),
  proposals: [],
});

/** Operators of a bank where some commands need two · what too few of them can approve. */
const rows: [Role[], string | null][] = [
  [["admin", "admin"], null],
  [["admin", "admin", "timer"], null],
  [["admin"], "anything"],
  [["admin", "timer"], "anything"],
  [
    ["admin", "teller"],
    "changes of operators, terminals, devices and the clock, higher limits, or the end of a restore",
  ],
];

Deno.test("a bank of four eyes names what nobody can approve; a bank of one needs nobody", () => {
  for (const [roles, missing] of rows) {
    assertEquals(approvalsMissing(staffOf(true, ...roles)), missing, roles.join());
    assertEquals(approvalsMissing(staffOf(false, ...roles)), null);
  }
});

Deno.test("only a change of the last admin takes it", () => {
  const remove = { command: "remove_operator", name: "operator-0" } as const;
  assertEquals(takesLastAdmin(staffOf(true, "admin", "teller"), remove), true);
  assertEquals(takesLastAdmin(staffOf(true, "admin", "admin"), remove), false);
  assertEquals(takesLastAdmin(staffOf(true, "teller", "admin"), remove), false);
});

/** The first digits of a proposal's id: enough to reject it, and not to approve it. */
import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { wholeProposal } from "../../../server/operator/whole_proposal.ts";

const [one, other, near] = ["5f5f5f00", "5f5f5f01", "abcdef00"].map((digits) =>
  digits.repeat(8)
) as [
  string,
  string,
  string,
];

async function* listed() {
  for (const proposal of [one, other, near]) {
    yield {
      line: JSON.stringify({ proposal, operator: "anna", command: "revoke terminal, name: lobby" }),
    };
  }
}

const see = "See 'deno task bank approvals'";
const none = (digits: string) => `no open proposal begins with ${digits}. ${see}`;
const noId = (text: string) =>
  `'${text}' is not a proposal's id, nor 6 or more of its first digits. ${see}`;

/** What is typed · the id that is rejected, or why nothing is. */
const rows: [typed: string, id: string | null, why?: string][] = [
  [near, near],
  ["f".repeat(64), "f".repeat(64)],
  ["abcdef", near],
  ["5f5f5f00", one],
  ["5f5f5f", null, `more than one open proposal begins with 5f5f5f: write more digits. ${see}`],
  ["abcdee", null, none("abcdee")],
  ["abcde", null, noId("abcde")],
  ["ABCDEF", null, noId("ABCDEF")],
  [`${near}0`, null, noId(`${near}0`)],
  ["", null, noId("")],
];

Deno.test("the first digits of one open proposal's id reject it", async () => {
  for (const [proposal, id, why] of rows) {
    const reject = { command: "reject", proposal, reason: "wrong amount" } as const;
    if (id !== null) {
      assertEquals(await wholeProposal(reject, listed), { ...reject, proposal: id });
    } else {assertEquals(
        (await assertRejects(() => wholeProposal(reject, listed), UsageError)).message,
        why,
      );}
  }
});

Deno.test("an approval needs the whole id, and its refusal names the proposal", async () => {
  for (const [proposal, id, why] of rows) {
    const approve = { command: "approve", proposal } as const;
    if (proposal === id) {
      assertEquals(await wholeProposal(approve, listed), approve);
      continue;
    }
    const { message } = await assertRejects(() => wholeProposal(approve, listed), UsageError);
    assertEquals(
      message,
      why ??
        `nothing was approved: an approval needs the whole id, since a proposal that was made to ` +
          `begin with the same digits may replace one that you have seen. This one, of anna, is:\n` +
          `revoke terminal, name: lobby\nIf it is right, run 'deno task bank approvals approve ${id}'`,
    );
  }
});

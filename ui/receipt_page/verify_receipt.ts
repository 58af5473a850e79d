/** Verifies receipts and proofs, and describes the result in plain sentences. */
import { type Cosigned, type Fact, type Quorum, Refusal, type RefusalName } from "./facts.ts";
import { type Subtle, Verifier } from "./verifier.ts";

export interface Verdict {
  /** `logged`: the log has the entry, under the policy. `signed`: a receipt alone, which the bank signed. */
  outcome: "logged" | "signed" | "refused";
  findings: Finding[];
}

export interface Finding {
  kind: "proved" | "unproved" | "refused";
  sentence: string;
}

/**
 * Verifies a receipt, a proof, or both of one entry; proofs of the first entries of later chains may
 * come with them.
 * @param texts each a receipt or a proof, byte for byte
 * @param policyText the keys of logs and witnesses that the verifier trusts (C2SP tlog-policy)
 * @throws {DOMException} `NotSupportedError` where WebCrypto lacks Ed25519
 */
export async function verifyReceipt(
  texts: readonly string[],
  policyText: string,
  subtle: Subtle,
): Promise<Verdict> {
  const verifier = new Verifier(subtle);
  const facts = verifier.facts;
  try {
    await verifier.check(texts, policyText);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { refused, detail } = error;
    return { outcome: "refused", findings: findingsOf([...facts, { refused, detail }]) };
  }
  const isLogged = facts.some((fact) => "proved" in fact && fact.proved === "logged");
  return { outcome: isLogged ? "logged" : "signed", findings: findingsOf(facts) };
}

/** Returns the sentences, the most important first. */
function findingsOf(facts: readonly Fact[]): Finding[] {
  const isLogged = (fact: Fact) => "proved" in fact && fact.proved === "logged";
  const ordered = [...facts.filter(isLogged), ...facts.filter((fact) => !isLogged(fact))];
  return ordered.flatMap((fact) =>
    sentencesOf(fact).map((sentence) => ({ kind: kindOf(fact), sentence: printable(sentence) }))
  );
}

function kindOf(fact: Fact): Finding["kind"] {
  return "proved" in fact ? "proved" : "unproved" in fact ? "unproved" : "refused";
}

function sentencesOf(fact: Fact): string[] {
  if ("refused" in fact) return [refusals[fact.refused](fact.detail)];
  if ("unproved" in fact) {
    switch (fact.unproved) {
      case "no_proof":
        return [
          `That the log has this entry: the receipt promises entry ${fact.entry.index + 1} of ` +
          `${fact.entry.origin}. Ask the bank for the proof, a .tlog-proof file. If the log lacks ` +
          "the entry, this receipt convicts the bank.",
        ];
      case "lost":
        return [
          "That the log has this entry. A restore lost this entry; the receipt is still the bank's " +
          "word. Only if this log went on while the later one grew, as at a bank with several " +
          "servers, it can have the entry: ask the bank for its proof.",
        ];
      case "no_witnesses":
        return [
          "That everybody sees the same log: the policy asks for no witnesses, so the bank could " +
          "show other people another log.",
        ];
      case "owner":
        return ["Whose entry it is: neither a receipt nor a proof names a customer."];
    }
  }
  switch (fact.proved) {
    case "signed": {
      const { entry, terminal, reference } = fact;
      return [
        `${onDayOf(entry.text)}${bankOf(entry.origin)} signed this receipt: ${
          actionOf(entry.text)
        }`,
        terminal === "-"
          ? `The receipt names no terminal, and the reference ${reference}.`
          : `The receipt names the terminal ${terminal} and the reference ${reference}.`,
      ];
    }
    case "logged": {
      const { entry, size, cosigned, quorum } = fact;
      return [
        `${onDayOf(entry.text)}${bankOf(entry.origin)} logged: ${actionOf(entry.text)}`,
        `It is entry ${entry.index + 1} of ${size} in the log ${entry.origin}.`,
        `${cosignedBy(cosigned)}; ${quorumMet(quorum)}.`,
      ];
    }
    case "same_entry":
      return ["The log has the entry of the receipt, at the place that the receipt promises."];
    case "later_log":
      return [`The later log ${fact.later} began when ${fact.origin} had ${fact.size} entries.`];
  }
}

const refusals: Record<RefusalName, (detail: string) => string> = {
  policy: (detail) => `The policy cannot be used: ${detail}.`,
  unknown_text: () => "There is no receipt and no proof: neither begins like this.",
  too_much: () => "There is too much: give one receipt, one proof, or both of one entry.",
  damaged: (what) => `The ${what} is damaged: it does not have the form of a ${what}.`,
  unknown_log: (origin) =>
    `The policy has no key of the log ${origin}: get the bank's newest policy. If the log is not ` +
    "in it, the bank did not sign this.",
  not_signed: (what) => `The ${what} has no signature of the log that it names.`,
  bad_signature: (what) => `The ${what} was changed: the bank's signature does not fit it.`,
  no_quorum(detail) {
    const [counted, asked] = detail.split("; ");
    return `The quorum is missed: the policy asks for ${asked}, and the cosignatures that verify ` +
      `are by ${counted}.`;
  },
  not_included: () => "The proof is wrong: the log that it names does not have this entry there.",
  other_log: () => "The proof is of another log than the receipt.",
  other_entry: () => "The proof is of another entry than the receipt.",
  other_index(detail) {
    const [promised, shown] = detail.split(" ");
    return `The receipt promises entry ${promised}, and the proof is of entry ${shown}: ask the ` +
      `bank for the proof of entry ${promised}.`;
  },
  contradiction: () =>
    "The log has another entry at the place that the receipt promises. The bank signed both: " +
    "receipt and proof together convict it.",
};

const months =
  "January February March April May June July August September October November December"
    .split(" ");

/** Returns the action of `ACTION | TIME`. */
function actionOf(text: string): string {
  return partsOf(text).action;
}

/** Returns "On 28 November 2026 "; empty if the text has no time. */
function onDayOf(text: string): string {
  const { time } = partsOf(text);
  return time === "" ? "" : `On ${dayOf(time)} `;
}

function partsOf(text: string): { action: string; time: string } {
  const [, action, time] =
    /^(.+) \| (\d{4}-(?:0[1-9]|1[0-2])-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/s.exec(text) ??
      [];
  return { action: action ?? text, time: time ?? "" };
}

/** Returns "28 November 2026". */
function dayOf(time: string): string {
  const [year, month, day] = time.slice(0, 10).split("-");
  return `${Number(day)} ${months[Number(month) - 1]} ${year}`;
}

/** Returns the name in an origin, as words: First Bank for "first-bank/1011…". */
function bankOf(origin: string): string {
  const name = origin.replace(/\/[^/]*$/, "");
  return name.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(" ");
}

function cosignedBy(cosigned: readonly Cosigned[]): string {
  if (cosigned.length === 0) return "Cosigned by nobody";
  const each = cosigned.map(({ witness, timeSeconds }) => {
    const time = new Date(timeSeconds * 1_000).toISOString();
    return `${witness} (${dayOf(time)}, ${time.slice(11, 16)} UTC)`;
  });
  return `Cosigned by ${each.join(", ")}`;
}

function quorumMet({ name, needed, members }: Quorum): string {
  if (name === "none") return "the policy asks for no witness";
  if (members.length === 1 && members[0] === name) return `the policy asks for ${name}`;
  return `the policy's quorum "${name}" asks for ${needed} of ${members.join(", ")}`;
}

/** Replaces characters that control a screen or the direction of a text, or end a line. */
function printable(sentence: string): string {
  return sentence.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

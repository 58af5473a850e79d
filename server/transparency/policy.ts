/**
 * Policy files (C2SP tlog-policy, not released yet): the logs and witnesses that a verifier trusts.
 */
import { UsageError } from "../../lib/errors.ts";
import type { Cosignature } from "./cosignature.ts";
import {
  formatVerifierKey,
  isSameKey,
  parseVerifierKey,
  signatureTypes,
  type VerifierKey,
} from "./note.ts";

export interface Witness {
  name: string;
  key: VerifierKey;
  url?: string;
}

/** A group, satisfied by a number of its members, which are witnesses and groups. */
export interface Group {
  name: string;
  countMin: number;
  members: readonly string[];
}

export interface Policy {
  logs: { key: VerifierKey; url?: string }[];
  witnesses: Witness[];
  groups: Group[];
  /** A witness's or a group's name, or `none`. */
  quorum: string;
}

const none = "none";

export function formatPolicy({ logs, witnesses, groups, quorum }: Policy): string {
  const urlOf = (url?: string) => url === undefined ? "" : ` ${url}`;
  const lines = [
    ...logs.map(({ key, url }) => `log ${formatVerifierKey(key)}${urlOf(url)}`),
    ...witnesses.map(({ name, key, url }) =>
      `witness ${name} ${formatVerifierKey(key)}${urlOf(url)}`
    ),
    ...groups.map(({ name, countMin, members }) =>
      `group ${name} ${countMin} ${members.join(" ")}`
    ),
    `quorum ${quorum}`,
  ];
  return lines.join("\n") + "\n";
}

/**
 * Parses a policy file.
 * @throws {UsageError} naming the path and the invalid line
 */
export function parsePolicy(text: string, path: string): Policy {
  const policy: Policy = { logs: [], witnesses: [], groups: [], quorum: "" };
  const names = new Set<string>([none]);
  const keys: VerifierKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [word, ...words] = line.replace(/^[ \t]*#.*/, "").split(/[ \t]+/).filter((each) =>
      each !== ""
    );
    const wrong = (problem: string) => new UsageError(`${path}, line ${index + 1}: ${problem}`);
    const keyOf = (text = "", type: number) => {
      const key = parseVerifierKey(text);
      if (!key || key.type !== type) throw wrong(`'${text}' is not a key for this line`);
      if (keys.some((each) => isSameKey(each, key))) throw wrong("this key occurs twice");
      keys.push(key);
      return key;
    };
    const newName = (name = "") => {
      if (name === "" || names.has(name)) throw wrong(`'${name}' is not a new name`);
      names.add(name);
      return name;
    };
    if (word === undefined) continue;
    if (word === "log") {
      const [key, url, ...more] = words;
      if (more.length > 0) throw wrong("expected: log VKEY [URL]");
      policy.logs.push({ key: keyOf(key, signatureTypes.note), ...(url !== undefined && { url }) });
    } else if (word === "witness") {
      const [name, key, url, ...more] = words;
      if (more.length > 0) throw wrong("expected: witness NAME VKEY [URL]");
      const witness = { name: newName(name), key: keyOf(key, signatureTypes.cosignature) };
      policy.witnesses.push({ ...witness, ...(url !== undefined && { url }) });
    } else if (word === "group") {
      const [name, count = "", ...members] = words;
      const unknown = members.find((each) => each === none || !names.has(each));
      if (unknown !== undefined) throw wrong(`'${unknown}' is not defined before this line`);
      if (new Set(members).size < members.length) throw wrong("a member occurs twice");
      const countMin = count === "any" ? 1 : count === "all" ? members.length : Number(count);
      const isCount = count === "any" || count === "all" || /^[1-9][0-9]{0,3}$/.test(count);
      if (!isCount || countMin < 1 || countMin > members.length) {
        throw wrong("expected: group NAME COUNT|all|any MEMBER…, with no more than the members");
      }
      policy.groups.push({ name: newName(name), countMin, members });
    } else if (word === "quorum") {
      const [name = "", ...more] = words;
      if (policy.quorum !== "") throw wrong("there is a second quorum");
      if (more.length > 0 || !names.has(name)) throw wrong(`'${name}' is not defined`);
      policy.quorum = name;
    } else {
      throw wrong(`unknown word '${word}': expected log, witness, group or quorum`);
    }
  }
  if (policy.quorum === "") throw new UsageError(`${path} has no quorum line`);
  return policy;
}

/** Returns whether cosignatures satisfy the policy's quorum. */
export function meetsQuorum(policy: Policy, cosignatures: readonly Cosignature[]): boolean {
  if (policy.quorum === none) return true;
  const cosigned = policy.witnesses
    .filter(({ key }) => cosignatures.some(({ witness }) => isSameKey(witness, key)))
    .map(({ name }) => name);
  const met = new Set(cosigned);
  // a group's members are defined before it, so one pass is enough
  for (const { name, countMin, members } of policy.groups) {
    if (members.filter((member) => met.has(member)).length >= countMin) met.add(name);
  }
  return met.has(policy.quorum);
}

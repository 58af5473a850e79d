/** The settings of a bank as names and values, as both stores keep them. */
import type { Limits, Operator, Proposal, Restoring, Settings, Staff } from "./model.ts";
import type { Row } from "./rows.ts";

/** The content of the table. */
export type SettingValues = Partial<Record<string, string>>;

export function valuesOf(rows: readonly Row[]): SettingValues {
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** The bank's limits and the settings that keep them. */
const limitNames: [keyof Limits, string][] = [
  ["withdrawalMax", "withdrawal_max"],
  ["accountDayOutMax", "account_day_out_max"],
  ["terminalDayOutMax", "terminal_day_out_max"],
  ["terminalDayInMax", "terminal_day_in_max"],
];

/** The setting of the time since which terminals of a restored bank retell. */
const restoredSince = "restored_since_ms";
/** The prefixes of settings of its terminals: not retold yet, not attested yet, paid without a record. */
const retellPrefix = "retell ";
const attestPrefix = "attest ";
const unknownPrefix = "unknown payment ";

/** The condition, in SQL, of the settings of a restored bank. */
export const isOfRestoring = `name = '${restoredSince}'` +
  [retellPrefix, attestPrefix, unknownPrefix].map((prefix) => ` OR name LIKE '${prefix}%'`).join(
    "",
  );

export function settingsOf(value: SettingValues): Settings {
  return {
    bankId: value.bank_id!,
    bankName: value.bank_name!,
    currency: { code: value.currency!, exponent: Number(value.exponent) },
    timeZone: value.time_zone!,
    smallestNote: BigInt(value.smallest_note!),
  };
}

export function valuesOfSettings(settings: Settings): [name: string, value: string][] {
  return [
    ["bank_id", settings.bankId],
    ["bank_name", settings.bankName],
    ["currency", settings.currency.code],
    ["exponent", String(settings.currency.exponent)],
    ["time_zone", settings.timeZone],
    ["smallest_note", String(settings.smallestNote)],
  ];
}

export function limitsOf(value: SettingValues): Limits {
  const amounts = limitNames.map(([limit, name]) => [
    limit,
    value[name] === undefined ? null : BigInt(value[name]),
  ]);
  return Object.fromEntries(amounts) as Limits;
}

/** Returns the settings of limits; null for a limit that does not exist, and has no setting. */
export function valuesOfLimits(limits: Limits): [name: string, value: string | null][] {
  return limitNames.map(([limit, name]) => [name, limits[limit]?.toString() ?? null]);
}

export function restoringOf(value: SettingValues): Restoring | null {
  const since = value[restoredSince];
  if (since === undefined) return null;
  const terminalsOf = (prefix: string) =>
    Object.keys(value).filter((name) => name.startsWith(prefix)).sort()
      .map((name) => ({ terminal: name.slice(prefix.length), text: value[name]! }));
  return {
    sinceMs: Number(since),
    waiting: terminalsOf(retellPrefix).map(({ terminal }) => terminal),
    unattested: terminalsOf(attestPrefix).map(({ terminal, text: nonce }) => ({ terminal, nonce })),
    unknown: terminalsOf(unknownPrefix).map(({ terminal, text }) => ({
      terminal,
      amount: BigInt(text),
    })),
  };
}

/** Returns whether nothing is left to do after a restore. */
export function isRestored({ waiting, unattested, unknown }: Restoring): boolean {
  return waiting.length + unattested.length + unknown.length === 0;
}

/** Returns the settings of a restored bank; empty once nothing is left to do. */
export function valuesOfRestoring(restoring: Restoring): [name: string, value: string][] {
  if (isRestored(restoring)) return [];
  const { sinceMs, waiting, unattested, unknown } = restoring;
  return [
    [restoredSince, String(sinceMs)],
    ...waiting.map((terminal): [string, string] => [retellPrefix + terminal, String(sinceMs)]),
    ...unattested.map(({ terminal, nonce }): [string, string] => [attestPrefix + terminal, nonce]),
    ...unknown.map(({ terminal, amount }): [string, string] => [
      unknownPrefix + terminal,
      amount.toString(),
    ]),
  ];
}

/** The setting of a bank whose commands may need two operators. */
const fourEyes = "four_eyes";
const operatorPrefix = "operator ";
const proposalPrefix = "proposal ";

const auditKeyVersion = "audit_key_version";

/** The condition, in SQL, of the settings that keep `Staff`. */
export const isOfStaff =
  `name = '${fourEyes}' OR name = '${auditKeyVersion}' OR name LIKE '${operatorPrefix}%' OR name LIKE '${proposalPrefix}%'`;

export function staffOf(value: SettingValues): Staff {
  const rowsOf = <Row>(prefix: string): Row[] =>
    Object.keys(value).filter((name) => name.startsWith(prefix)).sort()
      .map((name) => JSON.parse(value[name]!) as Row);
  return {
    fourEyes: value[fourEyes] !== undefined,
    operators: rowsOf<Operator>(operatorPrefix),
    proposals: rowsOf<Proposal>(proposalPrefix),
    ...(value[auditKeyVersion] !== undefined && {
      auditKeyVersion: Number(value[auditKeyVersion]),
    }),
  };
}

export function valuesOfStaff(staff: Staff): [name: string, value: string][] {
  return [
    ...(staff.fourEyes ? [[fourEyes, "1"] as [string, string]] : []),
    ...(staff.auditKeyVersion === undefined
      ? []
      : [[auditKeyVersion, String(staff.auditKeyVersion)] as [string, string]]),
    ...staff.operators.map((row): [string, string] => [
      operatorPrefix + row.name,
      JSON.stringify(row),
    ]),
    ...staff.proposals.map((row): [string, string] => [
      proposalPrefix + row.id,
      JSON.stringify(row),
    ]),
  ];
}

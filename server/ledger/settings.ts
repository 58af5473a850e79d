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
export const restoredSince = "restored_since_ms";
/** The setting of a terminal that has not yet retold. */
const retellOf = (terminal: string) => `retell ${terminal}`;
/** The prefix of the settings of all such terminals. */
export const retellPrefix = retellOf("");

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
  const waiting = Object.keys(value).filter((name) => name.startsWith(retellPrefix))
    .map((name) => name.slice(retellPrefix.length));
  return since === undefined ? null : { sinceMs: Number(since), waiting };
}

/** Returns the settings of a restored bank; empty once all terminals have retold. */
export function valuesOfRestoring(
  { sinceMs, waiting }: Restoring,
): [name: string, value: string][] {
  if (waiting.length === 0) return [];
  return [restoredSince, ...waiting.map(retellOf)].map((name) => [name, String(sinceMs)]);
}

/** The setting of a bank whose commands may need two operators. */
const fourEyes = "four_eyes";
const operatorPrefix = "operator ";
const proposalPrefix = "proposal ";

/** The condition, in SQL, of the settings that keep the operators and their proposals. */
export const isOfStaff =
  `name = '${fourEyes}' OR name LIKE '${operatorPrefix}%' OR name LIKE '${proposalPrefix}%'`;

export function staffOf(value: SettingValues): Staff {
  const rowsOf = <Row>(prefix: string): Row[] =>
    Object.keys(value).filter((name) => name.startsWith(prefix)).sort()
      .map((name) => JSON.parse(value[name]!) as Row);
  return {
    fourEyes: value[fourEyes] !== undefined,
    operators: rowsOf<Operator>(operatorPrefix),
    proposals: rowsOf<Proposal>(proposalPrefix),
  };
}

export function valuesOfStaff(staff: Staff): [name: string, value: string][] {
  return [
    ...(staff.fourEyes ? [[fourEyes, "1"] as [string, string]] : []),
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

/** The state of a cash recycler as its service reports it: counts by unit, positions, the last sequence. */
import { type Currency, currencyOf } from "../../../lib/money.ts";
import { type NoteCounts, plus } from "../note_mix.ts";
import { MalformedMessage } from "./schema.ts";
import type { CompletionOf, Counts, Status, StorageUnit } from "./messages.ts";

export type ItemValues = ReadonlyMap<string, bigint>;

/** What a service answers about its state, all at one time. */
export interface Reported {
  status: Status;
  storage: Record<string, StorageUnit>;
  items: NonNullable<CompletionOf<"CashManagement.GetBankNoteTypes">["items"]>;
  presentStatus: CompletionOf<"CashDispenser.GetPresentStatus">;
  cashIn: CompletionOf<"CashAcceptor.GetCashInStatus">;
  /** Whether a retract has emptied the tray since the last dispense: a device may not see into it. */
  isRetracted?: boolean;
}

export interface RecyclerState {
  /** The value of each cassette, by unit; in minor units. */
  units: ReadonlyMap<string, bigint>;
  /** The units that hold neither: the first is configured next. */
  unconfigured: readonly string[];
  bins: { reject: string | null; retract: string | null; left: string | null };
  /** Empty ones too. */
  cassettes: NoteCounts;
  /** The values of those in which the last replenishment put notes. */
  filled: ReadonlySet<bigint>;
  inBins: NoteCounts;
  stacker: NoteCounts;
  tray: NoteCounts;
  /** Notes of a customer in escrow, or in the acceptor's mouth. */
  escrow: NoteCounts;
  mouth: NoteCounts;
  withheld: NoteCounts;
  jammed: ("dispenser" | "acceptor")[];
  /** Whether staff's exchange of cassettes has begun and not ended: no note moves meanwhile. */
  exchange: boolean;
  /** Whether each dispense needs a token. */
  tokensRequired: boolean;
  counted: boolean;
}

export const emptyState: RecyclerState = {
  units: new Map(),
  unconfigured: [],
  bins: { reject: null, retract: null, left: null },
  cassettes: new Map(),
  filled: new Set(),
  inBins: new Map(),
  stacker: new Map(),
  tray: new Map(),
  escrow: new Map(),
  mouth: new Map(),
  withheld: new Map(),
  jammed: [],
  exchange: false,
  tokensRequired: false,
  counted: true,
};

/** @throws {MalformedMessage} if notes are counted of a type that is not named */
export function stateOf(
  { status, storage, items, presentStatus, cashIn, isRetracted = false }: Reported,
): RecyclerState {
  const values: ItemValues = new Map(
    Object.entries(items).map((
      [name, { cashItem: { currency, value } }],
    ) => [name, minorOf(value, currency)]),
  );
  const entries = Object.entries(storage).sort(([a], [b]) => order(a) - order(b));
  const units = new Map<string, bigint>();
  const bins: RecyclerState["bins"] = { reject: null, retract: null, left: null };
  const cassettes = new Map<bigint, number>();
  const filled = new Set<bigint>();
  let inBins: NoteCounts = new Map(), stacker: NoteCounts = new Map();
  let isCounted = true;
  for (const [name, { status: unitStatus, cash }] of entries) {
    if (!cash || unitStatus === "notConfigured") continue;
    const { types = {}, currency, value } = cash.configuration ?? {};
    const { accuracy = "accurate", out } = cash.status ?? {};
    if (accuracy === "inaccurate" || accuracy === "unknown") isCounted = false;
    const content = contentOf(cash.status, values);
    if (types.cashOut && currency && value) {
      const note = minorOf(value, currency);
      units.set(name, note);
      cassettes.set(note, (cassettes.get(note) ?? 0) + (content.get(note) ?? 0));
      if (notesOf(cash.status?.initial, values).size > 0) filled.add(note);
      const inTransit = [out?.stacked, out?.transport].map((counts) => notesOf(counts, values));
      stacker = inTransit.reduce((sum, notes) => plus(sum, notes), stacker);
    } else if (types.cashInRetract) bins.left = name;
    else if (types.reject) {
      bins.reject = name;
      inBins = plus(inBins, content);
    } else if (types.cashOutRetract) {
      bins.retract = name;
      inBins = plus(inBins, content);
    }
  }
  const dispenser = status.cashDispenser?.positions?.[0];
  const acceptor = status.cashAcceptor?.positions?.[0];
  const broken = status.common.device !== "online" && status.common.device !== "deviceBusy";
  const dispensed = [...Object.entries(presentStatus.denomination?.values ?? {})]
    .flatMap(([unit, count]) => units.has(unit) ? [[units.get(unit)!, count] as const] : []);
  const withheld = cashIn.status === "active" || cashIn.status === "rollback"
    ? notesOf(cashIn.noteNumberList, values)
    : new Map();
  const nothing: NoteCounts = new Map();
  const isTrayEmpty = dispenser?.positionStatus === "empty" ||
    (isRetracted && dispenser?.positionStatus !== "notEmpty");
  return {
    units,
    unconfigured: entries.filter(([, unit]) => unit.status === "notConfigured").map(([name]) =>
      name
    ),
    bins,
    cassettes,
    filled,
    inBins: positive(inBins),
    stacker: positive(stacker),
    tray: isTrayEmpty ? nothing : positive(plus(new Map(dispensed), stacker, -1)),
    escrow: cashIn.status === "active" ? positive(withheld) : nothing,
    mouth: acceptor?.positionStatus === "empty" ? nothing : positive(withheld),
    withheld: positive(withheld),
    jammed: [
      ...(broken || dispenser?.transport === "inoperative" ? ["dispenser" as const] : []),
      ...(broken || acceptor?.transport === "inoperative" ? ["acceptor" as const] : []),
    ],
    exchange: status.common.exchange === "active",
    tokensRequired: status.common.endToEndSecurity === "enforced",
    counted: isCounted,
  };
}

/** Returns what is in a unit now: initial + in − out. */
function contentOf(
  status: NonNullable<StorageUnit["cash"]>["status"],
  values: ItemValues,
): NoteCounts {
  const { initial, in: taken = {}, out = {} } = status ?? {};
  const { retractOperations: _, ...inside } = taken;
  const added = Object.values(inside).reduce(
    (sum, counts) => plus(sum, notesOf(counts, values)),
    notesOf(initial, values),
  );
  return positive(
    Object.values(out).reduce((sum, counts) => plus(sum, notesOf(counts, values), -1), added),
  );
}

function notesOf(counts: Counts | undefined, values: ItemValues): NoteCounts {
  return Object.entries(counts?.items ?? {}).reduce<NoteCounts>((sum, [name, count]) => {
    if (count === 0) return sum;
    const value = values.get(name);
    if (value === undefined) throw new MalformedMessage(`${name} is not among the banknote types`);
    return plus(sum, new Map([[value, count]]));
  }, new Map());
}

/** Returns the notes of which there are some, largest first. */
export function positive(notes: NoteCounts): NoteCounts {
  return largestFirst([...notes].filter(([, count]) => count > 0));
}

export function largestFirst(notes: Iterable<readonly [bigint, number]>): NoteCounts {
  return new Map([...notes].sort(([a], [b]) => a < b ? 1 : -1));
}

/** Converts major units, as JSON numbers have them, to minor units. */
export function minorOf(value: number, currency: string): bigint {
  return BigInt(Math.round(value * 10 ** exponentOf(currency)));
}

export function majorOf(minor: bigint, { exponent }: Currency): number {
  return Number(minor) / 10 ** exponent;
}

function exponentOf(code: string): number {
  try {
    return currencyOf(code).exponent;
  } catch {
    return 2;
  }
}

const order = (unit: string) => Number(/[0-9]+$/.exec(unit)?.[0] ?? Infinity);

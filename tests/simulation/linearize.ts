/**
 * Whether a concurrent history is linearizable (Herlihy and Wing, 1990): whether each operation can
 * have taken effect at one moment between its call and its return, as if all had run one by one.
 *
 * The search is Wing and Gong's (1993), with Lowe's memory of configurations that led nowhere (2017): a
 * configuration is the set of operations that took effect, and the state they left. An operation
 * without a return may have taken effect at any time after its call, or never.
 */

export interface Operation {
  readonly callMs: number;
  /** Null where the caller never learned the outcome. */
  readonly returnMs: number | null;
}

/** How one object behaves when operations come one by one. */
export interface Model<State, Op extends Operation> {
  readonly initial: State;
  /**
   * Returns the state after the operation; null where the operation cannot have had its result in
   * this one. One without a return has any result.
   */
  step(state: State, operation: Op): State | null;
  /** Equal states have equal keys. */
  keyOf(state: State): string;
}

export type Verdict<Op> =
  | { result: "linearizable"; order: Op[] }
  /** `order`: the most that could be put in order; `stuck`: what could not follow. */
  | { result: "not linearizable"; order: Op[]; stuck: Op }
  /** The search took more steps than it may. */
  | { result: "unknown" };

/** A call or a return, in a list from which operations are lifted as they take effect. */
interface Entry<Op> {
  readonly operation: Op | null;
  /** Of a call: its place among the calls, by time. */
  index: number;
  /** Of a call: its return, where there is one. Of a return: null. */
  readonly end: Entry<Op> | null;
  readonly isCall: boolean;
  before: Entry<Op> | null;
  after: Entry<Op> | null;
}

const stepsMax = 2_000_000;

/** Checks the history of one object. Histories of several are checked one by one. */
export function linearize<State, Op extends Operation>(
  model: Model<State, Op>,
  operations: readonly Op[],
): Verdict<Op> {
  const head = entriesOf(operations);
  const seen = new Set<string>();
  const taken: { entry: Entry<Op>; state: State; last: number }[] = [];
  let waiting = operations.filter(({ returnMs }) => returnMs !== null).length;
  let state = model.initial;
  /** The highest place of a call that took effect. */
  let last = -1;
  let best: Op[] = [];
  let stuck: Op | null = null;
  let entry = head.after;
  /** Whether calls without a return are tried: only where no other can follow, since most may wait. */
  let isLast = false;
  for (let steps = 0; waiting > 0; steps++) {
    if (steps > stepsMax) return { result: "unknown" };
    if (entry?.isCall && (entry.end === null) !== isLast) {
      entry = entry.after;
    } else if (entry?.isCall) {
      const operation = entry.operation!;
      const next = model.step(state, operation);
      const after = Math.max(last, entry.index);
      const isNew = next !== null &&
        isAdded(seen, `${after} ${waitingUntil(after, head, entry)} ${model.keyOf(next)}`);
      if (!isNew) {
        entry = entry.after;
        continue;
      }
      taken.push({ entry, state, last });
      [state, last] = [next, after];
      if (operation.returnMs !== null) waiting--;
      lift(entry);
      [entry, isLast] = [head.after, false];
    } else if (!isLast) {
      [entry, isLast] = [head.after, true];
    } else {
      // A return before whose time its operation cannot have taken effect in this order.
      if (taken.length >= best.length || stuck === null) {
        best = taken.map(({ entry }) => entry.operation!);
        stuck = entry!.operation!;
      }
      const undone = taken.pop();
      if (!undone) return { result: "not linearizable", order: best, stuck };
      if (undone.entry.operation!.returnMs !== null) waiting++;
      ({ state, last } = undone);
      putBack(undone.entry);
      isLast = undone.entry.end === null;
      entry = undone.entry.after;
    }
  }
  return { result: "linearizable", order: taken.map(({ entry }) => entry.operation!) };
}

/** Calls and returns by time; of equal times calls first, since those operations overlap. */
function entriesOf<Op extends Operation>(operations: readonly Op[]): Entry<Op> {
  const timed = operations.flatMap((operation, index) => {
    const { callMs, returnMs } = operation;
    const links = { before: null, after: null };
    const end: Entry<Op> | null = returnMs === null
      ? null
      : { operation, index, end: null, isCall: false, ...links };
    const call: Entry<Op> = { operation, index, end, isCall: true, ...links };
    const calls = { timeMs: callMs, entry: call };
    return end === null ? [calls] : [calls, { timeMs: returnMs!, entry: end }];
  });
  timed.sort((a, b) =>
    a.timeMs - b.timeMs || Number(b.entry.isCall) - Number(a.entry.isCall) ||
    a.entry.index - b.entry.index
  );
  let calls = 0;
  const head: Entry<Op> = {
    operation: null,
    index: -1,
    end: null,
    isCall: false,
    before: null,
    after: null,
  };
  let last = head;
  for (const { entry } of timed) {
    if (entry.isCall) entry.index = calls++;
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

/**
 * Names the set of calls that took effect, this one included: the highest place, and the places below it
 * that are still in the list. Few calls overlap, so the name is short however long the history is.
 */
function waitingUntil<Op>(place: number, head: Entry<Op>, taken: Entry<Op>): string {
  let places = "";
  for (let entry = head.after; entry; entry = entry.after) {
    if (!entry.isCall || entry === taken) continue;
    if (entry.index > place) break;
    places += `,${entry.index}`;
  }
  return places;
}

function isAdded(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** Takes a call and its return out of the list. */
function lift<Op>(call: Entry<Op>): void {
  for (const entry of [call, call.end]) {
    if (!entry) continue;
    entry.before!.after = entry.after;
    if (entry.after) entry.after.before = entry.before;
  }
}

/** Undoes `lift`, in the opposite order. */
function putBack<Op>(call: Entry<Op>): void {
  for (const entry of [call.end, call]) {
    if (!entry) continue;
    entry.before!.after = entry;
    if (entry.after) entry.after.before = entry;
  }
}

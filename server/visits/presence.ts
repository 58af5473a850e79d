/**
 * Who is logged in where. A second log-in elsewhere is allowed, and each visit gets the names of the
 * others: nobody acts in a customer's name unseen.
 */

interface Present {
  /** The terminal's name. */
  readonly terminal: string;
  /** Called with the names of the other terminals whenever they change. */
  readonly onElsewhereChanged: (terminals: string[]) => void;
  /** Ends the visit. */
  readonly end: () => void;
}

/** A visit's place among the visits of its customer. */
export interface PresentVisit {
  /** The names of the other terminals where the customer is logged in. */
  elsewhere(): string[];
  endOthers(): void;
  /** May be called again. */
  leave(): void;
}

export class Presence {
  readonly #visits = new Map<string, Set<Present>>();

  /** Adds a visit, until it leaves. */
  enter(username: string, visit: Present): PresentVisit {
    const visits = this.#visits.get(username) ?? new Set();
    this.#visits.set(username, visits.add(visit));
    notifyOthers(visits, visit);
    return {
      elsewhere: () => namesOfOthers(visits, visit),
      endOthers: () => {
        for (const other of [...visits]) if (other !== visit) other.end();
      },
      leave: () => {
        if (!visits.delete(visit)) return;
        if (visits.size === 0) this.#visits.delete(username);
        notifyOthers(visits, visit);
      },
    };
  }
}

function notifyOthers(visits: Set<Present>, changed: Present): void {
  for (const visit of visits) {
    if (visit !== changed) visit.onElsewhereChanged(namesOfOthers(visits, visit));
  }
}

function namesOfOthers(visits: Set<Present>, mine: Present): string[] {
  return [...visits].filter((visit) => visit !== mine).map(({ terminal }) => terminal).sort();
}

/**
 * Who is logged in where. A second log-in elsewhere is allowed, and each visit is told of the others:
 * nobody is there in a customer's name unseen.
 */

interface Present {
  readonly terminal: string;
  /** Told where else the customer is, whenever that changes. */
  readonly told: (elsewhere: string[]) => void;
  /** The bank ends the visit. */
  readonly ended: () => void;
}

export class Presence {
  readonly #visits = new Map<string, Set<Present>>();

  /** A visit begins: what tells where else its customer is, by terminals' names, and what to call at its end. */
  enter(
    username: string,
    visit: Present,
  ): { elsewhere: () => string[]; leave: () => void; endOthers: () => void } {
    const visits = this.#visits.get(username) ?? new Set();
    this.#visits.set(username, visits.add(visit));
    this.#tell(visits, visit);
    return {
      elsewhere: () => namesOfOthers(visits, visit),
      endOthers: () => {
        for (const other of [...visits]) if (other !== visit) other.ended();
      },
      leave: () => {
        if (!visits.delete(visit)) return;
        if (visits.size === 0) this.#visits.delete(username);
        this.#tell(visits, visit);
      },
    };
  }

  #tell(visits: Set<Present>, changed: Present): void {
    for (const visit of visits) {
      if (visit !== changed) visit.told(namesOfOthers(visits, visit));
    }
  }
}

function namesOfOthers(visits: Set<Present>, mine: Present): string[] {
  return [...visits].filter((visit) => visit !== mine).map(({ terminal }) => terminal).sort();
}

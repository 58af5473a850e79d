/**
 * Tracks where each customer is logged in. A second log-in at another terminal is allowed, and each
 * visit receives the names of the others, so that the customer notices a stranger's visit.
 */

interface Present {
  /** The terminal's name. */
  readonly terminal: string;
  /** The version of the customer's password that the visit is bound to. */
  readonly passwordVersion: () => number;
  /** Called with the names of the other terminals whenever they change. */
  readonly onElsewhereChanged: (terminals: string[]) => void;
  /** Ends the visit. */
  readonly end: () => void;
}

/** One visit among those of its customer. */
export interface PresentVisit {
  /** Returns the names of the other terminals where the customer is logged in. */
  elsewhere(): string[];
  /** Removes the visit; may be called again. */
  leave(): void;
}

export class Presence {
  readonly #visits = new Map<string, Set<Present>>();
  /** Terminals at other servers, for customers who are logged in here. */
  readonly #atOthers = new Map<string, readonly string[]>();

  /** Returns the customers who are logged in at this server. */
  get usernames(): string[] {
    return [...this.#visits.keys()];
  }

  /** Adds a visit, until it leaves. */
  enter(username: string, visit: Present): PresentVisit {
    const visits = this.#visits.get(username) ?? new Set();
    this.#visits.set(username, visits.add(visit));
    this.#notifyOthers(username, visit);
    return {
      elsewhere: () => this.#namesOfOthers(username, visit),
      leave: () => {
        if (!visits.delete(visit)) return;
        if (visits.size === 0) {
          this.#visits.delete(username);
          this.#atOthers.delete(username);
        }
        this.#notifyOthers(username, visit);
      },
    };
  }

  /** Called with the terminals at other servers where a customer is logged in. */
  setAtOthers(username: string, terminals: readonly string[]): void {
    const before = this.#atOthers.get(username) ?? [];
    if (!this.#visits.has(username) || before.join("\n") === terminals.join("\n")) return;
    this.#atOthers.set(username, terminals);
    this.#notifyOthers(username);
  }

  /** Ends the visits that are bound to an older password. */
  onPasswordVersion(username: string, version: number): void {
    for (const visit of [...this.#visits.get(username) ?? []]) {
      if (visit.passwordVersion() < version) visit.end();
    }
  }

  #notifyOthers(username: string, changed?: Present): void {
    for (const visit of this.#visits.get(username) ?? []) {
      if (visit !== changed) visit.onElsewhereChanged(this.#namesOfOthers(username, visit));
    }
  }

  #namesOfOthers(username: string, mine: Present): string[] {
    const here = [...this.#visits.get(username) ?? []].filter((visit) => visit !== mine);
    const others = this.#atOthers.get(username) ?? [];
    return [...here.map(({ terminal }) => terminal), ...others].sort();
  }
}

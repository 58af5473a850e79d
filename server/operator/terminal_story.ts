/** `show_terminal`: what the log has of a terminal, a page at a time. */
import { consoleRowsMax } from "../../lib/limits.ts";
import { placeText } from "../audit/entry.ts";
import type { Handlers } from "./request.ts";
import { entryNews } from "./search_log.ts";
import { requireName, requirePlace } from "./words.ts";

export const terminalStoryCommands: Handlers<"show_terminal"> = {
  async *show_terminal({ ledger: { read }, auditKeys }, { name, before: beforeText }) {
    requireName(name);
    const before = beforeText === undefined ? null : requirePlace(beforeText);
    const chainIds = new Map((await read.chains()).map(({ number, id }) => [number, id]));
    const indexes = auditKeys.indexesOf(`terminal ${name}`);
    const stored = await read.entriesOf(indexes, before, consoleRowsMax + 1);
    for (const each of stored.slice(0, consoleRowsMax)) {
      const entry = auditKeys.open(each, chainIds.get(each.chain)!);
      if (entry === null) continue; // `verify` finds it
      yield { line: JSON.stringify(entryNews(each, entry)) };
    }
    if (stored.length > consoleRowsMax) yield { next: placeText(stored[consoleRowsMax - 1]!) };
  },
};

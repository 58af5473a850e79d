/** Lines of the operator's log: events with a level, as readable text or as JSON. */

export type LogLevel = "info" | "warning" | "error";

/** How the operator's log is written. */
export type LogForm = "text" | "json";
export const logForms = ["text", "json"] as const satisfies readonly LogForm[];

/** An event of the operator's log. It names no customer and no account, and has no secret. */
export interface LogEvent {
  level: LogLevel;
  /** Its name for machines: `start`, `terminal_lost`. */
  event: string;
  /** Its sentence for people. */
  line: string;
  /** Further facts for machines. */
  facts?: Readonly<Record<string, string | number | boolean>>;
}

/** The event of a line that has no name: a failure, for people. */
export const failureEvent = (line: string): LogEvent => ({
  level: "warning",
  event: "failure",
  line,
});

/** Returns an event as one line, without its end. */
export function formatLogEvent(
  { level, event, line, facts }: LogEvent,
  timeMs: number,
  form: LogForm,
): string {
  const time = new Date(timeMs).toISOString();
  if (form === "json") return JSON.stringify({ time, level, event, message: line, ...facts });
  return `${time} ${level === "info" ? "" : `${level}: `}${line}`;
}

/** The flags for the display of an ATM's screens. */
import { type Command, Option } from "@commander-js/extra-typings";
import { languageCodes } from "../../lib/atm.ts";
import type { Screens } from "./launch.ts";

const heading = "The screens:";

/** Adds the flags to a command. */
export function withScreens(command: Command) {
  const window = new Option("--window", "a window, or exit code 1 if none opens");
  const kiosk = new Option("--kiosk", "a window over the whole screen that customers can't close");
  const language = new Option(
    "--language <CODE>",
    "the language, until a customer chooses another",
  );
  return command
    .addOption(language.choices(languageCodes).default("en" as const).helpGroup(heading))
    .addOption(window.conflicts(["browser", "open"]).helpGroup(heading))
    .addOption(new Option("--browser", "the browser, rather than a window").helpGroup(heading))
    .addOption(kiosk.conflicts(["browser", "open"]).helpGroup(heading))
    .addOption(
      new Option("--printer <NAME>", "the printer for receipts, as lp has it").helpGroup(heading),
    )
    .addOption(new Option("--no-open", "open nothing: print a link").helpGroup(heading))
    .addOption(
      new Option("--json", "print one line of JSON once everything is ready").helpGroup(heading),
    );
}

export function screensOf(
  { language, window, browser, kiosk, printer, open, json }: ReturnType<
    ReturnType<typeof withScreens>["opts"]
  >,
): Screens {
  return {
    language,
    in: window || kiosk ? "window" : browser || !open ? "browser" : "either",
    kiosk: kiosk ?? false,
    open,
    ...(printer !== undefined && { printer }),
    json: json ?? false,
  };
}

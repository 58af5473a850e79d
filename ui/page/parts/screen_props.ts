import type { AtmView } from "../../../lib/atm.ts";
import type { Intent, Screen, ScreenName, State } from "../state/model.ts";
import type { Words } from "../words/words.ts";

/** The props of every screen. */
export interface ScreenProps<Name extends ScreenName> {
  screen: Extract<Screen, { name: Name }>;
  state: State;
  send: (intent: Intent) => void;
  words: Words;
}

/** The props of a screen that is shown only once there is a view. */
export interface ViewScreenProps<Name extends ScreenName> extends ScreenProps<Name> {
  view: AtmView;
}

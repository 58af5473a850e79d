import type { AtmView } from "../../../lib/atm.ts";
import type { Intent, Screen, ScreenName, State } from "../state/model.ts";
import type { Words } from "../words/words.ts";

/** What every screen is given. */
export interface ScreenProps<Name extends ScreenName> {
  screen: Extract<Screen, { name: Name }>;
  state: State;
  send: (intent: Intent) => void;
  words: Words;
}

/** What a screen is given that is shown only once the machine has told its view. */
export interface ViewScreenProps<Name extends ScreenName> extends ScreenProps<Name> {
  view: AtmView;
}

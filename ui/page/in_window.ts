/** The page's entry in a native window. */
import { platformSpeaker } from "./speech.ts";
import { startShell } from "./shell.ts";
import { type BoundFunction, openWindowBridge } from "./bridge/window_bridge.ts";
import { wordsOf } from "./words/words.ts";

const { strongroom } = globalThis as unknown as { strongroom: BoundFunction };
const root = document.getElementById("app")!;
const secret = root.dataset.secret!;
delete root.dataset.secret;
startShell(openWindowBridge(strongroom, secret), root, wordsOf(document), {
  speaker: platformSpeaker(),
});

/** The page's entry in a browser. */
import { keepLaunchSecret, openBrowserBridge, takeLaunchSecret } from "./bridge/browser_bridge.ts";
import { platformSpeaker } from "./speech.ts";
import { startShell } from "./shell.ts";
import { wordsOf } from "./words/words.ts";

const bridge = openBrowserBridge({
  fetch: (input, init) => fetch(input, init),
  launchSecret: takeLaunchSecret(),
  keepLaunchSecret,
});
startShell(bridge, document.getElementById("app")!, wordsOf(document), {
  print: () => print(),
  speaker: platformSpeaker(),
});

/**
 * The bridge of a page in a browser: fetch to the loopback host (`ui/window/browser_host.ts`) that
 * served it. The page's secret lives in this closure and nowhere else; the tab's storage has a launch
 * secret, usable once, with which the page opens again after a reload.
 */
import type { AtmCalls, AtmView } from "../../../lib/atm.ts";
import type { Answer, Bridge, Calls, DisconnectReason, NumberedView } from "./bridge.ts";
import { bridgeLife } from "./bridge_life.ts";

/** What the bridge needs of the browser. */
export interface Browser {
  fetch: typeof fetch;
  /** The launch secret from the address, which has been removed there; empty when there was none. */
  launchSecret: string;
  keepLaunchSecret(secret: string): void;
}

const againName = "again";

/** Takes the launch secret out of the address bar and the history at once; after a reload, the tab's. */
export function takeLaunchSecret(): string {
  const secret = location.hash.slice(1) || sessionStorage.getItem(againName) || "";
  sessionStorage.removeItem(againName);
  history.replaceState(null, "", location.pathname);
  return secret;
}

/** Keeps the launch secret for a reload of this tab. */
export function keepLaunchSecret(secret: string): void {
  sessionStorage.setItem(againName, secret);
}

/** The host's answer to `/open`; has a view unless a customer's visit was still ending. */
interface Opened<View> extends Partial<NumberedView<View>> {
  secret: string;
  again: string;
}

export function openBrowserBridge<Machine extends Calls<Machine> = AtmCalls, View = AtmView>(
  browser: Browser,
): Bridge<Machine, View> {
  const { disconnect, guarded, never, onDisconnected, onView, view, alive, ended } = bridgeLife<
    View
  >();

  const post = async (path: string, headers: HeadersInit, body?: string) => {
    const response = await browser.fetch(path, {
      method: "POST",
      headers,
      body,
      signal: ended,
      credentials: "omit",
      redirect: "error",
    });
    if (response.ok) return response;
    disconnect(
      response.status === 403 ? (path === "/open" ? "link_used" : "opened_elsewhere") : "stopped",
    );
    return never;
  };

  const opened = guarded(async () => {
    if (!browser.launchSecret) {
      await Promise.resolve(); // lets the page set its listeners first
      disconnect("link_used");
      return never;
    }
    const response = await post("/open", { "x-launch-secret": browser.launchSecret });
    const { secret, again, ...first } = await response.json() as Opened<View>;
    browser.keepLaunchSecret(again);
    if (first.view) view(first as NumberedView<View>);
    return secret;
  });

  const followStream = () =>
    guarded(async () => {
      const response = await post("/watch", { "x-page-secret": await opened });
      alive();
      for await (const line of lines(response.body!)) {
        alive();
        if (line === "") continue;
        const message = JSON.parse(line) as NumberedView<View> | { disconnected: DisconnectReason };
        if ("disconnected" in message) disconnect(message.disconnected);
        else view(message);
      }
      disconnect("stopped");
    });

  return {
    call: (name, args) =>
      guarded(async () => {
        const headers = { "x-page-secret": await opened, "content-type": "application/json" };
        const response = await post(`/call/${String(name)}`, headers, JSON.stringify(args));
        const answer = await response.json() as Answer<View>;
        view(answer);
        return answer.value as never;
      }),
    watch(listener) {
      onView(listener);
      void followStream();
    },
    onDisconnected,
  };
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const complete = rest.split("\n");
    rest = complete.pop() ?? "";
    yield* complete;
  }
}

/** Each rule of the browser host, tried to be broken over a bare socket, as no browser would. */
import { atmMachine } from "../../../ui/window/calls.ts";
import { pageCallsMax, pageRequestLengthMax, pageStrangersMax } from "../../../lib/limits.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  type BrowserHost,
  type BrowserHostOptions,
  openFile,
  startBrowserHost,
} from "../../../ui/window/browser_host.ts";
import type { Answer, NumberedView } from "../../../ui/page/bridge/bridge.ts";
import { randomBytes } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";

const page = { html: "<!doctype html><title>page</title>", script: "/* page */", style: "a{}" };

interface Tried {
  status: number;
  headers: Headers;
  body: string;
}

interface Host extends BrowserHost {
  scripted: ScriptedAtm;
  errors: unknown[];
  authority: string;
  /** One request on a new connection; headers are sent exactly as given. */
  send(line: string, headers: Record<string, string>, body?: string): Promise<Tried>;
  /** Returns a POST as the page makes it. */
  post(path: string, headers?: Record<string, string>, body?: string): Promise<Tried>;
  /** Opens the page: its secret. */
  open(): Promise<string>;
  /** Returns a call as the page makes it. */
  call(secret: string, name: string, body: unknown): Promise<Tried>;
  stop(): Promise<void>;
}

function startHost(options: Partial<BrowserHostOptions> = {}): Host {
  const scripted = new ScriptedAtm();
  const ending = new AbortController();
  const errors: unknown[] = [];
  const host = startBrowserHost({
    machine: atmMachine(scripted),
    page,
    randomBytes,
    signal: ending.signal,
    onError: (error) => errors.push(error),
    disconnectedMsMax: 50,
    heartbeatMs: 30,
    ...options,
  });
  const authority = new URL(host.origin).host;
  const send: Host["send"] = (line, headers, body = "") =>
    sendRaw(Number(authority.split(":")[1]), line, headers, body);
  const post: Host["post"] = (path, headers = {}, body) =>
    send(`POST ${path}`, { host: authority, origin: host.origin, ...headers }, body);
  return {
    ...host,
    scripted,
    errors,
    authority,
    send,
    post,
    async open() {
      const tried = await post("/open", { "x-launch-secret": secretOf(host.newLink()) });
      assertEquals(tried.status, 200);
      return JSON.parse(tried.body).secret;
    },
    call: (secret, name, body) =>
      post(`/call/${name}`, { "x-page-secret": secret }, JSON.stringify(body)),
    async stop() {
      ending.abort();
      await host.finished;
    },
  };
}

const secretOf = (link: string) => new URL(link).hash.slice(1);

/** Sends HTTP requests: sets the headers that `fetch` forbids (Host, Origin). */
async function sendRaw(
  port: number,
  line: string,
  headers: Record<string, string>,
  body: string,
): Promise<Tried> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const all = { connection: "close", "content-length": String(body.length), ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bytes = new TextEncoder().encode(`${line} HTTP/1.1\r\n${head}\r\n${body}`);
  await connection.write(bytes).catch(() => {}); // a refused body may be cut while it is sent
  const [top = "", ...rest] = (await readAll(connection)).split("\r\n\r\n");
  const [status = "", ...lines] = top.split("\r\n");
  return {
    status: Number(status.split(" ")[1]),
    headers: new Headers(
      lines.map((each) => each.split(/: (.*)/s).slice(0, 2) as [string, string]),
    ),
    body: rest.join("\r\n\r\n"),
  };
}

async function readAll(connection: Deno.Conn): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const read = await connection.read(buffer).catch(() => null);
    if (read === null) return text;
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
  }
}

/** Runs a test with a new host. */
function withHost(
  name: string,
  test: (host: Host, t: Deno.TestContext) => Promise<void>,
  options: Partial<BrowserHostOptions> = {},
): void {
  Deno.test(`browser host ${name}`, async (t) => {
    const host = startHost(options);
    try {
      await test(host, t);
    } finally {
      await host.stop();
    }
  });
}

/** Returns the lines of a stream, one at a time; empty ones are heartbeats. */
async function watch(host: Host, secret: string) {
  const response = await fetch(`${host.origin}/watch`, {
    method: "POST",
    headers: { origin: host.origin, "x-page-secret": secret },
  });
  assertEquals(response.status, 200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let done = false;
  return {
    async line(): Promise<string | null> {
      while (!text.includes("\n") && !done) {
        const read = await reader.read();
        done = read.done;
        text += read.value ?? "";
      }
      if (!text.includes("\n")) return null;
      const [line = "", ...rest] = text.split("\n");
      text = rest.join("\n");
      return line;
    },
    async next(): Promise<NumberedView & { disconnected?: string }> {
      for (;;) {
        const line = await this.line();
        assert(line !== null, "the stream goes on");
        if (line) return JSON.parse(line);
      }
    },
    close: () => reader.cancel(),
  };
}

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

withHost(
  "listens on loopback alone, and its link keeps the secret in the fragment",
  async (host) => {
    const link = new URL(host.newLink());
    assertEquals(link.hostname, "127.0.0.1");
    assertEquals([link.pathname, link.search], ["/", ""]);
    assert(/^#[\w-]{43}$/.test(link.hash), "256 bits");
    assertNotEquals(link.href, host.newLink());
    const elsewhere = Deno.networkInterfaces().find(({ address, family }) =>
      family === "IPv4" && !address.startsWith("127.")
    );
    if (!elsewhere) return;
    const connected = await Deno.connect({ hostname: elsewhere.address, port: Number(link.port) })
      .then((connection) => (connection.close(), true), () => false);
    assertEquals(connected, false);
  },
);

withHost("serves the page's three texts and nothing else", async (host, t) => {
  const rows: [line: string, status: number][] = [
    ["GET /", 200],
    ["GET /page.js", 200],
    ["GET /page.css", 200],
    ["GET /main.ts", 404],
    ["GET /..%2f..%2fdeno.json", 404],
    ["GET /../../deno.json", 404],
    ["GET //", 404],
    ["GET /page.js?x", 404],
    ["GET /favicon.ico", 404],
    ["POST /", 405],
    ["HEAD /", 405],
    ["OPTIONS /open", 405],
    ["GET /open", 405],
    ["GET /watch", 405],
    ["GET /call/touch", 405],
    ["PUT /call/touch", 405],
  ];
  for (const [line, status] of rows) {
    await t.step(`${line} is ${status}`, async () => {
      const headers = { host: host.authority, origin: host.origin };
      assertEquals((await host.send(line, headers)).status, status);
    });
  }
});

withHost("sends its headers with every response, refused or not", async (host, t) => {
  const secret = await host.open();
  host.scripted.touch = () => Promise.reject(new Error("inside"));
  const responses = {
    "page": host.send("GET /", { host: host.authority }),
    "script": host.send("GET /page.js", { host: host.authority }),
    "not found": host.send("GET /nothing", { host: host.authority }),
    "wrong host": host.send("GET /", { host: "evil.example" }),
    "refused": host.post("/call/touch"),
    "opened": host.post("/open", { "x-launch-secret": secretOf(host.newLink()) }),
    "bad arguments": host.call(secret, "withdraw", []),
    "inside": host.call(secret, "touch", []),
  };
  for (const [name, response] of Object.entries(responses)) {
    await t.step(name, async () => {
      const { headers } = await response;
      const policy = headers.get("content-security-policy") ?? "";
      for (
        const rule of [
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
        ]
      ) assert(policy.split("; ").includes(rule), rule);
      assert(!policy.includes("unsafe"));
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertEquals(headers.get("referrer-policy"), "no-referrer");
      assertEquals(headers.get("cache-control"), "no-store");
      assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
      assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
      assertEquals(headers.get("access-control-allow-origin"), null);
    });
  }
});

withHost("answers only to its own Host", async (host, t) => {
  const port = host.authority.split(":")[1];
  const rows = [
    "evil.example",
    `evil.example:${port}`,
    `localhost:${port}`,
    "127.0.0.1",
    `127.0.0.1:${Number(port) + 1}`,
    `127.0.0.1:${port}.evil.example`,
    `[::1]:${port}`,
    "",
  ];
  for (const name of rows) {
    await t.step(`${name || "none"} is refused`, async () => {
      const { status } = await host.send("GET /", { host: name });
      assert(status === 421 || (name === "" && status === 400), String(status));
      const opening = {
        host: name,
        origin: host.origin,
        "x-launch-secret": secretOf(host.newLink()),
      };
      assertNotEquals((await host.send("POST /open", opening)).status, 200);
    });
  }
  await t.step("a foreign target with the right Host is refused", async () => {
    const { status } = await host.send("GET http://evil.example/", { host: host.authority });
    assertEquals(status, 421);
  });
});

withHost("takes a POST only from its own Origin", async (host, t) => {
  const secret = await host.open();
  const origins = [
    undefined,
    "",
    "null",
    "http://evil.example",
    `http://localhost:${host.authority.split(":")[1]}`,
    `https://${host.authority}`,
    `${host.origin}/`,
    `${host.origin}.evil.example`,
  ];
  for (const origin of origins) {
    await t.step(`${origin} is refused`, async () => {
      const headers: Record<string, string> = {
        host: host.authority,
        "x-launch-secret": secretOf(host.newLink()),
        "x-page-secret": secret,
      };
      if (origin !== undefined) headers.origin = origin;
      for (const path of ["/open", "/watch", "/call/touch"]) {
        assertEquals((await host.send(`POST ${path}`, headers, "[]")).status, 403, path);
      }
    });
  }
  assertEquals(host.scripted.calls, []);
});

withHost("takes a launch secret once", async (host, t) => {
  const secret = secretOf(host.newLink());
  await t.step("a wrong one, a shorter one, none: 403", async () => {
    for (const wrong of ["x", secret.slice(1), `${secret}x`, "A".repeat(43)]) {
      assertEquals((await host.post("/open", { "x-launch-secret": wrong })).status, 403);
    }
    assertEquals((await host.post("/open")).status, 403);
  });
  await t.step("in a query it is worth nothing", async () => {
    assertEquals((await host.post(`/open?secret=${secret}`)).status, 404);
    assertEquals((await host.send(`GET /?${secret}`, { host: host.authority })).status, 404);
  });
  await t.step("the right one opens, and then no more", async () => {
    const first = await host.post("/open", { "x-launch-secret": secret });
    assertEquals(first.status, 200);
    assertNotEquals(JSON.parse(first.body).secret, secret);
    assertEquals((await host.post("/open", { "x-launch-secret": secret })).status, 403);
  });
  await t.step("of many unused ones the oldest are forgotten", async () => {
    const oldest = secretOf(host.newLink());
    const younger = Array.from({ length: 8 }, () => secretOf(host.newLink()));
    assertEquals((await host.post("/open", { "x-launch-secret": oldest })).status, 403);
    assertEquals((await host.post("/open", { "x-launch-secret": younger[0]! })).status, 200);
  });
});

withHost(
  "the answer that opens a page has the first view, but not that of another's visit",
  async (host) => {
    const opened = async () =>
      JSON.parse((await host.post("/open", { "x-launch-secret": secretOf(host.newLink()) })).body);
    assertEquals((await opened()).view.bankName, host.scripted.view().bankName);
    await host.scripted.logIn("alice", "correct horse");
    host.scripted.logOut = () => new Promise(() => {});
    const second = await opened();
    assert(second.secret);
    assertEquals([second.view, second.number], [undefined, undefined]);
  },
);

withHost("calls nothing without the page's own secret", async (host, t) => {
  const launch = secretOf(host.newLink());
  const secret = await host.open();
  for (const wrong of ["", "x", secret.slice(0, -1), `${secret}x`, launch, "A".repeat(43)]) {
    await t.step(`${wrong.length} characters that are not it`, async () => {
      assertEquals((await host.call(wrong, "logOut", [])).status, 403);
      assertEquals((await host.post("/watch", { "x-page-secret": wrong })).status, 403);
    });
  }
  await t.step("in the body or the query it is worth nothing", async () => {
    assertEquals((await host.post("/call/logOut", {}, JSON.stringify([secret]))).status, 403);
    assertEquals((await host.post(`/call/logOut?x-page-secret=${secret}`)).status, 404);
  });
  assertEquals(host.scripted.calls, []);
});

withHost("calls only what a page may call", async (host, t) => {
  const secret = await host.open();
  const names = [
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "view",
    "watch",
    "change",
    "loseBank",
    "LogOut",
    "logout",
    "",
    "%6cogOut/x",
    "logOut/",
  ];
  for (const name of names) {
    await t.step(`${JSON.stringify(name)} is 404`, async () => {
      assertEquals((await host.call(secret, name, [])).status, 404);
    });
  }
  assertEquals(host.scripted.calls, []);
  assertEquals(host.scripted.view().bank, "online");
});

Deno.test("browser host reports a page that asks for what no page asks for, once", async () => {
  let count = 0;
  const host = startHost({ onRefused: () => void count++ });
  try {
    await host.call("x", "no_call", []);
    assertEquals(count, 0, "a stranger");
    const secret = await host.open();
    await host.call(secret, "touch", []);
    assertEquals(count, 0);
    await host.call(secret, "touch", [1]);
    await host.call(secret, "no_call", []);
    assertEquals(count, 1);
    await host.call(await host.open(), "no_call", []);
    assertEquals(count, 2);
  } finally {
    await host.stop();
  }
});

withHost("checks arguments before the machine sees them", async (host, t) => {
  const secret = await host.open();
  const long = "x".repeat(600);
  const rows: [name: string, args: unknown][] = [
    ["logIn", []],
    ["logIn", ["alice"]],
    ["logIn", ["", "x"]],
    ["logIn", ["alice", 7]],
    ["logIn", [{ toString: "alice" }, "x"]],
    ["logIn", ["alice", "x", "more"]],
    ["logIn", [long, "x"]],
    ["logIn", ["alice", long]],
    ["logIn", { 0: "alice", 1: "x", length: 2 }],
    ["logIn", "alice"],
    ["logIn", null],
    ["logOut", [1]],
    ["touch", [null]],
    ["withdraw", [2000]],
    ["withdraw", ["20.00"]],
    ["withdraw", ["2e3"]],
    ["withdraw", ["0x20"]],
    ["withdraw", [" 2000"]],
    ["withdraw", ["2000", "2000"]],
    ["withdraw", ["9".repeat(19)]],
    ["withdraw", [["2000"]]],
    ["depositOpen", [true]],
    ["depositConfirm", [{}]],
    ["depositCancel", ["x"]],
    ["history", []],
    ["history", [null]],
    ["history", [[]]],
    ["history", ["x"]],
    ["history", [{ kind: "everything" }]],
    ["history", [{ kind: ["deposit"] }]],
    ["history", [{ outcome: "" }]],
    ["history", [{ text: "x".repeat(65) }]],
    ["history", [{ text: 1 }]],
    ["history", [{ from: "yesterday" }]],
    ["history", [{ before: "2026-13-45T00:00:00Z" }]],
    ["history", [{ customer: "bob" }]],
    ["history", [JSON.parse('{"__proto__": {"kind": "deposit"}}')]],
    ["history", [{}, 7]],
    ["history", [{}, long]],
    ["history", [{}, "8", "more"]],
    ["insertNote", [1000]],
    ["insertNote", []],
  ];
  for (const [name, args] of rows) {
    await t.step(`${name}(${JSON.stringify(args).slice(0, 60)}) is 400`, async () => {
      const { status, body } = await host.call(secret, name, args);
      assertEquals([status, body], [400, ""]);
    });
  }
  await t.step("what is no JSON is 400", async () => {
    const { status } = await host.post("/call/touch", { "x-page-secret": secret }, "[");
    assertEquals(status, 400);
  });
  assertEquals(host.scripted.calls, []);
});

withHost("takes no body larger than a call can be", async (host, t) => {
  const secret = await host.open();
  const large = JSON.stringify([{}, "x".repeat(pageRequestLengthMax)]);
  await t.step("as announced", async () => {
    const { status } = await host.post("/call/history", { "x-page-secret": secret }, large);
    assertEquals(status, 413);
  });
  await t.step("in chunks, without a word of its length", async () => {
    const response = await fetch(`${host.origin}/call/history`, {
      method: "POST",
      headers: { origin: host.origin, "x-page-secret": secret },
      body: new Blob([large]).stream(),
    });
    await response.body?.cancel();
    assertEquals(response.status, 411);
  });
  assertEquals(host.scripted.calls, []);
});

withHost("carries a call to the machine and its view back with the answer", async (host) => {
  const secret = await host.open();
  const answered = await host.call(secret, "logIn", ["alice", "correct horse"]);
  const answer: Answer = JSON.parse(answered.body);
  assertEquals(answer.value, { outcome: "ok" });
  assertEquals(answer.view.visit?.username, "alice");
  assert(answer.number > 0);
  assertEquals(host.scripted.calls, ["logIn alice"]);
  const filtered = await host.call(secret, "history", [{ kind: "log-in", text: "log" }, null]);
  assertEquals(JSON.parse(filtered.body).value.entries.length, 1);
});

withHost("answers nothing about its own errors", async (host) => {
  const secret = await host.open();
  const failure = new Error("the journal at /secret/place is broken");
  host.scripted.withdraw = () => Promise.reject(failure);
  const { status, body } = await host.call(secret, "withdraw", ["2000"]);
  assertEquals([status, body], [500, ""]);
  assertEquals(host.errors, [failure]);
});

withHost("bounds the calls under way", async (host) => {
  const secret = await host.open();
  let release = () => {};
  host.scripted.gate = new Promise((resolve) => release = resolve);
  const calls = Array.from(
    { length: pageCallsMax },
    () => host.call(secret, "history", [{}]),
  );
  while (host.scripted.calls.length < pageCallsMax) await soon(5);
  assertEquals((await host.call(secret, "history", [{}])).status, 503);
  release();
  for (const call of calls) assertEquals((await call).status, 200);
});

withHost("streams every change of the view, and a heartbeat", async (host) => {
  const secret = await host.open();
  const stream = await watch(host, secret);
  const first = await stream.next();
  assertEquals(first.view.bank, "online");
  host.scripted.change({ bank: "lost" });
  const second = await stream.next();
  assertEquals(second.view.bank, "lost");
  assert(second.number > first.number);
  assertEquals(await stream.line(), "");
  await stream.close();
});

withHost("lets the page that opens last take over, and ends the visit before it", async (host) => {
  const old = await host.open();
  const stream = await watch(host, old);
  await stream.next();
  await host.call(old, "logIn", ["alice", "correct horse"]);
  await stream.next();
  const young = await host.open();
  assertEquals((await stream.next()).disconnected, "opened_elsewhere");
  assertEquals(host.scripted.view().visit, null);
  assertEquals((await host.call(old, "touch", [])).status, 403);
  assertEquals((await host.call(young, "touch", [])).status, 200);
}, { disconnectedMsMax: 60_000 });

/** Opens with a launch secret; returns the page's two secrets, or the status of the refusal. */
async function openWith(host: Host, launchSecret: string) {
  const { status, body } = await host.post("/open", { "x-launch-secret": launchSecret });
  return status === 200 ? JSON.parse(body) as { secret: string; again: string } : status;
}

type Opened = { secret: string; again: string };

withHost("lets a page open again, once, until another link has opened one", async (host) => {
  const first = await openWith(host, secretOf(host.newLink())) as Opened;
  const reloaded = await openWith(host, first.again) as Opened;
  assertEquals(await openWith(host, first.again), 403);
  assertEquals((await host.call(reloaded.secret, "touch", [])).status, 200);
  const other = await openWith(host, secretOf(host.newLink())) as Opened;
  assertEquals(await openWith(host, reloaded.again), 403);
  assertEquals((await host.call(other.secret, "touch", [])).status, 200);
});

Deno.test("browser host ends, at a lock, a page that was opened instead of another one", async () => {
  const atm = new ScriptedAtm();
  let isLocked = false;
  const host = startHost({ machine: { ...atmMachine(atm), isLocked: () => isLocked } });
  const lock = (to: boolean) => {
    isLocked = to;
    atm.change({});
  };
  const mayCall = async ({ secret }: Opened) =>
    (await host.call(secret, "touch", [])).status === 200;
  try {
    const first = await openWith(host, secretOf(host.newLink())) as Opened;
    lock(true);
    const locked = await openWith(host, first.again) as Opened;
    lock(false);
    assert(await mayCall(locked), "the only page is back after the lock, reloaded or not");

    const thief = await openWith(host, secretOf(host.newLink())) as Opened;
    const reloaded = await openWith(host, thief.again) as Opened;
    const stream = await watch(host, reloaded.secret);
    await stream.next();
    lock(true);
    assertEquals((await stream.next()).disconnected, "link_used");
    lock(false);
    assert(!await mayCall(reloaded));
    assertEquals(await openWith(host, reloaded.again), 403);
    assertEquals(await openWith(host, locked.again), 403);

    const next = await openWith(host, secretOf(host.newLink())) as Opened;
    lock(true);
    lock(false);
    assert(await mayCall(next), "it took nobody's place");
  } finally {
    await host.stop();
  }
});

withHost("makes no call whose page has been replaced before the call was whole", async (host) => {
  const old = await host.open();
  const port = Number(host.authority.split(":")[1]);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `POST /call/touch HTTP/1.1\r\nhost: ${host.authority}\r\n` +
    `origin: ${host.origin}\r\nx-page-secret: ${old}\r\ncontent-length: 2\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  await soon(50);
  await host.open();
  await connection.write(new TextEncoder().encode("[]"));
  assertEquals((await readAll(connection)).slice(9, 12), "403");
  assertEquals(host.scripted.calls, []);
}, { disconnectedMsMax: 60_000 });

withHost("gives no visit to the page that took over during a log-in", async (host) => {
  const old = await host.open();
  let release = () => {};
  host.scripted.gate = new Promise((resolve) => release = resolve);
  const logIn = host.call(old, "logIn", ["alice", "correct horse"]);
  while (host.scripted.calls.length === 0) await soon(5);
  await host.open();
  release();
  await logIn;
  assertEquals(host.scripted.view().visit, null);
}, { disconnectedMsMax: 60_000 });

withHost("ends the visit soon after its page has gone", async (host) => {
  const secret = await host.open();
  const stream = await watch(host, secret);
  await host.call(secret, "logIn", ["alice", "correct horse"]);
  await soon(120);
  assert(host.scripted.view().visit, "while the page is there, the visit lasts");
  await stream.close();
  await soon(300);
  assertEquals(host.scripted.view().visit, null);
  assertEquals(host.scripted.calls, ["logIn alice", "logOut"]);
});

withHost("keeps the visit of a page that is back in time", async (host) => {
  const secret = await host.open();
  const stream = await watch(host, secret);
  await host.call(secret, "logIn", ["alice", "correct horse"]);
  await stream.close();
  const again = await watch(host, secret);
  await soon(150);
  assert(host.scripted.view().visit);
  await again.close();
});

withHost("ends a visit whose page went while it logged in", async (host) => {
  const secret = await host.open();
  await host.call(secret, "logIn", ["alice", "correct horse"]);
  await soon(300);
  assertEquals(host.scripted.view().visit, null);
});

Deno.test("browser host cuts its streams and settles when it is ended", async () => {
  const host = startHost();
  const stream = await watch(host, await host.open());
  await stream.next();
  await host.stop();
  const end = stream.line().catch(() => null);
  while (await end) await stream.line().catch(() => null);
  assertEquals(await fetch(host.origin).then(() => "answered", () => "refused"), "refused");
});

Deno.test("openFile() forwards to a host's link and takes nothing else", () => {
  const link = "http://127.0.0.1:4711/#abc_DEF-123";
  assert(openFile(link).includes(`content="0;url=${link}"`));
  for (
    const wrong of ["http://evil.example/#abc", `${link}"><script>`, "javascript:alert(1)", ""]
  ) {
    assertThrows(() => openFile(wrong), TypeError);
  }
});

withHost("closes the oldest of too many strangers, and serves its page meanwhile", async (host) => {
  const secret = await host.open();
  const stream = await watch(host, secret);
  await stream.next();
  const port = Number(host.authority.split(":")[1]);
  const strangers: Deno.Conn[] = [];
  for (let count = 0; count < 2 * pageStrangersMax; count++) {
    strangers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  }
  assertEquals((await host.call(secret, "touch", [])).status, 200);
  assertEquals(await strangers[0]!.read(new Uint8Array(1)).catch(() => null), null);
  host.scripted.change({ bank: "lost" });
  assertEquals((await stream.next()).view.bank, "lost");
  for (const connection of strangers) connection.close();
  assertEquals(host.errors, []);
});

withHost("logs nothing of a page that leaves while it sends its body", async (host) => {
  const secret = await host.open();
  const port = Number(host.authority.split(":")[1]);
  for (const linger of [false, true]) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const head =
      `POST /call/history HTTP/1.1\r\nhost: ${host.authority}\r\norigin: ${host.origin}\r\n` +
      `x-page-secret: ${secret}\r\ncontent-length: 1000\r\n\r\n[{}`;
    await connection.write(new TextEncoder().encode(head));
    if (linger) await soon(50);
    connection.close();
  }
  await soon(100);
  assertEquals([host.scripted.calls, host.errors], [[], []]);
});

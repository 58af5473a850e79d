/** What the window is made of, as far as no window is needed for it. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Gate } from "../../../ui/window/gate.ts";
import { bundlePage } from "../../../ui/window/page_bundle.ts";
import { libraryName } from "../../../ui/command_line/launcher/webview_library.ts";
import { NoWindow, Webview, whyNotLoaded } from "../../../ui/window/webview.ts";
import { dataUrl, windowDocument } from "../../../ui/window/window_document.ts";

Deno.test("libraryName() is a file of the package for each system, or none", () => {
  assertEquals(libraryName("linux", "x86_64"), "libwebview-x64.so");
  assertEquals(libraryName("darwin", "aarch64"), "libwebview.dylib");
  assertEquals(libraryName("windows", "x86_64"), "libwebview.dll");
  assertEquals(libraryName("freebsd", "x86_64"), null);
});

Deno.test("whyNotLoaded() names what is missing, and the mend", () => {
  const gone = "Could not open library: libwebkitgtk-6.0.so.4: cannot open shared object file: No";
  assertMatch(
    whyNotLoaded("/cache/libwebview-x64.so", new Error(gone)),
    /^libwebkitgtk-6\.0\.so\.4 is missing\. Install .*libwebkitgtk-6\.0-4 and libvulkan1/,
  );
  const own = "Could not open library: /cache/own.so: cannot open shared object file: No such file";
  assertMatch(
    whyNotLoaded("/cache/own.so", new Error(own)),
    /^loading the web view's library failed: \/cache\/own\.so/,
  );
  assertMatch(
    whyNotLoaded("/cache/own.so", new Deno.errors.NotCapable("Requires ffi access")),
    /--allow-ffi was refused/,
  );
});

Deno.test("Webview is refused by name where there is no library", () => {
  assertThrows(() => new Webview(null, "ATM"), NoWindow, "no web view is available for");
  assertThrows(() => new Webview("/nowhere/libx.so", "ATM"), NoWindow, "failed");
});

Deno.test("Gate lets nobody through once it is shut, and passes an error on", () => {
  const gate = new Gate();
  const other = new Gate(gate.memory);
  let passed = 0;
  assert(other.pass(() => passed++));
  assertThrows(() =>
    gate.pass(() => {
      throw new Error("inside");
    })
  );
  assert(other.pass(() => passed++), "an error leaves the gate open");
  gate.shut();
  assert(!other.pass(() => passed++));
  assertEquals(passed, 2);
});

Deno.test("windowDocument() holds all of the page, and its policy lets nothing else run", async () => {
  const page = await bundlePage("in_window");
  const html = windowDocument(page, "s".repeat(43));
  assertMatch(
    html,
    /content="default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-/,
  );
  const scripts = html.match(/<script type="[^"]+"/g);
  const data = '<script type="application/json"'; // words, which nothing runs
  assertEquals(scripts, ['<script type="module"', data]);
  assert(!/(src|href)="page\./.test(html), "no file next to it");
  assert(!/connect-src|unsafe-/.test(html), "no network, nothing unhashed");
  assertThrows(() => windowDocument(page, '"><script>'), TypeError);
  assertThrows(() => windowDocument({ ...page, html: "<html></html>" }, "s".repeat(43)), Error);
  assertMatch(dataUrl(html), /^data:text\/html;charset=utf-8;base64,[\w+/=]+$/);
});

Deno.test("windowDocument() cannot be left early by what the script says", () => {
  const html = `<meta charset="utf-8"><link rel="stylesheet" href="page.css">` +
    `<script type="module" src="page.js"></script><div id="app"></div>`;
  const made = windowDocument(
    { html, script: `"</script><!--"`, style: "a{}</style>" },
    "s".repeat(43),
  );
  assertEquals(made.match(/<\/script/g)?.length, 1);
  assertEquals(made.match(/<\/style/g)?.length, 1);
  assert(!made.includes("<!--"));
});

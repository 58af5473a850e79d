/** Where the project is, and where the user stands. */

export interface Place {
  /** The project's folder. */
  project: string;
  /** The native web view's library; null where this system has none. */
  webview: string | null;
  /** Where the user started the task. */
  startedIn: string;
}

/** @param project its folder's URL */
export function placeOf(project: URL): Place {
  return {
    project: pathOf(project.href).replace(/\/$/, ""),
    webview: webviewLibrary(),
    startedIn: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  };
}

/** The web view's library, a file of an npm package that is used for nothing else. */
function webviewLibrary(): string | null {
  const own = Deno.env.get("STRONGROOM_WEBVIEW");
  if (own) return own;
  const name = libraryName(Deno.build.os, Deno.build.arch);
  return name && pathOf(import.meta.resolve(`webview-bun/build/${name}`));
}

/** The library for a system, as a file of the npm package; null where there is none. */
export function libraryName(os: string, arch: string): string | null {
  const names: Record<string, string> = {
    "linux x86_64": "libwebview-x64.so",
    "linux aarch64": "libwebview-arm64.so",
    "darwin x86_64": "libwebview.dylib",
    "darwin aarch64": "libwebview.dylib",
    "windows x86_64": "libwebview.dll",
  };
  return names[`${os} ${arch}`] ?? null;
}

function pathOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

/** Finds the native web view's library, the only file used of an npm package. */
import { pathOf } from "./paths.ts";

/** Returns its path; null if this system has none. */
export function webviewLibrary(): string | null {
  const own = Deno.env.get("STRONGROOM_WEBVIEW");
  if (own) return own;
  const name = libraryName(Deno.build.os, Deno.build.arch);
  return name && pathOf(import.meta.resolve(`webview-bun/build/${name}`));
}

/** Returns the library for a system, as a file of the npm package; null if none exists. */
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

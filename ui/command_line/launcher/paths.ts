/** Paths of the project and of the user, and network addresses. */
import type { Address } from "../../../lib/programs.ts";
import { homeVariable } from "../settings.ts";

export interface Place {
  /** The project's folder. */
  project: string;
  startedIn: string;
  /** The folder for data: `./data`, or that of `STRONGROOM_HOME`. */
  data: string;
}

/**
 * Returns the paths of a project.
 * @param project its folder's URL
 */
export function placeOf(project: URL): Place {
  const folder = pathOf(project.href).replace(/\/$/, "");
  return {
    project: folder,
    startedIn: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
    data: Deno.env.get(homeVariable) ?? `${folder}/data`,
  };
}

/** Returns the path of a file's URL. */
export function pathOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

/** Returns an address as text, an IPv6 one in brackets. */
export function addressText({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

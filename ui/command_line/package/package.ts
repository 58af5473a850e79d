/** Builds the Debian package, into the folder that is named, or the present one. */
import { say } from "../../../lib/process.ts";
import { buildPackage } from "./build_package.ts";

const out = Deno.args[0] ?? Deno.env.get("INIT_CWD") ?? Deno.cwd();
const path = await buildPackage(out);
say(`${path} is ready: 'apt install ${path}' installs it.`);

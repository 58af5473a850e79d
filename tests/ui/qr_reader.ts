/** Reads QR codes from pictures and from paper with programs of others, Debian's `zbarimg` and `pdftoppm`. */
import { assert } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

/**
 * Returns whether ImageMagick, zbar and poppler are here.
 * @throws {Error} where they are not and `CI=true`: there, nothing is left out
 */
export function hasReader(): boolean {
  const missing = ["convert", "zbarimg", "pdftoppm"].filter((program) => {
    try {
      const version = program === "pdftoppm" ? "-v" : "--version";
      return !new Deno.Command(program, { args: [version] }).outputSync().success;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return true;
    }
  });
  if (missing.length === 0) return true;
  const problem = `${missing} not here: install Debian's imagemagick, zbar-tools and poppler-utils`;
  if (Deno.env.get("CI") === "true") throw new Error(problem);
  console.error(`cannot run here: ${problem}`);
  return false;
}

/** A photograph that is turned, blurred by so many pixels, and compressed. */
export const photograph = (
  blur: number,
) => ["-rotate", "4", "-blur", `0x${blur}`, "-quality", "60"];

/**
 * Returns what `zbarimg` reads of a picture after ImageMagick's changes; empty if nothing.
 * @param type its file's ending
 */
export async function readCode(
  picture: Uint8Array,
  type: "pbm" | "png",
  changes: readonly string[],
): Promise<string> {
  let text = "";
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/code.${type}`, picture);
    const files = [`${folder}/code.${type}`, `${folder}/code.jpg`];
    const args = [files[0]!, "-background", "white", ...changes, files[1]!];
    const { success, stderr } = await new Deno.Command("convert", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    text = await readPicture(files[1]!);
  });
  return text;
}

/** Returns what `zbarimg` reads of a document's first page, printed with 203 dots an inch; empty if nothing. */
export async function readPaper(pdf: Uint8Array): Promise<string> {
  let text = "";
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/paper.pdf`, pdf);
    const args = ["-r", "203", "-png", "-singlefile", `${folder}/paper.pdf`, `${folder}/paper`];
    const { success, stderr } = await new Deno.Command("pdftoppm", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    text = await readPicture(`${folder}/paper.png`);
  });
  return text;
}

async function readPicture(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("zbarimg", { args: ["-q", "--raw", path] }).output();
  return new TextDecoder().decode(stdout).replace(/\n$/, ""); // zbarimg adds one
}

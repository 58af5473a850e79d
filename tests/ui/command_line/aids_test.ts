/** The launcher's aids, with programs that record what they are started with. */
import { assertEquals } from "@std/assert";
import { LauncherAids } from "../../../ui/command_line/launcher/aids.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

/** Runs with these programs first on the path; each records its arguments and its input. */
async function withPrograms(
  names: string[],
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const path = Deno.env.get("PATH") ?? "";
  await inTemporaryFolder(async (folder) => {
    for (const name of names) {
      const script = `#!/bin/sh\n[ "$1" = --version ] && exit\n` +
        `{ echo "$@"; cat; } > "$(dirname "$0")/$(basename "$0").out"\n`;
      await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
    }
    // the second folder has what the scripts need, and may have a real program
    Deno.env.set("PATH", names.length > 1 ? `${folder}:/bin` : folder);
    try {
      await run(folder);
    } finally {
      Deno.env.set("PATH", path);
    }
  });
}

const speech = { text: "Guten Tag.", language: "de", rate: 0.5, volume: 0.4 } as const;

Deno.test("a receipt goes to lp, and speech to espeak-ng, as their input alone", async () => {
  await withPrograms(["lp", "espeak-ng"], async (folder) => {
    const aids = await LauncherAids.find("till 3");
    assertEquals(aids.aids, { printer: true, voices: ["en", "es", "fr", "de"] });
    await aids.take(JSON.stringify({ ask: "print", text: "Receipt\n" }));
    await aids.take(JSON.stringify({ ask: "speak", speech }));
    await aids.take(JSON.stringify({ ask: "hush" }));
    const [printed, spoken] = ["lp", "espeak-ng"].map((name) =>
      Deno.readTextFileSync(`${folder}/${name}.out`)
    );
    assertEquals(printed, "-d till 3 -t receipt\nReceipt\n");
    assertEquals(spoken, "-v de -s 83 -a 80 --stdin\nGuten Tag.");
  });
});

Deno.test("without a printer and a speech program neither is offered", async () => {
  await withPrograms(["lp"], async (folder) => {
    const aids = await LauncherAids.find(undefined);
    assertEquals(aids.aids, { printer: false, voices: [] });
    await aids.take(JSON.stringify({ ask: "print", text: "Receipt\n" }));
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["lp"]);
  });
});

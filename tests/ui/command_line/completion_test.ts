/** The shell's completion, asked in bash as a key press asks it. */
import { assertEquals } from "@std/assert";
import { bashCompletion } from "../../../ui/command_line/completion.ts";
import * as families from "../../../ui/command_line/commands/index.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

/** A line up to the cursor, and what is offered. */
const rows: [line: string[], offered: string[]][] = [
  [["b"], ["bank"]],
  [["bank", "back"], ["backup"]],
  [["bank", "approvals", ""], ["approve", "reject"]],
  [["atm", "cash", ""], ["count", "load", "show"]],
  [["bank", "backup", "--o"], ["--out", "--operator-key"]],
  [["server", "--log", ""], ["text", "json"]],
  [["bank", "operator", "add", "anna", "--role", "t"], ["teller", "timer"]],
  [["bank", "backup", "--out", "a"], ["a folder", "a.sqlite"]],
  [["bank", "backup", "--data", "a"], ["a folder"]],
  [["server", "--listen", ""], []],
  [["nothing", ""], []],
];

Deno.test("bash completes commands, flags and their values", () =>
  inTemporaryFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/a folder`);
    Deno.writeTextFileSync(`${folder}/a.sqlite`, "");
    const script = bashCompletion(Object.values(families).flat(), "strongroom");
    const asked = rows.map(([line]) =>
      `COMP_WORDS=(strongroom ${line.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${line.length} COMPREPLY=()
_strongroom
(IFS=,; echo "\${COMPREPLY[*]}")`
    );
    const bash = new Deno.Command("bash", {
      args: ["-uc", [script, ...asked].join("\n")],
      cwd: folder,
    });
    const { code, stdout, stderr } = await bash.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(code, 0);
    const lines = new TextDecoder().decode(stdout).split("\n").slice(0, -1);
    const offered = lines.map((line) => line === "" ? [] : line.split(","));
    assertEquals(offered.map((each) => each.sort()), rows.map(([, each]) => [...each].sort()));
  }));

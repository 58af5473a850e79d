/** Completion of a shell's command line, from the definitions of the commands. */
import type { CommandDefinition } from "./command.ts";
import { build } from "./build.ts";
import { nextWords } from "./words.ts";

/** The values of a flag: files, folders, something that is only typed, or one of these words. */
type Values = "files" | "folders" | "typed" | readonly string[];

/**
 * Returns a script for bash that completes a program's commands, their flags, and the values of
 * flags that are files, folders or one of a few words.
 */
export function bashCompletion(definitions: readonly CommandDefinition[], program: string): string {
  const words = new Map<string, readonly string[]>();
  const flags = new Map<string, readonly string[]>();
  const values = new Map<string, Values>();
  for (const name of beginningsOf(definitions)) {
    words.set(`${program} ${name}`.trim(), nextWords(definitions, name));
  }
  const context = { path: (text: string) => text, project: "", data: "", launch() {} };
  for (const definition of definitions) {
    const { options } = build(definition, context);
    const key = `${program} ${definition.name}`;
    flags.set(key, [...options.map(({ long }) => long!), "--help"]);
    for (const { long, flags, argChoices, required } of options) {
      if (required) values.set(`${key} ${long}`, argChoices ?? valuesOf(flags));
    }
  }
  const table = (name: string, entries: Iterable<[string, Values]>) =>
    [...entries].map(([key, value]) =>
      `${name}["${key}"]="${typeof value === "string" ? `<${value}>` : value.join(" ")}"`
    );
  return `# Completion of ${program} for bash, written from the definitions of its commands.
declare -gA _${program}_words _${program}_flags _${program}_values
${table(`_${program}_words`, words).join("\n")}
${table(`_${program}_flags`, flags).join("\n")}
${table(`_${program}_values`, values).join("\n")}

_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  local name=${program} word value known=yes
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    [[ " \${_${program}_words[$name]-} " == *" $word "* ]] || { known=; break; }
    name="$name $word"
  done
  value="\${_${program}_values["$name $before"]-}"
  case "$value" in
    "<files>") compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    "<folders>") compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    "<typed>") ;;
    ?*) mapfile -t COMPREPLY < <(compgen -W "$value" -- "$current") ;;
    *)
      if [[ $current == -* ]]; then
        value="\${_${program}_flags[$name]-}"
      else
        value="\${known:+\${_${program}_words[$name]-}}"
      fi
      mapfile -t COMPREPLY < <(compgen -W "$value" -- "$current")
      ;;
  esac
}
complete -F _${program} ${program}
`;
}

/** Returns every beginning of a command's words, the empty one included. */
function beginningsOf(definitions: readonly CommandDefinition[]): Set<string> {
  return new Set(definitions.flatMap(({ name }) => {
    const words = name.split(" ");
    return [...words, ""].map((_, count) => words.slice(0, count).join(" "));
  }));
}

/** Returns the values of a flag by its placeholder, such as `--out <FILE>`. */
function valuesOf(flags: string): Values {
  const [, placeholder] = /<(.*)>/.exec(flags) ?? [];
  return placeholder === "FILE" ? "files" : placeholder === "DIR" ? "folders" : "typed";
}

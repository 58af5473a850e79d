/**
 * its own desktop for tests of the real window: an X server in memory, a window manager, hands
 * that type and click, and eyes that read the text on the screen. Nothing in the program has it.
 */
import { Buffer } from "node:buffer";
import { until } from "./end_to_end/programs.ts";

/** Debian's package of each program that a desktop needs. */
const needed: Record<string, string> = {
  Xvfb: "xvfb",
  openbox: "openbox",
  xdotool: "xdotool",
  wmctrl: "wmctrl",
  import: "imagemagick",
  tesseract: "tesseract-ocr",
  bwrap: "libwebkitgtk-6.0-4",
};

/**
 * Returns whether a desktop can be opened here; where not, says what is missing, by name.
 * @throws {Error} where something is missing and `CI=true`: there, nothing is left out
 */
export function findDesktop(): boolean {
  const places = (Deno.env.get("PATH") ?? "").split(":");
  const missing = Object.keys(needed).filter((program) =>
    !places.some((place) => isFile(`${place}/${program}`))
  );
  if (Deno.build.os === "linux" && missing.length === 0) return true;
  const why = Deno.build.os === "linux"
    ? `missing ${missing.join(", ")}: install ${
      [...new Set(missing.map((each) => needed[each]))].join(" ")
    }`
    : "the tests of the real window need Linux";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  console.error(`cannot run here: ${why}`);
  return false;
}

/** A part of the screen, in pixels. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How long anything may take to show on a machine that is busy with other things. */
const patienceMs = 60_000;

export class Desktop {
  /** What a program's environment needs, so that it shows itself here. */
  readonly env: Record<string, string>;
  readonly #server: Deno.ChildProcess;
  readonly #manager: Deno.ChildProcess;
  #last: { pixels: Buffer; text: string } | null = null;

  private constructor(server: Deno.ChildProcess, env: Record<string, string>) {
    this.#server = server;
    this.env = env;
    this.#manager = silent("openbox", [], env);
  }

  static async open(widthPx = 1280, heightPx = 800): Promise<Desktop> {
    const server = new Deno.Command("Xvfb", {
      args: ["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", `${widthPx}x${heightPx}x24`],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const number = (await new Response(firstLine(server.stdout)).text()).trim();
    const env: Record<string, string> = { DISPLAY: `:${number}`, WAYLAND_DISPLAY: "" };
    if (!await succeeds("bwrap", ["--unshare-user", "--ro-bind", "/", "/", "true"])) {
      console.error("no user namespaces here: WebKit runs without its own sandbox in these tests");
      env.WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS = "1";
    }
    return new Desktop(server, env);
  }

  async close(): Promise<void> {
    for (const process of [this.#manager, this.#server]) {
      process.kill();
      await process.status;
    }
  }

  /** Returns the titles of the windows that are open. */
  async windows(): Promise<string[]> {
    const listed = await this.#run("wmctrl", ["-l"]);
    return listed.split("\n").filter(Boolean).map((line) => line.split(/\s+/).slice(3).join(" "));
  }

  /** Waits until a window of this title is there. */
  async window(title: string): Promise<void> {
    await until(
      `a window '${title}'`,
      async () => (await this.windows()).includes(title),
      patienceMs,
    );
  }

  /** Asks a window to close, as its frame's own button does. */
  async closeWindow(title: string): Promise<void> {
    await this.#run("wmctrl", ["-c", title]);
  }

  /** Brings a window to the front, with the keyboard's focus. */
  async turnTo(title: string): Promise<void> {
    await this.#run("wmctrl", ["-a", title]);
    const isInFront = async () =>
      (await this.#run("xdotool", ["getactivewindow", "getwindowname"])).trim() === title;
    await until(`'${title}' in front`, isInFront, patienceMs);
  }

  async moveTo(title: string, { x, y, width, height }: Area): Promise<void> {
    await this.#run("wmctrl", ["-r", title, "-e", `0,${x},${y},${width},${height}`]);
  }

  /** Where a window's inside is. */
  async frameOf(title: string): Promise<Area> {
    const listed = await this.#run("wmctrl", ["-lG"]);
    const cells = listed.split("\n").map((line) => line.split(/\s+/))
      .find((cells) => cells.slice(7).join(" ") === title);
    const [x, y, width, height] = cells!.slice(2, 6).map(Number);
    return { x: x!, y: y!, width: width!, height: height! };
  }

  /** Presses keys one after the other, by X's names: `Return`, `Tab`, `alt+F4`. */
  async press(...keys: string[]): Promise<void> {
    await this.#run("xdotool", ["key", "--delay", "60", ...keys]);
  }

  async type(text: string): Promise<void> {
    await this.#run("xdotool", ["type", "--delay", "30", text]);
  }

  async click(x: number, y: number, button: "left" | "right" = "left"): Promise<void> {
    const number = button === "left" ? "1" : "3";
    await this.#run("xdotool", ["mousemove", `${x}`, `${y}`, "click", number]);
  }

  /**
   * Waits until these words stand on the screen; fails with what is there instead. Only dark words on
   * light ground are read for certain.
   */
  async sees(words: string, area?: Area): Promise<void> {
    if (await this.shows(words, area, patienceMs)) return;
    const file = await Deno.makeTempFile({ suffix: ".png" });
    await this.picture(file, area);
    throw new Error(`in vain: to see '${words}' instead of: ${await this.#read(area)} (${file})`);
  }

  /** Returns whether these words come to stand on the screen. */
  async shows(words: string, area: Area | undefined, withinMs: number): Promise<boolean> {
    for (const endMs = Date.now() + withinMs; Date.now() < endMs;) {
      if ((await this.#read(area)).includes(words)) return true;
      // a key that does nothing: on a busy machine anyone who waits would be logged out as idle
      await this.press("Shift_L");
    }
    return false;
  }

  /** Puts what is on the screen into a PNG file. */
  async picture(file: string, area?: Area): Promise<void> {
    const crop = area ? ["-crop", `${area.width}x${area.height}+${area.x}+${area.y}`] : [];
    await this.#run("import", ["-window", "root", ...crop, "+repage", file]);
  }

  /** Reads the screen; a picture that has not changed is not read again, which takes a second. */
  async #read(area?: Area): Promise<string> {
    const file = await Deno.makeTempFile({ suffix: ".ppm" });
    try {
      await this.picture(file, area);
      const pixels = Buffer.from(await Deno.readFile(file));
      if (!this.#last?.pixels.equals(pixels)) {
        // sparse text: words anywhere
        const read = await this.#run("tesseract", [file, "-", "--psm", "11"]);
        this.#last = { pixels, text: read.split(/\s+/).join(" ") };
      }
      return this.#last.text;
    } finally {
      await Deno.remove(file);
    }
  }

  async #run(program: string, args: string[]): Promise<string> {
    const { stdout } = await new Deno.Command(program, {
      args,
      // one thread: on a small machine OpenMP's many only wait for each other
      env: { ...this.env, OMP_THREAD_LIMIT: "1" },
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  }
}

function silent(program: string, args: string[], env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(program, { args, env, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" })
    .output();
  return success;
}

/** Returns a stream's first line; the rest is left unread. */
function firstLine(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        if (chunk.includes(10)) controller.terminate();
      },
    }),
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

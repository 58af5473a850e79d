/** A program's clock that a drill turns, with Debian's faketime (Linux): the monotonic clock stays right. */

const library = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;

export class TurnedClock {
  /** The command that runs another one with this clock. */
  readonly within: readonly string[];

  /** @param path of the file that has the difference from the right clock */
  constructor(private readonly path: string) {
    this.turn(0);
    this.within = [
      "env",
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${path}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
  }

  /** Returns why there can be no such clock here; null where there can. */
  static why(): string | null {
    try {
      return Deno.statSync(library).isFile ? null : `${library} is no file`;
    } catch {
      return "not on this machine: faketime";
    }
  }

  /** @param seconds ahead, or back */
  turn(seconds: number): void {
    Deno.writeTextFileSync(this.path, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  }
}

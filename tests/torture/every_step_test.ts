/**
 * A part of `deno task drill:devices`: each fourth step of a withdrawal and of a deposit, one of the
 * three killed at each.
 */
import { killable, strikeEach } from "./every_step.ts";

Deno.test({
  name:
    "kill -9 of ATM, device service or bank at steps of a movement by WebSocket, with device keys",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const wanted = (at: number, killed: string, kind: string) =>
      at % 4 === (kind === "withdrawal" ? 0 : 2) &&
      killable[Math.floor(at / 4) % killable.length] === killed;
    const cells = await strikeEach(true, wanted, console.log);
    console.log(`kills ${cells.length}, notes and books agree after each`);
  },
});

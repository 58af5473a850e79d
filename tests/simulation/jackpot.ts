/** Somebody with an ATM's PC, who has its devices dispense again on tokens that were used. */
import { DeviceConnection } from "../../client/cash/xfs4iot/connection.ts";
import { amountOfToken, contentOfToken } from "../../lib/device_token.ts";
import type { Currency } from "../../lib/money.ts";
import { pause } from "../../lib/world.ts";
import type { DeviceBox } from "./device_box.ts";
import { devicesUrl } from "./device_box.ts";
import type { Machine } from "./machine.ts";

/** Returns the codes with which a machine's devices answered the tokens of its settled movements. */
export async function replayTokens(
  machine: Machine,
  box: DeviceBox,
  currency: Currency,
  tokensMax: number,
): Promise<string[]> {
  machine.crash("kill", "a thief needs the devices, which serve one client");
  const process = machine.host.start();
  const codes: string[] = [];
  try {
    const connection = new DeviceConnection(
      await box.connect(process, `${devicesUrl}/CashRecycler`),
      { world: process.world, log: () => {} },
    );
    // The service sees a moment later that the ATM's connection has ended.
    for (let tries = 0; tries < 100; tries++) {
      if ((await connection.command("Common.Status", {})).code === "success") break;
      await pause(process.world, 10);
    }
    for (const token of machine.usedTokens().slice(-tokensMax)) {
      const sum = amountOfToken(contentOfToken(token)?.content.get("DISPENSE1"), currency) ?? 0n;
      const counts = box.unitsFor(sum);
      if (counts === null) continue;
      const app = {
        currencies: { [currency.code]: Number(sum) / 10 ** currency.exponent },
        counts,
      };
      const { code } = await connection.command("CashDispenser.Dispense", {
        denomination: { denomination: { app } },
        position: "outDefault",
        token,
      });
      codes.push(code);
    }
    connection.close();
  } catch (error) {
    codes.push((error as Error).message);
  } finally {
    process.exit();
  }
  return codes;
}

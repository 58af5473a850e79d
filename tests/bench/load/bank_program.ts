/** The bank's server under load: `bank_program.ts FOLDER ATMS`. */
import { listenTcp } from "../../../lib/system.ts";
import { listen } from "../../../server/door/listener.ts";
import { customerName, fillBank, password } from "./filled_bank.ts";
import { serveLines } from "./program.ts";

/** What ATMs need to reach the bank and to log in. */
export interface Reach {
  hostname: string;
  port: number;
  /** Hex. */
  bankId: string;
  /** Hex; each has the customer of its place. */
  terminals: { id: string; key: string }[];
  customers: string[];
  password: string;
}

if (import.meta.main) {
  const [folder, count] = Deno.args;
  const { bank, bankId, terminals } = await fillBank(folder!, Number(count));
  // this host has all addresses
  const limits = { connections: 20_000, pending: 20_000, pendingPerSource: 20_000 };
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const door = await listen(bank, { listener, limits });
  const [hostname, port] = door.address.split(":");
  const customers = terminals.map((_, index) => customerName(index));
  const reach: Reach = {
    hostname: hostname!,
    port: Number(port),
    bankId,
    terminals,
    customers,
    password,
  };
  await serveLines(reach, () => null);
  await door.close();
  await bank.close();
  Deno.exit(0);
}

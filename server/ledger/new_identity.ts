/** Creates the identity of a new account, for the command that opens it. */
import { accountNumberBytes, accountNumberOf } from "../../lib/account_number.ts";
import { hex } from "../../lib/bytes.ts";
import { accountNumberTriesMax } from "../../lib/limits.ts";
import type { World } from "../../lib/world.ts";
import type { NewIdentity } from "./command.ts";

export function newIdentity({ randomBytes }: Pick<World, "randomBytes">): NewIdentity {
  const numbers = Array.from(
    { length: accountNumberTriesMax },
    () => accountNumberOf(randomBytes(accountNumberBytes)),
  );
  return { uid: hex(randomBytes(16)), numbers };
}

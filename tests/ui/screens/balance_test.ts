import { button, logIn, onScreen } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("the balance");

flow("balance, booked and available apart, changing automatically", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, /^Balance/).click();
  const { visit } = scripted.view();
  scripted.change({
    visit: { ...visit!, account: { ...visit!.account, available: "100050", version: 2 } },
  });
  await sees(page, "€250.00");
  await sees(page, "€1,000.50");
  scripted.moveElsewhere(-5000n);
  await sees(page, "−€50.00 just now");
  await button(page, "Done").click();
  await onScreen(page, "menu");
});

/**
 * The console's style sheets, in the order in which they are joined: the tokens and elements of the
 * ATM's page first, then what is the console's, screens last.
 */
export const consoleStyleSheets: readonly string[] = [
  "../page/tokens.css",
  "../page/base.css",
  "../page/parts/icon.css",
  "../page/parts/mark.css",
  "console.css",
  "parts/button.css",
  "parts/panel.css",
  "parts/pill.css",
  "parts/table.css",
  "parts/cassettes.css",
  "parts/money_chart.css",
  "parts/dialog.css",
  "parts/notice.css",
  "parts/outlasting.css",
  "parts/stack.css",
  "screens/today/today.css",
  "screens/approvals/approvals.css",
];

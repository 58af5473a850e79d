/** Every command. */
export { atm } from "./atm.ts";
export { atmCash } from "./atm_cash.ts";
export { bankAccount } from "./bank_account.ts";
export { bankAudit } from "./bank_audit.ts";
export { bankBooks } from "./bank_books.ts";
export { bankCustomer } from "./bank_customer.ts";
export { bankHolds } from "./bank_holds.ts";
export { bankInit } from "./bank_init.ts";
export { bankLimits } from "./bank_limits.ts";
export { bankStatus } from "./bank_status.ts";
export { bankOperator } from "./bank_operator.ts";
export { bankTerminal } from "./bank_terminal.ts";
export { demo } from "./demo.ts";
export { devices } from "./devices.ts";
export { receiptPage } from "./receipt_page.ts";
export { server } from "./server.ts";
export { witness } from "./witness.ts";

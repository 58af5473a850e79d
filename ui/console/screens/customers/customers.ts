/** Customers: found by the beginning of a name or of an account's number, a page at a time. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { CustomerNews } from "../../../../lib/console.ts";
import { consoleFindLengthMax } from "../../../../lib/limits.ts";
import { counted, money } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { Customer } from "./customer.ts";
import { cardWords, stateWords } from "./state_words.ts";

export function Customers(props: ScreenProps): VNode {
  const Part = props.state.place.id === undefined ? FoundCustomers : Customer;
  return html`<${Part} ...${props} />` as VNode;
}

function FoundCustomers({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.customers as List<"customers"> | undefined;
  const ask = (find: string, after: string) =>
    send({ type: "ask", query: { of: "customers", find, after } });
  const onFind = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    ask(String(data.get("find") ?? "").trim(), "");
  };
  const columns: Column<CustomerNews>[] = [
    { head: "Customer", cell: ({ customer }) => customer, isOpener: true },
    { head: "Name", cell: ({ shown }) => shown },
    { head: "Accounts", cell: ({ accounts }) => numbersOf(accounts) },
    { head: "Balance", isFigure: true, cell: ({ balance }) => money(balance, news.bank.currency) },
    { head: "Card", cell: ({ card }) => card && html`<${Pill} ...${cardWords(card)} />` },
    { head: "State", cell: ({ state }) => html`<${Pill} ...${stateWords[state]} />` },
  ];
  return html`
    <${Panel} title="Customers" note="by the beginning of a name or of an account’s number">
      <form class="search" role="search" onSubmit=${onFind}>
        <input
          type="search"
          name="find"
          placeholder="Find a customer"
          aria-label="Find a customer"
          maxlength=${consoleFindLengthMax}
          autocomplete="off"
        />
        <button class="button">Find</button>
      </form>
      <${Listed}
        list=${list}
        label="Customers"
        columns=${columns}
        keyOf=${({ customer }: CustomerNews) => customer}
        onOpen=${({ customer }: CustomerNews) =>
          send({ type: "go", place: { screen: "customers", id: customer } })}
        empty="No customer and no account begins so."
      />
      <${Pages}
        list=${list}
        first="First"
        next="Next"
        onPage=${(after: string) => ask(list?.query.find ?? "", after)}
      />
      <//>
  ` as VNode;
}

/** Returns the first numbers, and how many follow. */
function numbersOf(accounts: readonly string[]): string {
  const shown = accounts.slice(0, 2).join(", ");
  return accounts.length > 2
    ? `${shown} and ${counted(accounts.length - 2, "more", "more")}`
    : shown;
}

/** Commands that wait for a second operator: approve another's, withdraw your own. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ProposalNews } from "../../../../lib/console.ts";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { ago, span, words } from "../../parts/format.ts";
import { NamedFacts } from "../../parts/named_facts.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import type { Act, ScreenProps } from "../../state/model.ts";

/** Commands that write a key into a file: the terminal alone can approve them. */
const withKey: ReadonlySet<string> = new Set(["enrol_terminal", "enrol_device", "rotate_device"]);

export function Approvals({ state, news, send }: ScreenProps): VNode {
  const { proposals, operator: { role, fourEyes } } = news;
  const me = state.view?.operator;
  return html`
    <${Panel}
      title="Waiting for a second operator"
      note=${fourEyes ? "" : "a bank of one: nothing needs a second operator"}
    >
      ${proposals.length === 0
        ? html`<${Nothing} words="Nothing waits for an approval." />`
        : html`<ul class="proposals">${
          proposals.map((proposal) => {
            const isMine = proposal.operator === me;
            const may = mayGive(role, "approve") && mayGive(role, proposal.command);
            return html`
              <li class="proposal" key=${proposal.id}>
                <div>
                  <h3 class="proposal__command">${words(proposal.command)}</h3>
                  <${NamedFacts} facts=${proposal.fields} />
                  <${NamedFacts} head=${present} facts=${proposal.facts} send=${send} />
                  <p class="soft">
                    ${isMine ? "you" : proposal.operator}, ${ago(proposal.sinceMs, state.nowMs)},
                    lapses in ${span(proposal.untilMs - state.nowMs)} ·
                    ${" "}<code>${proposal.id.slice(0, 12)}</code>
                  </p>
                  ${whyNot(proposal, isMine, may)}
                </div>
                <div class="proposal__buttons">
                  <button
                    class="button"
                    data-act
                    disabled=${!mayGive(role, "reject")}
                    onClick=${() => send({ type: "begin", act: rejection(proposal, isMine) })}
                  >${isMine ? "Withdraw" : "Reject"}</button>
                  ${!isMine && may && !withKey.has(proposal.command) && html`
                    <button
                      class="button button--primary"
                      data-act
                      onClick=${() => send({ type: "begin", act: approval(proposal) })}
                    >Approve</button>
                  `}
                </div>
              </li>
            `;
          })
        }</ul>`}
    <//>
  ` as VNode;
}

function whyNot({ id, command }: ProposalNews, isMine: boolean, may: boolean): VNode | null {
  const why = isMine
    ? "Another operator has to approve it."
    : !may
    ? "Your role may not approve this."
    : withKey.has(command)
    ? `It makes a key file: run ‘deno task bank approvals approve ${id} --out FILE’.`
    : null;
  return why === null ? null : html`<p class="proposal__why">${why}</p>` as VNode;
}

const present = "The bank has at present";

function approval({ id, operator, command, fields, facts }: ProposalNews): Act {
  return {
    title: `Approve: ${words(command)}`,
    effect: `${operator} proposed this. Your approval carries it out at once.`,
    facts: [{ facts: fields }, { head: present, facts }],
    command: { command: "approve", proposal: id },
    fields: [],
    verb: "Approve and sign",
    isGrave: false,
  };
}

function rejection({ id, command, fields }: ProposalNews, isMine: boolean): Act {
  return {
    title: `${isMine ? "Withdraw the proposal" : "Reject"}: ${words(command)}`,
    effect: "Nothing was done, and nothing will be.",
    facts: [{ facts: fields }],
    command: { command: "reject", proposal: id, reason: "" },
    fields: [{ name: "reason", label: "Why, for the log" }],
    verb: isMine ? "Withdraw and sign" : "Reject and sign",
    isGrave: true,
  };
}

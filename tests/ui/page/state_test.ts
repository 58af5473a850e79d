/** Every edge of the reducer, a case a line: see `small_page.ts` for how to read one. */
import { assert, assertEquals } from "@std/assert";
import { play, startMs, stateOf, take } from "./small_page.ts";
import { balanceNewsMs, balanceShownMsMax, screenRestMs } from "../../../lib/limits.ts";

Deno.test("a customer logs in", () => {
  play(`
    welcome (away): next                            -> log_in
    welcome (away): back                            -> welcome
    log_in (away): back                             -> welcome
    log_in (away): log_in " alice " " pass word "   -> log_in alice, logIn alice " pass word "
    log_in (away): log_in "  " x                    -> log_in
    welcome (away): log_in alice x                  -> welcome
    log_in (away): log_in alice x; answer wrong_credentials -> refusal wrong_credentials log_in typed=alice
    : next                                          -> log_in alice # the name is kept, never the password
    refusal wrong_credentials log_in (away): back   -> welcome
    log_in (away): log_in alice x; answer already_logged_in -> refusal already_logged_in log_in
    log_in (away): log_in alice x; answer throttled retryAfterMs=5000 -> refusal throttled retryAtMs=+5000
    log_in (away): log_in alice x; answer throttled -> refusal throttled retryAtMs=+30000
    refusal throttled log_in retryAtMs=+1 (away): next -> refusal throttled
    refusal throttled log_in retryAtMs=+0 (away): next -> log_in
    log_in (away): view visiting                    -> menu
  `);
});

Deno.test("a card and its PIN log in, and the card's return ends the visit", () => {
  play(`
    welcome (away): view away inserted                   -> pin
    settings (away): view away inserted                  -> pin
    log_in alice (away): view away inserted              -> pin
    ended idle (away): view away inserted                -> pin
    refusal throttled log_in (away): view away inserted  -> pin
    menu: view inserted                                  -> menu    # somebody is logged in
    out_of_service no_cash (away empty): view away empty inserted -> pin
    pin (away inserted): view away                       -> welcome # it was returned
    pin (away inserted): back                            -> pin, returnCard
    pin (away inserted): log_in_with_card 7391           -> pin, logInWithCard 7391
    : view by_card inserted                              -> menu
    pin (away inserted): log_in_with_card 7392; answer wrong_credentials -> refusal wrong_credentials pin
    : next                                               -> pin
    refusal wrong_credentials pin (away): next           -> log_in  # the card was returned meanwhile
    refusal card_blocked pin (away): next                -> log_in
    welcome (away): log_in_with_card 7391                -> welcome
    receipt (by_card inserted): next                     -> menu
    receipt (by_card): next                              -> receipt, logOut # the card is out
    refusal card_not_taken menu receipt=receipt (by_card): next -> refusal, logOut
    more: go set_pin                                     -> set_pin
    : back                                               -> more
    set_pin: set_pin 7391                                -> set_pin, setPin 7391
    : answer ok                                          -> pin_set
    : next                                               -> menu
    set_pin: set_pin 1234; answer pin_weak               -> refusal pin_weak set_pin
    : next                                               -> set_pin
    set_pin: pin_fault form                              -> set_pin fault=form
  `);
});

Deno.test("from the menu to every screen, and back", () => {
  play(`
    menu: go amount                -> amount
    : back                         -> menu
    menu: go deposit               -> menu, depositOpen      # the acceptor opens first
    menu: go history               -> history, history {kind=money outcome=done} undefined
    history: back                  -> menu
    menu: go balance               -> balance, balance
    balance: back                  -> menu
    menu: go recipient             -> recipient
    recipient 8: back              -> menu
    menu: go more                  -> more
    : go accounts                  -> accounts
    : back                         -> more
    : go password                  -> password
    : back                         -> more
    : back                         -> menu
    menu (away): go balance        -> menu                   # nothing opens without a visit
    menu: back                     -> menu, logOut
    welcome (away): log_out        -> welcome
  `);
});

Deno.test("cash is withdrawn", () => {
  play(`
    menu: withdraw 2000                                  -> working withdrawal, withdraw 2000
    : answer receipt                                     -> receipt receipt=receipt
    amount 4: back                                       -> menu
    refusal not_dispensable amount: withdraw 4000      -> working, withdraw 4000
    balance: withdraw 2000                               -> balance
    refusal not_dispensable amount (away): withdraw 2000 -> refusal
    menu: withdraw 2e3                                   -> menu
    amount 1200.50: use_typed                            -> amount, noteMixes 120050
    amount 40: use_typed; answer [twenties tens]         -> mix 4000 [twenties tens]
    : withdraw 4000 tens                                 -> working, withdraw 4000 tens
    amount 40: use_typed; answer [twenties]              -> working withdrawal, withdraw 4000
    amount 40: use_typed; answer []                      -> working withdrawal, withdraw 4000
    mix 4000 []: back                                    -> amount 40
    mix 4050 []: back                                    -> amount 40.50
    working withdrawal: log_out                          -> working # not while money moves
  `);
});

Deno.test("a refused withdrawal can be mended, or leads to the menu", () => {
  const refused = (from: string) => (outcome: string) =>
    `menu: withdraw 2000; answer receipt outcome=${outcome} -> refusal ${outcome} ${from}`;
  const mendable = [
    "amount_not_positive",
    "amount_too_large",
    "over_withdrawal_limit",
    "insufficient_funds",
    "not_dispensable",
    "try_later",
  ];
  const final = [
    "account_locked",
    "account_closed",
    "device_fault",
    "bank_unreachable",
    "money_stopped",
    "in_doubt",
    "not_logged_in",
  ];
  play([...mendable.map(refused("amount")), ...final.map(refused("menu"))].join("\n"));
  play(`
    refusal insufficient_funds amount: next -> amount
    refusal insufficient_funds amount: back -> menu
    refusal device_fault menu: next           -> menu
    refusal in_doubt menu receipt=receipt (away ended=connection_lost): next -> back
    refusal in_doubt menu receipt=receipt (lost ended=connection_lost): next -> lost
  `);
});

Deno.test("a typed amount is refused by name, and is there to be mended", () => {
  const rows = {
    amount_not_positive: ["0", "0.00"],
    amount_too_large: ["99999999999999"],
  };
  for (const [why, texts] of Object.entries(rows)) {
    for (const typed of texts) {
      play(`
        amount "${typed}": use_typed -> refusal ${why} amount typed="${typed}"
        : next                       -> amount "${typed}"
      `);
    }
  }
  play(`
    amount: use_typed                -> amount ""
    amount: type ${"1".repeat(50)}   -> amount ${"1".repeat(16)}
    amount: type -12a3               -> amount 123
    amount: type 0040                -> amount 40
    amount: type 4.5.678             -> amount 4.56
    amount: type .5                  -> amount 0.5
    amount: type 40.                 -> amount 40.
    : use_typed                      -> amount, noteMixes 4000
    amount (yen): type 40.5 -> amount 40
  `);
});

Deno.test("money is transferred, question by question", () => {
  play(`
    recipient: type "10 00-0000"           -> recipient "1000\u00a00000"
    recipient: type "10000000009"          -> recipient "1000\u00a00000\u00a0009"
    recipient: type "x 10"                 -> recipient 10
    recipient "1000 0000-0093": use_typed  -> recipient "1000\u00a00000\u00a00093", recipient 100000000093
    recipient 100000000094: use_typed      -> refusal account_not_a_number recipient typed="1000\u00a00000\u00a00094"
    : next                                 -> recipient "1000\u00a00000\u00a00094"
    recipient " ": use_typed               -> recipient
    recipient: transfer_to bob             -> sum bob            # one of the customer's own accounts
    recipient 100000000093: use_typed; answer ok recipient=b•••b -> sum anna ""
    recipient 100000000093: use_typed; answer unknown_recipient -> refusal unknown_recipient recipient typed="1000\u00a00000\u00a00093"
    : next                                 -> recipient "1000\u00a00000\u00a00093"
    recipient 100000000093: use_typed; answer throttled retryAfterMs=4000 -> refusal throttled recipient retryAtMs=+4000
    : next                                 -> refusal throttled
    sum anna 4: back                       -> recipient "1000\u00a00000\u00a00093"
    sum bob: type 0.40                     -> sum bob 40         # digits fill the amount from the right
    sum bob 40: type 0.405                 -> sum bob 405
    sum bob 4: type 0.0                    -> sum bob ""
    sum bob 4000: use_typed                -> confirm bob 4000
    sum bob "": use_typed                  -> sum bob ""
    sum bob 125051: use_typed              -> confirm bob 125051 # too much: the bank refuses it, and logs that
    recipient 100000000190: use_typed; answer same_account -> refusal same_account recipient typed="1000\u00a00000\u00a00190" # the bank refuses the account itself, and logs that
    confirm bob 4000: back                 -> sum bob 4000       # the amount is there to be corrected
    confirm bob 4000: transfer_confirm ""  -> working transfer, transfer 8 4000
    confirm bob 4000: transfer_confirm " rent | May " -> working transfer, transfer 8 4000 "rent   May"
    : answer receipt kind=transfer         -> receipt
    menu: transfer_confirm ""              -> menu
    confirm bob 2000: transfer_confirm ""; answer receipt kind=transfer outcome=insufficient_funds -> refusal insufficient_funds sum recipient=bob
    : next                                 -> sum bob
    confirm bob 2000: transfer_confirm ""; answer receipt kind=transfer outcome=in_doubt -> refusal in_doubt menu
  `);
});

Deno.test("cash is deposited, or given back", () => {
  play(`
    menu (depositing): go deposit; answer ok    -> deposit
    menu: go deposit; answer device_fault       -> refusal device_fault menu
    deposit (depositing): deposit_confirm       -> working deposit, depositConfirm
    : answer receipt kind=deposit               -> receipt
    deposit (open): deposit_confirm             -> deposit # nothing is in yet
    deposit (depositing): deposit_confirm; answer receipt kind=deposit outcome=try_later -> refusal try_later menu
    deposit (depositing): back                  -> working return, depositCancel
    : answer nothing                            -> menu
    deposit (depositing): back; answer receipt kind=deposit outcome=to_be_counted -> refusal to_be_counted menu # the devices died
    : view offering                             -> refusal to_be_counted
    : view visiting                             -> menu # they returned the notes
    deposit (depositing): view visiting         -> working deposit, depositConfirm # the machine shut the acceptor
    deposit: view depositing                    -> deposit
  `);
});

Deno.test("a receipt is read, an account chosen, a balance looked at", () => {
  play(`
    receipt: next                                    -> menu
    receipt: back                                    -> menu
    receipt (away): next                             -> ended
    receipt: log_out                                 -> receipt, logOut
    receipt: show_code                               -> receipt     # the bank gave no place
    accounts: choose_account 17                      -> accounts, chooseAccount 17
    : answer nothing                                 -> menu
    menu: go balance; answer ok days=[{day=2026-11-23 booked=125050}] -> balance days=[{day=2026-11-23 booked=125050}]
    balance: pick_day 2026-11-20                     -> balance day=2026-11-20
    menu: go balance; answer bank_unreachable days=[] -> refusal bank_unreachable menu
  `);
});

Deno.test("a password is changed", () => {
  play(`
    password fault=mismatch: change_password old new -> password fault=undefined, changePassword old new
    : answer ok                                      -> password_changed
    : next                                           -> menu
    password: password_fault mismatch                -> password fault=mismatch
    password: change_password old new; answer throttled retryAfterMs=4000 -> refusal throttled password retryAtMs=+4000
    refusal wrong_credentials password: next         -> password
  `);
});

Deno.test("history is turned, narrowed, and shown as the log has it", () => {
  play(`
    menu: go history; answer ok entries=[] cursor=8   -> history filter={kind=money outcome=done} newer=[] cursor=undefined page={entries=[] older=8}
    menu: go history; answer try_later entries=[]     -> refusal try_later history
    : next                                            -> history, history {kind=money outcome=done} undefined
    history newer=[undefined] cursor=8: filter {kind=deposit} -> history, history {kind=deposit} undefined
    history: older                                    -> history newer=[undefined] cursor=8, history {} 8
    history page={entries=[]}: older                  -> history
    history newer=[undefined 8] cursor=16: newer      -> history, history {} 8
    history: newer                                    -> history # there is none before the first
    history cursor=8: show_sealed true                -> history, history {} 8 true
    history sealed=true: older                        -> history, history {} 8 true
    history tab=money: tab activity                   -> history tab=activity filter={} page=nothing, history {} undefined
    history: narrowing true                           -> history narrowing=true
    : calendar 2026-11                                -> history month=2026-11 narrowing=true
    : narrowing false                                 -> history month=undefined narrowing=false
    history cursor=8: open_entry receipt              -> receipt receipt=receipt
    : next                                            -> history cursor=8
    : open_entry receipt; back                        -> history cursor=8
    menu: open_entry receipt                          -> menu
  `);
});

Deno.test("history can be left and narrowed further while it is looked up", () => {
  play(`
    menu: go history; back                            -> menu, history {kind=money outcome=done} undefined / pending=undefined
    : late history 1 try_later entries=[]             -> menu
    menu: go history                                  -> history, history {kind=money outcome=done} undefined
    : filter {kind=deposit}; older                    -> history # asked for once the page is here
    : answer ok entries=[] cursor=8                   -> history, history {kind=deposit} undefined
    : answer ok entries=[]                            -> history
    menu: go history; tab activity; show_sealed true  -> history tab=activity page=nothing, history {kind=money outcome=done} undefined
    : answer ok entries=[]                            -> history page=nothing, history {} undefined true
  `);
});

Deno.test("no second call starts while one is under way", () => {
  play(`
    menu: withdraw 2000; withdraw 2000                       -> working, withdraw 2000
    log_in (away): log_in alice x; log_in alice x; back      -> log_in, logIn alice x
    menu: log_out; log_out; back                             -> menu, logOut
    menu: go deposit; go deposit; go balance                 -> menu, depositOpen
  `);
});

Deno.test("an answer to a call that no longer counts changes nothing", () => {
  play(`
    menu: go history; view away ended=idle           -> ended idle, history {kind=money outcome=done} undefined / pending=undefined
    : late history 1 ok entries=[]                   -> ended idle
    menu: go history; back; go history               -> history, history {kind=money outcome=done} undefined, history {kind=money outcome=done} undefined
    : late history 1 try_later entries=[]            -> history / pending=history
    menu: go history; late touch 1 nothing           -> history, history {kind=money outcome=done} undefined / pending=history
    menu: withdraw 2000                          -> working, withdraw 2000
    : view lost ended=connection_lost                -> working
    : late withdraw 1 receipt outcome=in_doubt       -> refusal in_doubt # though the visit ended
  `);
});

Deno.test("a shown password is hidden as it is sent, and none is kept", () => {
  const sent = play(`
    log_in (away): show_password true                -> log_in "" shown=true
    : log_in alice "a very secret password"          -> log_in alice shown=undefined, logIn alice "a very secret password"
  `);
  assert(!JSON.stringify(sent).includes("a very secret password"));
});

Deno.test("where nobody is, the screen is what the machine is", () => {
  play(`
    starting (none): view away                                -> welcome
    starting (none): view away bank=connecting                -> out_of_service
    out_of_service no_bank (away): view away                  -> welcome
    starting (none): view away bank=no_key                    -> out_of_service no_key
    out_of_service no_key (away): view away bank=connecting   -> out_of_service no_bank
    lost true (lost): view away bank=not_accepted             -> out_of_service not_accepted
    out_of_service not_accepted (away): view away             -> welcome
    out_of_service no_bank (away): view away bank=not_ready   -> out_of_service not_ready
    out_of_service not_ready (away): view away bank=connecting -> out_of_service no_bank
    welcome (away): view away bank=not_ready failure=disk_failed -> out_of_service disk_failed
    welcome (away): view away failure=disk_failed             -> out_of_service disk_failed
    out_of_service disk_failed (away failure=disk_failed): view away -> welcome
    welcome (away): view away failure=journal_lost jammed     -> out_of_service journal_lost
    out_of_service journal_lost (away failure=journal_lost): next -> out_of_service
    welcome (away): view away jammed                          -> out_of_service device_fault
    welcome (away): view away jammed empty                    -> out_of_service device_fault
    out_of_service device_fault (away jammed): view away      -> welcome
    welcome (away): view away empty                           -> out_of_service no_cash
    out_of_service no_cash (away empty): view away            -> welcome
    log_in (away empty): view away empty                      -> log_in
    out_of_service no_cash (away empty): next                 -> log_in # on to what works
    log_in (away empty): back                                 -> out_of_service
    out_of_service not_accepted (away bank=not_accepted): next -> out_of_service
    ended logged_out (away): next                             -> welcome
    back true (away): next                                    -> log_in
  `);
  for (const view of ["away jammed", "away empty", "away", "away bank=no_key"]) {
    const { state } = take(stateOf("starting (none)"), `view ${view}`);
    const later = take(state, `@5 view ${view}`).state;
    assertEquals([later.screen, later.shownMs], [state.screen, startMs], "it is not drawn again");
  }
});

Deno.test("a visit that ends says why", () => {
  play(`
    menu: view visiting empty                                 -> menu
    menu: view away ended=logged_out                          -> ended logged_out
    balance: view away ended=idle                             -> ended idle
    amount: view away ended=ended_by_bank                   -> ended ended_by_bank
    refusal wrong_currency menu: view away ended=idle         -> ended
    menu: view away bank=not_accepted ended=connection_lost   -> out_of_service not_accepted
    menu: view lost ended=connection_lost                     -> lost true
    welcome (away): view lost                                 -> lost false
    ended logged_out (away): view lost ended=logged_out       -> lost false
    lost true (lost): view lost ended=logged_out              -> lost true
    lost true (lost): view away                               -> back true
    menu: view away ended=connection_lost                     -> back true # lost, and back before a view of it
    working withdrawal: view lost ended=connection_lost       -> working
    receipt: view lost ended=connection_lost                  -> receipt
    refusal in_doubt menu receipt=receipt: view lost ended=connection_lost -> refusal
  `);
});

Deno.test("a receipt's code comes while the customer goes on, and to its own screen alone", () => {
  play(`
    menu: withdraw 2000; answer receipt logged={place=1.7} -> receipt code=undefined, signedReceipt 1.7
    : show_code                                  -> receipt            # not here yet
    : late signedReceipt 0 ok place=1.8 receipt=other -> receipt code=undefined
    : print; late signedReceipt 0 ok place=1.7 receipt=note -> receipt code=note
    : show_code                                  -> code note
    : view lost ended=connection_lost            -> code               # it stays as the receipt does
    : back                                       -> receipt code=note
    menu: withdraw 2000; answer receipt logged={place=1.7} -> receipt, signedReceipt 1.7
    : next                                       -> menu               # nothing waited for the code
    : late signedReceipt 0 ok place=1.7 receipt=note -> menu
    menu: withdraw 2000; answer receipt logged={place=1.7} -> receipt, signedReceipt 1.7
    : late signedReceipt 0 bank_unreachable place=1.7 -> receipt code=nothing
    : show_code                                  -> receipt
    history: open_entry logged                   -> receipt, signedReceipt 1.9
    : late signedReceipt 0 signing_stopped place=1.9 -> receipt code=nothing
    : late signedReceipt 0 ok place=1.9 receipt=note -> receipt code=note
    : show_code; next                            -> receipt code=note
    : next                                       -> history
    menu: show_code                              -> menu
  `);
});

Deno.test("a balance that changes without the customer is pointed out for a while", () => {
  play(`
    menu: view booked=127050 version=2              -> menu / news=2000
    : @${balanceNewsMs - 1} tick          -> menu / news=2000
    : @${balanceNewsMs} tick              -> menu / news=undefined
    balance: view booked=125000 version=2           -> balance / news=-50
    menu: view booked=127050                        -> menu / news=undefined # the same version
    menu: view version=2                            -> menu / news=undefined # the same amount
    amount: view booked=127050 version=2            -> amount / news=undefined
  `);
});

Deno.test("the menu covers the balance, shows it when asked, and covers it again", () => {
  play(`
    menu: show_balance true                         -> menu / balanceShown=true
    : @${balanceShownMsMax - 1} tick                -> menu / balanceShown=true
    : @${balanceShownMsMax} tick                    -> menu / balanceShown=false
    : show_balance true; show_balance false         -> menu / balanceShown=false
    menu: show_balance true; go more; back          -> menu / balanceShown=false
  `);
});

Deno.test("the machine gets word of touches every few seconds at most, and of the last one", () => {
  play(`
    menu: @100 touched             -> menu
    menu: @2900 touched            -> menu
    : @3000 tick                   -> menu, touch
    : @9000 tick                   -> menu
    welcome (away): @9000 touched  -> welcome
  `);
});

Deno.test("an idle customer is asked for more time before the visit ends", () => {
  const asking = play(`
    menu: @39999 tick              -> menu / moreTime=false
    menu: @40000 tick              -> menu / moreTime=true
  `);
  play(`: @41000 touched           -> menu / moreTime=true`, asking);
  play(`: @41000 go balance        -> menu`, asking);
  play(
    `
    : @42000 stay                  -> menu, touch / moreTime=false
    : @81999 tick                  -> menu / moreTime=false
  `,
    asking,
  );
  play(`: @42000 log_out           -> menu, logOut / moreTime=false`, asking);
  play(`: view away ended=idle     -> ended / moreTime=false`, asking);
  play(`
    working withdrawal: @59000 tick                       -> working / moreTime=false
    amount 40: use_typed; @30000 answer [twenties tens]   -> mix # from here on the customer is idle
    : @30001 tick                                         -> mix, touch
    : @69999 tick                                         -> mix / moreTime=false
    : @70000 tick                                         -> mix / moreTime=true
  `);
});

Deno.test("a screen that nobody reads is tidied, counted from when it came", () => {
  const rows: [screen: string, restMs: number][] = [
    ["log_in", screenRestMs.log_in],
    ["ended idle", screenRestMs.ended],
    ["back true", screenRestMs.back],
    ["receipt", screenRestMs.receipt],
    ["code note from={name=receipt receipt=receipt}", screenRestMs.code],
    ["refusal wrong_credentials log_in", screenRestMs.refusal],
  ];
  for (const [screen, ms] of rows) {
    const untouched = { ...stateOf(`${screen} (away)`), lastTouchMs: startMs - 500_000 };
    play(`: @${ms - 1} tick -> ${screen}`, untouched);
    play(`: @${ms} tick     -> welcome`, untouched);
  }
});

Deno.test("nothing leads on once the page is disconnected", () => {
  play(`
    settings: set language=de; disconnected stopped -> disconnected stopped / language=de
    amount: disconnected stopped          -> disconnected stopped
    : withdraw 2000; log_out; touched; tick; view visiting; disconnected link_used -> disconnected stopped / unchanged=true
  `);
});

Deno.test("the demo's hands act next to the ATM, whatever it is doing, and only in a demo", () => {
  play(`
    menu: withdraw 2000        -> working, withdraw 2000
    : demo takeNotes               -> working, takeNotes / unchanged=true
    menu (real): withdraw 2000 -> working, withdraw 2000
    : demo takeNotes               -> working / unchanged=true
  `);
});

Deno.test("settings are reached from where nothing is lost, and end with the visit", () => {
  play(`
    amount: go settings                                       -> amount
    deposit: go settings                                      -> deposit
    log_in: go settings                                       -> log_in
    menu: go settings; set language=de contrast=high; next    -> menu / contrast=high
    : view away ended=logged_out                              -> ended / language=de
    : next                                                    -> welcome / language=en
    welcome (away): go settings; set language=de contrast=high; @100 back -> welcome / language=de shownMs=+100
    : @${screenRestMs.welcome + 100} tick                 -> welcome / language=en shownMs=+100
  `);
});

Deno.test("a machine's own language is everyone's who has chosen no other", () => {
  play(`
    starting (none): view away language=de            -> welcome / language=de
    : set language=es; view away language=de          -> welcome / language=es
  `);
});

Deno.test("what is printed and read out again is what the host can", () => {
  const able = (screen: string) => ({
    ...stateOf(screen),
    can: { prints: true, speaks: true, highContrast: false },
  });
  play(`: print -> receipt / print=true`, able("receipt"));
  play(`receipt: print -> receipt / print=false`);
  play(`: print -> menu / print=false`, able("menu"));
  play(
    `
    : read_again -> receipt / speak=false
    : set sound=true; read_again -> receipt / speak=true
  `,
    able("receipt"),
  );
});

Deno.test("speech begins by its key, and its volume ends with the visit", () => {
  const can = { prints: false, speaks: true, highContrast: false };
  play(
    `
    : speech_key volume                    -> welcome / speak=undefined volume=1
    : speech_key speak                     -> welcome / speak=true
    : speech_key volume                    -> welcome / speak=true volume=0.4
    : set language=ja; speech_key speak    -> welcome / speak=undefined # no voice is good enough
  `,
    { ...stateOf("welcome (away)"), can },
  );
  const ended = stateOf("ended logged_out (away)");
  const settings = { ...ended.settings, sound: true, volume: 0.4 };
  play(`: next -> welcome / volume=1`, { ...ended, can, settings });
});

Deno.test("the on-screen keyboard goes with its screen", () => {
  play(`
    log_in (away): keyboard capitals  -> log_in / keyboard=capitals
    : back                            -> welcome / keyboard=nothing
  `);
});

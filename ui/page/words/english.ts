/** English, and with it the shape of every other language's table: see `../words.ts`. */
import type { HistoryEntry, OutOfService, VisitEnd } from "../../../lib/atm.ts";
import type { DisconnectReason } from "../bridge/bridge.ts";
import type { HardlyMet, NoticeWords, Plural, RefusalWords, Refused } from "./shapes.ts";

const elsewhere = "If you are in a hurry, please use another ATM.";
const loggedOut = "You were logged out";
const toTheStart = "To the start";
const goOn = "Continue";
const outOfService = "Out of service";

export const english = {
  /** What the language is called in itself. */
  name: "English",
  /** For `Intl`: numbers, money and dates. */
  locale: "en-GB",
  direction: "ltr" as "ltr" | "rtl",

  atm: "ATM {terminal}",
  documentTitle: "{heading} · {bank}",
  connection: {
    online: "Connected",
    connecting: "Connecting…",
    lost: "Connection lost",
    no_key: outOfService,
    not_accepted: outOfService,
  },
  back: "Back",
  cancel: "Cancel",
  done: "Done",
  goOn,
  logOut: "Log out",

  starting: { heading: "One moment", lede: "This ATM is getting ready." },
  welcome: {
    heading: "Welcome to {bank}",
    lede: "Withdraw, deposit and see your account.",
    begin: "Touch to begin",
  },
  logIn: {
    heading: "Who is there?",
    lede: "Please log in with your username and password.",
    care: "Please make sure that nobody sees you type.",
    username: "Username",
    password: "Password",
    show: "Show password",
    hide: "Hide password",
    next: "Log in",
    busy: "Checking…",
  },
  menu: {
    greeting: {
      morning: "Good morning, {name}",
      afternoon: "Good afternoon, {name}",
      evening: "Good evening, {name}",
    },
    lede: "What would you like to do?",
    withdraw: "Withdraw cash",
    withdrawHint: "Quick amounts or your own",
    deposit: "Deposit cash",
    depositHint: "Notes, counted as you watch",
    balance: "Balance",
    balanceHint: "Booked and available",
    transfer: "Transfer",
    transferHint: "To another account",
    password: "Password",
    passwordHint: "Choose a new one",
    history: "History",
    historyHint: "What happened, newest first",
    elsewhere: "You are logged in at ATM {atms} too. If that is not you, please tell your bank.",
  },
  account: {
    available: "Available",
    booked: "Booked balance",
    onHold: "On hold",
    news: "{change} just now",
    number: "Account {number}",
  },
  withdraw: {
    heading: "How much would you like?",
    lede: "You can take out up to {available}.",
    own: "Another amount",
    empty: "This ATM has no quick amounts at the moment.",
  },
  amount: {
    heading: "What amount?",
    lede: "This ATM hands out {notes}.",
    label: "Amount",
    next: "Withdraw",
    nextAmount: "Withdraw {amount}",
    erase: "Erase",
    clear: "Clear",
    pad: "Key pad",
    noNotes: "no notes at the moment",
  },
  working: {
    withdrawal: {
      heading: "Counting your cash",
      lede: "One moment, please. Your notes come out below.",
    },
    deposit: {
      heading: "Booking your deposit",
      lede: "One moment, please. Your notes are being taken in.",
    },
    transfer: {
      heading: "Sending your transfer",
      lede: "One moment, please.",
    },
    return: { heading: "Giving your notes back", lede: "One moment, please." },
    lost: "The connection to the bank was lost. Please wait: this is being finished safely.",
  },
  receipt: {
    withdrawal: { heading: "Here is your receipt", lede: "You have taken these notes." },
    deposit: { heading: "Thank you", lede: "Your deposit is in your account." },
    transfer: { heading: "It is sent", lede: "The money is in the other account already." },
    title: "Receipt",
    kind: { withdrawal: "Withdrawal", deposit: "Deposit", transfer: "Transfer" },
    to: "To account",
    place: "Place in the bank’s log",
    tag: "Its tag there",
    save: "Save",
    print: "Print",
    saving: "Saving…",
    saved: "Saved as {place}",
    notSaved: "It could not be saved. Please note the reference.",
    amount: "Amount",
    balance: "Balance after",
    available: "Available",
    time: "Date and time",
    terminal: "ATM",
    reference: "Reference",
  },
  deposit: {
    heading: "Please insert your notes",
    lede: "One at a time. This ATM takes {notes}.",
    total: "Counted so far",
    empty: "Nothing inserted yet",
    confirm: "Deposit",
    confirmAmount: "Deposit {total}",
    giveBack: "Give my notes back",
    count: { one: "{count} note", other: "{count} notes" } as Plural,
  },
  take: {
    heading: "Please take your notes",
    lede: "They are in the tray. After a while they are drawn back in.",
  },
  devices: {
    title: "Demo",
    name: "Devices",
    hint: "Your hands, and chance. Not a part of the ATM.",
    insert: "Insert {note}",
    take: "Take the notes",
    what: "What",
    when: "When",
    where: "At",
    arm: "Make it fail",
    disarm: "Disarm: {fault}",
    jammed: "Jammed: {devices}",
    clear: "Clear jams",
  },
  balance: {
    heading: "Your balance",
    lede: "It changes by itself when money moves elsewhere.",
    holdHint: "Set aside for withdrawals that are not finished.",
    account: "Account",
  },
  history: {
    heading: "Your history",
    lede: "Everything done in your name, newest first.",
    kind: {
      all: "All",
      withdrawal: "Withdrawals",
      deposit: "Deposits",
      transfer: "Transfers",
      "log-in": "Log-ins",
      other: "Other",
    } satisfies Record<HistoryEntry["kind"] | "all", string>,
    outcome: { all: "Any outcome", done: "Done", refused: "Refused" },
    kindLabel: "Kind",
    outcomeLabel: "Outcome",
    search: "Search",
    older: "Older",
    newer: "Newer",
    none: "Nothing here",
    noneHint: "No entry matches. Choose “All” or search for something else.",
    loading: "Looking it up…",
    refused: "Refused: {why}",
    at: "at {terminal}",
    page: "Page {number}",
    days: { all: "Any time", today: "Today", week: "7 days", month: "30 days" },
    daysLabel: "Time",
    otherDays: "Other dates",
    from: "From",
    until: "Until",
    sealed: "As the log has it",
    sealedHint: "Sealed: only the bank can read it.",
    place: "Place {place}",
    tag: "Tag {tag}",
    csv: "Save as a file",
    /** As the log itself says them, which is in English: each language has its own for these. */
    actions: {
      withdraw: "withdraw {amount}",
      opening: "deposit {amount} - opening balance",
      deposit: "deposit {amount}",
      send: "transfer {amount} to account {account} ({name})",
      sendUnknown: "transfer {amount} to account {account}",
      receive: "receive {amount} from account {account} ({name})",
      lookUp: "look up account {account}",
      logIn: "log in",
      logOut: "log out",
      idle: "log out - idle",
      lost: "log out - connection lost",
      changed: "log out - password changed elsewhere",
      password: "change password",
      balance: "view balance",
      view: "view history",
      search: "search history",
      older: "view older history",
    },
  },
  mix: {
    heading: "Which notes?",
    lede: "You get {amount}. Choose the notes that you would like.",
  },
  transfer: {
    heading: "Who is it for?",
    lede: "Please type the number of the account. You see whose it is before anything is sent.",
    account: "Account number",
    own: "Or between your own accounts",
    next: "Continue",
    lookingUp: "Looking it up…",
    sumHeading: "How much for {name}?",
    sumLede: "You can send up to {available}.",
    nextAmount: "Continue with {amount}",
    confirmHeading: "Is this right?",
    confirmLede: "A transfer cannot be taken back.",
    to: "To",
    from: "From your account",
    send: "Send {amount}",
  },
  accounts: {
    heading: "Which account?",
    lede: "Everything you do is done with the account that you choose.",
    other: "Switch account",
  },
  password: {
    heading: "A new password",
    lede: "At least {length} characters. A few words that only you would put together are best.",
    current: "Your password now",
    next: "The new password",
    again: "The new password again",
    change: "Change it",
    faults: {
      missing: "Please type your present password, too.",
      too_short: "The new password needs at least {length} characters.",
      mismatch: "The two new passwords are not the same.",
      unchanged: "The new password is the same as the old one.",
    },
    changedHeading: "Your password is changed",
    changedLede: "It holds from now on. Wherever else you were logged in, you are logged out.",
  },
  chart: {
    heading: "The last 30 days",
    loading: "Asking the bank…",
    summary: "Between {least} and {most}",
    day: "Day",
  },
  settings: {
    heading: "Settings",
    lede: "They hold for you alone, until you have finished.",
    language: "Language",
    size: "Size",
    sizes: { normal: "Usual", large: "Large" },
    contrast: "Contrast",
    contrasts: { normal: "Usual", high: "High" },
    sound: "Read aloud",
    sounds: { off: "Off", on: "On" },
    again: "Say it again",
    mute: "Do not read aloud",
  },
  keyboard: {
    name: "On-screen keyboard",
    /** The letters of its three rows; names and passwords may be of any. */
    rows: "qwertyuiop asdfghjkl zxcvbnm",
    hide: "Hide the keyboard",
    shift: "Capital letters",
    signs: "Digits and signs",
    letters: "Letters",
    space: "Space",
  },
  throttled: {
    left: "You can try again in {seconds}",
    over: "You can try again now.",
  },
  nearest: "Amounts that this ATM can pay out now",
  notices: {
    out_of_service: {
      no_bank: {
        heading: "This ATM is not ready yet",
        lede: "It is trying to reach the bank, and will be ready as soon as the bank answers.",
        help: elsewhere,
      },
      no_key: {
        heading: "This ATM is not set up yet",
        lede: "It has no key to prove itself to the bank with, and waits for one.",
        help: elsewhere,
      },
      not_accepted: {
        heading: "This ATM is closed",
        lede: "The bank does not accept it any more. Your money is safe.",
        help: elsewhere,
      },
      device_fault: {
        heading: "This ATM needs a repair",
        lede: "It may not hand out notes, or not take them in. All else works.",
        help: elsewhere,
        next: goOn,
      },
      no_cash: {
        heading: "No cash at the moment",
        lede: "This ATM has no notes left to hand out. All else works.",
        help: elsewhere,
        next: goOn,
      },
    } satisfies Record<OutOfService, NoticeWords>,
    lost: {
      heading: "The bank cannot be reached",
      ledeVisit: "The connection was lost, so we have logged you out. Your money is safe.",
      lede: "The connection was lost. Your money is safe.",
      help: "This ATM keeps trying and tells you here as soon as the bank is back.",
    },
    back: {
      heading: "The bank is back",
      ledeVisit: "You were logged out to keep you safe. Please log in again.",
      lede: "Everything works again.",
      next: "Log in",
    },
    ended: {
      logged_out: {
        heading: "Goodbye",
        lede: "You are logged out. Please do not forget your notes.",
        next: toTheStart,
      },
      idle: {
        heading: loggedOut,
        lede: "Nobody touched the screen for a while. Please log in again to go on.",
        next: toTheStart,
      },
      connection_lost: {
        heading: loggedOut,
        lede: "The connection to the bank was lost. Please log in again to go on.",
        next: toTheStart,
      },
      ended_by_bank: {
        heading: "The bank ended your visit",
        lede: "Please log in again to go on.",
        next: toTheStart,
      },
    } satisfies Record<VisitEnd, NoticeWords>,
    disconnected: {
      stopped: {
        heading: "This ATM has stopped",
        lede: "Whatever was under way is settled automatically: no money is lost.",
        help: "Please use another ATM, or start this one's program again.",
      },
      opened_elsewhere: {
        heading: "This ATM is open in another window",
        lede: "Only one window can be in use at a time, and a newer one was opened.",
        help: "You can close this window.",
      },
      link_used: {
        heading: "This page cannot be opened again",
        lede: "To keep you safe, the link to an ATM works once, and so does its page.",
        help: "Close this window and open the ATM again from its program.",
      },
    } satisfies Record<DisconnectReason, NoticeWords>,
  },
  moreTime: {
    heading: "Do you need more time?",
    lede: "Otherwise you will be logged out in {seconds}.",
    stay: "Yes, more time",
    leave: "No, log out",
  },
  refusals: {
    wrong_credentials: {
      heading: "That did not match",
      lede: "The username or the password is not right. Please mind capital letters.",
      next: "Try again",
    },
    throttled: {
      heading: "Please wait a moment",
      lede: "There were too many wrong attempts. To keep you safe, the next one has to wait.",
      next: "Try again",
    },
    not_logged_in: {
      heading: "You are no longer logged in",
      lede: "Your visit ended before this could be done. Nothing was booked. Please log in again.",
    },
    already_logged_in: {
      heading: "Somebody is still logged in",
      lede: "The visit before yours has not ended yet. Please wait a moment and try again.",
      next: "Try again",
    },
    password_too_short: {
      heading: "That password is too short",
      lede: "Please choose a longer one. Your password is still the old one.",
      next: "Try again",
    },
    password_unchanged: {
      heading: "That is the same password",
      lede: "Please choose another one than you have now.",
      next: "Try again",
    },
    account_not_a_number: {
      heading: "Is that number right?",
      lede:
        "An account’s number has twelve digits, and one of these is wrong or missing. Please look at it once more.",
      next: "Change the number",
    },
    unknown_recipient: {
      heading: "We cannot find that account",
      lede: "No account has this number. Please look at it once more. Nothing was sent.",
      next: "Change the number",
    },
    same_account: {
      heading: "That is the account itself",
      lede: "The money is there already. Nothing was sent.",
    },
    recipient_unavailable: {
      heading: "That account takes no money",
      lede: "Please ask whom it is for about another account. Nothing was sent.",
    },
    not_saved: {
      heading: "It could not be saved",
      lede: "Nothing else has changed. Please tell your bank if this goes on.",
    },
    amount_not_a_number: {
      heading: "We could not read that amount",
      lede: "Please type an amount such as 40 or 40.00, with digits only.",
      next: "Change the amount",
    },
    amount_not_positive: {
      heading: "That is no amount",
      lede: "Please choose an amount above zero. Nothing was booked.",
      next: "Change the amount",
    },
    amount_too_large: {
      heading: "That amount is too large",
      lede: "No account can pay out so much at once. Nothing was booked.",
      next: "Change the amount",
    },
    wrong_currency: {
      heading: "Another currency",
      lede: "Your account is kept in a currency that this ATM does not have.",
    },
    unknown_account: {
      heading: "We cannot find this account",
      lede: "Nothing was booked. Please ask your bank: they can put it right.",
    },
    account_locked: {
      heading: "This account is locked",
      lede: "No money can be moved at the moment. Please ask your bank.",
    },
    account_closed: {
      heading: "This account is closed",
      lede: "No money can be moved any more. Please ask your bank if that is a surprise.",
    },
    over_withdrawal_limit: {
      heading: "Over your limit",
      lede:
        "This is more than you may take out at once. A smaller amount may be possible. Nothing was booked.",
      next: "Choose another amount",
    },
    over_day_limit: {
      heading: "Over your limit for today",
      lede:
        "This is more than your account may still give today. A smaller amount may be possible. Nothing was booked.",
      next: "Choose another amount",
    },
    over_terminal_limit: {
      heading: "This ATM has done enough for today",
      lede: "Nothing was booked. Please use another ATM.",
    },
    insufficient_funds: {
      heading: "Not enough money",
      lede: "Your account does not hold as much as that. Nothing was booked.",
      next: "Choose another amount",
    },
    try_later: {
      heading: "The bank is busy",
      lede: "Nothing was booked. Please try again in a moment.",
      next: "Try again",
    },
    not_dispensable: {
      heading: "We cannot hand out exactly that",
      lede: "The notes in this ATM do not make up this amount. Nothing was booked.",
      next: "Choose another amount",
    },
    no_notes_inserted: {
      heading: "No notes were inserted",
      lede: "There was nothing to deposit. Nothing was booked.",
    },
    device_fault: {
      heading: "Something is jammed",
      lede:
        "This ATM could not move the notes. What was not handed out is not charged. Please use another ATM.",
    },
    notes_not_taken: {
      heading: "Your notes are back inside",
      lede: "Nobody took them, so they were drawn back. Nothing was booked.",
    },
    to_be_counted: {
      heading: "Your bank will look into this",
      lede:
        "This ATM could not count what it moved. People will count it, and you pay or get exactly that.",
    },
    bank_unreachable: {
      heading: "We could not reach the bank",
      lede: "Nothing was booked and your money is safe. Please try again in a moment.",
    },
    in_doubt: {
      heading: "Your money is safe",
      lede:
        "The bank has not confirmed this yet. Your history will show what was booked: please look there before you do it again.",
    },
    earlier_in_doubt: {
      heading: "Please wait for the bank",
      lede:
        "The bank has not confirmed your last transaction yet. No more money can be moved in this visit.",
    },
    not_booked: {
      heading: "This could not be booked",
      lede:
        "The bank declined it to be safe. Your history shows what was booked. Please try again.",
    },
  } satisfies Record<Exclude<Refused, HardlyMet> | "not_booked", RefusalWords> as Record<
    Refused | "not_booked",
    RefusalWords | undefined
  >,
  refusalDetails: {
    asked: "You asked for",
    available: "Available",
    reference: "Reference",
    keep: "Please keep the reference in case you want to ask about it.",
  },
};

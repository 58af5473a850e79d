import type { Words } from "./words.ts";

const elsewhere = "Wenn Sie es eilig haben, nutzen Sie bitte einen anderen Automaten.";
const loggedOut = "Sie wurden abgemeldet";
const toTheStart = "Zum Anfang";
const goOn = "Weiter";
const outOfService = "Außer Betrieb";
const again = "Noch einmal";
const otherAmount = "Anderen Betrag wählen";
const nothingBooked = "Es wurde nichts gebucht.";

export const german: Words = {
  name: "Deutsch",
  locale: "de-DE",
  direction: "ltr",

  atm: "Automat {terminal}",
  documentTitle: "{heading} · {bank}",
  connection: {
    online: "Verbunden",
    connecting: "Verbindet…",
    lost: "Keine Verbindung",
    no_key: outOfService,
    not_accepted: outOfService,
  },
  back: "Zurück",
  cancel: "Abbrechen",
  done: "Fertig",
  goOn,
  logOut: "Abmelden",

  starting: { heading: "Einen Moment", lede: "Der Automat wird vorbereitet." },
  welcome: {
    heading: "Willkommen bei {bank}",
    lede: "Abheben, einzahlen und Ihr Konto ansehen.",
    begin: "Zum Beginnen berühren",
  },
  logIn: {
    heading: "Wer ist da?",
    lede: "Bitte melden Sie sich mit Benutzername und Passwort an.",
    care: "Bitte achten Sie darauf, dass niemand beim Tippen zusieht.",
    username: "Benutzername",
    password: "Passwort",
    show: "Passwort zeigen",
    hide: "Passwort verbergen",
    next: "Anmelden",
    busy: "Wird geprüft…",
  },
  menu: {
    greeting: {
      morning: "Guten Morgen, {name}",
      afternoon: "Guten Tag, {name}",
      evening: "Guten Abend, {name}",
    },
    lede: "Was möchten Sie tun?",
    withdraw: "Geld abheben",
    withdrawHint: "Schnell oder eigener Betrag",
    deposit: "Geld einzahlen",
    depositHint: "Scheine, vor Ihnen gezählt",
    balance: "Kontostand",
    balanceHint: "Gebucht und verfügbar",
    transfer: "Überweisung",
    transferHint: "Auf ein anderes Konto",
    password: "Passwort",
    passwordHint: "Ein neues wählen",
    history: "Verlauf",
    historyHint: "Was war, das Neueste zuerst",
    elsewhere:
      "Sie sind auch am Automaten {atms} angemeldet. Sind Sie das nicht, sagen Sie es bitte Ihrer Bank.",
  },
  account: {
    available: "Verfügbar",
    booked: "Gebuchter Stand",
    onHold: "Vorgemerkt",
    news: "{change} gerade eben",
    number: "Konto {number}",
  },
  withdraw: {
    heading: "Wie viel möchten Sie?",
    lede: "Sie können bis zu {available} abheben.",
    own: "Anderer Betrag",
    empty: "Zurzeit hat dieser Automat keine schnellen Beträge.",
  },
  amount: {
    heading: "Welcher Betrag?",
    lede: "Dieser Automat gibt {notes} aus.",
    label: "Betrag",
    next: "Abheben",
    nextAmount: "{amount} abheben",
    erase: "Löschen",
    clear: "Leeren",
    pad: "Zifferntasten",
    noNotes: "zurzeit keine Scheine",
  },
  working: {
    withdrawal: {
      heading: "Ihr Geld wird gezählt",
      lede: "Einen Moment bitte. Ihre Scheine kommen unten heraus.",
    },
    deposit: {
      heading: "Ihre Einzahlung wird gebucht",
      lede: "Einen Moment bitte. Ihre Scheine werden eingezogen.",
    },
    transfer: { heading: "Ihre Überweisung wird gesendet", lede: "Einen Moment bitte." },
    return: { heading: "Sie bekommen Ihre Scheine zurück", lede: "Einen Moment bitte." },
    lost:
      "Die Verbindung zur Bank ist unterbrochen. Bitte warten Sie: Der Vorgang wird sicher beendet.",
  },
  receipt: {
    withdrawal: { heading: "Hier ist Ihr Beleg", lede: "Diese Scheine haben Sie entnommen." },
    deposit: { heading: "Vielen Dank", lede: "Ihre Einzahlung ist auf Ihrem Konto." },
    transfer: { heading: "Es ist gesendet", lede: "Das Geld ist schon auf dem anderen Konto." },
    title: "Beleg",
    kind: { withdrawal: "Auszahlung", deposit: "Einzahlung", transfer: "Überweisung" },
    to: "Auf Konto",
    place: "Platz im Protokoll",
    tag: "Prüfwert dort",
    save: "Speichern",
    print: "Drucken",
    saving: "Wird gespeichert…",
    saved: "Gespeichert als {place}",
    notSaved: "Das ließ sich nicht speichern. Bitte notieren Sie die Referenz.",
    amount: "Betrag",
    balance: "Stand danach",
    available: "Verfügbar",
    time: "Datum und Zeit",
    terminal: "Automat",
    reference: "Referenz",
  },
  deposit: {
    heading: "Bitte legen Sie Ihre Scheine ein",
    lede: "Einen nach dem anderen. Dieser Automat nimmt {notes}.",
    total: "Bisher gezählt",
    empty: "Noch nichts eingelegt",
    confirm: "Einzahlen",
    confirmAmount: "{total} einzahlen",
    giveBack: "Scheine zurückgeben",
    count: { one: "{count} Schein", other: "{count} Scheine" },
  },
  take: {
    heading: "Bitte entnehmen Sie Ihre Scheine",
    lede: "Sie liegen im Fach. Nach einer Weile werden sie wieder eingezogen.",
  },
  devices: {
    title: "Demo",
    name: "Geräte",
    hint: "Ihre Hände und der Zufall. Kein Teil des Automaten.",
    insert: "{note} einlegen",
    take: "Scheine nehmen",
    what: "Was",
    when: "Wann",
    where: "Bei",
    arm: "Störung auslösen",
    disarm: "Entschärfen: {fault}",
    jammed: "Verklemmt: {devices}",
    clear: "Störungen beheben",
  },
  balance: {
    heading: "Ihr Kontostand",
    lede: "Er ändert sich von selbst, wenn anderswo Geld fließt.",
    holdHint: "Für Auszahlungen, die noch nicht beendet sind.",
    account: "Konto",
  },
  history: {
    heading: "Ihr Verlauf",
    lede: "Alles, was in Ihrem Namen geschah, das Neueste zuerst.",
    kind: {
      all: "Alles",
      withdrawal: "Auszahlungen",
      deposit: "Einzahlungen",
      transfer: "Überweisungen",
      "log-in": "Anmeldungen",
      other: "Sonstiges",
    },
    outcome: { all: "Jeder Ausgang", done: "Erledigt", refused: "Abgelehnt" },
    kindLabel: "Art",
    outcomeLabel: "Ausgang",
    search: "Suchen",
    older: "Älter",
    newer: "Neuer",
    none: "Hier ist nichts",
    noneHint: "Kein Eintrag passt. Wählen Sie „Alles“ oder suchen Sie etwas anderes.",
    loading: "Wird gesucht…",
    refused: "Abgelehnt: {why}",
    at: "an {terminal}",
    page: "Seite {number}",
    days: { all: "Jederzeit", today: "Heute", week: "7 Tage", month: "30 Tage" },
    daysLabel: "Zeit",
    otherDays: "Anderer Zeitraum",
    from: "Von",
    until: "Bis",
    sealed: "Wie im Protokoll",
    sealedHint: "Versiegelt: Nur die Bank kann es lesen.",
    place: "Platz {place}",
    tag: "Prüfwert {tag}",
    csv: "Als Datei speichern",
    actions: {
      withdraw: "{amount} abheben",
      opening: "{amount} einzahlen, zur Eröffnung",
      deposit: "{amount} einzahlen",
      send: "{amount} auf Konto {account} ({name}) überweisen",
      sendUnknown: "{amount} auf Konto {account} überweisen",
      receive: "{amount} von Konto {account} ({name}) erhalten",
      lookUp: "Konto {account} nachschlagen",
      logIn: "Anmelden",
      logOut: "Abmelden",
      idle: "Abgemeldet, niemand war da",
      lost: "Abgemeldet, die Verbindung brach ab",
      changed: "Abgemeldet, Passwort anderswo geändert",
      password: "Passwort ändern",
      balance: "Kontostand ansehen",
      view: "Verlauf ansehen",
      search: "Verlauf durchsuchen",
      older: "Älteren Verlauf ansehen",
    },
  },
  mix: {
    heading: "Welche Scheine?",
    lede: "Sie bekommen {amount}. Wählen Sie, welche Scheine Sie möchten.",
  },
  transfer: {
    heading: "Für wen ist es?",
    lede:
      "Bitte tippen Sie die Kontonummer. Sie sehen, wem das Konto gehört, bevor etwas gesendet wird.",
    account: "Kontonummer",
    own: "Oder zwischen Ihren eigenen Konten",
    next: goOn,
    lookingUp: "Wird gesucht…",
    sumHeading: "Wie viel für {name}?",
    sumLede: "Sie können bis zu {available} senden.",
    nextAmount: "Weiter mit {amount}",
    confirmHeading: "Stimmt das so?",
    confirmLede: "Eine Überweisung lässt sich nicht zurücknehmen.",
    to: "An",
    from: "Von Ihrem Konto",
    send: "{amount} senden",
  },
  accounts: {
    heading: "Welches Konto?",
    lede: "Alles, was Sie tun, geschieht mit dem Konto, das Sie wählen.",
    other: "Konto wechseln",
  },
  password: {
    heading: "Ein neues Passwort",
    lede:
      "Mindestens {length} Zeichen. Am besten ein paar Wörter, die nur Sie so zusammenstellen würden.",
    current: "Ihr jetziges Passwort",
    next: "Das neue Passwort",
    again: "Das neue Passwort noch einmal",
    change: "Ändern",
    faults: {
      missing: "Bitte tippen Sie auch Ihr jetziges Passwort.",
      too_short: "Das neue Passwort braucht mindestens {length} Zeichen.",
      mismatch: "Die beiden neuen Passwörter sind nicht gleich.",
      unchanged: "Das neue Passwort ist dasselbe wie das alte.",
    },
    changedHeading: "Ihr Passwort ist geändert",
    changedLede: "Es gilt ab jetzt. Wo Sie sonst noch angemeldet waren, sind Sie abgemeldet.",
  },
  chart: {
    heading: "Die letzten 30 Tage",
    loading: "Die Bank wird gefragt…",
    summary: "Zwischen {least} und {most}",
    day: "Tag",
  },
  settings: {
    heading: "Einstellungen",
    lede: "Sie gelten nur für Sie, bis Sie fertig sind.",
    language: "Sprache",
    size: "Größe",
    sizes: { normal: "Normal", large: "Groß" },
    contrast: "Kontrast",
    contrasts: { normal: "Normal", high: "Hoch" },
    sound: "Vorlesen",
    sounds: { off: "Aus", on: "An" },
    again: "Noch einmal vorlesen",
    mute: "Nicht vorlesen",
  },
  keyboard: {
    name: "Bildschirmtastatur",
    rows: "qwertzuiopü asdfghjklöä yxcvbnmß",
    hide: "Tastatur ausblenden",
    shift: "Großbuchstaben",
    signs: "Ziffern und Zeichen",
    letters: "Buchstaben",
    space: "Leerzeichen",
  },
  throttled: {
    left: "Nächster Versuch in {seconds}",
    over: "Sie können es jetzt noch einmal versuchen.",
  },
  nearest: "Beträge, die dieser Automat jetzt auszahlen kann",
  notices: {
    out_of_service: {
      no_bank: {
        heading: "Dieser Automat ist noch nicht bereit",
        lede: "Er sucht die Bank und ist bereit, sobald sie antwortet.",
        help: elsewhere,
      },
      no_key: {
        heading: "Dieser Automat ist noch nicht eingerichtet",
        lede: "Er hat noch keinen Schlüssel, mit dem er sich bei der Bank ausweist.",
        help: elsewhere,
      },
      not_accepted: {
        heading: "Dieser Automat ist geschlossen",
        lede: "Die Bank lässt ihn nicht mehr zu. Ihr Geld ist sicher.",
        help: elsewhere,
      },
      device_fault: {
        heading: "Dieser Automat muss repariert werden",
        lede: "Vielleicht gibt er keine Scheine aus oder nimmt keine an. Alles andere geht.",
        help: elsewhere,
        next: goOn,
      },
      no_cash: {
        heading: "Zurzeit kein Bargeld",
        lede: "Dieser Automat hat keine Scheine mehr. Alles andere geht.",
        help: elsewhere,
        next: goOn,
      },
    },
    lost: {
      heading: "Die Bank ist nicht erreichbar",
      ledeVisit: "Die Verbindung brach ab, darum haben wir Sie abgemeldet. Ihr Geld ist sicher.",
      lede: "Die Verbindung brach ab. Ihr Geld ist sicher.",
      help: "Dieser Automat versucht es weiter und sagt es hier, sobald die Bank zurück ist.",
    },
    back: {
      heading: "Die Bank ist wieder da",
      ledeVisit: "Zu Ihrer Sicherheit wurden Sie abgemeldet. Bitte melden Sie sich wieder an.",
      lede: "Alles geht wieder.",
      next: "Anmelden",
    },
    ended: {
      logged_out: {
        heading: "Auf Wiedersehen",
        lede: "Sie sind abgemeldet. Bitte vergessen Sie Ihre Scheine nicht.",
        next: toTheStart,
      },
      idle: {
        heading: loggedOut,
        lede: "Eine Weile hat niemand den Bildschirm berührt. Bitte melden Sie sich wieder an.",
        next: toTheStart,
      },
      connection_lost: {
        heading: loggedOut,
        lede: "Die Verbindung zur Bank brach ab. Bitte melden Sie sich wieder an.",
        next: toTheStart,
      },
      ended_by_bank: {
        heading: "Die Bank hat Ihren Besuch beendet",
        lede: "Bitte melden Sie sich wieder an.",
        next: toTheStart,
      },
    },
    disconnected: {
      stopped: {
        heading: "Dieser Automat wurde angehalten",
        lede: "Was im Gange war, wird von selbst abgewickelt: Es geht kein Geld verloren.",
        help: "Bitte nutzen Sie einen anderen Automaten, oder starten Sie sein Programm neu.",
      },
      opened_elsewhere: {
        heading: "Dieser Automat ist in einem anderen Fenster offen",
        lede: "Es kann nur ein Fenster benutzt werden, und ein neueres wurde geöffnet.",
        help: "Sie können dieses Fenster schließen.",
      },
      link_used: {
        heading: "Diese Seite lässt sich nicht noch einmal öffnen",
        lede: "Zu Ihrer Sicherheit gilt der Link zu einem Automaten nur ein Mal, seine Seite auch.",
        help: "Schließen Sie das Fenster und öffnen Sie den Automaten neu aus seinem Programm.",
      },
    },
  },
  moreTime: {
    heading: "Brauchen Sie mehr Zeit?",
    lede: "Sonst werden Sie in {seconds} abgemeldet.",
    stay: "Ja, mehr Zeit",
    leave: "Nein, abmelden",
  },
  refusals: {
    wrong_credentials: {
      heading: "Das passt nicht zusammen",
      lede: "Benutzername oder Passwort stimmt nicht. Bitte achten Sie auf Groß und Klein.",
      next: again,
    },
    throttled: {
      heading: "Bitte warten Sie einen Moment",
      lede: "Es gab zu viele falsche Versuche. Zu Ihrer Sicherheit muss der nächste warten.",
      next: again,
    },
    not_logged_in: {
      heading: "Sie sind nicht mehr angemeldet",
      lede: `Ihr Besuch endete vorher. ${nothingBooked} Bitte melden Sie sich wieder an.`,
    },
    already_logged_in: {
      heading: "Es ist noch jemand angemeldet",
      lede: "Der Besuch vor Ihrem ist noch nicht zu Ende. Bitte warten Sie einen Moment.",
      next: again,
    },
    password_too_short: {
      heading: "Dieses Passwort ist zu kurz",
      lede: "Bitte wählen Sie ein längeres. Es gilt noch Ihr altes.",
      next: again,
    },
    password_unchanged: {
      heading: "Das ist dasselbe Passwort",
      lede: "Bitte wählen Sie ein anderes als Ihr jetziges.",
      next: again,
    },
    account_not_a_number: {
      heading: "Stimmt diese Nummer?",
      lede:
        "Eine Kontonummer hat zwölf Ziffern, und davon ist eine falsch oder fehlt. Bitte sehen Sie noch einmal nach.",
      next: "Nummer ändern",
    },
    unknown_recipient: {
      heading: "Dieses Konto finden wir nicht",
      lede:
        "Kein Konto hat diese Nummer. Bitte sehen Sie noch einmal nach. Es wurde nichts gesendet.",
      next: "Nummer ändern",
    },
    same_account: {
      heading: "Das ist dasselbe Konto",
      lede: "Das Geld ist schon dort. Es wurde nichts gesendet.",
    },
    recipient_unavailable: {
      heading: "Dieses Konto nimmt kein Geld an",
      lede: "Bitte fragen Sie den Empfänger nach einem anderen Konto. Es wurde nichts gesendet.",
    },
    not_saved: {
      heading: "Das ließ sich nicht speichern",
      lede: "Sonst hat sich nichts geändert. Bleibt es so, sagen Sie es bitte Ihrer Bank.",
    },
    amount_not_a_number: {
      heading: "Diesen Betrag konnten wir nicht lesen",
      lede: "Bitte tippen Sie einen Betrag wie 40 oder 40,00, nur mit Ziffern.",
      next: "Betrag ändern",
    },
    amount_not_positive: {
      heading: "Das ist kein Betrag",
      lede: `Bitte wählen Sie einen Betrag über null. ${nothingBooked}`,
      next: "Betrag ändern",
    },
    amount_too_large: {
      heading: "Dieser Betrag ist zu groß",
      lede: `So viel kann kein Konto auf einmal auszahlen. ${nothingBooked}`,
      next: "Betrag ändern",
    },
    wrong_currency: {
      heading: "Eine andere Währung",
      lede: "Ihr Konto wird in einer Währung geführt, die dieser Automat nicht hat.",
    },
    unknown_account: {
      heading: "Dieses Konto finden wir nicht",
      lede: `${nothingBooked} Bitte fragen Sie Ihre Bank: Sie kann das richtigstellen.`,
    },
    account_locked: {
      heading: "Dieses Konto ist gesperrt",
      lede: "Zurzeit lässt sich kein Geld bewegen. Bitte fragen Sie Ihre Bank.",
    },
    account_closed: {
      heading: "Dieses Konto ist aufgelöst",
      lede: "Es lässt sich kein Geld mehr bewegen. Überrascht Sie das, fragen Sie bitte Ihre Bank.",
    },
    over_withdrawal_limit: {
      heading: "Über Ihrem Limit",
      lede:
        `Das ist mehr, als Sie auf einmal abheben dürfen. Weniger geht vielleicht. ${nothingBooked}`,
      next: otherAmount,
    },
    over_day_limit: {
      heading: "Über Ihrem Limit für heute",
      lede:
        `Das ist mehr, als Ihr Konto heute noch geben darf. Weniger geht vielleicht. ${nothingBooked}`,
      next: otherAmount,
    },
    over_terminal_limit: {
      heading: "Dieser Automat hat für heute genug getan",
      lede: `${nothingBooked} Bitte nutzen Sie einen anderen Automaten.`,
    },
    insufficient_funds: {
      heading: "Nicht genug Geld",
      lede: `So viel ist nicht auf Ihrem Konto. ${nothingBooked}`,
      next: otherAmount,
    },
    try_later: {
      heading: "Die Bank ist beschäftigt",
      lede: `${nothingBooked} Bitte versuchen Sie es gleich noch einmal.`,
      next: again,
    },
    not_dispensable: {
      heading: "Genau das können wir nicht auszahlen",
      lede: `Die Scheine in diesem Automaten ergeben den Betrag nicht. ${nothingBooked}`,
      next: otherAmount,
    },
    no_notes_inserted: {
      heading: "Es wurden keine Scheine eingelegt",
      lede: `Es gab nichts einzuzahlen. ${nothingBooked}`,
    },
    device_fault: {
      heading: "Etwas hat sich verklemmt",
      lede:
        "Dieser Automat konnte die Scheine nicht bewegen. Was nicht ausgegeben wurde, wird nicht belastet. Bitte nutzen Sie einen anderen.",
    },
    notes_not_taken: {
      heading: "Ihre Scheine sind wieder im Automaten",
      lede: `Niemand hat sie genommen, darum wurden sie eingezogen. ${nothingBooked}`,
    },
    to_be_counted: {
      heading: "Ihre Bank sieht sich das an",
      lede:
        "Dieser Automat konnte nicht zählen, was er bewegt hat. Menschen zählen nach, und genau das wird gebucht.",
    },
    bank_unreachable: {
      heading: "Wir konnten die Bank nicht erreichen",
      lede: `${nothingBooked} Ihr Geld ist sicher. Bitte versuchen Sie es gleich noch einmal.`,
    },
    in_doubt: {
      heading: "Ihr Geld ist sicher",
      lede:
        "Die Bank hat dies noch nicht bestätigt. Ihr Verlauf wird zeigen, was gebucht wurde: Bitte sehen Sie dort nach, bevor Sie es noch einmal tun.",
    },
    earlier_in_doubt: {
      heading: "Bitte warten Sie auf die Bank",
      lede:
        "Die Bank hat Ihren letzten Vorgang noch nicht bestätigt. In diesem Besuch lässt sich kein Geld mehr bewegen.",
    },
    not_booked: {
      heading: "Das konnte nicht gebucht werden",
      lede:
        "Die Bank hat es zur Sicherheit abgelehnt. Ihr Verlauf zeigt, was gebucht wurde. Bitte versuchen Sie es noch einmal.",
    },
  } as Words["refusals"],
  refusalDetails: {
    asked: "Gewünscht",
    available: "Verfügbar",
    reference: "Referenz",
    keep: "Bitte bewahren Sie die Referenz auf, falls Sie danach fragen möchten.",
  },
};

import type { Words } from "./words.ts";

const elsewhere = "Bitte nutzen Sie einen anderen Automaten.";
const loggedOut = "Sie wurden abgemeldet";
const toTheStart = "Neu beginnen";
const goOn = "Weiter";
const outOfService = "Außer Betrieb";
const again = "Erneut versuchen";
const otherAmount = "Anderen Betrag wählen";
const nothingBooked = "Es wurde nichts gebucht.";

export const german: Words = {
  name: "Deutsch",
  locale: "de-DE",
  direction: "ltr",
  firstWeekday: 1,

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
    lede: "Geld abheben, einzahlen, überweisen und den Kontostand ansehen.",
    begin: "Zum Beginnen berühren",
    card: "Karte einführen, oder berühren und mit Benutzername anmelden.",
  },
  logIn: {
    heading: "Anmelden",
    lede: "Geben Sie Benutzername und Passwort ein.",
    care: "Achten Sie darauf, dass niemand Ihre Eingabe sieht.",
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
    deposit: "Geld einzahlen",
    balance: "Kontostand",
    transfer: "Geld überweisen",
    history: "Umsätze",
    elsewhere:
      "Sie sind auch am Automaten {atms} angemeldet. Falls Sie das nicht sind, wenden Sie sich bitte an Ihre Bank.",
    ownAmount: "Anderer Betrag",
    again: "Wie beim letzten Mal",
    more: "Mehr",
    moreLede: "Ihr Passwort, Ihre Konten und die Einstellungen.",
  },
  account: {
    available: "Verfügbar",
    booked: "Gebuchter Saldo",
    onHold: "Vorgemerkt",
    news: "{change} gerade eben",
    number: "Konto {number}",
    show: "Kontostand zeigen",
    hide: "Kontostand verbergen",
  },

  limits: {
    once: "Limit pro Auszahlung: {amount}",
    today: "Heute noch {amount}",
    here: "An diesem Automaten heute noch {amount}",
  },
  amount: {
    heading: "Wie viel möchten Sie?",
    lede: "Bis zu {most}, in Scheinen zu {notes}.",
    label: "Betrag",
    next: "Abheben",
    nextAmount: "{amount} abheben",
    erase: "Löschen",
    clear: "Leeren",
    pad: "Zifferntasten",
    noNotes: "keinem Wert zurzeit",
    addNotes: "Schein hinzufügen",
    overMost: "Hier können Sie jetzt bis zu {most} abheben.",
  },
  working: {
    withdrawal: {
      heading: "Ihr Geld wird gezählt",
      lede: "Einen Moment bitte. Ihre Scheine werden bereitgestellt.",
    },
    deposit: {
      heading: "Ihre Einzahlung wird gebucht",
      lede: "Einen Moment bitte. Ihre Scheine werden eingezogen.",
    },
    transfer: { heading: "Ihre Überweisung wird ausgeführt", lede: "Einen Moment bitte." },
    return: { heading: "Ihre Scheine werden zurückgegeben", lede: "Einen Moment bitte." },
    lost:
      "Die Verbindung zur Bank ist unterbrochen. Bitte warten Sie: Ihr Vorgang wird sicher abgeschlossen.",
  },
  receipt: {
    withdrawal: { heading: "Auszahlung abgeschlossen", lede: "Diese Scheine haben Sie entnommen." },
    deposit: { heading: "Einzahlung abgeschlossen", lede: "Das Geld ist auf Ihrem Konto." },
    transfer: {
      heading: "Überweisung ausgeführt",
      lede: "Das Geld ist auf dem Konto des Empfängers.",
    },
    title: "Beleg",
    kind: { withdrawal: "Auszahlung", deposit: "Einzahlung", transfer: "Überweisung" },
    to: "Auf Konto",
    message: "Verwendungszweck",
    place: "Eintrag im Prüfprotokoll",
    tag: "Siegel im Prüfprotokoll",
    print: "Drucken",
    amount: "Betrag",
    balance: "Neuer Kontostand",
    available: "Verfügbar",
    time: "Datum und Uhrzeit",
    terminal: "Automat",
    reference: "Referenz",
  },
  code: {
    heading: "Ihr signierter Beleg",
    lede:
      "Fotografieren Sie den Code mit Ihrem Telefon. Die Bank hat ihn signiert: Jeder kann ihn ohne die Bank prüfen.",
    small: "Von der Bank signiert. Zum Vergrößern berühren.",
    picture: "Signierter Beleg als QR-Code",
  },
  deposit: {
    heading: "Legen Sie Ihre Scheine ein",
    lede: "Bitte einzeln. Dieser Automat nimmt {notes} an.",
    total: "Bisher gezählt",
    empty: "Noch nichts eingelegt",
    confirm: "Einzahlen",
    confirmAmount: "{total} einzahlen",
    giveBack: "Scheine zurückgeben",
    count: { one: "{count} Schein", other: "{count} Scheine" },
  },
  take: {
    heading: "Bitte entnehmen Sie Ihre Scheine",
    lede: "Sie liegen im Ausgabefach. Nicht entnommene Scheine werden wieder eingezogen.",
  },
  devices: {
    title: "Demo",
    name: "Geräte",
    hint: "Bedienung der Demo, kein Teil des Automaten.",
    insert: "{note} einlegen",
    take: "Scheine nehmen",
    insertCard: "Karte von {name} einführen",
    takeCard: "Karte nehmen",
    what: "Was",
    when: "Wann",
    where: "Bei",
    arm: "Störung auslösen",
    disarm: "Entschärfen: {fault}",
    away: "Die Geräte antworten nicht",
    jammed: "Gestört: {devices}",
    clear: "Störungen beheben",
    faults: {
      jam: "Stau",
      "lost count": "Verzählt",
      "power cut": "Stromausfall",
      before: "vor",
      between: "während",
      after: "nach",
      dispense: "Auszahlen",
      present: "Ausgeben",
      retract: "Einziehen",
      cashIn: "Annehmen",
      cashInEnd: "Einlagern",
      cashInRollback: "Zurückgeben",
    },
    parts: { dispenser: "Ausgabe", acceptor: "Annahme" },
  },
  balance: {
    heading: "Ihr Kontostand",
    lede: "Wird bei jeder Buchung aktualisiert.",
    holdHint: "Für laufende Auszahlungen reserviert.",
    account: "Konto",
    moneyIn: "Eingänge diesen Monat",
    moneyOut: "Ausgänge diesen Monat",
    last: "Letzte Umsätze",
  },
  history: {
    heading: "Umsätze und Vorgänge",
    kind: {
      all: "Alles",
      withdrawal: "Auszahlungen",
      deposit: "Einzahlungen",
      transfer: "Überweisungen",
      "log-in": "Anmeldungen",
      other: "Sonstiges",
    },
    outcome: { all: "Alle Ergebnisse", done: "Ausgeführt", refused: "Abgelehnt" },
    kindLabel: "Art",
    outcomeLabel: "Ergebnis",
    search: "Suchen",
    older: "Älter",
    newer: "Neuer",
    none: "Keine Einträge",
    noneHint: "Nichts gefunden. Ändern Sie die Suche oder den Filter.",
    loading: "Wird geladen…",
    refused: "Abgelehnt: {why}",
    page: "Seite {number}",
    days: { all: "Gesamt", today: "Heute", week: "7 Tage", month: "30 Tage" },
    daysLabel: "Zeitraum",
    otherDays: "Tage wählen",
    sealed: "Prüfprotokoll",
    sealedHint: "Verschlüsselt: Nur die Bank kann es lesen.",
    place: "Eintrag {place}",
    tag: "Siegel {tag}",
    actions: {
      withdraw: "Bargeldauszahlung",
      opening: "Eröffnungssaldo",
      deposit: "Bargeldeinzahlung",
      send: "Überweisung an {name}",
      sendUnknown: "Überweisung auf Konto {account}",
      receive: "Gutschrift von {name}",
      lookUp: "Konto {account} nachgeschlagen",
      logIn: "Anmeldung",
      cardLogIn: "Anmeldung mit Karte",
      pin: "PIN festgelegt",
      logOut: "Abmeldung",
      idle: "Abmeldung: keine Eingabe",
      lost: "Abmeldung: Verbindung unterbrochen",
      changed: "Abmeldung: Passwort geändert oder Konto gesperrt",
      password: "Passwortänderung",
      balance: "Kontostand angesehen",
      view: "Umsätze angesehen",
      search: "Umsätze durchsucht",
      older: "Ältere Umsätze angesehen",
      receipt: "Beleg angesehen",
    },
    tabs: { money: "Umsätze", activity: "Vorgänge" },
    searchHint: "Betrag, Name oder Kontonummer",
    narrow: "Filter",
    dayTotal: "Summe {total}",
    reversed: "Storniert, nicht belastet",
    held: "Vorgemerkt",
    balanceAfter: "Kontostand {amount}",
    earlierMonth: "Früherer Monat",
    laterMonth: "Späterer Monat",
  },
  mix: {
    heading: "Wählen Sie Ihre Scheine",
    lede: "Sie erhalten {amount}.",
  },
  transfer: {
    heading: "An wen möchten Sie überweisen?",
    lede: "Geben Sie die Kontonummer ein. Sie sehen den Kontoinhaber, bevor etwas gesendet wird.",
    account: "Kontonummer",
    own: "Oder zwischen Ihren eigenen Konten",
    recent: "Letzte Empfänger",
    message: "Verwendungszweck (optional)",
    next: goOn,
    lookingUp: "Wird geprüft…",
    sumHeading: "Wie viel an {name}?",
    sumLede: "Sie können bis zu {available} überweisen.",
    nextAmount: "Weiter mit {amount}",
    confirmHeading: "Überweisung prüfen",
    confirmLede: "Eine Überweisung kann nicht rückgängig gemacht werden.",
    to: "An",
    from: "Von Ihrem Konto",
    send: "{amount} überweisen",
    mistyped: "Bitte prüfen Sie die Nummer: Mindestens eine Ziffer ist falsch.",
  },
  accounts: {
    heading: "Konto wählen",
    lede: "Alle weiteren Vorgänge betreffen dieses Konto.",
    other: "Konto wechseln",
  },
  password: {
    heading: "Passwort ändern",
    lede: "Mindestens {length} Zeichen. Wir empfehlen einige Wörter ohne Zusammenhang.",
    current: "Aktuelles Passwort",
    next: "Neues Passwort",
    again: "Neues Passwort wiederholen",
    change: "Passwort ändern",
    oneTime: {
      heading: "Neues Passwort wählen",
      lede:
        "Sie haben ein Einmalpasswort benutzt. Bitte geben Sie es noch einmal ein, und dazu ein neues mit mindestens {length} Zeichen.",
      current: "Einmalpasswort",
    },
    faults: {
      missing: "Bitte geben Sie auch Ihr aktuelles Passwort ein.",
      too_short: "Das neue Passwort braucht mindestens {length} Zeichen.",
      mismatch: "Die beiden neuen Passwörter stimmen nicht überein.",
      unchanged: "Das neue Passwort ist gleich dem aktuellen.",
    },
    changedHeading: "Passwort geändert",
    changedLede: "Es gilt ab sofort. Ihre anderen Sitzungen wurden beendet.",
  },
  card: {
    heading: "PIN eingeben",
    lede: "Achten Sie darauf, dass Ihnen niemand zusieht.",
    label: "PIN",
    next: "Weiter",
    takeHeading: "Bitte entnehmen Sie Ihre Karte",
    takeLede: "Nicht entnommene Karten werden eingezogen.",
    takeFirst: "Danach folgen Ihre Scheine. Nicht entnommene Karten werden eingezogen.",
  },
  pin: {
    heading: "PIN festlegen",
    change: "PIN ändern",
    lede: "Vier bis sechs Ziffern, die schwer zu erraten sind.",
    next: "Neue PIN",
    again: "Neue PIN wiederholen",
    set: "PIN festlegen",
    setHeading: "PIN festgelegt",
    setLede: "Sie gilt ab sofort für Ihre Karte. Ihre anderen Sitzungen wurden beendet.",
    faults: {
      form: "Eine PIN hat vier bis sechs Ziffern.",
      mismatch: "Die beiden PINs stimmen nicht überein.",
    },
  },
  chart: {
    heading: "Die letzten 30 Tage",
    loading: "Wird geladen…",
    day: "Tag",
    touch: "Berühren Sie einen Tag, um seinen Stand zu sehen",
    onDay: "{day}: {amount}",
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
    again: "Erneut vorlesen",
    mute: "Vorlesen beenden",
  },
  speech: {
    start: "Für die Sprachausgabe drücken Sie F1.",
    keys: "F1 wiederholt. F2 ändert die Lautstärke, F3 das Tempo. F4 macht den Bildschirm dunkel.",
    choice: "Drücken Sie {key} für {name}",
    enter: "Eingabe: {name}",
    cancel: "Abbrechen: {name}",
    masked: "Stern",
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
    over: "Sie können es jetzt erneut versuchen.",
  },
  nearest: "Hier jetzt verfügbare Beträge",
  notices: {
    out_of_service: {
      no_bank: {
        heading: "Dieser Automat ist noch nicht verfügbar",
        lede: "Die Verbindung zur Bank wird hergestellt.",
        help: elsewhere,
      },
      no_key: {
        heading: "Dieser Automat ist noch nicht eingerichtet",
        lede: "Er hat noch keinen Schlüssel der Bank.",
        help: elsewhere,
      },
      not_accepted: {
        heading: "Dieser Automat ist geschlossen",
        lede: "Die Bank lässt ihn nicht mehr zu. Ihr Geld ist sicher.",
        help: elsewhere,
      },
      not_ready: {
        heading: "Dieser Automat ist außer Betrieb",
        lede: "Die Bank kann Sie noch nicht bedienen. Ihr Geld ist sicher.",
        help: elsewhere,
      },
      disk_failed: {
        heading: "Dieser Automat ist außer Betrieb",
        lede: "Er kann zurzeit keine Vorgänge aufzeichnen. Ihr Geld ist sicher.",
        help: elsewhere,
      },
      journal_lost: {
        heading: "Dieser Automat ist außer Betrieb",
        lede: "Die Bank muss ihn erst prüfen. Ihr Geld ist sicher.",
        help: elsewhere,
      },
      device_fault: {
        heading: "Dieser Automat ist gestört",
        lede: "Aus- oder Einzahlungen sind vielleicht nicht möglich. Alles andere ist verfügbar.",
        help: elsewhere,
        next: goOn,
      },
      no_cash: {
        heading: "Kein Bargeld verfügbar",
        lede: "Einzahlungen und Überweisungen sind weiter möglich.",
        help: elsewhere,
        next: goOn,
      },
    },
    lost: {
      heading: "Die Bank ist nicht erreichbar",
      ledeVisit:
        "Die Verbindung wurde unterbrochen, und Sie wurden abgemeldet. Ihr Geld ist sicher.",
      lede: "Die Verbindung wurde unterbrochen. Ihr Geld ist sicher.",
      help: "Dieser Automat versucht weiter, sich zu verbinden.",
    },
    back: {
      heading: "Verbindung wiederhergestellt",
      ledeVisit: "Zu Ihrer Sicherheit wurden Sie abgemeldet. Bitte melden Sie sich erneut an.",
      lede: "Alle Dienste sind wieder verfügbar.",
      next: "Anmelden",
    },
    ended: {
      logged_out: {
        heading: "Auf Wiedersehen",
        lede: "Sie sind abgemeldet. Bitte nehmen Sie alle Scheine mit.",
        next: toTheStart,
      },
      idle: {
        heading: loggedOut,
        lede:
          "Der Bildschirm wurde eine Weile nicht berührt. Melden Sie sich zum Fortfahren erneut an.",
        next: toTheStart,
      },
      connection_lost: {
        heading: loggedOut,
        lede:
          "Die Verbindung zur Bank wurde unterbrochen. Melden Sie sich zum Fortfahren erneut an.",
        next: toTheStart,
      },
      ended_by_bank: {
        heading: "Die Bank hat Ihre Sitzung beendet",
        lede: "Melden Sie sich zum Fortfahren erneut an.",
        next: toTheStart,
      },
    },
    disconnected: {
      stopped: {
        heading: "Dieser Automat ist außer Betrieb",
        lede: "Laufende Vorgänge werden automatisch abgewickelt. Es geht kein Geld verloren.",
        help: "Bitte nutzen Sie einen anderen Automaten, oder starten Sie diesen neu.",
      },
      opened_elsewhere: {
        heading: "Dieser Automat ist in einem anderen Fenster offen",
        lede: "Es kann nur ein Fenster zugleich benutzt werden.",
        help: "Sie können dieses Fenster schließen.",
      },
      link_used: {
        heading: "Diese Seite lässt sich nicht noch einmal öffnen",
        lede: "Zu Ihrer Sicherheit gilt jeder Link zu einem Automaten nur einmal.",
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
      heading: "Benutzername oder Passwort falsch",
      lede: "Bitte prüfen Sie beide, auch Groß- und Kleinschreibung.",
      next: again,
    },
    card_blocked: {
      heading: "Karte gesperrt",
      lede:
        "Die PIN war zu oft falsch. Melden Sie sich mit Benutzername und Passwort an, um sie zu entsperren.",
    },
    pin_not_set: {
      heading: "Noch keine PIN",
      lede:
        "Melden Sie sich mit Benutzername und Passwort an und legen Sie die PIN Ihrer Karte fest.",
    },
    pin_weak: {
      heading: "PIN zu leicht zu erraten",
      lede: "Bitte vermeiden Sie Jahreszahlen, Folgen wie 1234 und wiederholte Ziffern.",
      next: again,
    },
    password_needed: {
      heading: "Passwort nötig",
      lede: "Eine PIN lässt sich nur nach einer Anmeldung mit Passwort festlegen.",
    },
    card_not_taken: {
      heading: "Ihre Karte wurde eingezogen",
      lede:
        "Sie wurde nicht rechtzeitig entnommen. Es wurde nichts gebucht. Bitte wenden Sie sich an Ihre Bank.",
    },
    throttled: {
      heading: "Zu viele Versuche",
      lede: "Bitte warten Sie zu Ihrer Sicherheit, bevor Sie es erneut versuchen.",
      next: again,
    },
    not_logged_in: {
      heading: "Sie sind nicht mehr angemeldet",
      lede: `Ihre Sitzung endete vorher. ${nothingBooked} Bitte melden Sie sich erneut an.`,
    },
    already_logged_in: {
      heading: "Es ist noch jemand angemeldet",
      lede: "Bitte warten Sie einen Moment und versuchen Sie es erneut.",
      next: again,
    },
    password_too_short: {
      heading: "Passwort zu kurz",
      lede: "Bitte wählen Sie ein längeres. Ihr aktuelles Passwort gilt weiter.",
      next: again,
    },
    password_unchanged: {
      heading: "Gleiches Passwort",
      lede: "Bitte wählen Sie ein anderes als Ihr aktuelles Passwort.",
      next: again,
    },
    account_not_a_number: {
      heading: "Kontonummer prüfen",
      lede: "Eine Kontonummer hat zwölf Ziffern. Davon ist eine falsch oder fehlt.",
      next: "Nummer ändern",
    },
    unknown_recipient: {
      heading: "Konto nicht gefunden",
      lede: "Kein Konto hat diese Nummer. Es wurde nichts überwiesen.",
      next: "Nummer ändern",
    },
    same_account: {
      heading: "Das ist das Konto, das Sie gerade nutzen",
      lede: "Bitte wählen Sie ein anderes. Es wurde nichts überwiesen.",
      next: "Nummer ändern",
    },
    recipient_unavailable: {
      heading: "Dieses Konto kann kein Geld empfangen",
      lede: "Bitte fragen Sie den Empfänger nach einem anderen Konto. Es wurde nichts überwiesen.",
    },
    amount_not_positive: {
      heading: "Kein Betrag eingegeben",
      lede: `Bitte geben Sie einen Betrag über null ein. ${nothingBooked}`,
      next: "Betrag ändern",
    },
    amount_too_large: {
      heading: "Betrag zu groß",
      lede: `Kein Konto kann so viel auf einmal auszahlen. ${nothingBooked}`,
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
      heading: "Konto gesperrt",
      lede: "Zurzeit kann kein Geld bewegt werden. Bitte wenden Sie sich an Ihre Bank.",
    },
    account_closed: {
      heading: "Konto geschlossen",
      lede: "Es kann kein Geld bewegt werden. Bitte wenden Sie sich bei Fragen an Ihre Bank.",
    },
    over_withdrawal_limit: {
      heading: "Über Ihrem Auszahlungslimit",
      lede: `Das ist mehr, als eine Auszahlung betragen darf. ${nothingBooked}`,
      next: otherAmount,
    },
    over_day_limit: {
      heading: "Über Ihrem Tageslimit",
      lede: `Das ist mehr, als Ihr Konto heute noch auszahlen kann. ${nothingBooked}`,
      next: otherAmount,
    },
    over_terminal_limit: {
      heading: "Dieser Automat hat sein Tageslimit erreicht",
      lede: `${nothingBooked} Bitte nutzen Sie einen anderen Automaten.`,
    },
    withdrawals_stopped: {
      heading: "Dieser Automat zahlt zurzeit kein Bargeld aus",
      lede:
        `${nothingBooked} Mitarbeiter müssen ihn zuerst prüfen. Einzahlungen und Überweisungen sind hier möglich.`,
    },
    insufficient_funds: {
      heading: "Nicht genug Geld",
      lede: `Ihr verfügbarer Betrag ist kleiner. ${nothingBooked}`,
      next: otherAmount,
    },
    try_later: {
      heading: "Die Bank ist beschäftigt",
      lede: `${nothingBooked} Bitte versuchen Sie es gleich noch einmal.`,
      next: again,
    },
    money_stopped: {
      heading: "Zurzeit kann kein Geld bewegt werden",
      lede:
        `Die Bank hat alle Buchungen für eine Prüfung angehalten. ${nothingBooked} Bitte versuchen Sie es später noch einmal.`,
    },
    not_dispensable: {
      heading: "Dieser Betrag kann nicht ausgezahlt werden",
      lede: `Er lässt sich mit den Scheinen dieses Automaten nicht bilden. ${nothingBooked}`,
      next: otherAmount,
    },
    no_notes_inserted: {
      heading: "Es wurden keine Scheine eingelegt",
      lede: `Es gab nichts einzuzahlen. ${nothingBooked}`,
    },
    device_fault: {
      heading: "Dieser Automat ist gestört",
      lede:
        "Er konnte die Scheine nicht bewegen. Belastet wird nur, was Sie erhalten haben. Bitte nutzen Sie einen anderen Automaten.",
    },
    notes_not_taken: {
      heading: "Ihre Scheine wurden wieder eingezogen",
      lede: `Sie wurden nicht rechtzeitig entnommen. ${nothingBooked}`,
    },
    to_be_counted: {
      heading: "Ihre Bank prüft das",
      lede:
        "Dieser Automat konnte die Scheine nicht zählen. Mitarbeiter zählen sie, und genau dieser Betrag wird gebucht.",
    },
    deposit_to_be_counted: {
      heading: "Ihre Bank prüft das",
      lede:
        "Gezählt wurden {amount}, gebucht ist noch nichts. Mitarbeiter prüfen diesen Automaten, und genau das, was sie finden, wird gebucht.",
    },
    bank_unreachable: {
      heading: "Die Bank ist nicht erreichbar",
      lede: `${nothingBooked} Ihr Geld ist sicher. Bitte versuchen Sie es gleich noch einmal.`,
    },
    in_doubt: {
      heading: "Ihr Geld ist sicher",
      lede:
        "Die Bank hat den Vorgang noch nicht bestätigt. Bitte prüfen Sie Ihre Umsätze, bevor Sie es erneut versuchen.",
    },
    already_completed: {
      heading: "Von der Bank gebucht",
      lede:
        "Die Bank hat diesen Vorgang bereits gebucht, ohne dass Scheine aus- oder eingezahlt wurden. Bitte zeigen Sie der Bank diese Referenz.",
    },
    earlier_in_doubt: {
      heading: "Die Bestätigung der Bank steht aus",
      lede:
        "Ihr letzter Vorgang ist noch nicht bestätigt. In dieser Sitzung kann kein weiteres Geld bewegt werden.",
    },
    not_booked: {
      heading: "Das war nicht möglich",
      lede:
        "Die Bank hat es zu Ihrer Sicherheit abgelehnt. Ihre Umsätze zeigen, was gebucht wurde.",
    },
    wrong_pin: {
      heading: "Karte oder PIN falsch",
      lede: "Bitte prüfen Sie Ihre PIN. Nach drei falschen wird die Karte gesperrt.",
      next: again,
    },
    wrong_present_password: {
      heading: "Aktuelles Passwort falsch",
      lede: "Ihr Passwort wurde nicht geändert.",
      next: again,
    },
  } as Words["refusals"],
  refusalDetails: {
    asked: "Angefordert",
    available: "Verfügbar",
    once: "Limit pro Auszahlung",
    today: "Heute noch verfügbar",
    here: "Heute noch an diesem Automaten",
    reference: "Referenz",
    keep: "Bitte bewahren Sie die Referenz für Rückfragen auf.",
  },
};

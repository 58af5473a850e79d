/** What `--help` prints: each command with examples. */

export const help: Record<string, string> = {
  "": `Strongroom: a bank and its ATMs.

  deno task demo      a whole bank on this machine, with an ATM to try
  deno task server    the bank's server, on its host
  deno task atm       an ATM, for customers
  deno task bank      the operator's commands

Each has --help. --version prints the version.`,

  demo: `deno task demo: a whole bank on this machine, to try everything.

Makes a bank with demo customers in a data folder (or goes on with the one that is there), starts its
server on loopback and opens an ATM in a window, or in the browser where no window opens. Closing
the window or Ctrl-C ends all of it.

  --data DIR     the folder for everything (./data)
  --atms N       how many ATMs to open, 1 to 8 (1)
  --language CODE  of the screens, until a customer chooses another: en, es, fr, de, ja, ar (en)
  --window       a window, or an error with exit code 1 where none opens
  --browser      the browser, rather than a window
  --kiosk        the window over the whole screen, without a way for customers to close it
  --no-open      open nothing: print a link for a browser
  --json         one line of JSON on standard output, once all is ready

  deno task demo
  deno task demo --atms 2
  deno task demo --no-open --json --data ../try`,

  server: `deno task server: the bank's server.

  --data DIR           the bank's folder (./data/bank)
  --listen HOST:PORT   where ATMs reach it (127.0.0.1:4848); port 0 takes any free one
  --proxy-from IP,IP   the balancers in front of it, whose PROXY headers (version 2) say who is calling
  --checkpoints DIR    where checkpoints of the log are put (DIR/checkpoints): best on another machine
  --checkpoint-minutes N   how often, beside at every stop (60)
  --share-port         other servers on this host may listen on the same port (Linux)
  --database-url-file FILE   the bank is in PostgreSQL: the file, which only you may read, has its URL,
                       postgresql://USER:PASSWORD@HOST:PORT/NAME; without, STRONGROOM_DATABASE_URL

  deno task server
  deno task server --listen 0.0.0.0:4848 --data /srv/bank

Make the bank first: deno task bank init`,

  atm: `deno task atm: an ATM, for customers.

  --bank HOST:PORT   the bank's server (127.0.0.1:4848)
  --key FILE         this terminal's key file, from 'deno task bank terminal enroll'
  --data DIR         this ATM's folder (./data/atm-NAME, by the key's name)
  --demo             show the demo's controls, with which notes are put in, and fill empty cassettes
  --wait             start even though the bank cannot be reached yet, and wait for it; with
                     --data, for the key too
  --language CODE    of the screens, until a customer chooses another: en, es, fr, de, ja, ar (en)
  --window           a window, or an error with exit code 1 where none opens
  --browser          the browser, rather than a window
  --kiosk            the window over the whole screen, without a way for customers to close it
  --no-open          open nothing: print a link for a browser
  --json             one line of JSON on standard output, once it is ready

  deno task atm --bank bank.example:4848 --key lobby.key
  deno task atm --key lobby.key --no-open

Without --key it takes DIR/terminal.key, or that of the only ATM in ./data.

deno task atm cash: what is in the cassettes, filling and counting them, while the ATM is not running.

  deno task atm cash show --key lobby.key
  deno task atm cash load 20x100 50x40 --key lobby.key      a hundred twenties, forty fifties
  deno task atm cash count 20x98 50x40 --key lobby.key      all notes taken out, counted, put back`,

  bank: `deno task bank: the operator's commands. They work with the server running or not.

  bank init                    make a bank
  bank migrate                 move a bank from its file into PostgreSQL, with the server stopped
  bank join                    make the folder of another server of a bank that is in PostgreSQL
  bank terminal enroll NAME    make a terminal and its key file
  bank terminal list           the terminals
  bank terminal rotate NAME    give a terminal its next key, over its own line
  bank terminal revoke NAME    shut a terminal out for good
  bank key rotate              seal the terminals' keys under a new master key
  bank customer add USERNAME   open a customer's account
  bank account open USERNAME   open another account for a customer
  bank account list            accounts, with their numbers
  bank account lock NUMBER     no more money moves; also unlock, and close (for good, once empty)
  bank limits                  the limits, the bank's and single accounts' and terminals'
  bank limits set              set some of them
  bank holds                   movements in doubt: authorised, and not settled by their terminal
  bank holds settle ID         settle one in its terminal's place
  bank ledger check            work the books out anew; exit code 1 when they are bad, 2 when it could not
  bank backup                  a checked copy of the books, with the server running or not
  bank restore                 put the books back to a copy, with the server stopped
  bank restore end             serve customers though not every terminal has told what it did since
  bank clock confirm           go by the clock again after it jumped, which stops money
  bank audit show              the audit log, readable
  bank audit verify            whether the log is as it was written; exit code 1 when it is not, 2 when
                               that could not be checked
  bank audit export            the log as a file of sealed lines
  bank audit checkpoint        how far the log has come, signed: to be kept elsewhere
  bank audit rotate            seal new entries under a new AUDIT_KEY
  bank audit chain             go on in another chain, where the key of the present one is lost

  --data DIR                   the bank's folder (./data/bank)
  --database-url-file FILE     the bank is in PostgreSQL: a file with its URL, which only you may read;
                               without, STRONGROOM_DATABASE_URL

  init:      --name NAME  --currency CODE (EUR)  --time-zone ZONE (UTC)  --withdrawal-limit AMOUNT
             --first-key FILE (DIR-first.key)  where the log's first key is put; keep it elsewhere
  join:      --from FILE (another server's bank.keys)  --first-key FILE (DIR-first.key)
  enroll:    --out FILE (NAME.key)
  rotate:    --now: after a theft; the old key ends at once, the new one is in --out FILE (NAME.key)
  add:       --opening AMOUNT (0); the password is asked for, or read from standard input
  open:      --name NAME (savings)  --opening AMOUNT (0)
  list:      --customer USERNAME
  backup:    --out FILE (bank-backup.sqlite)
  restore:   --from FILE  --first-key FILE: where the first key of the log's next chain goes
  lock, unlock, close, settle, restore end:  --reason TEXT, which goes into the log
  limits set: --withdrawal AMOUNT  --day AMOUNT  --cash-out AMOUNT  --cash-in AMOUNT, or 'none'
             for one withdrawal, out of one account in a day, out of and into one terminal in a day
             --account NUMBER or --terminal NAME  limits of its own, before the bank's
  settle:    --complete AMOUNT or --reverse: what the machine did
  show:      --customer USERNAME  --action WORDS  --outcome ok, refused or a refusal's name
             --from TIME  --before TIME  --terminal NAME  --json  --follow: goes on with what arrives
             --file FILE: an exported file, read with the keys in --keys FILE (DIR/bank.keys)
  verify:    --first-key FILE[,FILE] (DIR-first.key)  of every chain  --checkpoint FILE  --file FILE
             --receipt PLACE,TAG: whether the entry that a receipt names is in it
  export:    --out FILE (audit_log_secure.txt)      checkpoint: --out FILE (checkpoint.json)

  deno task bank init --name "First Bank" --currency EUR --time-zone Europe/Berlin
  deno task bank terminal enroll lobby --out lobby.key
  deno task bank terminal rotate lobby --now --out lobby-2.key
  deno task bank customer add alice --opening 1000.00
  deno task bank limits set --withdrawal 500.00 --day 1000.00 --cash-out 20000.00 --cash-in 20000.00
  deno task bank holds settle 0123456789abcdef0123456789abcdef --reverse --reason "notes found in the machine"
  deno task bank audit show --customer alice --outcome refused --from 2026-11-25
  deno task bank audit verify --first-key /media/safe/first.key --checkpoint /media/safe/checkpoint.json`,
};

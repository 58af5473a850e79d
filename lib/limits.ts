/**
 * Every size, time and count of the system, each with its unit last. Sections follow the folders:
 * what both ends share, the bank from its door inwards, the ATM, the command line.
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

// Both ends

// The channel
/** A frame's body before both sides have proved themselves. */
export const handshakeFrameBytesMax = 1_400;
/** Size of one read before that: a hello arrives in one. */
export const handshakeReadBytes = 1_408;
/** A frame's body after the handshake: the largest size class, sealed. */
export const frameBytesMax = 66_000;
/** A message is padded to one of these: its kind's, in `protocol/lengths.ts`, or the next that it needs. */
export const plaintextSizeClassesBytes = [
  304,
  608,
  896,
  1_040,
  2_048,
  8_192,
  16_384,
  65_536,
] as const;
/** Records, bytes and age of one direction's keys, after which they are ratcheted forward. */
export const recordsPerKeyMax = 2 ** 20;
export const bytesPerKeyMax = 2 ** 30;
export const keyAgeMsMax = hour;
/** Grace of a receiver beyond `keyAgeMsMax`, for differences in clocks and delays. */
export const keyAgeGraceMs = minute;
/** Bytes queued for one peer that reads slowly. */
export const outgoingBytesMax = 1 << 20;
/** A channel without records keeps its ciphers this long: a pair takes 7 kB. */
export const cipherIdleMsMax = 10 * second;
/** Time in which a close is written, and in which a client waits for the server's. */
export const closeMsMax = second;
/** Time that a stopping server gives the visits that are open; less than `programEndMsMax`. */
export const lastVisitsMsMax = 10 * second;
/** Size of one read from a socket. A server allocates such a buffer per terminal. */
export const serverReadBytes = 1_024;
export const clientReadBytes = 16_384;

// Messages: lengths of texts, in UTF-16 code units
export const usernameLengthMax = 32;
export const passwordLengthMin = 8;
export const passwordLengthMax = 128;
/** Digits of a card's number: as many as track 2 has between its sentinels. */
export const cardDigits = 37;
/** Digits of a PIN. */
export const pinLengthMin = 4;
export const pinLengthMax = 6;
/** Uses of a card without a correct PIN, before it waits for a log-in with the password. */
export const pinTriesMax = 3;
export const accountLengthMax = 64;
/** A typed amount: the ledger refuses invalid text by name. */
export const amountLengthMax = 32;
export const outcomeLengthMax = 64;
/** Search text of a history. */
export const historyTextLengthMax = 64;
export const cursorLengthMax = 64;
/** Names, places and ids. */
export const shortTextLengthMax = 256;
export const actionLengthMax = 1_024;
/** A signed receipt: an action, a terminal's name, and less than 700 more. */
export const receiptLengthMax = actionLengthMax + shortTextLengthMax + 768;
/** A voucher of a transfer, which only the bank reads. */
export const voucherLengthMax = 256;
/** A sealed entry of the log, in base64. */
export const sealedEntryLengthMax = 4_096;

// Messages: lists
/** Cassettes of one ATM. */
export const cassettesMax = 16;
export const historyPageEntriesMax = 20;
/** Movements that a terminal reports to be reconciled. */
export const reconciledMovementsMax = 500;
/** Bookings in an answer about a balance. */
export const statementEntriesMax = 5;
/** Recipients in the answer to a log-in. */
export const usualRecipientsMax = 3;
export const transferMessageLengthMax = 35;
/** A receipt as text, and what is spoken at once. */
export const receiptTextLengthMax = 4_000;
export const speechLengthMax = 4_000;
/** Speeds of speech that follow each other, as parts of the usual one; and volumes. */
export const speechRates = [1, 0.75, 0.55] as const;
export const speechVolumes = [1, 0.4, 0.7] as const;
/** Columns of a printed receipt. */
export const receiptColumns = 42;
/** Days of balances that one answer holds. */
export const balanceDaysMax = 30;

// The bank

// Its door
/** Concurrent sockets, before and after their handshake. */
export const connectionsMax = 12_000;
/** Concurrent unfinished handshakes, in all and per address. */
export const handshakesPendingMax = 1_024;
export const handshakesPendingPerAddressMax = 256;
/** From the connection's first byte to the client's finish. */
export const handshakeMsMax = 10 * second;
/** Handshakes queued for their X25519 computation. */
export const exchangesPendingMax = 256;
/**
 * Failed handshakes allowed per address at once, and per minute; beyond these its connections are
 * closed.
 */
export const failedHandshakesMax = 120;
export const failedHandshakesPerMinuteMax = 60;
/** Addresses whose failures are counted. */
export const failedSourcesMax = 4_096;
/**
 * Addresses per minute whose failed handshakes are logged separately; all others are logged as a
 * sum.
 */
export const strangerAddressesMax = 16;
export const strangersMs = minute;
/** Bytes of a balancer's header after its first 16. */
export const proxyHeaderBytesMax = 512;
/** Pause after a failed accept. */
export const acceptRetryMs = 100;
/** File handles that a server keeps for its threads: connections do not take these. */
export const spareHandles = 32;
/** File handles that a thread needs to start, with some for what other threads open meanwhile. */
export const threadHandles = 16;
/** A line about connections that cannot be accepted is logged this often at most. */
export const acceptReportMs = minute;
/** A terminal's channel without a whole frame is closed after this: ATMs send `hello` more often. */
export const silentMsMax = 5 * minute;

// Visits
/** The bank ends a visit after this time without a customer's request. */
export const visitIdleMsMax = 3 * minute;
/** Pauses between retries to log the end of a visit: each is twice the last. */
export const logOutPauseMsMin = 250;
export const logOutPauseMsMax = 8 * second;

// Credentials
/**
 * Failed log-ins without a delay: of one customer at one terminal, of one terminal over all names;
 * and free look-ups of other people's accounts by one customer. One failure expires after this long
 * without another; beyond the free ones the delay doubles from the minimum to the maximum. The
 * delay of one customer over all unfamiliar terminals is the maximum at once.
 */
export const customerFailuresFree = 3;
export const customerFailureForgetMs = 15 * minute;
export const everywhereFailuresFree = 20;
/** The latest terminals of a customer's log-ins, and how long they stay familiar. */
export const knownTerminalsMax = 4;
export const knownTerminalMsMax = 90 * 24 * hour;
export const terminalFailuresFree = 10;
export const terminalFailureForgetMs = minute;
export const recipientLooksFree = 5;
export const recipientLookForgetMs = 5 * minute;
export const throttleMsMin = second;
export const throttleMsMax = minute;
/** Log-ins queued for a password check, in all; each terminal has one. */
export const passwordChecksPendingMax = 512;

// Terminals
/** How long a terminal's key remains valid after its next key is made. */
export const keyOverlapMsMax = 7 * 24 * hour;
/** After a restore, terminals report again from this long before the backup's last entry. */
export const retellMarginMs = 24 * hour;

// The ledger
/** Commands in one batch, and in one durable commit. */
export const batchCommandsMax = 256;
/**
 * Candidate numbers that a command to open an account carries: it takes the first free one. In a
 * bank of a million accounts each is taken with probability 1/9,000.
 */
export const accountNumberTriesMax = 8;
/** Commands queued for a batch: beyond this the answer is "try again later". */
export const commandsPendingMax = 16_384;
/**
 * Loads and counts of one terminal's cassettes that are booked at once; then one for each period
 * without another, so that false ones cannot fill the vault's account.
 */
export const cashLoadsFree = 32;
export const cashLoadForgetMs = hour;
/** A load or a count of no more minor units is not counted: a thousand a second fill no vault in a year. */
export const cashLoadSmallMinorMax = 10_000n;
/** Retries of a batch that conflicted with others, and their total time. */
export const batchTriesMax = 10;
export const batchTriesMsMax = 10 * second;
/**
 * A jump of the clock beyond this refuses movements until the clock is right again or confirmed.
 */
export const clockJumpMsMax = 5 * minute;
/**
 * Movements are refused while a server's clock is further than this from its database's, or, for a
 * bank in a file, after a step of the clock beyond this, until the clock has run steadily for
 * `clockSettleMs`.
 */
export const clockAwayMsMax = 5 * second;
/** More days than a calendar has: the bank's days go on from another multiple when its time is set back. */
export const daysPerSetBack = 1_000_000;
export const clockSettleMs = minute;
/** A jump this far from the proposed one is another jump. */
export const clockProposedMsMax = minute;

// Its stores
/** Rows per read when a whole table is read. */
export const walkedRowsMax = 1_000;
/** Parts of the movements whose digests are summed up apart, when the books are checked. */
export const digestPartsMax = 4_096;
/** Rows that are compared with their entries at a time, where sums differ. */
export const comparedRowsMax = 10_000;
/** Accounts whose money is worked out at a time. */
export const accountsCheckedMax = 100_000;
/** How long SQLite waits for another process's file lock. */
export const sqliteLockMsMax = 500;
/**
 * Pages of SQLite's write-ahead log, 4 KiB each, before a checkpoint: a page that changes many
 * times before it is copied once.
 */
export const sqliteCheckpointPages = 8_192;
/** Pages that a backup copies at a time. */
export const sqliteBackupPages = 4_096;
/** Rows of each table that SQLite's store caches in memory. */
export const keptRowsMax = 65_536;
/** PostgreSQL: time to connect, and to answer one query. */
export const databaseConnectMsMax = 3 * second;
export const databaseAnswerMsMax = 8 * second;
/**
 * How long a batch waits for another server's locks, and how long a transaction may idle with its
 * own.
 */
export const databaseLockMsMax = 4 * second;
export const databaseRestMsMax = 5 * second;
/** How long a batch waits for an unavailable database: less than an ATM waits for its answer. */
export const databaseOutageMsMax = 10 * second;
export const databaseRetryMs = 100;
/** Reloads of a batch while other servers commit movements that it touches. */
export const databaseLoadsMax = 5;
/** Interval at which a server reads the changes of the bank's other servers. */
export const otherServersMs = 300;
/**
 * A server with terminals commits a batch at least this often; without one for this long it counts
 * as dead.
 */
export const serverAliveMs = 1_500;
export const serverAbsentMsMax = 5 * second;

// The audit log
/**
 * An epoch of the log's key ends this long after its first entry: with its commit, within a second.
 */
export const epochMs = 750;
/** Retries to read a key file that a running server is writing. */
export const chainKeyReadTriesMax = 5;
/** Entries per write when the log's file is brought up to date. */
export const logFileChunkEntries = 1_000;
/** The end of the log's file in which its last line is searched: longer than any line. */
export const logFileTailBytes = 65_536;
/** Cached indexes of names in a chain's writer: the customers at terminals at once. */
export const namesIndexedMax = 16_384;
/** Entries examined for one page of history, so that a rare word does not scan the whole log. */
export const historyEntriesExaminedMax = 2_000;
/** Entries examined at a log-in for what the customer did lately. */
export const usualEntriesExaminedMax = 128;
/** Entries examined for the place of a receipt that is requested again. */
export const receiptEntriesExaminedMax = 256;
/** Entries per read of these. */
export const historyChunkEntries = 64;
/** The pause before each read of a history but the newest entries, for all customers of a server. */
export const historyRestMs = 5;

// Its folder
/** A database file of at most this size is looked through for faults before it is opened. */
export const inspectedBytesMax = 1 << 26;
/** How often a server without movements looks whether its files are still in its folder. */
export const filesLookMs = second;
/** How long a process waits for the folder's lock, since its last owner may be about to end. */
export const ownerWaitMsMax = 500;
export const ownerRetryMs = 50;
/** The systems' limit for the path of a Unix socket. */
export const socketPathBytesMax = 103;

// Its operators
/** Length of a command's reason, and of its refusal, in the log. */
export const reasonLengthMax = 200;
/** Time in which a proposal can be approved, how many may wait, and the length of one's command. */
export const proposalMsMax = 24 * hour;
export const proposalsMax = 64;
export const proposalLengthMax = 1_024;
/** The first digits of an id by which a proposal can be rejected. */
export const proposalDigitsMin = 6;
/** Validity of a one-time password, and the characters of each of its halves: 40 bits. */
export const oneTimePasswordMsMax = 24 * hour;
export const oneTimeHalfLength = 8;
/** Length of one command on the operators' socket, and of a request, which has a signature too. */
export const operatorCommandBytesMax = 65_000;
export const operatorRequestBytesMax = 65_536;
/** Connections of operators at once, and how long each may take to send its request. */
export const operatorConnectionsMax = 256;
export const operatorRequestMsMax = 10 * second;
/** A command that takes long sends a sign of life after so long, or twice as long. */
export const operatorSignMs = 2 * second;
/** An operator's program waits no longer for a server that sends nothing: several times that. */
export const operatorSilentMsMax = 10 * second;
/** Size of one read of an operator's program from that socket. */
export const operatorReadBytes = 65_536;
/** An operator's command that waits for a database that cannot commit is answered after this. */
export const operatorFaultMsMax = 5 * second;
/** A backup waits so long for its entry in the log before it looks whether nothing can be committed. */
export const backupEntryMs = 1 * second;
/** How long running commands may take to finish when the server stops. */
export const operatorFinishMsMax = 1_500;
/** A terminal's entries that are examined for its last report. */
export const reportEntriesExaminedMax = 1_000;
/** Entries per read of an operator's command, and the interval at which it follows the log. */
export const logChunkEntries = 500;
export const followMs = 200;
/** Size of one read from a log file, and the longest line. */
export const logReadBytes = 1 << 18;
export const logLineLengthMax = 1 << 20;
/** Lines per message to a checking thread: enough to outweigh its cost. */
export const checkedLines = 1_024;
/** Beyond this many threads the file's reads are the bottleneck. */
export const checkThreadsMax = 8;

// Its figures
/** A commit of at least this time is an event of the operator's log. */
export const slowCommitMs = second;
/** Failures are counted as recent for one to two of these periods, and movements a second likewise. */
export const recentFailuresMs = 5 * minute;
export const movementRateMs = minute;
/** Sources and names of failures that are counted separately in one period. */
export const monitoredKeysMax = 4_096;

/** Beyond these an operator must act: `bank status` and docs/ops/alerts.yml name them. */
export const terminalSilentMsMax = 5 * minute;
export const reconciledAgeMsMax = 26 * hour;
export const doubtAgeMsMax = hour;
export const checkpointAgeMsMax = 26 * hour;
export const backupAgeMsMax = 26 * hour;
export const verificationAgeMsMax = 8 * 24 * hour;
export const failedNamesMax = 20;
export const handshakeFailuresMax = 30;
export const freeBytesMin = 1_000_000_000;
/** Connections for metrics at once, and the time of each. */
export const metricsConnectionsMax = 16;
export const metricsRequestMsMax = 10 * second;
/** Entries that `audit show -n` keeps until it prints them. */
export const shownEntriesMax = 100_000;
/** Reads of a statement until its movements agree with the balance. */
export const statementTriesMax = 5;
/** Interval at which `bank status --watch` draws again. */
export const statusMs = 2 * second;
/** How often a server looks for problems that its log does not have yet. */
export const problemsLoggedMs = 60 * second;
/** Names in the line of a problem. */
export const problemNamesMax = 10;

/** Interval at which `watch_bank` looks for changes. */
export const watchMs = 400;
/** Entries of each chain that it reads back to find the movements of the day. */
export const newsEntriesExaminedMax = 20_000;
/** Open movements in a piece of it. */
export const newsHoldsMax = 500;
/** Movements and problems that it shows, and the length of a period of its sums. */
export const newsMovementsMax = 50;
export const newsProblemsMax = 20;
export const newsPeriodMs = 5 * minute;

// Its transparency log
/** A signed note with its signatures, in UTF-8. */
export const noteBytesMax = 65_536;
export const noteSignaturesMax = 64;
/** Witnesses of one policy. */
export const policyWitnessesMax = 99;
/** Hashes of a consistency proof that a witness reads (tlog-witness). */
export const witnessProofHashesMax = 63;
/** A bank waits for a witness's answer, and asks one that gave no cosignature again after a while. */
export const witnessAnswerMsMax = 10 * second;
export const witnessRetryMs = minute;
/** A proof waits for cosignatures of a checkpoint that is signed for it. */
export const cosignedMsMax = 5 * second;
/** How often a witness is asked again with the size that it named. */
export const witnessTriesMax = 3;
/** A witness's connections at once, the time of each, and the body of a request: a proof and a note. */
export const witnessConnectionsMax = 64;
export const witnessRequestMsMax = 10 * second;
export const witnessBodyBytesMax = noteBytesMax + 4_096;
/** The head of a request, and how much of a connection is read at a time. */
export const httpHeadBytesMax = 8_192;
export const httpReadBytes = 4_096;
/** Leaves for each of which one hash is stored, as a power of two. */
export const storedTreeLevel = 8;

// The ATM

// Its connection
/** Time to connect, and then for the handshake. */
export const connectMsMax = 5 * second;
export const requestMsMax = 15 * second;
export const keepAliveMs = minute;
export const reconnectMsMin = 250;
export const reconnectMsMax = 8 * second;
/** Interval at which a log-in checks whether the line is up again after the last visit. */
export const reconnectPollMs = 20;

// Its visits and movements
/**
 * The ATM ends a visit after this time without a touch, earlier than the bank, after a question on
 * screen.
 */
export const atmIdleMsMax = minute;
/** A visit's touches are sent to the bank at most this often. */
export const touchEveryMs = 20 * second;
/**
 * A customer's longest wait for a movement's outcome: `requestMsMax` for the bank's answer, then
 * the same for its confirmation that the movement is void.
 */
export const outcomeMsMax = 2 * requestMsMax;
/** Pauses between retries to settle a movement: each is twice the last. */
export const settlePauseMsMin = 250;
export const settlePauseMsMax = minute;

/** How far back the movements are that an ATM reports to be reconciled. */
export const reconcileDaysMs = 48 * hour;

// Its cash
/** Presented notes that are not taken are retracted after this time. */
export const takeNotesMsMax = 30 * second;
/** Pause before a card reader that failed is used again. */
export const cardReaderRetryMs = second;
/** A card at the exit is retained after this. */
export const takeCardMsMax = 30 * second;
/** A message of a device, in UTF-16 units: as much as KAL's service takes. */
export const deviceMessageLengthMax = 2 ** 21;
/** A device that does not end a command in this time does not answer. A customer may insert notes longer. */
export const deviceAnswerMsMax = minute;
/** Pause between the ATM's checks that a device still answers: a line may end without a word. */
export const deviceKeepAliveMs = 30 * second;
/** Commands of one connection that a device queues. */
export const deviceRequestsMax = 64;
/** An end-to-end security token (XFS4IoT). */
export const deviceTokenBytesMax = 1_024;
/** A nonce for commands ends after this. */
export const commandNonceMsMax = 5 * minute;
/** Withdrawals in doubt of a device with keys: with these, it gets no other token. */
export const withdrawalsInDoubtMax = 3;
/**
 * Connections to a device service at once, those of one address, and how long one may take to become a
 * WebSocket. When there are more, the oldest other than a WebSocket makes room.
 */
export const deviceConnectionsMax = 64;
export const deviceConnectionsPerAddressMax = 16;
export const deviceExchangeMsMax = 10 * second;
/** Size of one read from such a connection. */
export const deviceReadBytes = 16_384;
/** Pause before the ATM connects to its devices again. */
export const deviceRetryMs = 250;
/** Notes in escrow, and in one withdrawal. */
export const escrowNotesMax = 100;
export const dispensedNotesMax = 40;
/** Buttons with an amount each. */
export const fastAmountsMax = 6;
/** Notes of one value that staff type at once, in five digits. */
export const typedNotesMax = 99_999;

/** Mixes of notes that a customer can choose from. */
export const noteMixesMax = 3;
/** Steps below and above an amount in which the nearest payable ones are searched. */
export const nearestStepsMax = 200;
/** A cassette is low at this count: it is used last, and the bank is notified. */
export const scarceNotesMax = 10;

// Its files
/** How long a start waits for another process's lock on the ATM's folder. */
export const folderLockMsMax = 500;
/**
 * What a try of the disk writes: the room that a movement then has, even if the disk fills up
 * meanwhile.
 */
export const probeBytes = 65_536;
/** Pause between tries of a disk that failed. */
export const diskRetryMs = 2 * second;

// Its page
/** Characters of a typed amount or account number. */
export const typedLengthMax = 16;
/** How often the page reports touches to the ATM, at most. */
export const touchReportMs = 3 * second;
/** How long before its end a visit asks whether more time is needed… */
export const moreTimeMs = 20 * second;
/** …but never before this part of the idle time has passed. */
export const moreTimeAfterPart = 0.5;
/** How long the menu shows the balance before it covers it again. */
export const balanceShownMsMax = 15 * second;
/** A page that has no answer of its ATM after this time shows that it starts. */
export const startingShownAfterMs = 250;
/** How long a change of the balance is highlighted. */
export const balanceNewsMs = 8 * second;
/** Screens without a visit return to the start after this time without a touch. */
export const screenRestMs = {
  welcome: minute,
  settings: minute,
  log_in: minute,
  pin: minute,
  ended: 12 * second,
  back: 15 * second,
  receipt: 45 * second,
  code: 45 * second,
  refusal: 45 * second,
} as const;
/** A throttled customer's wait if the ATM does not give one. */
export const throttledMsDefault = 30 * second;
/**
 * The page treats its host as disconnected after this many seconds in which it ran and received
 * nothing.
 */
export const hostSilentSecondsMax = 8;

// The command line
/** ATMs of a demo. */
export const demoAtmsMax = 8;
/** A week. */
export const checkpointMinutesMax = 10_080;
/** Time for a program to end before it is killed. */
export const programEndMsMax = 20 * second;
/** Lines of a window's native libraries that the report of a failure prints, and the time to get them. */
export const chatterLinesMax = 50;
export const chatterEndMsMax = 500;
/** Interval at which a launcher checks that its parent process still runs. */
export const launcherLookMs = 500;

// The page's host
/** Attempts to bundle the page, and how long one may take while another follows. */
export const bundleTriesMax = 3;
export const bundleMsMax = 20 * second;
/** Longest request of a page, in bytes or UTF-16 units. */
export const pageRequestLengthMax = 4_096;
/** The light edge of a QR code, in modules (ISO/IEC 18004). */
export const codeQuietModules = 4;
/** QR codes of receipts are as large as this version, and larger only for more than 425 bytes. */
export const codeVersionMin = 13;
/**
 * Connections that have not shown a page's secret: at once, beyond which the oldest is closed, and
 * the time of each.
 */
export const pageStrangersMax = 64;
export const pageExchangeMsMax = 10 * second;
/** Concurrent calls of pages. */
export const pageCallsMax = 16;
/** Interval of an idle host's heartbeat. */
export const pageHeartbeatMs = 2 * second;
/** A visit ends this long after its page disconnects. */
export const pageDisconnectedMsMax = 5 * second;
/** Unused links to the page that remain valid. */
export const pageLinksMax = 8;
/** Interval at which a closing window's gate checks for calls in progress. */
export const gateLookMs = 5;
/** How long a window may stay blank before it counts as failed. */
export const windowBlankMsMax = 20 * second;

// The operator's console
/** Entries that are examined for a page of a search; the next page continues. */
export const searchEntriesMax = 20_000;
/** The same of the disputes, which a screen reads whenever it is opened. */
export const disputeEntriesMax = 4_000;
/** New entries of the log in a piece of `watch_bank`, and those that a console keeps. */
export const newsEntriesMax = 500;
export const consoleRecentMax = 5_000;
/** Characters of where a page begins: a place for each chain of the log. */
export const consolePageLengthMax = 2_000;
/** Entries of a customer that are examined for a page of bookings, and for the balances before them. */
export const bookingEntriesExaminedMax = 2_000;
export const balanceEntriesExaminedMax = 4_000;
/** A console locks after this time without use. */
export const consoleIdleMsMax = 10 * minute;
/** Acts that have outlasted a lock or their page, which the console shows. */
export const consoleOutlastingMax = 20;
/** It connects again after this time, or after a refusal, of which each has an entry in the log. */
export const consoleRetryMs = second;
export const consoleRefusedRetryMs = 15 * second;
/** A page reports at most this often that it is used. */
export const consoleTouchMs = 5 * second;
/** Rows of a page of a list. */
export const consoleRowsMax = 50;
/** Rows of a page to which new ones come, until it is read again. */
export const consoleFollowedRowsMax = 4 * consoleRowsMax;
/** Length of a text to be found. */
export const consoleFindLengthMax = 64;

// The operator
/** The stretching of the passphrase of an operator's key by Argon2id: memory in KiB, and passes. */
export const passphraseMemoryKib = 65_536;
export const passphrasePasses = 3;
/** Characters of such a passphrase. */
export const passphraseLengthMin = 12;
/** Interval of progress lines. */
export const progressMs = 200;
/** UTF-16 units of an account's name, and of the bank's. */
export const accountNameLengthMax = 32;
export const bankNameLengthMax = 60;
export const checkpointMinutesDefault = 60;
/** Size of one read when a file is copied. */
export const copyChunkBytes = 1 << 20;

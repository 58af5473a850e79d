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
export const handshakeFrameBytesMax = 256;
/** A frame's body afterwards: the largest size class, sealed. */
export const frameBytesMax = 66_000;
/** A message is padded to the next of these, so that its length reveals nothing else. */
export const plaintextSizeClassesBytes = [256, 512, 1_024, 4_096, 16_384, 65_536] as const;
/** Records, bytes and age of one direction's keys, after which they are ratcheted forward. */
export const recordsPerKeyMax = 2 ** 20;
export const bytesPerKeyMax = 2 ** 30;
export const keyAgeMsMax = hour;
/** What a receiver allows beyond `keyAgeMsMax`, since clocks and networks differ. */
export const keyAgeGraceMs = minute;
/** What may wait to be written to one peer that reads slowly. */
export const outgoingBytesMax = 1 << 20;
/** How long an end waits for its close to be written, and a client for the server's. */
export const closeMsMax = second;
/** Read from a socket at once. A server holds such a buffer for each terminal. */
export const serverReadBytes = 1_024;
export const clientReadBytes = 16_384;

// Messages: lengths of texts, in UTF-16 code units
export const usernameLengthMax = 32;
export const passwordLengthMin = 8;
export const passwordLengthMax = 128;
export const accountLengthMax = 64;
/** An amount that somebody typed: the ledger refuses by name what is not one. */
export const amountLengthMax = 32;
export const outcomeLengthMax = 64;
/** What a history is searched for. */
export const historyTextLengthMax = 64;
export const cursorLengthMax = 64;
/** Names, places and ids. */
export const shortTextLengthMax = 256;
export const actionLengthMax = 1_024;
/** A sealed entry of the log, in base64. */
export const sealedEntryLengthMax = 4_096;

// Messages: lists
/** Cassettes of one ATM. */
export const cassettesMax = 16;
export const historyPageEntriesMax = 20;
/** Days of an account that a balance goes back. */
export const balanceDaysMax = 30;

// The bank

// Its door
/** Sockets at once, before and after their handshake. */
export const connectionsMax = 12_000;
/** Sockets at once that have not finished their handshake, in all and from one address. */
export const handshakesPendingMax = 1_024;
export const handshakesPendingPerAddressMax = 256;
/** From the connection's first byte to the client's finish. */
export const handshakeMsMax = 10 * second;
/** Handshakes waiting for their turn to compute. */
export const exchangesPendingMax = 256;
/** Failed handshakes that one address is forgiven at once, and each minute; beyond, it is turned away. */
export const failedHandshakesMax = 120;
export const failedHandshakesPerMinuteMax = 60;
/** Addresses whose failures are remembered. */
export const failedSourcesMax = 4_096;
/** Failed handshakes are logged for each of so many addresses, and the others together, each minute. */
export const strangerAddressesMax = 16;
export const strangersMs = minute;
/** What a balancer may put before a connection, after the header's first 16 bytes. */
export const proxyHeaderBytesMax = 512;
/** How long to wait before accepting again where that failed. */
export const acceptRetryMs = 100;
/** A line about connections that cannot be accepted is logged this often at most. */
export const acceptReportMs = minute;
/** A terminal's channel without a whole frame is closed after this: ATMs send `hello` more often. */
export const silentMsMax = 5 * minute;

// Visits
/** The bank ends a visit after this long without a request of the customer's. */
export const visitIdleMsMax = 3 * minute;
/** Pauses between tries to log the end of a visit that the log cannot take yet: each is twice the last. */
export const logOutPauseMsMin = 250;
export const logOutPauseMsMax = 8 * second;

// Credentials
/**
 * Failed log-ins that cost nothing, of one customer at one terminal, of one terminal over all names; and
 * free looks of one customer at other people's accounts. One is forgotten after this long without
 * another; beyond them the wait doubles from the least to the most. Of one customer over all terminals
 * but the known ones, the wait beyond them is the most at once.
 */
export const customerFailuresFree = 3;
export const customerFailureForgetMs = 15 * minute;
export const everywhereFailuresFree = 20;
/** Terminals at which a customer logged in, the latest, and for how long they are known. */
export const knownTerminalsMax = 4;
export const knownTerminalMsMax = 90 * 24 * hour;
export const terminalFailuresFree = 10;
export const terminalFailureForgetMs = minute;
export const recipientLooksFree = 5;
export const recipientLookForgetMs = 5 * minute;
export const throttleMsMin = second;
export const throttleMsMax = minute;
/** Log-ins waiting for a password check, in all; each terminal has one. */
export const passwordChecksPendingMax = 512;

// Terminals
/** How long a terminal's key remains valid after the next one is made. */
export const keyOverlapMsMax = 7 * 24 * hour;
/** After a restore terminals retell from so much before the backup's last entry, to be safe. */
export const retellMarginMs = 24 * hour;

// The ledger
/** Commands in one batch, and in one durable commit. */
export const batchCommandsMax = 256;
/**
 * Numbers that a command to open an account brings: it gets the first that is free. Each is taken with a
 * chance of one in 9,000 in a bank of a million accounts.
 */
export const accountNumberTriesMax = 8;
/** Commands waiting for a batch: beyond it the answer is "try again later". */
export const commandsPendingMax = 16_384;
/** How often, and how long, a batch is run again that others got in the way of. */
export const batchTriesMax = 10;
export const batchTriesMsMax = 10 * second;
/** A jump of the clock beyond this stops money until the clock is right again, or confirmed. */
export const clockJumpMsMax = 5 * minute;

// Its stores
/** Rows that are read at a time by what goes through all of a table. */
export const walkedRowsMax = 1_000;
/** How long SQLite waits for a process that has the file. */
export const sqliteLockMsMax = 500;
/**
 * Pages of SQLite's write-ahead log, 4 KiB each, before they are copied into the file: a page that
 * changes many times until then is copied once.
 */
export const sqliteCheckpointPages = 8_192;
/** Pages that a backup copies at a time. */
export const sqliteBackupPages = 4_096;
/** Rows of each table that SQLite's store keeps in memory. */
export const keptRowsMax = 65_536;
/** A database elsewhere: how long a connection to it may take, and one answer of it. */
export const databaseConnectMsMax = 3 * second;
export const databaseAnswerMsMax = 8 * second;
/** How long a batch waits for another server's, and how long that may rest with what it has locked. */
export const databaseLockMsMax = 4 * second;
export const databaseRestMsMax = 5 * second;
/** How long a batch waits for a database that is gone: less than an ATM waits for its answer. */
export const databaseOutageMsMax = 10 * second;
export const databaseRetryMs = 100;
/** How often a batch is loaded again while others commit movements that it touches. */
export const databaseLoadsMax = 5;
/** How often a server reads what the bank's other servers have changed. */
export const otherServersMs = 300;
/** A server with terminals commits a batch at least so often; without one for so long it is absent. */
export const serverAliveMs = 1_500;
export const serverAbsentMsMax = 5 * second;

// The audit log
/** An epoch of the log's key ends this long after its first entry: within the second, with its commit. */
export const epochMs = 750;
/** How often a key file is read again that a running server was just writing. */
export const chainKeyReadTriesMax = 5;
/** Entries that the log's file is brought up to date with at a time. */
export const logFileChunkEntries = 1_000;
/** The end of the log's file that its last line is looked for in: longer than any line. */
export const logFileTailBytes = 65_536;
/** Indexes of names that a chain's writer remembers: as many as there are customers at terminals at once. */
export const namesIndexedMax = 16_384;
/** Entries examined for one page of history, so that a rare word does not make the server read all of it. */
export const historyEntriesExaminedMax = 2_000;
/** Entries examined for the place of a receipt that is asked for again. */
export const receiptEntriesExaminedMax = 256;
/** Entries that either reads at a time. */
export const historyChunkEntries = 64;

// Its folder
/** How long a process waits for the folder's lock, since the one before may be about to end. */
export const ownerWaitMsMax = 500;
export const ownerRetryMs = 50;
/** The systems' limit for the path of a Unix socket. */
export const socketPathBytesMax = 103;

// Its operators
/** Of the reason for a command, and of what refused it, in the log. */
export const reasonLengthMax = 200;
/** Of one request on the operator's socket. */
export const operatorRequestBytesMax = 65_536;
/** How much of that socket is read at a time. */
export const operatorReadBytes = 65_536;
/** How long commands may go on when the server stops. */
export const operatorFinishMsMax = 1_500;
/** Entries of a terminal's own that are examined for its last report. */
export const reportEntriesExaminedMax = 1_000;
/** Entries of the log that an operator's command reads at a time, and how often one follows the log. */
export const logChunkEntries = 500;
export const followMs = 200;
/** A file of the log: read so much at a time, in lines of at most so much. */
export const logReadBytes = 1 << 18;
export const logLineLengthMax = 1 << 20;
/** Lines of a log that one thread checks at a time: enough to be worth a message. */
export const checkedLines = 1_024;
/** Threads that check faster than a file can be read. */
export const checkThreadsMax = 8;

// Its transparency log
/** A signed note with its signatures, in UTF-8. */
export const noteBytesMax = 65_536;
export const noteSignaturesMax = 64;
/** Hashes of a consistency proof that a witness reads (tlog-witness). */
export const witnessProofHashesMax = 63;
/** Leaves for each of which one hash is stored, as a power of two. */
export const storedTreeLevel = 8;

// The ATM

// Its connection
/** How long connecting may take, and then the handshake. */
export const connectMsMax = 5 * second;
export const requestMsMax = 15 * second;
export const keepAliveMs = minute;
export const reconnectMsMin = 250;
export const reconnectMsMax = 8 * second;
/** How often a log-in looks whether the line that follows the last visit's is up. */
export const reconnectPollMs = 20;

// Its visits and movements
/** The ATM ends a visit after this long without a touch, sooner than the bank, and after asking. */
export const machineIdleMsMax = minute;
/** A visit's touches are sent to the bank at most this often. */
export const touchEveryMs = 20 * second;
/**
 * A customer waits this long at most for a movement's outcome: `requestMsMax` for the bank's answer,
 * then as long again for the bank to confirm that the movement is void.
 */
export const outcomeMsMax = 2 * requestMsMax;
/** Pauses between tries to settle a movement that the bank cannot take yet: each is twice the last. */
export const settlePauseMsMin = 250;
export const settlePauseMsMax = minute;

// Its cash
/** Presented notes that nobody takes are retracted after this long. */
export const takeNotesMsMax = 30 * second;
/** Notes in escrow, and in one withdrawal. */
export const escrowNotesMax = 100;
export const dispensedNotesMax = 40;
/** Buttons with an amount each. */
export const fastAmountsMax = 6;
/** Mixes of notes that a customer can choose from. */
export const noteMixesMax = 3;
/** Steps below and above an amount in which the nearest payable ones are searched. */
export const nearestStepsMax = 200;
/** A cassette is low at this count: it is used last, and the bank is notified. */
export const scarceNotesMax = 10;

// Its files
/** How long a start waits for the ATM's folder when another process has it. */
export const folderLockMsMax = 500;
/** A receipt's text, in UTF-16 code units. */
export const receiptTextLengthMax = 2_048;
/** Entries of a history that is written to a file. */
export const savedEntriesMax = 2_000;
/** Files kept: the oldest is removed for a new one. */
export const savedFilesMax = 1_000;

// Its page
/** Longest amount, or account number, that can be typed. */
export const typedLengthMax = 16;
/** How often the page reports touches to the machine, at most. */
export const touchReportMs = 3 * second;
/** How long before its end a visit asks whether more time is needed… */
export const moreTimeMs = 20 * second;
/** …but never before this part of the idle time has passed. */
export const moreTimeAfterPart = 0.5;
/** How long a change of the balance is pointed out. */
export const balanceNewsMs = 8 * second;
/** Screens without a visit go back to the start when nobody touched them for so long. */
export const screenRestMs = {
  welcome: minute,
  settings: minute,
  log_in: minute,
  ended: 12 * second,
  back: 15 * second,
  receipt: 45 * second,
  refusal: 45 * second,
} as const;
/** How long a throttled customer waits where the machine does not say. */
export const throttledMsDefault = 30 * second;
/** The page takes its host for dead after so many seconds in which it ran and received nothing. */
export const hostSilentSecondsMax = 8;

// The command line
/** ATMs of a demo. */
export const demoAtmsMax = 8;
/** A week. */
export const checkpointMinutesMax = 10_080;
/** How long a program may take to end before it is killed. */
export const programEndMsMax = 20 * second;
/** How often a launcher checks that the process that started it still runs. */
export const launcherLookMs = 500;

// The page's host
/** Longest request of a page, in bytes or UTF-16 units. */
export const pageRequestLengthMax = 4_096;
/** Calls of pages under way at once. */
export const pageCallsMax = 16;
/** How often an idle host shows that it lives. */
export const pageHeartbeatMs = 2 * second;
/** How long after its page has disconnected a visit ends. */
export const pageDisconnectedMsMax = 5 * second;
/** Links that open the page and are not used yet. */
export const pageLinksMax = 8;
/** How often a window's gate looks whether a call is still inside. */
export const gateLookMs = 5;
/** How long a window may stay blank before it is taken for broken. */
export const windowBlankMsMax = 20 * second;

// The operator
/** How often a progress line is drawn. */
export const progressMs = 200;
/** Characters of an account's name, and of the bank's. */
export const accountNameLengthMax = 32;
export const bankNameLengthMax = 60;
export const checkpointMinutesDefault = 60;
/** Read at once when a file is copied. */
export const copyChunkBytes = 1 << 20;

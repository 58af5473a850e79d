/** An ATM behind a page in the browser. */
import { leashEnds, log, readJsonLine, runProgram, say } from "../../lib/process.ts";
import { removeAtEnd, removeIfThere, writePrivateFile } from "../../lib/private_file.ts";
import type { AtmInBrowserReady, AtmStart } from "../../lib/programs.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { openFile, startBrowserHost } from "../../ui/window/browser_host.ts";
import type { Page } from "../../ui/window/page_bundle.ts";
import { atmMachine } from "../../ui/window/calls.ts";
import { openAtmFolder } from "../folder/atm_folder.ts";
import { connectorOf } from "./connect_devices.ts";
import { isOnline, openAtm } from "../open_atm.ts";

if (import.meta.main) {
  await runProgram<AtmStart>(async (start) => {
    const page = await readJsonLine<Page>();
    const end = leashEnds();
    const connect = () => connectTcp(start.bank.hostname, start.bank.port);
    const database = openAtmFolder(systemFiles, start.folder);
    const atm = await openAtm(start, {
      world: system,
      files: systemFiles,
      database,
      connect,
      connectDevices: connectorOf(start.devices),
      log,
      ask: (request) => void say(JSON.stringify(request)),
    });
    const file = `${start.folder}/open.html`;
    /** Returns whether there is a file that opens the ATM again: none is needed to serve customers. */
    const writeLink = (): boolean => {
      try {
        removeIfThere(systemFiles, file);
        writePrivateFile(systemFiles, file, openFile(host.newLink()));
        return true;
      } catch (error) {
        log(`the file that opens the ATM again is missing: ${(error as Error).message}`);
        return false;
      }
    };
    const stopping = new AbortController();
    const host = startBrowserHost({
      machine: atmMachine(atm),
      page,
      randomBytes: system.randomBytes,
      onOpened: writeLink,
      signal: stopping.signal,
      onError: (error) => log(`a call of the page failed: ${(error as Error).stack ?? error}`),
    });
    atm.start();
    if (!start.wait) await Promise.race([isOnline(atm), end]);
    const isWritten = writeLink();
    const ready: AtmInBrowserReady = { link: host.newLink(), ...(isWritten && { file }) };
    say(JSON.stringify(ready));
    await end;
    await atm.stop();
    stopping.abort();
    await host.finished;
    removeAtEnd(systemFiles, file, log);
    database.close();
    return 0;
  });
}

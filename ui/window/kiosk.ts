/**
 * Makes the customer's window full-screen and impossible to close, with each system's own calls, on
 * the window's thread. Tested on Linux; the code for macOS and Windows follows their documentation
 * and is untested. A window cannot block the window manager's keys: docs/OPERATIONS.md lists what
 * else an ATM's host needs.
 */

import { answerGtkSignal } from "./gtk_signals.ts";

/** Allows the program to close the window again; call `free` after the window is destroyed. */
export interface Kiosk {
  leave(): void;
  free(): void;
}

/**
 * Enters kiosk mode.
 * @param window GtkWindow*, NSWindow* or HWND
 */
export function enterKiosk(window: bigint): Kiosk {
  const systems: Record<string, (window: bigint) => Kiosk> = { darwin: onMac, windows: onWindows };
  return (systems[Deno.build.os] ?? onGtk)(window);
}

const nothingToUndo: Kiosk = { leave() {}, free() {} };

/**
 * Blocks closing on GTK, which emits the signal `close-request` first; the answer true prevents it.
 */
function onGtk(window: bigint): Kiosk {
  const gtk = Deno.dlopen("libgtk-4.so.1", {
    gtk_window_fullscreen: { parameters: ["usize"], result: "void" },
    gtk_window_set_deletable: { parameters: ["usize", "i32"], result: "void" },
  }).symbols;
  let stays = 1;
  const onCloseRequest = answerGtkSignal(window, "close-request", ["usize", "usize"], () => stays);
  gtk.gtk_window_set_deletable(window, 0);
  gtk.gtk_window_fullscreen(window);
  return {
    leave: () => void (stays = 0),
    free: () => onCloseRequest.close(),
  };
}

/**
 * Makes an AppKit window full-screen without a close button, in an application that keeps the
 * screen.
 */
function onMac(window: bigint): Kiosk {
  const message = { name: "objc_msgSend", result: "usize" } as const;
  const objc = Deno.dlopen("/usr/lib/libobjc.A.dylib", {
    objc_getClass: { parameters: ["buffer"], result: "usize" },
    sel_registerName: { parameters: ["buffer"], result: "usize" },
    send: { ...message, parameters: ["usize", "usize"] },
    sendNumber: { ...message, parameters: ["usize", "usize", "usize"] },
  }).symbols;
  const c = (text: string) => new TextEncoder().encode(`${text}\0`);
  const send = (object: bigint, selector: string, value: number) =>
    objc.sendNumber(object, objc.sel_registerName(c(selector)), BigInt(value));

  const titled = 1 << 0;
  const resizable = 1 << 3;
  const fullScreenPrimary = 1 << 7;
  // NSApplicationPresentationOptions: hide dock and menu bar, no switching, force quit, log-out, hiding
  const keepsTheScreen = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8;
  send(window, "setStyleMask:", titled | resizable);
  send(window, "setCollectionBehavior:", fullScreenPrimary);
  send(window, "toggleFullScreen:", 0);
  const application = objc.send(
    objc.objc_getClass(c("NSApplication")),
    objc.sel_registerName(c("sharedApplication")),
  );
  send(application, "setPresentationOptions:", keepsTheScreen);
  return nothingToUndo;
}

/** Makes a Windows window frameless and topmost, of a class that cannot be closed. */
function onWindows(window: bigint): Kiosk {
  const user32 = Deno.dlopen("user32.dll", {
    GetSystemMetrics: { parameters: ["i32"], result: "i32" },
    SetWindowLongPtrW: { parameters: ["usize", "i32", "isize"], result: "isize" },
    SetClassLongPtrW: { parameters: ["usize", "i32", "isize"], result: "usize" },
    SetWindowPos: {
      parameters: ["usize", "isize", "i32", "i32", "i32", "i32", "u32"],
      result: "i32",
    },
  }).symbols;
  const popupAndVisible = 0x9000_0000n;
  const noClose = 0x0200n;
  const topmost = -1n;
  const frameChangedAndShown = 0x0060;
  user32.SetWindowLongPtrW(window, -16, popupAndVisible);
  user32.SetClassLongPtrW(window, -26, noClose);
  const [width, height] = [user32.GetSystemMetrics(0), user32.GetSystemMetrics(1)];
  user32.SetWindowPos(window, topmost, 0, 0, width, height, frameChangedAndShown);
  return nothingToUndo;
}

/** Finds a device's service by its interfaces, among those that a machine's publisher lists. */
import { type DeviceConnection, required } from "./connection.ts";

/** The publisher lists no service with the interfaces. */
export class NoSuchService extends Error {
  override name = "NoSuchService";
}

/** The service that is looked for. */
export interface Wanted {
  /** For an error's message. */
  readonly what: string;
  readonly interfaces: readonly string[];
}

/**
 * Connects to the first service with these interfaces, and begins with it. Every other connection is
 * closed, and all of them after a failure.
 * @param url the publisher's
 * @throws {NoSuchService} if no service has the interfaces
 * @throws {Error} if one does not answer as the standard says
 */
export async function connectService(
  url: string,
  { what, interfaces }: Wanted,
  open: (url: string) => Promise<DeviceConnection>,
  begin: (service: DeviceConnection) => Promise<void>,
): Promise<DeviceConnection> {
  const opened: DeviceConnection[] = [];
  try {
    const publisher = await open(url);
    opened.push(publisher);
    const { services = [] } = await required(publisher, "ServicePublisher.GetServices", {});
    publisher.close();
    for (const { serviceURI } of services) {
      const service = await open(serviceURI);
      opened.push(service);
      const { interfaces: given } = await required(service, "Common.Capabilities", {});
      const has = new Set<string>(given.map(({ name }) => name));
      if (!interfaces.every((name) => has.has(name))) {
        service.close();
        continue;
      }
      await begin(service);
      return service;
    }
    throw new NoSuchService(`no service there is a ${what}`);
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

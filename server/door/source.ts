/** Addresses of callers, in one canonical form for limits and settings. */

/** Returns the source that limits count: an IPv4 address, or the network of an IPv6 address. */
export function sourceOf(address: string): string {
  const groups = ipv6GroupsOf(address);
  const mapped = groups && ipv4Of(groups);
  if (groups === null || mapped !== null) return mapped ?? address;
  // One host commonly has a whole network, whose first 64 bits are alike.
  return `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}

/** Returns the canonical form of an address in any spelling. */
export function canonicalAddress(address: string): string {
  const groups = ipv6GroupsOf(address);
  if (groups === null) return address;
  return ipv4Of(groups) ?? groups.map((group) => group.toString(16)).join(":");
}

/** Returns the eight groups of an IPv6 address, without its zone; null for any other. */
function ipv6GroupsOf(address: string): number[] | null {
  if (!address.includes(":")) return null;
  const [head, tail] = address.split("%")[0]!.split("::").map(groupsOf);
  if (head === undefined || tail === undefined) return head ?? null;
  const zeros: number[] = Array(Math.max(0, 8 - head.length - tail.length)).fill(0);
  return [...head, ...zeros, ...tail];
}

/**
 * Returns a part of an IPv6 address as groups; its last 32 bits may be written as an IPv4 address.
 */
function groupsOf(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a, b, c, d] = group.split(".").map(Number);
    return [a! * 256 + b!, c! * 256 + d!];
  });
}

/** Returns the IPv4 address that an IPv6 one is mapped from (RFC 4291, 2.5.5.2). */
function ipv4Of(groups: readonly number[]): string | null {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return null;
  return groups.slice(6).flatMap((group) => [group >> 8, group & 255]).join(".");
}

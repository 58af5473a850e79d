/** Proofs as files (C2SP tlog-proof, not released yet): an entry's index, its siblings, a checkpoint. */
import type { Bytes } from "../../lib/bytes.ts";
import { toBase64 } from "./base64.ts";

export interface TlogProof {
  /** Data for computing the leaf; not authenticated here. */
  extra?: Bytes;
  index: number;
  /** From the leaf upwards, 32 bytes each. */
  siblings: readonly Uint8Array[];
  /** Verbatim, with its signatures and cosignatures. */
  checkpoint: string;
}

const firstLine = "c2sp.org/tlog-proof@v1";

export function formatProof({ extra, index, siblings, checkpoint }: TlogProof): string {
  const lines = [
    firstLine,
    ...(extra ? [`extra ${toBase64(extra)}`] : []),
    `index ${index}`,
    ...siblings.map(toBase64),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** A certificate for this machine alone, by OpenSSL's own program. */
import { openssl } from "./openssl.ts";

/** @throws {UsageError} where OpenSSL is not installed */
export async function makeCertificate(
  folder: string,
): Promise<{ certificate: string; key: string }> {
  const [keyPath, certificatePath] = [`${folder}/tls.key`, `${folder}/tls.pem`];
  const make =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
  const args = [
    ...make.split(" "),
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    ...["-keyout", keyPath, "-out", certificatePath],
  ];
  const { success, stderr } = await openssl(args, { stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return {
    certificate: await Deno.readTextFile(certificatePath),
    key: await Deno.readTextFile(keyPath),
  };
}

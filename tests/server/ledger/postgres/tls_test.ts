/** TLS between server and database: `verify-full` authenticates the database, or nothing is sent. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../../lib/errors.ts";
import { createBank, openBank } from "../../../../server/bank.ts";
import { bankSettings } from "../../helpers/running_bank.ts";
import { giveAway, postgres } from "../../helpers/postgres.ts";
import { onPostgres } from "../../helpers/stores.ts";
import { inTemporaryFolder } from "../../helpers/temporary.ts";
import { bankWorld } from "../../helpers/world.ts";

/** Makes a certificate authority, or a certificate of one, by OpenSSL's own program. */
async function openssl(folder: string, name: string, ...args: string[]): Promise<string> {
  const path = `${folder}/${name}`;
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", `/CN=${name}`, ...args],
      ...["-keyout", `${path}.key`, "-out", `${path}.crt`],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

/** Signs a certificate for an address. */
function signed(folder: string, ca: string, name: string, address: string): Promise<string> {
  return openssl(
    folder,
    name,
    ...["-CA", `${ca}.crt`, "-CAkey", `${ca}.key`],
    ...["-addext", `subjectAltName=${address}`, "-addext", "basicConstraints=critical,CA:FALSE"],
  );
}

onPostgres(
  "verify-full takes a database with the right certificate, and no other",
  () =>
    inTemporaryFolder(async (root) => {
      const certificates = await Deno.makeTempDir();
      const server = await postgres();
      const url = await server.database();
      const ca = await openssl(certificates, "ca", "-addext", "keyUsage=critical,keyCertSign");
      const other = await openssl(
        certificates,
        "other",
        "-addext",
        "keyUsage=critical,keyCertSign",
      );
      const right = await signed(certificates, ca, "right", "IP:127.0.0.1");
      const foreign = await signed(certificates, ca, "foreign", "DNS:database.example");
      const use = async (certificate: string) => {
        await server.run(url, `ALTER SYSTEM SET ssl_cert_file = '${certificate}.crt'`);
        await server.run(url, `ALTER SYSTEM SET ssl_key_file = '${certificate}.key'`);
        await server.run(url, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()");
        await new Promise((resolve) => setTimeout(resolve, 200));
      };
      const verified = (authority: string) =>
        `${url}?sslmode=verify-full&sslrootcert=${authority}.crt`;
      const make = (at: string) =>
        createBank(bankWorld(), `${root}/bank`, bankSettings, () => {}, at);
      try {
        for (const name of ["right", "foreign"]) {
          Deno.chmodSync(`${certificates}/${name}.key`, 0o600);
        }
        await giveAway(certificates);
        Deno.chmodSync(certificates, 0o755);

        // the database has no TLS yet
        await assertRejects(() => make(verified(ca)), UsageError);
        await use(foreign);
        await assertRejects(() => make(verified(ca)), UsageError);
        await use(right);
        await assertRejects(() => make(verified(other)), UsageError);

        await (await make(verified(ca))).close();
        const bank = await openBank(bankWorld(), `${root}/bank`, verified(ca));
        const rows = await server.run(
          url,
          "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'bank'",
        );
        assert(rows.length > 0);
        assertEquals(rows.filter(({ ssl }) => !ssl), []);
        assertEquals(new Set(rows.map(({ version }) => version)), new Set(["TLSv1.3"]));
        await bank.close();
      } finally {
        await server.run(url, "ALTER SYSTEM SET ssl = off", "SELECT pg_reload_conf()");
        await Deno.remove(certificates, { recursive: true });
      }
    }),
);

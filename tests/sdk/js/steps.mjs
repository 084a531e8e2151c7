// What the JavaScript scenario stands on: the setting it is given, its credential, and steps told one by one.
import { readFileSync } from "node:fs";
import { createHash, X509Certificate } from "node:crypto";

export const url = process.env.CUPEL_URL;
export const tamperedUrl = process.env.CUPEL_TAMPERED_URL;
export const isolatedUrl = process.env.CUPEL_ISOLATED_URL;

export const file = (name) => readFileSync(`${process.env.CUPEL_FILES}/${name}`);
export const pem = (name) => file(name).toString();
export const key = (name) => ({ privateKey: pem(`${name}.key.pem`), certificate: pem(`${name}.pem`) });

/** A credential that always has the same bearer token: what a user writes for a token of the site's own. */
export const bearer = (token) => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }),
});

export const sha256 = (data) => createHash("sha256").update(data).digest();
export const b64u = (data) => Buffer.from(data).toString("base64url");
export const policyHash = (text) => sha256(b64u(text));

/** SHA-1 over the DER, upper-case hex: the thumbprint of the contract. */
export const thumbprint = (name) => new X509Certificate(pem(`${name}.pem`)).fingerprint.replaceAll(":", "");
export const sameCertificate = (a, b) => new X509Certificate(a).raw.equals(new X509Certificate(b).raw);

/** Told to the runner, a line each: "ok - name", or "not ok - name" with the reason behind "# ". */
export async function run(parts, wanted) {
  for (const part of wanted)
    for (const [name, step] of Object.entries(parts[part]))
      try {
        await step();
        console.log(`ok - ${name}`);
      } catch (e) {
        const said = e instanceof Error ? `${e.name}: ${e.message}` : String(e);
        console.log(`not ok - ${name} # ${said.replace(/\s+/g, " ").slice(0, 800)}`);
      }
}

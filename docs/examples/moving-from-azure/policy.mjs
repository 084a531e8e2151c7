// JavaScript: policies. A credential of your own gives the token that your site issues.
import { AttestationAdministrationClient } from "@azure/attestation";

const credential = {
  getToken: async () => ({ token: process.env.ATTESTATION_TOKEN, expiresOnTimestamp: Date.now() + 3600_000 }),
};
const admin = new AttestationAdministrationClient(process.env.ATTESTATION_URL, credential);
const policy = `version=1.0; authorizationrules{
    [type=="x-ms-sgx-is-debuggable", value==false] => permit();
}; issuancerules{};`;

console.log((await admin.setPolicy("SgxEnclave", policy)).body.policyResolution);
console.log((await admin.getPolicy("SgxEnclave")).body === policy);
console.log((await admin.resetPolicy("SgxEnclave")).body.policyResolution);

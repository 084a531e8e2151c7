// JavaScript: @azure/attestation. The address is the only thing that changed.
import { readFileSync } from "node:fs";
import { AttestationClient } from "@azure/attestation";

const endpoint = process.env.ATTESTATION_URL; // was https://NAME.REGION.attest.azure.net
const client = new AttestationClient(endpoint);

const { body, token } = await client.attestSgxEnclave(readFileSync("quote.bin"), {
  runTimeData: readFileSync("runtime.bin"),
  validationOptions: {
    validateToken: true, validateExpirationTime: true, validateNotBeforeTime: true,
    validateIssuer: true, expectedIssuer: endpoint,
  },
});
console.log(body.issuer, body.mrEnclave, token.algorithm);

// @azure/attestation, unmodified, against a running cupeld.
import assert from "node:assert/strict";
import { AttestationAdministrationClient, AttestationClient, createAttestationPolicyToken } from "@azure/attestation";
import {
  b64u, bearer, file, isolatedUrl, key, pem, policyHash, run, sameCertificate, sha256, tamperedUrl, thumbprint, url,
} from "./steps.mjs";

const client = new AttestationClient(url, { validationOptions: valid() });
const admin = new AttestationAdministrationClient(url, bearer("dev-contributor"));
const reader = new AttestationAdministrationClient(url, bearer("dev-reader"));
const isolated = isolatedUrl && new AttestationAdministrationClient(isolatedUrl, bearer("dev-contributor"));

const permit = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
const issues = (value) =>
  `version=1.0; authorizationrules{=> permit();}; issuancerules{=> issue(type="site", value="${value}");};`;

function valid(more = {}) {
  return {
    validateToken: true, validateExpirationTime: true, validateNotBeforeTime: true,
    validateIssuer: true, expectedIssuer: url, ...more,
  };
}

const attests = {
  sgx: (options, c = client) => c.attestSgxEnclave(file("quote.bin"), options),
  oe: (options, c = client) => c.attestOpenEnclave(file("oe_report.bin"), options),
};

async function refused(call, statusCode, code, words = "") {
  await assert.rejects(call, (e) => {
    assert.deepEqual([e.statusCode, e.code], [statusCode, code], e.message);
    assert.ok(e.message.includes(words), `"${words}" is not in: ${e.message}`);
    return true;
  });
}

function attestSteps(kind) {
  const attest = attests[kind];
  return {
    async [`${kind}: no runtime data`]() {
      const { body, token } = await attest();
      assert.equal(body.issuer, url);
      assert.equal(body.verifierType, "sgx");
      assert.equal(body.version, "1.0");
      assert.equal(body.isDebuggable, false);
      assert.equal(body.productId, 7);
      assert.equal(body.svn, 3);
      assert.match(body.mrEnclave, /^[0-9a-f]{64}$/);
      assert.match(body.mrSigner, /^[0-9a-f]{64}$/);
      assert.match(body.uniqueId, /^[0-9a-f]{64}$/);
      assert.equal(b64u(sha256(file(kind === "oe" ? "oe_report.bin" : "quote.bin")).toString("hex")),
        b64u(body.sgxCollateral.quotehash));
      assert.equal(body.runTimeClaims, undefined);
      assert.equal(body.enclaveHeldData, undefined);
      assert.equal(token.algorithm, "RS256");
      assert.equal(token.keyUrl, `${url}/certs`);
      assert.equal(token.expiresOn - token.issuedAt, 8 * 3600_000);
    },
    async [`${kind}: binary runtime data comes back as bytes`]() {
      const { body } = await attest({ runTimeData: file("runtime.bin") });
      assert.deepEqual(Buffer.from(body.enclaveHeldData), file("runtime.bin"));
      assert.equal(body.runTimeClaims, undefined);
    },
    async [`${kind}: JSON runtime data comes back parsed`]() {
      const { body } = await attest({ runTimeJson: file("runtime.bin") });
      assert.deepEqual(body.runTimeClaims, JSON.parse(file("runtime.bin")));
      assert.equal(body.enclaveHeldData, undefined);
    },
    async [`${kind}: a draft policy decides, and its token is unsecured`]() {
      const draft = issues("draft");
      const { body, token } = await attest({ runTimeJson: file("runtime.bin"), draftPolicyForAttestation: draft });
      assert.equal(token.algorithm, "none");
      assert.deepEqual(body.policyClaims, { site: "draft" });
      assert.deepEqual(Buffer.from(body.policyHash), policyHash(draft));
    },
    async [`${kind}: data the evidence was not made for is refused`]() {
      await refused(attest({ runTimeData: Buffer.from("other") }), 400, "InvalidParameter", "runtimeData");
      await refused(attest({ initTimeData: Buffer.from("other") }), 400, "InvalidParameter");
    },
    async [`${kind}: broken evidence is refused`]() {
      for (const at of [20, 128, 900]) {
        const broken = file(kind === "oe" ? "oe_report.bin" : "quote.bin");
        broken[at] ^= 1;
        await refused(kind === "oe" ? client.attestOpenEnclave(broken) : client.attestSgxEnclave(broken),
          400, "InvalidParameter");
      }
    },
    async [`${kind}: a draft that denies, and one that does not parse`]() {
      await refused(attest({ draftPolicyForAttestation: "version=1.0; authorizationrules{=> deny();};" }),
        400, "PolicyEvaluationError", "A Deny claim was issued, authorization failed.");
      await refused(attest({ draftPolicyForAttestation: "version=1.0; authorizationrules{=> permit(;};" }),
        400, "PolicyParsingError", "Line");
    },
  };
}

const attest = {
  async "discovery names this instance and its keys"() {
    const found = await client.getOpenIdMetadata();
    assert.deepEqual([found.issuer, found.jwks_uri], [url, `${url}/certs`]);
  },
  async "the signers are certificates of this instance"() {
    const signers = await client.getAttestationSigners();
    assert.ok(signers.length >= 1);
    for (const s of signers) assert.ok(s.keyId && s.certificates[0].startsWith("-----BEGIN CERTIFICATE-----"));
  },
  ...attestSteps("sgx"),
  ...attestSteps("oe"),
  async "init-time data, binary and JSON"() {
    const quote = file("init_quote.bin");
    const binary = await client.attestSgxEnclave(quote, { initTimeData: file("inittime.json") });
    assert.equal(binary.body.initTimeClaims, undefined);
    const json = await client.attestSgxEnclave(quote,
      { initTimeJson: file("inittime.json"), runTimeJson: file("runtime.bin") });
    assert.deepEqual(json.body.initTimeClaims, JSON.parse(file("inittime.json")));
    const report = await client.attestOpenEnclave(file("init_oe_report.bin"), { initTimeJson: file("inittime.json") });
    assert.deepEqual(report.body.initTimeClaims, JSON.parse(file("inittime.json")));
  },
  async "a client built with a credential attests all the same"() {
    const signedIn = new AttestationClient(url, bearer("dev-reader"));
    assert.equal((await attests.sgx({ runTimeData: file("runtime.bin") }, signedIn)).body.issuer, url);
  },
  async "the client checks the issuer"() {
    await assert.rejects(attests.sgx({ validationOptions: valid({ expectedIssuer: "https://elsewhere.example" }) }),
      /expected issuer: https:\/\/elsewhere.example/);
  },
  async "the client's own callback is asked, and can refuse"() {
    let asked;
    const look = (token, signer) => { asked = { kid: token.keyId, signer }; };
    await attests.sgx({ validationOptions: valid({ validateAttestationToken: look }) });
    assert.equal(asked.signer.keyId, asked.kid);
    await assert.rejects(attests.sgx({ validationOptions: valid({ validateAttestationToken: () => ["not today"] }) }),
      /not today/);
  },
  async "the client refuses a token whose signature was changed on the way"() {
    const fooled = new AttestationClient(tamperedUrl);
    await assert.rejects(attests.sgx({}, fooled), /not properly signed/);
  },
};

async function setAndCheck(c, policy, signer = {}) {
  const { body, token } = await c.setPolicy("SgxEnclave", policy, signer);
  assert.equal(body.policyResolution, "Updated");
  assert.equal(token.expiresOn - token.issuedAt, 3600_000);
  if (!isEc(signer)) { // an ECDSA signature is another each time: that document cannot be made again
    const sent = createAttestationPolicyToken(policy, signer.privateKey, signer.certificate).serialize();
    assert.deepEqual(Buffer.from(body.policyTokenHash), sha256(sent));
  }
  if (signer.certificate) assert.ok(sameCertificate(body.policySigner.certificates[0], signer.certificate));
  else assert.equal(body.policySigner, undefined);
  assert.equal((await c.getPolicy("SgxEnclave")).body, policy);
}

/** The text is the service's own by the hash that the service's tokens carry. */
async function hasDefault(c, type = "SgxEnclave") {
  const { body } = await c.getPolicy(type);
  assert.equal(b64u(policyHash(body)), "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw", body);
}

const isEc = (signer) => signer.certificate === pem("ec.pem");

async function resetAndCheck(c, signer = {}) {
  const { body } = await c.resetPolicy("SgxEnclave", signer);
  assert.equal(body.policyResolution, "Removed");
  await hasDefault(c);
}

const policies = {
  async "the default policies are the service's own texts"() {
    for (const type of ["SgxEnclave", "OpenEnclave"])
      await hasDefault(reader, type);
  },
  async "an unsecured policy is set, answered with its hash, read back and in force"() {
    await setAndCheck(admin, issues("set"));
    const { body } = await attests.sgx();
    assert.deepEqual(body.policyClaims, { site: "set" });
    assert.deepEqual(Buffer.from(body.policyHash), policyHash(issues("set")));
    assert.equal(body.policySigner, undefined);
    assert.equal((await attests.oe()).body.policyClaims.site, undefined); // another type, another policy
  },
  async "an unsecured reset brings the default back"() {
    await resetAndCheck(admin);
    assert.equal((await attests.sgx()).body.policyClaims["tee"], "sgx");
    await resetAndCheck(admin); // with nothing to remove as well
  },
  async "a policy signed with RSA is set and its signer remembered"() {
    await setAndCheck(admin, issues("rsa"), key("rsa1"));
    const { body } = await attests.sgx();
    assert.equal(body.policyClaims.site, "rsa");
    assert.ok(sameCertificate(body.policySigner.certificates[0], pem("rsa1.pem")));
    await resetAndCheck(admin, key("rsa1"));
  },
  async "a policy signed with an EC key is set and its signer remembered"() {
    await setAndCheck(admin, issues("ec"), key("ec"));
    assert.ok(sameCertificate((await attests.sgx()).body.policySigner.certificates[0], pem("ec.pem")));
    await resetAndCheck(admin, key("ec"));
  },
  async "a malformed policy is refused and changes nothing"() {
    for (const text of ["version=1.0; authorizationrules{=> permit(;};", "no policy", '{"$version":1}'])
      await refused(admin.setPolicy("SgxEnclave", text), 400, "PolicyParsingError");
    await hasDefault(admin);
  },
  async "an attestation type nobody knows is refused"() {
    await refused(admin.getPolicy("NoSuchType"), 404, "NotFound");
    await refused(admin.setPolicy("NoSuchType", permit), 404, "NotFound");
  },
  async "who may not write is told so"() {
    await refused(reader.setPolicy("SgxEnclave", permit), 401, "Unauthorized");
    await refused(reader.resetPolicy("SgxEnclave"), 401, "Unauthorized");
    const stranger = new AttestationAdministrationClient(url, bearer("nobody"));
    await refused(stranger.getPolicy("SgxEnclave"), 401, "Unauthorized");
  },
  async "an instance that trusts its administrators has no policy certificates"() {
    assert.deepEqual((await reader.getPolicyManagementCertificates()).body, []);
    const { privateKey, certificate } = key("rsa1");
    await refused(admin.addPolicyManagementCertificate(pem("rsa2.pem"), privateKey, certificate), 400, "InvalidOperation");
  },
  async "a type without policy: the client stumbles over the service's empty document as it always has"() {
    await assert.rejects(reader.getPolicy("Tpm"), TypeError);
  },
};

const certificates = async () => (await isolated.getPolicyManagementCertificates()).body.map((s) => s.certificates[0]);
const listed = async (...names) => {
  const held = await certificates();
  assert.equal(held.length, names.length);
  for (const name of names) assert.ok(held.some((c) => sameCertificate(c, pem(`${name}.pem`))), name);
};
const change = async (how, name, by, want) => {
  const { privateKey, certificate } = key(by);
  const { body } = await isolated[`${how}PolicyManagementCertificate`](pem(`${name}.pem`), privateKey, certificate);
  assert.deepEqual([body.certificateThumbprint, body.certificateResolution], [thumbprint(name), want]);
};

const isolation = {
  async "isolated: the list holds what the instance was created with"() {
    await listed("rsa1");
    await hasDefault(isolated);
  },
  async "isolated: an unsecured policy, and one signed by a stranger, are refused"() {
    await refused(isolated.setPolicy("SgxEnclave", permit), 400, "InvalidOperation",
      "Unsigned JWS specified but enclave is configured with signing certificates.");
    await refused(isolated.setPolicy("SgxEnclave", permit, key("rsa2")), 400, "InvalidOperation");
    await refused(isolated.resetPolicy("SgxEnclave"), 400, "InvalidOperation");
  },
  async "isolated: a policy signed by a listed key is set, in force, and reset"() {
    await setAndCheck(isolated, issues("isolated"), key("rsa1"));
    const { body } = await attests.sgx({ validationOptions: valid({ expectedIssuer: isolatedUrl }) },
      new AttestationClient(isolatedUrl));
    assert.deepEqual([body.issuer, body.policyClaims.site], [isolatedUrl, "isolated"]);
    assert.equal((await attests.sgx()).body.policyClaims.site, undefined); // the other instance has its own policies
    await resetAndCheck(isolated, key("rsa1"));
  },
  async "isolated: certificates are added by a listed key, once"() {
    await change("add", "rsa2", "rsa1", "IsPresent");
    await change("add", "rsa2", "rsa1", "IsPresent");
    await listed("rsa1", "rsa2");
    await setAndCheck(isolated, issues("second"), key("rsa2"));
    await change("add", "ec", "rsa2", "IsPresent");
    await setAndCheck(isolated, issues("third"), key("ec"));
    await listed("rsa1", "rsa2", "ec");
  },
  async "isolated: a stranger adds nothing"() {
    const { privateKey, certificate } = key("rsa3");
    await refused(isolated.addPolicyManagementCertificate(pem("rsa3.pem"), privateKey, certificate), 400, "InvalidOperation");
    const reads = new AttestationAdministrationClient(isolatedUrl, bearer("dev-reader"));
    await refused(reads.addPolicyManagementCertificate(pem("rsa3.pem"), key("rsa1").privateKey, key("rsa1").certificate),
      401, "Unauthorized");
  },
  async "isolated: certificates are removed, but not the last"() {
    await change("remove", "ec", "rsa1", "IsAbsent");
    await change("remove", "rsa2", "rsa1", "IsAbsent");
    await change("remove", "rsa2", "rsa1", "IsAbsent");
    await listed("rsa1");
    await refused(isolated.setPolicy("SgxEnclave", permit, key("rsa2")), 400, "InvalidOperation");
    const { privateKey, certificate } = key("rsa1");
    await refused(isolated.removePolicyManagementCertificate(pem("rsa1.pem"), privateKey, certificate), 400, "InvalidOperation");
    await resetAndCheck(isolated, key("rsa1"));
  },
};

const tpm = {
  async "tpm: an instance without TPM policy says so"() {
    const signedIn = new AttestationClient(url, bearer("dev-reader"));
    await refused(signedIn.attestTpm(JSON.stringify({ payload: { type: "aikcert" } })), 400, "Bad request",
      "A VBS attestation policy has not been set on the attestation provider.");
  },
  async "tpm: with a policy, a challenge comes back, in the form that was sent"() {
    const signedIn = new AttestationClient(url, bearer("dev-reader"));
    await admin.setPolicy("Tpm", permit);
    for (const init of [{ payload: { type: "aikcert" } }, { type: "aikcert" }]) {
      const answer = JSON.parse(await signedIn.attestTpm(JSON.stringify(init)));
      const message = init.payload ? answer.payload : answer;
      assert.deepEqual(Object.keys(message).sort(), ["challenge", "service_context"]);
      assert.equal(Buffer.from(message.challenge, "base64url").length, 32);
    }
    await refused(signedIn.attestTpm(JSON.stringify({ payload: { request: "a.b.c" } })), 400, "InvalidParameter", "malformed_request");
    await admin.resetPolicy("Tpm");
  },
};

await run({ attest, policies, isolated: isolation, tpm }, process.argv.slice(2));

"""azure-security-attestation and azure-mgmt-attestation, unmodified, against a running cupeld."""
import base64
import hashlib
import json
import os
import pathlib
import sys
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.mgmt.attestation import AttestationManagementClient
from azure.security.attestation import AttestationAdministrationClient, AttestationClient, AttestationPolicyToken
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

URL = os.environ["CUPEL_URL"]
TAMPERED_URL = os.environ["CUPEL_TAMPERED_URL"]
ISOLATED_URL = os.environ.get("CUPEL_ISOLATED_URL")
FILES = pathlib.Path(os.environ["CUPEL_FILES"])
PERMIT = "version=1.0; authorizationrules{=> permit();}; issuancerules{};"
DEFAULT_HASH = "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw"


class Bearer:
    """A credential that always has the same bearer token: what a user writes for a token of the site's own."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **_):
        return AccessToken(self.token, int(time.time()) + 3600)


def file(name):
    return (FILES / name).read_bytes()


def pem(name):
    return (FILES / name).read_text()


def key(name):
    return {"signing_key": pem(f"{name}.key.pem"), "signing_certificate": pem(f"{name}.pem")}


def der(text):
    return load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def policy_hash(text):
    return hashlib.sha256(b64u(text.encode()).encode()).digest()


def issues(value):
    return f'version=1.0; authorizationrules{{=> permit();}}; issuancerules{{=> issue(type="site", value="{value}");}};'


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def refused(status, code, call, *args, words="", **kw):
    try:
        call(*args, **kw)
    except HttpResponseError as e:
        error = json.loads(e.response.text())["error"]
        equal((e.status_code, error["code"]), (status, code), error["message"])
        assert words in error["message"], error["message"]
        return e
    raise AssertionError(f"{call.__name__} was not refused")


def client_refuses(words, call, *args, **kw):
    try:
        call(*args, **kw)
    except Exception as e:  # whatever class the library chose
        assert words in str(e), f"{type(e).__name__}: {e}"
        return
    raise AssertionError("the client took it")


def open_client(url=URL, **kw):
    return AttestationClient(url, Bearer("dev-reader"), validate_issuer=True, issuer=url, **kw)


def open_admin(url=URL, token="dev-contributor", **kw):
    return AttestationAdministrationClient(url, Bearer(token), validate_issuer=True, issuer=url, **kw)


CLIENT = open_client()


def attest(kind, client=CLIENT, evidence=None, **kw):
    name = "oe_report.bin" if kind == "oe" else "quote.bin"
    call = client.attest_open_enclave if kind == "oe" else client.attest_sgx_enclave
    return call(evidence or file(name), **kw)


# attest


def discovery_names_this_instance_and_its_keys():
    found = CLIENT.get_open_id_metadata()
    equal((found["issuer"], found["jwks_uri"]), (URL, f"{URL}/certs"))


def the_signers_are_certificates_of_this_instance():
    signers = CLIENT.get_signing_certificates()
    assert signers and all(s.key_id for s in signers)
    for s in signers:
        assert URL in load_pem_x509_certificate(s.certificates[0].encode()).subject.rfc4514_string()


def no_runtime_data(kind):
    result, token = attest(kind)
    equal((result.issuer, result.verifier_type, result.version), (URL, "sgx", "1.0"))
    equal((result.is_debuggable, result.product_id, result.svn), (False, 7, 3))
    equal([len(bytes.fromhex(x)) for x in (result.mr_enclave, result.mr_signer, result.unique_id)], [32, 32, 32])
    evidence = file("oe_report.bin" if kind == "oe" else "quote.bin")
    equal(result.sgx_collateral["quotehash"], hashlib.sha256(evidence).hexdigest())
    equal((result.runtime_claims, result.enclave_held_data), (None, None))
    equal((token.algorithm, token.key_url), ("RS256", f"{URL}/certs"))
    equal((token.expires - token.issued).total_seconds(), 8 * 3600)


def binary_runtime_data_comes_back_as_bytes(kind):
    result, _ = attest(kind, runtime_data=file("runtime.bin"))
    equal((bytes(result.enclave_held_data), result.runtime_claims), (file("runtime.bin"), None))


def json_runtime_data_comes_back_parsed(kind):
    result, _ = attest(kind, runtime_json=file("runtime.bin"))
    equal((result.runtime_claims, result.enclave_held_data), (json.loads(file("runtime.bin")), None))


def a_draft_policy_decides_and_its_token_is_unsecured(kind):
    result, token = attest(kind, runtime_json=file("runtime.bin"), draft_policy=issues("draft"))
    equal((token.algorithm, result.policy_claims, result.policy_hash), ("none", {"site": "draft"}, policy_hash(issues("draft"))))


def data_the_evidence_was_not_made_for_is_refused(kind):
    refused(400, "InvalidParameter", attest, kind, runtime_data=b"other", words="runtimeData")
    refused(400, "InvalidParameter", attest, kind, inittime_data=b"other")


def broken_evidence_is_refused(kind):
    for at in (20, 128, 900):
        broken = bytearray(file("oe_report.bin" if kind == "oe" else "quote.bin"))
        broken[at] ^= 1
        refused(400, "InvalidParameter", attest, kind, evidence=bytes(broken))


def a_draft_that_denies_and_one_that_does_not_parse(kind):
    refused(400, "PolicyEvaluationError", attest, kind, draft_policy="version=1.0; authorizationrules{=> deny();};",
            words="A Deny claim was issued, authorization failed.")
    refused(400, "PolicyParsingError", attest, kind, draft_policy="version=1.0; authorizationrules{=> permit(;};", words="Line")


def both(step):
    def of(kind):
        def run():
            step(kind)
        run.__name__ = f"{kind}: {step.__name__}"
        return run
    return [of("sgx"), of("oe")]


def init_time_data_binary_and_json():
    result, _ = CLIENT.attest_sgx_enclave(file("init_quote.bin"), inittime_data=file("inittime.json"))
    equal(result.inittime_claims, None)
    # this library forgets the data when it is JSON, so nothing arrives that could be checked or become a claim
    result, _ = CLIENT.attest_sgx_enclave(file("init_quote.bin"), inittime_json=file("inittime.json"),
                                          runtime_json=file("runtime.bin"))
    equal((result.inittime_claims, result.runtime_claims), (None, json.loads(file("runtime.bin"))))


def the_client_checks_the_issuer():
    client_refuses("is not the expected issuer: https://elsewhere.example", attest, "sgx", issuer="https://elsewhere.example")


def the_clients_own_callback_is_asked_and_can_refuse():
    asked = []
    attest("sgx", validation_callback=lambda token, signer: asked.append((token.key_id, signer.key_id)))
    equal(len(asked), 1)
    equal(*asked[0])

    def never(token, signer):
        raise ValueError("not today")
    client_refuses("not today", attest, "sgx", validation_callback=never)


def the_client_refuses_a_token_whose_signature_was_changed_on_the_way():
    client_refuses("Could not verify signature", attest, "sgx", client=AttestationClient(TAMPERED_URL, Bearer("dev-reader")))


# policies


def set_and_check(admin, policy, name=None):
    signer = key(name) if name else {}
    result, token = admin.set_policy("SgxEnclave", policy, **signer)
    equal(result.policy_resolution, "Updated")
    equal((token.expires - token.issued).total_seconds(), 3600)
    sent = AttestationPolicyToken(policy, **signer).to_jwt_string()
    equal(result.policy_token_hash, hashlib.sha256(sent.encode()).digest())
    if name:
        equal(der(result.policy_signer.certificates[0]), der(pem(f"{name}.pem")))
    else:
        equal(result.policy_signer, None)
    equal(admin.get_policy("SgxEnclave")[0], policy)


def has_default(admin, kind="SgxEnclave"):
    equal(b64u(policy_hash(admin.get_policy(kind)[0])), DEFAULT_HASH)


def reset_and_check(admin, name=None):
    result, _ = admin.reset_policy("SgxEnclave", **(key(name) if name else {}))
    equal(result.policy_resolution, "Removed")
    has_default(admin)


def signer_in_force(name, client=CLIENT):
    """The signer as the token has it: this library's own accessor for it fails on any token that has one."""
    _, token = attest("sgx", client=client)
    signer = json.loads(token.body_bytes)["x-ms-policy-signer"]
    equal(base64.b64decode(signer["x5c"][0]), der(pem(f"{name}.pem")))


def the_default_policies_are_the_services_own_texts():
    for kind in ("SgxEnclave", "OpenEnclave"):
        has_default(open_admin(token="dev-reader"), kind)


def an_unsecured_policy_is_set_answered_with_its_hash_read_back_and_in_force():
    set_and_check(open_admin(), issues("set"))
    result, _ = attest("sgx")
    equal((result.policy_claims, result.policy_hash), ({"site": "set"}, policy_hash(issues("set"))))
    assert "site" not in attest("oe")[0].policy_claims  # another type, another policy


def an_unsecured_reset_brings_the_default_back():
    reset_and_check(open_admin())
    equal(attest("sgx")[0].policy_claims["tee"], "sgx")
    reset_and_check(open_admin())  # with nothing to remove as well


def a_policy_signed_with_rsa_is_set_and_its_signer_remembered():
    set_and_check(open_admin(), issues("rsa"), "rsa1")
    signer_in_force("rsa1")
    reset_and_check(open_admin(), "rsa1")


def the_client_cannot_sign_with_an_ec_key():
    # this library calls the key with an argument that only RSA keys know: nothing is sent
    client_refuses("unexpected keyword argument", open_admin().set_policy, "SgxEnclave", issues("ec"), **key("ec"))
    has_default(open_admin())


def a_client_made_with_a_signing_key_signs_by_itself():
    signs = open_admin(**key("rsa1"))
    result, _ = signs.set_policy("SgxEnclave", issues("by itself"))
    equal(der(result.policy_signer.certificates[0]), der(pem("rsa1.pem")))
    signs.reset_policy("SgxEnclave")
    has_default(signs)


def a_malformed_policy_is_refused_and_changes_nothing():
    for text in ("version=1.0; authorizationrules{=> permit(;};", "no policy", '{"$version":1}'):
        refused(400, "PolicyParsingError", open_admin().set_policy, "SgxEnclave", text)
    has_default(open_admin())


def an_attestation_type_nobody_knows_is_refused():
    refused(404, "NotFound", open_admin().get_policy, "NoSuchType")
    refused(404, "NotFound", open_admin().set_policy, "NoSuchType", PERMIT)


def who_may_not_write_is_told_so():
    reader = open_admin(token="dev-reader")
    for call in (lambda: reader.set_policy("SgxEnclave", PERMIT), lambda: reader.reset_policy("SgxEnclave"),
                 lambda: open_admin(token="nobody").get_policy("SgxEnclave")):
        assert isinstance(refused(401, "Unauthorized", call), ClientAuthenticationError)


def an_instance_that_trusts_its_administrators_has_no_policy_certificates():
    equal(open_admin(token="dev-reader").get_policy_management_certificates()[0], [])
    refused(400, "InvalidOperation", open_admin().add_policy_management_certificate, pem("rsa2.pem"), **key("rsa1"))


def a_type_without_policy_has_an_empty_text():
    equal(open_admin(token="dev-reader").get_policy("Tpm")[0], "")


# isolated


def listed(admin, *names):
    held = [der(chain[0]) for chain in admin.get_policy_management_certificates()[0]]
    equal(sorted(held), sorted(der(pem(f"{name}.pem")) for name in names))


def change(admin, how, name, by, want):
    call = getattr(admin, f"{how}_policy_management_certificate")
    result, _ = call(pem(f"{name}.pem"), **key(by))
    thumbprint = hashlib.sha1(der(pem(f"{name}.pem"))).hexdigest().upper()
    equal((result.certificate_thumbprint, result.certificate_resolution), (thumbprint, want))


def the_list_holds_what_the_instance_was_created_with():
    listed(open_admin(ISOLATED_URL, token="dev-reader"), "rsa1")
    has_default(open_admin(ISOLATED_URL))


def an_unsecured_policy_and_one_signed_by_a_stranger_are_refused():
    admin = open_admin(ISOLATED_URL)
    refused(400, "InvalidOperation", admin.set_policy, "SgxEnclave", PERMIT,
            words="Unsigned JWS specified but enclave is configured with signing certificates.")
    refused(400, "InvalidOperation", admin.set_policy, "SgxEnclave", PERMIT, **key("rsa2"))
    refused(400, "InvalidOperation", admin.reset_policy, "SgxEnclave")


def a_policy_signed_by_a_listed_key_is_set_in_force_and_reset():
    admin = open_admin(ISOLATED_URL)
    set_and_check(admin, issues("isolated"), "rsa1")
    result, _ = attest("sgx", client=open_client(ISOLATED_URL))
    equal((result.issuer, result.policy_claims["site"]), (ISOLATED_URL, "isolated"))
    assert "site" not in attest("sgx")[0].policy_claims  # the other instance has its own policies
    reset_and_check(admin, "rsa1")


def certificates_are_added_by_a_listed_key_once():
    admin = open_admin(ISOLATED_URL)
    change(admin, "add", "rsa2", "rsa1", "IsPresent")
    change(admin, "add", "rsa2", "rsa1", "IsPresent")
    listed(admin, "rsa1", "rsa2")
    set_and_check(admin, issues("second"), "rsa2")
    change(admin, "add", "ec", "rsa2", "IsPresent")  # which this library sends as a key of type RSA
    listed(admin, "rsa1", "rsa2", "ec")


def a_stranger_adds_nothing():
    refused(400, "InvalidOperation", open_admin(ISOLATED_URL).add_policy_management_certificate, pem("rsa3.pem"), **key("rsa3"))
    reader = open_admin(ISOLATED_URL, token="dev-reader")
    refused(401, "Unauthorized", reader.add_policy_management_certificate, pem("rsa3.pem"), **key("rsa1"))


def certificates_are_removed_but_not_the_last():
    admin = open_admin(ISOLATED_URL)
    change(admin, "remove", "ec", "rsa1", "IsAbsent")
    change(admin, "remove", "rsa2", "rsa1", "IsAbsent")
    change(admin, "remove", "rsa2", "rsa1", "IsAbsent")
    listed(admin, "rsa1")
    refused(400, "InvalidOperation", admin.set_policy, "SgxEnclave", PERMIT, **key("rsa2"))
    refused(400, "InvalidOperation", admin.remove_policy_management_certificate, pem("rsa1.pem"), **key("rsa1"))
    reset_and_check(admin, "rsa1")


# instances: azure-mgmt-attestation

GROUP = "lab"


def manager(token="dev-contributor"):
    return AttestationManagementClient(Bearer(token), "00000000-0000-0000-0000-000000000000", base_url=URL)


def the_provider_lists_its_operations():
    names = [o.name for o in manager().operations.list()]
    assert "Microsoft.Attestation/attestationProviders/attestation/read" in names, names


def an_instance_is_created_and_is_the_same_in_every_list():
    providers = manager().attestation_providers
    made = providers.create(GROUP, "sdkmade", {"location": "local", "tags": {"for": "test"}, "properties": {}})
    equal((made.name, made.location, made.tags), ("sdkmade", "local", {"for": "test"}))
    equal((made.status, made.trust_model), ("Ready", "AAD"))
    assert made.attest_uri.startswith("https://"), made.attest_uri
    got = providers.get(GROUP, "sdkmade")
    equal(got.as_dict(), made.as_dict())
    for found in (providers.list_by_resource_group(GROUP), providers.list()):
        equal([p.as_dict() for p in found.value if p.name == "sdkmade"], [got.as_dict()])
    again = providers.create(GROUP, "sdkmade", {"location": "local", "tags": {"for": "test"}, "properties": {}})
    equal(again.attest_uri, made.attest_uri)


def an_instance_is_updated():
    providers = manager().attestation_providers
    changed = providers.update(GROUP, "sdkmade", {"tags": {"for": "another"}})
    equal(changed.tags, {"for": "another"})
    changed = providers.update(GROUP, "sdkmade", {"properties": {"tpmAttestationAuthentication": "Disabled"}})
    equal((changed.tpm_attestation_authentication, changed.tags), ("Disabled", {"for": "another"}))


def an_isolated_instance_is_created_with_its_certificates():
    providers = manager().attestation_providers
    jwk = {"kty": "RSA", "x5c": [base64.b64encode(der(pem("rsa1.pem"))).decode()]}
    made = providers.create(GROUP, "sdkiso", {"location": "local", "properties": {"policySigningCertificates": {"keys": [jwk]}}})
    equal(made.trust_model, "Isolated")
    providers.delete(GROUP, "sdkiso")
    refused(400, "InvalidParameter", providers.create, GROUP, "sdkiso",
            {"location": "local", "properties": {"policySigningCertificates": {"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}}},
            words="PolicySigningCertificate key is not an X509 security key")


def the_default_instances_are_told():
    found = manager().attestation_providers.list_default().value
    assert found and all(p.attest_uri for p in found), found


def a_reader_looks_and_changes_nothing():
    providers = manager("dev-reader").attestation_providers
    equal(providers.get(GROUP, "sdkmade").name, "sdkmade")
    refused(401, "Unauthorized", providers.delete, GROUP, "sdkmade")


def an_instance_is_deleted_and_gone():
    providers = manager().attestation_providers
    providers.delete(GROUP, "sdkmade")
    try:
        providers.get(GROUP, "sdkmade")
    except ResourceNotFoundError:
        providers.delete(GROUP, "sdkmade")  # deleting what is not there succeeds
        return
    raise AssertionError("it is still there")


# tpm


def an_instance_without_tpm_policy_says_so():
    refused(400, "Bad request", CLIENT.attest_tpm, '{"payload":{"type":"aikcert"}}',
            words="A VBS attestation policy has not been set on the attestation provider.")


def with_a_policy_a_challenge_comes_back():
    admin = open_admin()
    admin.set_policy("Tpm", PERMIT)
    for init in ({"payload": {"type": "aikcert"}}, {"type": "aikcert"}):
        answer = json.loads(CLIENT.attest_tpm(json.dumps(init)))
        message = answer["payload"] if "payload" in init else answer
        equal(sorted(message), ["challenge", "service_context"])
    refused(400, "InvalidParameter", CLIENT.attest_tpm, '{"payload":{"request":"a.b.c"}}', words="malformed_request")
    admin.reset_policy("Tpm")


PARTS = {
    "attest": [
        discovery_names_this_instance_and_its_keys,
        the_signers_are_certificates_of_this_instance,
        *both(no_runtime_data),
        *both(binary_runtime_data_comes_back_as_bytes),
        *both(json_runtime_data_comes_back_parsed),
        *both(a_draft_policy_decides_and_its_token_is_unsecured),
        *both(data_the_evidence_was_not_made_for_is_refused),
        *both(broken_evidence_is_refused),
        *both(a_draft_that_denies_and_one_that_does_not_parse),
        init_time_data_binary_and_json,
        the_client_checks_the_issuer,
        the_clients_own_callback_is_asked_and_can_refuse,
        the_client_refuses_a_token_whose_signature_was_changed_on_the_way,
    ],
    "policies": [
        the_default_policies_are_the_services_own_texts,
        an_unsecured_policy_is_set_answered_with_its_hash_read_back_and_in_force,
        an_unsecured_reset_brings_the_default_back,
        a_policy_signed_with_rsa_is_set_and_its_signer_remembered,
        the_client_cannot_sign_with_an_ec_key,
        a_client_made_with_a_signing_key_signs_by_itself,
        a_malformed_policy_is_refused_and_changes_nothing,
        an_attestation_type_nobody_knows_is_refused,
        who_may_not_write_is_told_so,
        an_instance_that_trusts_its_administrators_has_no_policy_certificates,
        a_type_without_policy_has_an_empty_text,
    ],
    "isolated": [
        the_list_holds_what_the_instance_was_created_with,
        an_unsecured_policy_and_one_signed_by_a_stranger_are_refused,
        a_policy_signed_by_a_listed_key_is_set_in_force_and_reset,
        certificates_are_added_by_a_listed_key_once,
        a_stranger_adds_nothing,
        certificates_are_removed_but_not_the_last,
    ],
    "instances": [
        the_provider_lists_its_operations,
        an_instance_is_created_and_is_the_same_in_every_list,
        an_instance_is_updated,
        an_isolated_instance_is_created_with_its_certificates,
        the_default_instances_are_told,
        a_reader_looks_and_changes_nothing,
        an_instance_is_deleted_and_gone,
    ],
    "tpm": [an_instance_without_tpm_policy_says_so, with_a_policy_a_challenge_comes_back],
}


def run(part):
    """Told to the runner, a line each: "ok - name", or "not ok - name" with the reason behind "# "."""
    for step in PARTS[part]:
        name = f"{part}: {step.__name__}".removeprefix("attest: ").replace("_", " ")
        try:
            step()
            print(f"ok - {name}", flush=True)
        except Exception as e:  # a failed step is told, and the others run
            said = " ".join(f"{type(e).__name__}: {e}".split())
            print(f"not ok - {name} # {said[:800]}", flush=True)


for wanted in sys.argv[1:]:
    run(wanted)

import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.security.attestation.AttestationAdministrationClient;
import com.azure.security.attestation.AttestationAdministrationClientBuilder;
import com.azure.security.attestation.AttestationClient;
import com.azure.security.attestation.AttestationClientBuilder;
import com.azure.security.attestation.models.AttestationData;
import com.azure.security.attestation.models.AttestationDataInterpretation;
import com.azure.security.attestation.models.AttestationOpenIdMetadata;
import com.azure.security.attestation.models.AttestationOptions;
import com.azure.security.attestation.models.AttestationPolicySetOptions;
import com.azure.security.attestation.models.AttestationResponse;
import com.azure.security.attestation.models.AttestationResult;
import com.azure.security.attestation.models.AttestationSigner;
import com.azure.security.attestation.models.AttestationSigningKey;
import com.azure.security.attestation.models.AttestationTokenValidationOptions;
import com.azure.security.attestation.models.AttestationType;
import com.azure.security.attestation.models.CertificateModification;
import com.azure.security.attestation.models.PolicyCertificatesModificationResult;
import com.azure.security.attestation.models.PolicyManagementCertificateOptions;
import com.azure.security.attestation.models.PolicyModification;
import com.azure.security.attestation.models.PolicyResult;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** com.azure:azure-security-attestation, unmodified, against a running cupeld. */
public final class Scenario {
    private static final String PERMIT = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
    private static final String DEFAULT_HASH = "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw";
    private static final AttestationType SGX = AttestationType.SGX_ENCLAVE;
    private static final AttestationType NOBODY_KNOWS = AttestationType.fromString("NoSuchType");

    private static final AttestationClient CLIENT = client(Steps.URL);

    private Scenario() {
    }

    private static AttestationTokenValidationOptions valid(String issuer) {
        return new AttestationTokenValidationOptions().setExpectedIssuer(issuer);
    }

    private static AttestationClient client(String url) {
        return new AttestationClientBuilder().endpoint(url).tokenValidationOptions(valid(url)).buildClient();
    }

    private static AttestationAdministrationClient admin(String url, String token) {
        return new AttestationAdministrationClientBuilder().endpoint(url).credential(Steps.bearer(token))
            .tokenValidationOptions(valid(url)).buildClient();
    }

    private static AttestationAdministrationClient admin() {
        return admin(Steps.URL, "dev-contributor");
    }

    private static AttestationAdministrationClient isolated() {
        return admin(Steps.ISOLATED_URL, "dev-contributor");
    }

    private static String issues(String value) {
        return "version=1.0; authorizationrules{=> permit();}; issuancerules{=> issue(type=\"site\", value=\"" + value
            + "\");};";
    }

    private static AttestationSigningKey key(String name) throws GeneralSecurityException {
        return new AttestationSigningKey(Steps.certificate(name), Steps.privateKey(name));
    }

    private static String evidence(String kind) {
        return kind.equals("oe") ? "oe_report.bin" : "quote.bin";
    }

    private static AttestationOptions options(String name) {
        return new AttestationOptions(BinaryData.fromBytes(Steps.file(name)));
    }

    private static AttestationData data(String name, AttestationDataInterpretation how) {
        return new AttestationData(BinaryData.fromBytes(Steps.file(name)), how);
    }

    private static AttestationResult attest(String kind, AttestationOptions options) {
        return kind.equals("oe") ? CLIENT.attestOpenEnclave(options) : CLIENT.attestSgxEnclave(options);
    }

    private static AttestationResult attest(String kind) {
        return attest(kind, options(evidence(kind)));
    }

    private static AttestationResponse<AttestationResult> attestWithToken(String kind, AttestationOptions options) {
        return kind.equals("oe") ? CLIENT.attestOpenEnclaveWithResponse(options, Context.NONE)
            : CLIENT.attestSgxEnclaveWithResponse(options, Context.NONE);
    }

    // attest

    private static void discovery() {
        AttestationOpenIdMetadata found = CLIENT.getOpenIdMetadata();
        Steps.equal(found.getIssuer(), Steps.URL);
        Steps.equal(found.getJsonWebKeySetUrl(), Steps.URL + "/certs");
    }

    private static void signers() {
        List<AttestationSigner> signers = CLIENT.listAttestationSigners().getAttestationSigners();
        Steps.holds(!signers.isEmpty(), "no signers");
        for (AttestationSigner s : signers) {
            String subject = s.getCertificates().get(0).getSubjectX500Principal().getName();
            Steps.holds(s.getKeyId() != null && subject.contains(Steps.URL), subject);
        }
    }

    private static void noRuntimeData(String kind) throws GeneralSecurityException {
        AttestationResponse<AttestationResult> answer = attestWithToken(kind, options(evidence(kind)));
        AttestationResult result = answer.getValue();
        Steps.equal(List.of(result.getIssuer(), result.getVerifierType(), result.getVersion()),
            List.of(Steps.URL, "sgx", "1.0"));
        Steps.equal(List.of(result.isDebuggable(), result.getProductId(), result.getSvn()), List.of(false, 7, 3));
        for (String hex : List.of(result.getMrEnclave(), result.getMrSigner(), result.getUniqueIdentifier())) {
            Steps.equal(HexFormat.of().parseHex(hex).length, 32);
        }
        String hash = HexFormat.of().formatHex(Steps.digest("SHA-256", Steps.file(evidence(kind))));
        Steps.equal(((Map<?, ?>) result.getSgxCollateral()).get("quotehash"), hash);
        Steps.equal(result.getRuntimeClaims(), null);
        Steps.equal(result.getEnclaveHeldData().getLength(), 0L); // what this library makes of no claim
        Steps.equal(answer.getToken().getAlgorithm(), "RS256");
        Steps.equal(answer.getToken().getJsonWebKeyUrl(), Steps.URL + "/certs");
        Steps.equal(Duration.between(result.getIssuedAt(), result.getExpiresOn()), Duration.ofHours(8));
    }

    private static void binaryRuntimeData(String kind) {
        AttestationResult result = attest(kind,
            options(evidence(kind)).setRunTimeData(data("runtime.bin", AttestationDataInterpretation.BINARY)));
        Steps.equal(result.getEnclaveHeldData().toBytes(), Steps.file("runtime.bin"));
        Steps.equal(result.getRuntimeClaims(), null);
    }

    private static void jsonRuntimeData(String kind) {
        AttestationResult result = attest(kind,
            options(evidence(kind)).setRunTimeData(data("runtime.bin", AttestationDataInterpretation.JSON)));
        Steps.equal(result.getRuntimeClaims(), Map.of("lab", "runtime data"));
        Steps.equal(result.getEnclaveHeldData().getLength(), 0L); // what this library makes of no claim
    }

    private static void draft(String kind) throws GeneralSecurityException {
        AttestationResponse<AttestationResult> answer = attestWithToken(kind,
            options(evidence(kind)).setRunTimeData(data("runtime.bin", AttestationDataInterpretation.JSON))
                .setDraftPolicyForAttestation(issues("draft")));
        Steps.equal(answer.getToken().getAlgorithm(), "none");
        Steps.equal(answer.getValue().getPolicyClaims(), Map.of("site", "draft"));
        Steps.equal(answer.getValue().getPolicyHash().toBytes(), Steps.policyHash(issues("draft")));
    }

    private static void otherData(String kind) throws Exception {
        AttestationData other = new AttestationData(BinaryData.fromString("other"), AttestationDataInterpretation.BINARY);
        Steps.refused(400, "InvalidParameter", "runtimeData",
            () -> attest(kind, options(evidence(kind)).setRunTimeData(other)));
        Steps.refused(400, "InvalidParameter", "", () -> attest(kind, options(evidence(kind)).setInitTimeData(other)));
    }

    private static void brokenEvidence(String kind) throws Exception {
        for (int at : new int[] {20, 128, 900}) {
            byte[] broken = Steps.file(evidence(kind));
            broken[at] ^= 1;
            Steps.refused(400, "InvalidParameter", "",
                () -> attest(kind, new AttestationOptions(BinaryData.fromBytes(broken))));
        }
    }

    private static void badDrafts(String kind) throws Exception {
        Steps.refused(400, "PolicyEvaluationError", "A Deny claim was issued, authorization failed.",
            () -> attest(kind, options(evidence(kind))
                .setDraftPolicyForAttestation("version=1.0; authorizationrules{=> deny();};")));
        Steps.refused(400, "PolicyParsingError", "Line", () -> attest(kind, options(evidence(kind))
            .setDraftPolicyForAttestation("version=1.0; authorizationrules{=> permit(;};")));
    }

    private static void initTimeData() {
        AttestationResult binary = CLIENT.attestSgxEnclave(options("init_quote.bin")
            .setInitTimeData(data("inittime.json", AttestationDataInterpretation.BINARY)));
        Steps.equal(binary.getInitTimeClaims(), null);
        Map<String, Object> want = Map.of("site", "lab", "members", List.of(1, 2));
        AttestationResult json = CLIENT.attestSgxEnclave(options("init_quote.bin")
            .setInitTimeData(data("inittime.json", AttestationDataInterpretation.JSON))
            .setRunTimeData(data("runtime.bin", AttestationDataInterpretation.JSON)));
        Steps.equal(json.getInitTimeClaims(), want);
        AttestationResult report = CLIENT.attestOpenEnclave(options("init_oe_report.bin")
            .setInitTimeData(data("inittime.json", AttestationDataInterpretation.JSON)));
        Steps.equal(report.getInitTimeClaims(), want);
    }

    private static void withCredential() {
        AttestationClient signedIn = new AttestationClientBuilder().endpoint(Steps.URL)
            .credential(Steps.bearer("dev-reader")).buildClient();
        Steps.equal(signedIn.attestSgxEnclave(BinaryData.fromBytes(Steps.file("quote.bin"))).getIssuer(), Steps.URL);
    }

    private static void checksIssuer() throws Exception {
        Steps.clientRefuses("https://elsewhere.example", () -> attest("sgx",
            options("quote.bin").setValidationOptions(valid("https://elsewhere.example"))));
    }

    private static void callback() throws Exception {
        List<String> asked = new ArrayList<>();
        attest("sgx", options("quote.bin").setValidationOptions(valid(Steps.URL).setValidationCallback(
            (token, signer) -> asked.addAll(List.of(token.getKeyId(), signer.getKeyId())))));
        Steps.equal(asked.size(), 2);
        Steps.equal(asked.get(0), asked.get(1));
        Steps.clientRefuses("not today", () -> attest("sgx", options("quote.bin").setValidationOptions(
            valid(Steps.URL).setValidationCallback((token, signer) -> {
                throw new IllegalStateException("not today");
            }))));
    }

    private static AttestationResult attestTampered(AttestationTokenValidationOptions options) {
        return new AttestationClientBuilder().endpoint(Steps.TAMPERED_URL).tokenValidationOptions(options).buildClient()
            .attestSgxEnclave(BinaryData.fromBytes(Steps.file("quote.bin")));
    }

    private static void tampered() throws Exception {
        // this library takes a token that none of the signers signed, and says so only to a callback: no signer
        Steps.equal(attestTampered(new AttestationTokenValidationOptions()).getIssuer(), Steps.URL);
        Steps.clientRefuses("nobody signed it",
            () -> attestTampered(new AttestationTokenValidationOptions().setValidationCallback((token, signer) -> {
                if (signer == null && !token.getAlgorithm().equals("none")) {
                    throw new IllegalStateException("nobody signed it");
                }
            })));
    }

    private static Steps attestSteps() {
        Steps steps = new Steps();
        steps.add("discovery names this instance and its keys", Scenario::discovery);
        steps.add("the signers are certificates of this instance", Scenario::signers);
        for (String kind : List.of("sgx", "oe")) {
            steps.add(kind + ": no runtime data", () -> noRuntimeData(kind));
            steps.add(kind + ": binary runtime data comes back as bytes", () -> binaryRuntimeData(kind));
            steps.add(kind + ": JSON runtime data comes back parsed", () -> jsonRuntimeData(kind));
            steps.add(kind + ": a draft policy decides, and its token is unsecured", () -> draft(kind));
            steps.add(kind + ": data the evidence was not made for is refused", () -> otherData(kind));
            steps.add(kind + ": broken evidence is refused", () -> brokenEvidence(kind));
            steps.add(kind + ": a draft that denies, and one that does not parse", () -> badDrafts(kind));
        }
        steps.add("init-time data, binary and JSON", Scenario::initTimeData);
        steps.add("a client built with a credential attests all the same", Scenario::withCredential);
        steps.add("the client checks the issuer", Scenario::checksIssuer);
        steps.add("the client's own callback is asked, and can refuse", Scenario::callback);
        steps.add("a callback refuses a token whose signature was changed on the way", Scenario::tampered);
        return steps;
    }

    // policies

    private static AttestationPolicySetOptions signed(String policy, String name) throws GeneralSecurityException {
        AttestationPolicySetOptions options = new AttestationPolicySetOptions();
        if (policy != null) {
            options.setAttestationPolicy(policy);
        }
        return name == null ? options : options.setAttestationSigner(key(name));
    }

    private static void setAndCheck(AttestationAdministrationClient admin, String policy, String name)
        throws GeneralSecurityException {
        AttestationResponse<PolicyResult> answer = admin.setAttestationPolicyWithResponse(SGX, signed(policy, name),
            Context.NONE);
        PolicyResult result = answer.getValue();
        Steps.equal(result.getPolicyResolution(), PolicyModification.UPDATED);
        Steps.equal(Duration.between(answer.getToken().getIssuedAt(), answer.getToken().getExpiresOn()), Duration.ofHours(1));
        Steps.equal(result.getPolicyTokenHash().toBytes(),
            admin.calculatePolicyTokenHash(policy, name == null ? null : key(name)).toBytes());
        if (name == null) {
            Steps.equal(result.getPolicySigner(), null);
        } else {
            Steps.equal(result.getPolicySigner().getCertificates().get(0), Steps.certificate(name));
        }
        Steps.equal(admin.getAttestationPolicy(SGX), policy);
    }

    private static void hasDefault(AttestationAdministrationClient admin, AttestationType type)
        throws GeneralSecurityException {
        Steps.equal(Steps.b64u(Steps.policyHash(admin.getAttestationPolicy(type))), DEFAULT_HASH);
    }

    private static void resetAndCheck(AttestationAdministrationClient admin, String name) throws GeneralSecurityException {
        PolicyResult result = admin.resetAttestationPolicy(SGX, signed(null, name));
        Steps.equal(result.getPolicyResolution(), PolicyModification.REMOVED);
        hasDefault(admin, SGX);
    }

    private static Object siteClaim(AttestationResult result) {
        return ((Map<?, ?>) result.getPolicyClaims()).get("site");
    }

    private static void defaults() throws GeneralSecurityException {
        AttestationAdministrationClient reader = admin(Steps.URL, "dev-reader");
        hasDefault(reader, SGX);
        hasDefault(reader, AttestationType.OPEN_ENCLAVE);
    }

    private static void setUnsecured() throws GeneralSecurityException {
        setAndCheck(admin(), issues("set"), null);
        AttestationResult result = attest("sgx");
        Steps.equal(siteClaim(result), "set");
        Steps.equal(result.getPolicyHash().toBytes(), Steps.policyHash(issues("set")));
        Steps.equal(siteClaim(attest("oe")), null); // another type, another policy
    }

    private static void resetUnsecured() throws GeneralSecurityException {
        resetAndCheck(admin(), null);
        Steps.equal(((Map<?, ?>) attest("sgx").getPolicyClaims()).get("tee"), "sgx");
        resetAndCheck(admin(), null); // with nothing to remove as well
    }

    private static void setSignedRsa() throws GeneralSecurityException {
        setAndCheck(admin(), issues("rsa"), "rsa1");
        AttestationResult result = attest("sgx");
        Steps.equal(siteClaim(result), "rsa");
        Steps.equal(result.getPolicySigner().getCertificates().get(0), Steps.certificate("rsa1"));
        resetAndCheck(admin(), "rsa1");
    }

    private static void setSignedEc() throws Exception {
        // this library writes RS256 whatever the key: nothing is sent
        Steps.clientRefuses("", () -> admin().setAttestationPolicy(SGX, signed(issues("ec"), "ec")));
        hasDefault(admin(), SGX);
    }

    private static void malformed() throws Exception {
        for (String text : List.of("version=1.0; authorizationrules{=> permit(;};", "no policy", "{\"$version\":1}")) {
            Steps.refused(400, "PolicyParsingError", "", () -> admin().setAttestationPolicy(SGX, text));
        }
        hasDefault(admin(), SGX);
    }

    private static void unknownType() throws Exception {
        Steps.refused(404, "NotFound", "", () -> admin().getAttestationPolicy(NOBODY_KNOWS));
        Steps.refused(404, "NotFound", "", () -> admin().setAttestationPolicy(NOBODY_KNOWS, PERMIT));
    }

    private static void unauthorized() throws Exception {
        AttestationAdministrationClient reader = admin(Steps.URL, "dev-reader");
        Steps.refused(401, "Unauthorized", "", () -> reader.setAttestationPolicy(SGX, PERMIT));
        Steps.refused(401, "Unauthorized", "", () -> reader.resetAttestationPolicy(SGX));
        Steps.refused(401, "Unauthorized", "", () -> admin(Steps.URL, "nobody").getAttestationPolicy(SGX));
    }

    private static void noCertificates() throws Exception {
        Steps.equal(admin(Steps.URL, "dev-reader").listPolicyManagementCertificates().getAttestationSigners(), List.of());
        Steps.refused(400, "InvalidOperation", "", () -> admin().addPolicyManagementCertificate(
            new PolicyManagementCertificateOptions(Steps.certificate("rsa2"), key("rsa1"))));
    }

    private static Steps policySteps() {
        Steps steps = new Steps();
        steps.add("policies: the default policies are the service's own texts", Scenario::defaults);
        steps.add("policies: an unsecured policy is set, answered with its hash, read back and in force",
            Scenario::setUnsecured);
        steps.add("policies: an unsecured reset brings the default back", Scenario::resetUnsecured);
        steps.add("policies: a policy signed with RSA is set and its signer remembered", Scenario::setSignedRsa);
        steps.add("policies: the client cannot sign with an EC key", Scenario::setSignedEc);
        steps.add("policies: a malformed policy is refused and changes nothing", Scenario::malformed);
        steps.add("policies: an attestation type nobody knows is refused", Scenario::unknownType);
        steps.add("policies: who may not write is told so", Scenario::unauthorized);
        steps.add("policies: an instance that trusts its administrators has no policy certificates",
            Scenario::noCertificates);
        return steps;
    }

    // isolated

    private static void listed(String... names) throws GeneralSecurityException {
        List<String> held = new ArrayList<>();
        for (AttestationSigner s : isolated().listPolicyManagementCertificates().getAttestationSigners()) {
            held.add(encoded(s.getCertificates().get(0)));
        }
        List<String> want = new ArrayList<>();
        for (String name : names) {
            want.add(encoded(Steps.certificate(name)));
        }
        held.sort(null);
        want.sort(null);
        Steps.equal(held, want);
    }

    private static String encoded(X509Certificate certificate) throws CertificateEncodingException {
        return Steps.b64u(certificate.getEncoded());
    }

    private static PolicyManagementCertificateOptions change(String name, String by) throws GeneralSecurityException {
        return new PolicyManagementCertificateOptions(Steps.certificate(name), key(by));
    }

    private static void changed(PolicyCertificatesModificationResult result, String name, CertificateModification want)
        throws GeneralSecurityException {
        Steps.equal(result.getCertificateThumbprint(), Steps.thumbprint(name));
        Steps.equal(result.getCertificateResolution(), want);
    }

    private static void add(String name, String by) throws GeneralSecurityException {
        changed(isolated().addPolicyManagementCertificate(change(name, by)), name, CertificateModification.IS_PRESENT);
    }

    private static void remove(String name, String by) throws GeneralSecurityException {
        changed(isolated().deletePolicyManagementCertificate(change(name, by)), name, CertificateModification.IS_ABSENT);
    }

    private static void createdWith() throws GeneralSecurityException {
        listed("rsa1");
        hasDefault(isolated(), SGX);
    }

    private static void strangersPolicies() throws Exception {
        Steps.refused(400, "InvalidOperation",
            "Unsigned JWS specified but enclave is configured with signing certificates.",
            () -> isolated().setAttestationPolicy(SGX, PERMIT));
        Steps.refused(400, "InvalidOperation", "", () -> isolated().setAttestationPolicy(SGX, signed(PERMIT, "rsa2")));
        Steps.refused(400, "InvalidOperation", "", () -> isolated().resetAttestationPolicy(SGX));
    }

    private static void isolatedPolicy() throws GeneralSecurityException {
        setAndCheck(isolated(), issues("isolated"), "rsa1");
        AttestationResult result = client(Steps.ISOLATED_URL)
            .attestSgxEnclave(BinaryData.fromBytes(Steps.file("quote.bin")));
        Steps.equal(result.getIssuer(), Steps.ISOLATED_URL);
        Steps.equal(siteClaim(result), "isolated");
        Steps.equal(siteClaim(attest("sgx")), null); // the other instance has its own policies
        resetAndCheck(isolated(), "rsa1");
    }

    private static void adding() throws GeneralSecurityException {
        add("rsa2", "rsa1"); // which this library sends as a key of type X.509
        add("rsa2", "rsa1");
        listed("rsa1", "rsa2");
        setAndCheck(isolated(), issues("second"), "rsa2");
    }

    private static void strangerAdds() throws Exception {
        Steps.refused(400, "InvalidOperation", "",
            () -> isolated().addPolicyManagementCertificate(change("rsa3", "rsa3")));
        Steps.refused(401, "Unauthorized", "", () -> admin(Steps.ISOLATED_URL, "dev-reader")
            .addPolicyManagementCertificate(change("rsa3", "rsa1")));
    }

    private static void removing() throws Exception {
        remove("rsa2", "rsa1");
        remove("rsa2", "rsa1");
        listed("rsa1");
        Steps.refused(400, "InvalidOperation", "", () -> isolated().setAttestationPolicy(SGX, signed(PERMIT, "rsa2")));
        Steps.refused(400, "InvalidOperation", "",
            () -> isolated().deletePolicyManagementCertificate(change("rsa1", "rsa1")));
        resetAndCheck(isolated(), "rsa1");
    }

    private static Steps isolatedSteps() {
        Steps steps = new Steps();
        steps.add("isolated: the list holds what the instance was created with", Scenario::createdWith);
        steps.add("isolated: an unsecured policy, and one signed by a stranger, are refused", Scenario::strangersPolicies);
        steps.add("isolated: a policy signed by a listed key is set, in force, and reset", Scenario::isolatedPolicy);
        steps.add("isolated: certificates are added by a listed key, once", Scenario::adding);
        steps.add("isolated: a stranger adds nothing", Scenario::strangerAdds);
        steps.add("isolated: certificates are removed, but not the last", Scenario::removing);
        return steps;
    }

    // tpm

    private static void noTpmPolicy() throws Exception {
        AttestationClient signedIn = new AttestationClientBuilder().endpoint(Steps.URL)
            .credential(Steps.bearer("dev-reader")).buildClient();
        Steps.refused(400, "Bad request", "A VBS attestation policy has not been set on the attestation provider.",
            () -> signedIn.attestTpm("{\"payload\":{\"type\":\"aikcert\"}}"));
    }

    private static Steps tpmSteps() {
        Steps steps = new Steps();
        steps.add("tpm: an instance without TPM policy says so", Scenario::noTpmPolicy);
        return steps;
    }

    /** Runs the parts that are named, in that order. */
    public static void main(String[] parts) {
        for (String part : parts) {
            switch (part) {
                case "attest" -> attestSteps().run();
                case "policies" -> policySteps().run();
                case "isolated" -> isolatedSteps().run();
                case "tpm" -> tpmSteps().run();
                default -> throw new IllegalArgumentException(part);
            }
        }
    }
}

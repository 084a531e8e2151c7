// Java: com.azure:azure-security-attestation. The address changed; the callback is a repair, see below.
import com.azure.core.util.BinaryData;
import com.azure.security.attestation.AttestationClient;
import com.azure.security.attestation.AttestationClientBuilder;
import com.azure.security.attestation.models.AttestationData;
import com.azure.security.attestation.models.AttestationDataInterpretation;
import com.azure.security.attestation.models.AttestationOptions;
import com.azure.security.attestation.models.AttestationResult;
import com.azure.security.attestation.models.AttestationTokenValidationOptions;
import java.nio.file.Files;
import java.nio.file.Path;

public final class Attest {
    public static void main(String[] args) throws Exception {
        String endpoint = System.getenv("ATTESTATION_URL"); // was https://NAME.REGION.attest.azure.net
        AttestationTokenValidationOptions checks = new AttestationTokenValidationOptions().setExpectedIssuer(endpoint)
            .setValidationCallback((token, signer) -> {
                if (signer == null) {
                    throw new IllegalStateException("no key of the service signed this token");
                }
            });
        AttestationClient client = new AttestationClientBuilder().endpoint(endpoint).tokenValidationOptions(checks)
            .buildClient();
        AttestationResult result = client.attestSgxEnclave(
            new AttestationOptions(BinaryData.fromBytes(Files.readAllBytes(Path.of("quote.bin"))))
                .setRunTimeData(new AttestationData(BinaryData.fromBytes(Files.readAllBytes(Path.of("runtime.bin"))),
                    AttestationDataInterpretation.BINARY)));
        System.out.println(result.getIssuer() + " " + result.getMrEnclave());
    }
}

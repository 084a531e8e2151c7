import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.exception.HttpResponseException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import reactor.core.publisher.Mono;

/** What the Java scenario stands on: the setting it is given, its credential, and steps told one by one. */
final class Steps {
    static final String URL = System.getenv("CUPEL_URL");
    static final String TAMPERED_URL = System.getenv("CUPEL_TAMPERED_URL");
    static final String ISOLATED_URL = System.getenv("CUPEL_ISOLATED_URL");

    interface Step {
        void run() throws Exception;
    }

    private final Map<String, Step> steps = new LinkedHashMap<>();

    void add(String name, Step step) {
        steps.put(name, step);
    }

    /** Told to the runner, a line each: "ok - name", or "not ok - name" with the reason behind "# ". */
    void run() {
        steps.forEach((name, step) -> {
            try {
                step.run();
                System.out.println("ok - " + name);
            } catch (Exception | AssertionError e) {
                String said = e.toString().replaceAll("\\s+", " ");
                System.out.println("not ok - " + name + " # " + said.substring(0, Math.min(800, said.length())));
            }
        });
    }

    /** A credential that always has the same bearer token: what a user writes for a token of the site's own. */
    static TokenCredential bearer(String token) {
        return request -> Mono.just(new AccessToken(token, OffsetDateTime.now().plusHours(1)));
    }

    static byte[] file(String name) {
        try {
            return Files.readAllBytes(Path.of(System.getenv("CUPEL_FILES"), name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static X509Certificate certificate(String name) throws GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(file(name + ".pem")));
    }

    static PrivateKey privateKey(String name) throws GeneralSecurityException {
        String pem = new String(file(name + ".key.pem"), StandardCharsets.US_ASCII);
        byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
        return KeyFactory.getInstance(name.equals("ec") ? "EC" : "RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    static byte[] digest(String algorithm, byte[] data) throws GeneralSecurityException {
        return MessageDigest.getInstance(algorithm).digest(data);
    }

    static String b64u(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    static byte[] policyHash(String text) throws GeneralSecurityException {
        return digest("SHA-256", b64u(text.getBytes(StandardCharsets.UTF_8)).getBytes(StandardCharsets.US_ASCII));
    }

    static String thumbprint(String name) throws GeneralSecurityException {
        return HexFormat.of().withUpperCase().formatHex(digest("SHA-1", certificate(name).getEncoded()));
    }

    static void equal(Object got, Object want) {
        boolean same = got instanceof byte[] a && want instanceof byte[] b ? Arrays.equals(a, b) : Objects.equals(got, want);
        if (!same) {
            throw new AssertionError("got " + shown(got) + ", expected " + shown(want));
        }
    }

    private static String shown(Object value) {
        return value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : String.valueOf(value);
    }

    static void holds(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }

    /** The service refuses with that status and error code, and its message has the words. */
    static void refused(int status, String code, String words, Step call) throws Exception {
        try {
            call.run();
        } catch (HttpResponseException e) {
            String body = e.getResponse().getBodyAsString().block();
            equal(e.getResponse().getStatusCode(), status);
            holds(body.contains("\"code\":\"" + code + "\""), body);
            holds(body.contains(words), body);
            return;
        }
        throw new AssertionError("it was not refused");
    }

    /** The library itself refuses, before or after the service was asked. */
    static void clientRefuses(String words, Step call) throws Exception {
        try {
            call.run();
        } catch (HttpResponseException e) {
            throw e;
        } catch (Exception e) {
            holds(String.valueOf(e).contains(words), String.valueOf(e));
            return;
        }
        throw new AssertionError("the client took it");
    }
}

package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The examples of Amazon's documentation ("Authenticating Requests: Using the Authorization Header"). */
class AwsSignatureTest {
    private static final String NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private static final Instant THEN = Instant.parse("2013-05-24T00:00:00Z");
    private static final AwsSignature SIGNATURE =
            new AwsSignature("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null);
    private static final Map<String, String> HEADERS =
            Map.of("host", "examplebucket.s3.amazonaws.com", "x-amz-content-sha256", NOTHING);

    @Test
    void parametersOfTheQueryCountInTheirOrder() {
        assertThat(sign("/", "prefix=J&max-keys=2"))
                .endsWith(",Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    @Test
    void parameterWithoutValueCountsAsAnEmptyOne() {
        assertThat(sign("/", "lifecycle"))
                .endsWith(",Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    }

    @Test
    void temporaryCredentialsSignTheirToken() {
        Map<String, String> signed =
                new AwsSignature("AKIA", "key", "token").signed("GET", "/", null, HEADERS, "us-east-1", THEN);

        assertThat(signed).containsEntry("x-amz-security-token", "token");
        assertThat(signed.get("authorization"))
                .contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,");
    }

    private static String sign(String path, String query) {
        return SIGNATURE.signed("GET", path, query, HEADERS, "us-east-1", THEN).getOrDefault("authorization", "");
    }
}

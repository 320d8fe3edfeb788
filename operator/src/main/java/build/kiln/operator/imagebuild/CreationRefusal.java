package build.kiln.operator.imagebuild;

import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Objects;

/** What it means that the API server does not create an object of the operator. */
final class CreationRefusal {
    private static final int UNPROCESSABLE = 422;

    private CreationRefusal() {}

    /**
     * What the refusal means.
     *
     * @param what was to be created, such as "worker pod"
     * @param advice what to do when the namespace's quota is used up
     * @throws KubernetesClientException the refusal itself, when it says nothing about the object
     */
    static Diagnosis of(KubernetesClientException refusal, String what, String advice) {
        return switch (refusal.getCode()) {
            case HttpURLConnection.HTTP_FORBIDDEN ->
                reason(refusal).contains("exceeded quota")
                        ? Diagnosis.of(
                                OfCreation.QUOTA_EXCEEDED,
                                "the namespace's quota leaves no room for the " + what + ": " + reason(refusal) + "\n"
                                        + advice)
                        : rejected(refusal, what);
            case HttpURLConnection.HTTP_BAD_REQUEST, HttpURLConnection.HTTP_NOT_FOUND, UNPROCESSABLE ->
                rejected(refusal, what);
            case HttpURLConnection.HTTP_INTERNAL_ERROR -> withoutWebhook(refusal, what);
            default -> throw refusal;
        };
    }

    private static Diagnosis rejected(KubernetesClientException refusal, String what) {
        return Diagnosis.of(OfCreation.REFUSED, "the API server refused the " + what + ": " + reason(refusal));
    }

    /** Of all internal errors this one is a matter of the cluster's policies, and can last. */
    private static Diagnosis withoutWebhook(KubernetesClientException refusal, String what) {
        if (reason(refusal).contains("failed calling webhook")) {
            return Diagnosis.of(
                    OfCreation.WEBHOOK_DOWN, "the API server cannot admit the " + what + ": " + reason(refusal));
        }
        throw refusal;
    }

    private static String reason(KubernetesClientException e) {
        String message = e.getStatus() == null ? e.getMessage() : e.getStatus().getMessage();
        return Objects.requireNonNullElse(message, "no reason was given");
    }
}

package build.kiln.operator.source;

import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.registry.image.Text;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Explains why a git server gave no answer. */
final class SourceFailure {
    private final String url;
    private final @Nullable GitCredentials credentials;
    private final Exchange exchange;

    SourceFailure(String url, @Nullable GitCredentials credentials, Exchange exchange) {
        this.url = url;
        this.credentials = credentials;
        this.exchange = exchange;
    }

    Resolution.Unresolved of(IOException failure) {
        Resolution.Unresolved transport = Stream.<@Nullable Throwable>iterate(
                        failure, Objects::nonNull, cause -> cause == null ? null : cause.getCause())
                .limit(20)
                .map(this::ofCause)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        return transport == null ? ofStatus(failure) : transport;
    }

    private Resolution.@Nullable Unresolved ofCause(@Nullable Throwable cause) {
        return switch (cause) {
            case UnknownHostException _ -> unreachable("its host name is unknown");
            case ConnectException e -> unreachable(text(e));
            case NoRouteToHostException e -> unreachable(text(e));
            case SocketTimeoutException _ -> unreachable("no answer in time");
            case Exchange.TooLateException e -> unreachable(text(e));
            case SSLException e ->
                unreachable(
                        OfSource.NOT_FOUND,
                        "the TLS connection failed, " + text(e) + "; its certificate must be publicly trusted");
            case Exchange.TooLargeException e ->
                unresolved(OfSource.NOT_FOUND, text(e) + "; set spec.source.git.revision to a full commit id instead");
            case null, default -> null;
        };
    }

    private Resolution.Unresolved ofStatus(IOException failure) {
        int status = exchange.status();
        return switch (status) {
            case 401, 403 -> refused(status);
            case 404, 410 ->
                unresolved(
                        OfSource.NOT_FOUND,
                        "there is no git repository at this address (HTTP " + status + "); correct"
                                + " spec.source.git.url, or set spec.source.git.secretRef if the repository is private");
            case 408, 425, 429 -> unresolved(OfSource.UNREACHABLE, "the server is busy (HTTP " + status + ")");
            case 0, 200 ->
                unresolved(
                        OfSource.NOT_FOUND,
                        "the answer is not that of a git server: " + text(failure) + "; correct spec.source.git.url");
            default ->
                unresolved(
                        status >= 500 ? OfSource.UNREACHABLE : OfSource.NOT_FOUND,
                        "the server answered HTTP " + status);
        };
    }

    private Resolution.Unresolved refused(int status) {
        String remedy = credentials == null
                ? "It is private or does not exist: correct spec.source.git.url, or set spec.source.git.secretRef to a"
                        + " Secret with the keys username and password"
                : "The credentials are those of Secret " + credentials.secretName()
                        + " (spec.source.git.secretRef): correct its username and password, or give them access";
        return new Resolution.Unresolved(Diagnosis.of(
                OfSource.ACCESS_REFUSED,
                "Git server of " + url + " refused access (HTTP " + status + "). " + remedy + "."));
    }

    private Resolution.Unresolved unreachable(String why) {
        return unreachable(OfSource.UNREACHABLE, why);
    }

    private Resolution.Unresolved unreachable(OfSource evidence, String why) {
        return unresolved(
                evidence,
                "the server cannot be reached: " + why
                        + ". Check spec.source.git.url, and that pods of this cluster can reach the server");
    }

    private Resolution.Unresolved unresolved(OfSource evidence, String why) {
        return new Resolution.Unresolved(Diagnosis.of(evidence, "Git repository " + url + ": " + why + "."));
    }

    private static String text(Throwable failure) {
        return Text.shown(String.valueOf(failure.getMessage()));
    }
}

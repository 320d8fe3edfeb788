package build.kiln.operator.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Proxy;
import java.net.URL;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.eclipse.jgit.transport.http.HttpConnectionFactory;
import org.eclipse.jgit.transport.http.JDKHttpConnection;
import org.eclipse.jgit.util.HttpSupport;
import org.jspecify.annotations.Nullable;

/** A connection whose answer is bounded in time and size, counted after decompression. */
final class BoundedConnection extends JDKHttpConnection {
    private final Exchange exchange;

    private BoundedConnection(URL url, Exchange exchange) throws IOException {
        super(url);
        this.exchange = exchange;
    }

    private BoundedConnection(URL url, Proxy proxy, Exchange exchange) throws IOException {
        super(url, proxy);
        this.exchange = exchange;
    }

    static HttpConnectionFactory factory(Exchange exchange) {
        return new HttpConnectionFactory() {
            @Override
            public HttpConnection create(URL url) throws IOException {
                exchange.requireTime();
                return new BoundedConnection(url, exchange);
            }

            @Override
            public HttpConnection create(URL url, Proxy proxy) throws IOException {
                exchange.requireTime();
                return new BoundedConnection(url, proxy, exchange);
            }
        };
    }

    @Override
    public void setConnectTimeout(int timeout) {
        super.setConnectTimeout(exchange.remainingMillis());
    }

    @Override
    public void setReadTimeout(int timeout) {
        super.setReadTimeout(exchange.remainingMillis());
    }

    @Override
    public int getResponseCode() throws IOException {
        int status = super.getResponseCode();
        exchange.answered(status);
        return status;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        InputStream body = super.getInputStream();
        boolean zipped = HttpSupport.ENCODING_GZIP.equals(super.getHeaderField(HttpSupport.HDR_CONTENT_ENCODING));
        return new BoundedStream(zipped ? new GZIPInputStream(body) : body, exchange);
    }

    /** Hides the encoding, which {@link #getInputStream} has undone. */
    @Override
    public @Nullable String getHeaderField(String name) {
        return isEncoding(name) ? null : super.getHeaderField(name);
    }

    @Override
    public List<String> getHeaderFields(String name) {
        return isEncoding(name) ? List.of() : super.getHeaderFields(name);
    }

    private static boolean isEncoding(String name) {
        return HttpSupport.HDR_CONTENT_ENCODING.equalsIgnoreCase(name);
    }

    private static final class BoundedStream extends FilterInputStream {
        private final Exchange exchange;

        BoundedStream(InputStream in, Exchange exchange) {
            super(in);
            this.exchange = exchange;
        }

        @Override
        public int read() throws IOException {
            exchange.requireTime();
            int value = super.read();
            exchange.received(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            exchange.requireTime();
            int count = super.read(buffer, offset, length);
            exchange.received(Math.max(count, 0));
            return count;
        }
    }
}

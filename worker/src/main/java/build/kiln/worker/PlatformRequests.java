package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequestBuilder;
import java.util.ArrayList;
import java.util.List;

/** Takes a request for several platforms apart: each of them is built as if it had a worker of its own. */
final class PlatformRequests {
    private PlatformRequests() {}

    /** One request for each platform, the request's own first. */
    static List<BuildRequest> of(BuildRequest request) {
        List<BuildRequest> requests = new ArrayList<>();
        requests.add(alone(request).build());
        for (BuildRequest.OtherPlatform other : request.others()) {
            requests.add(alone(request)
                    .platform(other.platform())
                    .cache(other.cache())
                    .emulated(other.emulated())
                    .build());
        }
        return requests;
    }

    private static BuildRequestBuilder alone(BuildRequest request) {
        return BuildRequestBuilder.builder(request).others(List.of()).askAbout(List.of());
    }
}

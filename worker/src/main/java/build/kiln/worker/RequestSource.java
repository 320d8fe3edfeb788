package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.MalformedDocumentException;

/** Where the worker gets told what to build; a worker that was started ahead of its build would wait here. */
interface RequestSource {
    /**
     * Returns the request, waiting for it when need be.
     *
     * @throws MalformedDocumentException when what came is not a request
     * @throws InterruptedException when told to stop before it came
     */
    BuildRequest await() throws MalformedDocumentException, InterruptedException;
}

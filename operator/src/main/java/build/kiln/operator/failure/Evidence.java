package build.kiln.operator.failure;

import build.kiln.protocol.FailureReason;

/**
 * What is known of a failure, as far as it decides what comes next. Whoever looks at pods, registries and git servers names
 * what was seen; {@link FailureTable} alone says what it means.
 */
public sealed interface Evidence {
    /**
     * The worker's own report: it has read BuildKit's error, the exit code of the step and the answers of registries.
     *
     * @param reason as reported
     */
    record Reported(FailureReason reason) implements Evidence {}

    /** State, reasons and conditions of a worker pod and its containers. */
    enum OfPod implements Evidence {
        /** The kubelet evicted it: the node was short of something, or is being drained. */
        EVICTED,
        /** It had to make room for a pod of higher priority. */
        PREEMPTED,
        /** It used more disk than it may. */
        OVER_DISK_LIMIT,
        /** Its node does not answer, was deleted, or was shut down. */
        NODE_GONE,
        /** It was stopped or deleted, and nobody said why. */
        STOPPED,
        /** It outlived its {@code activeDeadlineSeconds}. */
        DEADLINE_PASSED,
        /** A container was killed because it reached its memory limit. */
        OUT_OF_MEMORY,
        /** A worker ended without a result that can be used. */
        NO_RESULT,
        /** The launcher refused, or it is known beforehand that it would: the node lacks what the profile needs. */
        NODE_UNSUPPORTED,
        /** The kubelet of the chosen node did not take it. */
        REFUSED_BY_KUBELET,
        /** No node took it in time. */
        UNSCHEDULABLE,
        /** An image could not be pulled in time. */
        IMAGE_NOT_PULLED,
        /** The reference of an image is malformed: the installation is. */
        IMAGE_NAME_INVALID,
        /** A container could not be created or started in time. */
        NOT_STARTED,
        /** Its cache volume cannot be had in time: no node that can mount it takes the pod, or the launcher cannot use it. */
        CACHE_VOLUME_UNAVAILABLE,
        /** A Secret that it mounts went away after the operator had read it. */
        SECRET_GONE
    }

    /** Why a worker pod, or its cache volume, could not be created. */
    enum OfCreation implements Evidence {
        /** The namespace's quota is used up. */
        QUOTA_EXCEEDED,
        /** Pod Security, another policy, or a rule of the API server refuses it. */
        REFUSED,
        /** A policy's webhook, without which the API server takes no pod, does not answer. */
        WEBHOOK_DOWN,
        /** Another object's pod or claim has the name, or one of that name is still being deleted. */
        NAME_TAKEN,
        /** The spec asks for what no pod can be. */
        IMPOSSIBLE_SPEC,
        /** Kiln cannot build this platform. */
        UNKNOWN_PLATFORM
    }

    /** Why a revision could not be looked up. */
    enum OfSource implements Evidence {
        /** The git server does not answer, or answers that it cannot. */
        UNREACHABLE,
        /** There is no such repository or revision, or it is no git server. */
        NOT_FOUND,
        /** The git server refused the credentials, or wants some. */
        ACCESS_REFUSED,
        /** The address is not one. */
        INVALID_ADDRESS
    }

    /** Why credentials could not be read. */
    enum OfCredentials implements Evidence {
        /** A Secret or a key is missing or of another type; objects that are applied together arrive in any order. */
        SECRET_MISSING,
        /** The text in a registry Secret is not a Docker configuration. */
        SECRET_MALFORMED,
        /** There is no such ServiceAccount. */
        SERVICE_ACCOUNT_MISSING
    }

    /** Why the image could not be published, by the registry's answer. */
    enum OfRegistry implements Evidence {
        /** It is down, slow, busy (429, 5xx), or its answer was cut short. */
        UNAVAILABLE,
        /** It refused the credentials, or wants some (401, 403). */
        ACCESS_REFUSED,
        /** The repository does not exist and is not created (404). */
        REPOSITORY_MISSING,
        /** It does not take the image or a tag: a quota, a rule, an immutable tag, an untrusted certificate. */
        REFUSED,
        /** The spec names what cannot be a repository or a tag. */
        INVALID_NAME,
        /** What a platform had pushed is no longer there. */
        IMAGE_MISSING
    }

    /** Why the ConfigMap with the result could not be written. */
    enum OfResult implements Evidence {
        /** A ConfigMap of that name is not the ImageBuild's. */
        NAME_TAKEN,
        /** The API server does not take it: a quota, a policy, a missing right. */
        REFUSED
    }

    /** What people ask for. */
    enum OfRequest implements Evidence {
        /** The run was cancelled. */
        CANCELLED
    }
}

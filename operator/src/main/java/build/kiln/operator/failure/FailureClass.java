package build.kiln.operator.failure;

/** Whose affair a failure is. */
public enum FailureClass {
    /** The spec, the source or the Dockerfile has to change. */
    User,
    /** A node, a network, a registry or Kiln itself failed the build. */
    Infrastructure,
    /** There is too little of something: nodes, quota, memory, disk. */
    Capacity,
    /** A Secret is missing, wrong, or not allowed to do what the build needs. */
    Credentials,
    /** Somebody wanted it to stop. */
    Cancelled
}

package build.kiln.operator.preflight;

/**
 * Why a node cannot run workers of a profile.
 *
 * @param symptom in one word
 * @param how it is known, for people: "the node reports ...", "pod x could not run on y"
 */
public record Unfit(Symptom symptom, String how) {}

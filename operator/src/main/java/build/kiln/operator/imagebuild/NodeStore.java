package build.kiln.operator.imagebuild;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.List;

/** Keeps nodes without what placement never looks at, most of their size: the list of images and the managed fields. */
final class NodeStore extends BasicItemStore<Node> {
    NodeStore() {
        super(Cache::metaNamespaceKeyFunc);
    }

    @Override
    public Node put(String key, Node node) {
        node.getMetadata().setManagedFields(List.of());
        if (node.getStatus() != null) {
            node.getStatus().setImages(List.of());
        }
        return super.put(key, node);
    }
}

#!/bin/sh
# Runs the operator against a stand-in for the API server until it has started the worker pods of one build. The arguments are
# the operator's command line; the Java virtual machine among them writes its cache of loaded and linked classes when it ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
"$JAVA_HOME/bin/keytool" -genkeypair -alias server -keyalg EC -dname CN=localhost -ext SAN=dns:localhost \
    -storetype PKCS12 -keystore "$work/keys" -storepass training 2>/dev/null
"$JAVA_HOME/bin/keytool" -exportcert -rfc -alias server -keystore "$work/keys" -storepass training > "$work/ca.pem" 2>/dev/null
"$JAVA_HOME/bin/java" -cp '/opt/kiln/lib/*' "$here/FakeApiServer.java" "$work/keys" "$work" 2 \
    "$here/imagebuild.json" "$here/node.json" "$here/serviceaccount.json" 2> "$work/requests" &
server=$!
trap 'kill $server' EXIT
until [ -s "$work/port" ]; do
    kill -0 $server
    sleep 0.1
done
cat > "$work/kubeconfig" <<EOF
apiVersion: v1
kind: Config
current-context: training
clusters: [{name: training, cluster: {server: "https://localhost:$(cat "$work/port")", certificate-authority: "$work/ca.pem"}}]
users: [{name: training, user: {token: training}}]
contexts: [{name: training, context: {cluster: training, user: training, namespace: kiln-system}}]
EOF
KUBECONFIG=$work/kubeconfig KILN_CONFIG=$here/config.yaml POD_NAME=training POD_NAMESPACE=kiln-system "$@" > "$work/operator.log" 2>&1 &
operator=$!
give_up=$(($(date +%s) + 120))
until [ -e "$work/done" ]; do
    if ! kill -0 $operator 2>/dev/null || [ "$(date +%s)" -gt $give_up ]; then
        echo 'the operator did not start the pods of the build: its requests and its log follow' >&2
        cat "$work/requests" "$work/operator.log" >&2
        exit 1
    fi
    sleep 0.1
done
kill -TERM $operator
wait $operator || true
cat "$work/operator.log"

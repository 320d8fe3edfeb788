package demo

import (
	"bytes"
	"testing"

	"kiln.build/cluster/internal/kubectl"
)

func TestAFailureIsExplained(t *testing.T) {
	b := decode(t, `{"metadata": {"name": "hello", "namespace": "kiln-demo"}, "status": {
	  "conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "linux/arm64: RUN make failed.\nMend the Dockerfile and apply it again."}],
	  "platforms": [{"platform": "linux/amd64", "state": "Cancelled", "podName": "hello-1-linux-amd64-1"}, {"platform": "linux/arm64", "state": "Failed", "podName": "hello-1-linux-arm64-1"}],
	  "failure": {"platform": "linux/arm64", "reason": "BuildFailed", "step": "RUN make", "location": "Dockerfile:12", "exitCode": 7, "logTail": "cc main.c\nmain.c:1: error\u001b[0m\n"}}}`)
	var out bytes.Buffer
	explain(&out, b, kubectl.Client{Program: "/opt/kubectl", Kubeconfig: "/with space/kubeconfig"})
	want := `The build failed on linux/arm64: BuildFailed
  linux/arm64: RUN make failed.
  Mend the Dockerfile and apply it again.
  step:       RUN make
  at:         Dockerfile:12
  exit code:  7
  last lines:
  | cc main.c
  | main.c:1: error [0m

The whole log:      KUBECONFIG='/with space/kubeconfig' /opt/kubectl logs --namespace kiln-demo hello-1-linux-arm64-1 --container worker
Everything else:    KUBECONFIG='/with space/kubeconfig' /opt/kubectl describe --namespace kiln-demo imagebuild hello
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestARefusedSpecIsExplainedWithoutAPod(t *testing.T) {
	b := decode(t, `{"metadata": {"name": "hello", "namespace": "kiln-demo"}, "status": {
	  "conditions": [{"type": "Ready", "status": "False", "reason": "InvalidSpec", "message": "platform linux/vax is unknown"}]}}`)
	var out bytes.Buffer
	explain(&out, b, kubectl.Client{Program: "kubectl", Context: "staging"})
	want := `The build failed: InvalidSpec
  platform linux/vax is unknown

Everything else:    kubectl --context staging describe --namespace kiln-demo imagebuild hello
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

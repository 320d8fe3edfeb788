package argocd

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

const (
	folder         = "../../../docs/gitops/argo-cd"
	customizations = folder + "/resource_customizations"
	imageBuild     = customizations + "/kiln.build/ImageBuild"
)

var update = flag.Bool("update", false, "write the ConfigMap that the scripts make")

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type healthTests struct {
	Tests []struct {
		InputPath    string `json:"inputPath"`
		HealthStatus health `json:"healthStatus"`
	} `json:"tests"`
}

type action struct {
	Name        string `json:"name"`
	Disabled    bool   `json:"disabled"`
	DisplayName string `json:"displayName"`
	IconClass   string `json:"iconClass"`
}

type actionTests struct {
	DiscoveryTests []struct {
		InputPath string   `json:"inputPath"`
		Result    []action `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action             string `json:"action"`
		InputPath          string `json:"inputPath"`
		ExpectedOutputPath string `json:"expectedOutputPath"`
	} `json:"actionTests"`
}

func TestHealth(t *testing.T) {
	script := text(t, imageBuild+"/health.lua")
	var tests healthTests
	decode(t, imageBuild+"/health_test.yaml", &tests)
	for _, test := range tests.Tests {
		t.Run(test.InputPath, func(t *testing.T) {
			var actual health
			if err := run(script, object(t, imageBuild+"/"+test.InputPath), &actual); err != nil {
				t.Fatal(err)
			}
			if actual != test.HealthStatus {
				t.Errorf("is %+v, not %+v", actual, test.HealthStatus)
			}
		})
	}
}

func TestHealthOfEveryStateIsTested(t *testing.T) {
	var tests healthTests
	decode(t, imageBuild+"/health_test.yaml", &tests)
	var tested []string
	for _, test := range tests.Tests {
		tested = append(tested, test.InputPath)
	}
	states, err := filepath.Glob(imageBuild + "/testdata/*.yaml")
	if err != nil || len(states) == 0 {
		t.Fatalf("no states: %v", err)
	}
	for _, state := range states {
		if !slices.Contains(tested, "testdata/"+filepath.Base(state)) {
			t.Errorf("health_test.yaml has no test of %s", state)
		}
	}
}

func TestDiscovery(t *testing.T) {
	script := text(t, imageBuild+"/actions/discovery.lua")
	for _, test := range actions(t).DiscoveryTests {
		t.Run(test.InputPath, func(t *testing.T) {
			found := map[string]action{}
			if err := run(script, object(t, imageBuild+"/actions/"+test.InputPath), &found); err != nil {
				t.Fatal(err)
			}
			expected := map[string]action{}
			for _, each := range test.Result {
				expected[each.Name] = each
			}
			for name, each := range found {
				each.Name = name
				found[name] = each
			}
			if !maps.Equal(found, expected) {
				t.Errorf("offers %+v, not %+v", found, expected)
			}
		})
	}
}

func TestActions(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range actions(t).ActionTests {
		tested[test.Action] = true
		t.Run(test.Action+" "+test.InputPath, func(t *testing.T) {
			before := object(t, imageBuild+"/actions/"+test.InputPath)
			after, err := act(text(t, imageBuild+"/actions/"+test.Action+"/action.lua"), before)
			if err != nil {
				t.Fatal(err)
			}
			withoutTime(t, after)
			if expected := object(t, imageBuild+"/actions/"+test.ExpectedOutputPath); !reflect.DeepEqual(after, expected) {
				t.Errorf("makes\n%v\nnot\n%v", after, expected)
			}
		})
	}
	for _, name := range actionNames(t) {
		if !tested[name] {
			t.Errorf("action_test.yaml has no test of %s", name)
		}
	}
}

// TestConfigMap holds the ConfigMap, which people apply, to the scripts, which the other tests run.
func TestConfigMap(t *testing.T) {
	file := folder + "/argocd-cm.yaml"
	made := configMap(t)
	if *update {
		if err := os.WriteFile(file, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text(t, file) != made {
		t.Errorf("%s differs from the scripts: run go test -update ./... in cluster/tools/argocd", file)
	}
	var patch struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Metadata   Object            `json:"metadata"`
		Data       map[string]string `json:"data"`
	}
	decode(t, file, &patch)
	if patch.Data["resource.customizations.health.kiln.build_ImageBuild"] != text(t, imageBuild+"/health.lua") {
		t.Error("the health check is not the one of health.lua")
	}
	var customized struct {
		Discovery   string `json:"discovery.lua"`
		Definitions []struct {
			Name   string `json:"name"`
			Script string `json:"action.lua"`
		} `json:"definitions"`
	}
	if err := yaml.UnmarshalStrict([]byte(patch.Data["resource.customizations.actions.kiln.build_ImageBuild"]), &customized); err != nil {
		t.Fatal(err)
	}
	if customized.Discovery != text(t, imageBuild+"/actions/discovery.lua") || len(customized.Definitions) != len(actionNames(t)) {
		t.Errorf("the actions are not those of the scripts: %+v", customized)
	}
}

func configMap(t *testing.T) string {
	t.Helper()
	var made strings.Builder
	made.WriteString("# Made of the scripts beside this file. Merge it into Argo CD's ConfigMap:\n" +
		"#   kubectl patch configmap argocd-cm --namespace argocd --patch-file argocd-cm.yaml\n" +
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n  resource.customizations.health.kiln.build_ImageBuild: |\n" + indented(text(t, imageBuild+"/health.lua"), 4) +
		"  resource.customizations.actions.kiln.build_ImageBuild: |\n    discovery.lua: |\n" +
		indented(text(t, imageBuild+"/actions/discovery.lua"), 6) + "    definitions:\n")
	for _, name := range actionNames(t) {
		made.WriteString("    - name: " + name + "\n      action.lua: |\n" + indented(text(t, imageBuild+"/actions/"+name+"/action.lua"), 8))
	}
	return made.String()
}

func indented(text string, spaces int) string {
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			lines.WriteString(strings.Repeat(" ", spaces))
		}
		lines.WriteString(line)
	}
	return lines.String()
}

// withoutTime checks that tokens of requests are times of now, and gives them the value that the expected outputs have.
func withoutTime(t *testing.T, object Object) {
	t.Helper()
	metadata, _ := object["metadata"].(Object)
	annotations, _ := metadata["annotations"].(Object)
	for name, value := range annotations {
		if !strings.HasPrefix(name, "kiln.build/") {
			continue
		}
		token, _ := value.(string)
		at, err := time.Parse(time.RFC3339, token)
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s is no time of now: %v %v", name, value, err)
		}
		annotations[name] = "0001-01-01T00:00:00Z"
	}
}

func actions(t *testing.T) actionTests {
	t.Helper()
	var tests actionTests
	decode(t, imageBuild+"/actions/action_test.yaml", &tests)
	return tests
}

func actionNames(t *testing.T) []string {
	t.Helper()
	scripts, err := filepath.Glob(imageBuild + "/actions/*/action.lua")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no actions: %v", err)
	}
	var names []string
	for _, script := range scripts {
		names = append(names, filepath.Base(filepath.Dir(script)))
	}
	return names
}

func object(t *testing.T, file string) Object {
	t.Helper()
	var decoded Object
	decode(t, file, &decoded)
	return decoded
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

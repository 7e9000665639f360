package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// documents are those of a manifest as JSON has them, with numbers and all.
func documents(manifest string) (list []any, err error) {
	for d := yaml.NewDecoder(strings.NewReader(manifest)); ; {
		var doc any
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		text, err := json.Marshal(doc)
		if err != nil {
			return nil, err
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
}

// validator holds objects against what Kubernetes says of their kinds.
func validator(t *testing.T) func(object any) error {
	t.Helper()
	f, err := os.Open("testdata/kubernetes/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	schema, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]*jsonschema.Schema{}
	for kind, name := range map[string]string{
		"batch/v1 Job":             "io.k8s.api.batch.v1.Job",
		"v1 PersistentVolumeClaim": "io.k8s.api.core.v1.PersistentVolumeClaim",
		"v1 ConfigMap":             "io.k8s.api.core.v1.ConfigMap",
	} {
		if kinds[kind], err = c.Compile("schema.json#/$defs/" + name); err != nil {
			t.Fatal(err)
		}
	}
	return func(object any) error {
		kind := fmt.Sprint(at(object, "apiVersion"), " ", at(object, "kind"))
		s, ok := kinds[kind]
		if !ok {
			return fmt.Errorf("unknown kind %s", kind)
		}
		return s.Validate(object)
	}
}

// at is what lies on a path through objects and lists; nil if nothing does.
func at(value any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[p]
		case int:
			list, _ := value.([]any)
			if p >= len(list) {
				return nil
			}
			value = list[p]
		}
	}
	return value
}

// large has all that a plan and an engine can have.
func large() (Plan, Kubernetes) {
	return Plan{
			Name: "Thresholds & rates", Dir: "/home/me/my sweep", Program: []string{"/firstspike"},
			Stages: []Stage{
				{"shared layers", []string{"sweep", "run", "/home/me/my sweep.toml", "--stage", "shared", "--index", Index, "--workers", CPUs}, 3},
				{"points", []string{"sweep", "run", "/home/me/my sweep.toml", "--stage", "points", "--index=" + Index}, 40},
			},
			Final: []string{"sweep", "merge", "/home/me/my sweep.toml"}, CPUs: 4, Memory: 2 << 30, Most: 8,
		}, Kubernetes{
			Image: "registry.example/firstspike:1", Storage: 20 << 30, StorageClass: "shared", Namespace: "lab",
			Inputs: []Input{{"/home/me/my sweep.toml", "name = \"x\"\n\n[axes]\nseed = [1, 2] # §\n"}},
		}
}

func manifest(t *testing.T, p Plan, k Kubernetes) string {
	t.Helper()
	files, err := k.Files(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	return files[0].Text
}

func TestManifestIsValid(t *testing.T) {
	validate := validator(t)
	p, k := large()
	there := k
	there.Storage, there.Claim = 0, "data-of-mine"
	for _, c := range []struct {
		plan  Plan
		k     Kubernetes
		kinds []any
	}{
		{p, k, []any{"ConfigMap", "PersistentVolumeClaim", "Job", "Job", "Job"}},
		{p, there, []any{"ConfigMap", "Job", "Job", "Job"}},
		{Plan{Name: "1", Dir: "/1", Program: []string{"1"}, Stages: []Stage{{"1", nil, 1}}}, Kubernetes{Image: "1", Storage: 1}, []any{"PersistentVolumeClaim", "Job"}},
	} {
		docs, err := documents(manifest(t, c.plan, c.k))
		if err != nil {
			t.Fatal(err)
		}
		var kinds []any
		for _, d := range docs {
			kinds = append(kinds, at(d, "kind"))
			if err := validate(d); err != nil {
				t.Error(err)
			}
		}
		if !reflect.DeepEqual(kinds, c.kinds) {
			t.Errorf("it has %v; want %v", kinds, c.kinds)
		}
	}
}

// The schema would tell: of fields that are not there, of values of the wrong
// type, and of what is missing, at any depth.
func TestSchemaTells(t *testing.T) {
	validate := validator(t)
	p, k := large()
	text := manifest(t, p, k)
	for _, change := range [][2]string{
		{"  completionMode:", "  completionMod:"},
		{"  parallelism: 8", "  parallelism: eight"},
		{"  parallelism: 8", "  parallelism: 8.5"},
		{"readOnlyRootFilesystem:", "readonlyRootFilesystem:"},
		{"runAsUser: 65532", `runAsUser: "65532"`},
		{"mountPath: /tmp", "path: /tmp"},
		{"        - name: task\n", "        - title: task\n"},
		{"accessModes: [ReadWriteMany]", "accessModes: ReadWriteMany"},
		{"\ndata:\n", "\ncontents:\n"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		docs, err := documents(changed)
		if err != nil || changed == text {
			t.Fatalf("%q: %v", change, err)
		}
		if !slices.ContainsFunc(docs, func(d any) bool { return validate(d) != nil }) {
			t.Errorf("%q was not found", change[1])
		}
	}
}

// What makes a Job what it is meant to be.
func TestManifest(t *testing.T) {
	p, k := large()
	docs, err := documents(manifest(t, p, k))
	if err != nil {
		t.Fatal(err)
	}
	input, claim, job, last := docs[0], docs[1], docs[2], docs[4]
	container := at(job, "spec", "template", "spec", "containers", 0)
	for _, c := range []struct {
		what string
		got  any
		want any
	}{
		{"text", at(input, "data", "file-1"), k.Inputs[0].Text},
		{"access", at(claim, "spec", "accessModes"), []any{"ReadWriteMany"}},
		{"size", at(claim, "spec", "resources", "requests", "storage"), "20Gi"},
		{"class", at(claim, "spec", "storageClassName"), "shared"},
		{"name", at(job, "metadata", "name"), "thresholds-rates-1-shared-layers"},
		{"namespace", at(job, "metadata", "namespace"), "lab"},
		{"mode", at(job, "spec", "completionMode"), "Indexed"},
		{"completions", at(job, "spec", "completions"), json.Number("3")},
		{"parallelism", at(docs[3], "spec", "parallelism"), json.Number("8")},
		{"disruptions", at(job, "spec", "podFailurePolicy", "rules", 0, "action"), "Ignore"},
		{"restart", at(job, "spec", "template", "spec", "restartPolicy"), "Never"},
		{"ttl", at(job, "spec", "ttlSecondsAfterFinished"), nil},
		{"grace", at(job, "spec", "template", "spec", "terminationGracePeriodSeconds"), json.Number("60")},
		{"claim", at(job, "spec", "template", "spec", "volumes", 0, "persistentVolumeClaim", "claimName"), at(claim, "metadata", "name")},
		{"input", at(job, "spec", "template", "spec", "volumes", 2, "configMap", "name"), at(input, "metadata", "name")},
		{"path", at(container, "volumeMounts", 2, "mountPath"), k.Inputs[0].Path},
		{"key", at(container, "volumeMounts", 2, "subPath"), "file-1"},
		{"folder", at(container, "workingDir"), p.Dir},
		{"mount", at(container, "volumeMounts", 0, "mountPath"), p.Dir},
		{"image", at(container, "image"), k.Image},
		{"command", at(container, "command"), []any{"/firstspike"}},
		{"args", at(container, "args"), []any{"sweep", "run", "/home/me/my sweep.toml", "--stage", "shared", "--index", "$(JOB_COMPLETION_INDEX)", "--workers", "4"}},
		{"CPUs", at(container, "resources", "limits", "cpu"), json.Number("4")},
		{"memory", at(container, "resources", "requests", "memory"), "2Gi"},
		{"last", at(last, "spec", "completions"), json.Number("1")},
		{"args of the last", at(last, "spec", "template", "spec", "containers", 0, "args"), []any{"sweep", "merge", "/home/me/my sweep.toml"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v; want %v", c.what, c.got, c.want)
		}
	}
}

var names = rapid.StringMatching(`([a-zA-Z0-9_. äß&%'"$-]|\$\(HOME\)){1,80}`)

// Whatever there is in a plan, the manifest is valid, its names are such as
// Kubernetes takes, and the program gets its arguments.
func TestArgumentsInManifests(t *testing.T) {
	validate := validator(t)
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOf(argument()).Draw(t, "args")
		p := Plan{
			Name: names.Draw(t, "name"), Dir: "/" + strings.ReplaceAll(names.Draw(t, "dir"), ".", "x"), Program: []string{argument().Filter(func(s string) bool { return s != "" && !strings.Contains(s, Index) }).Draw(t, "program")},
			Stages: []Stage{{names.Draw(t, "stage"), append(args, Index), rapid.IntRange(1, maxCompletions).Draw(t, "count")}},
			CPUs:   rapid.IntRange(0, 100).Draw(t, "CPUs"), Memory: rapid.Int64Range(0, 1<<50).Draw(t, "memory"), Most: rapid.IntRange(0, 10).Draw(t, "most"),
		}
		text := rapid.StringMatching("([ \\t#:\\-|>'\"a-cé\\n]|---\\n|\\n\\n|\\r\\n|  ){0,12}").Draw(t, "text")
		files, err := Kubernetes{Image: "i", Storage: 1 << 30, Inputs: []Input{{"/in", text}}}.Files(p)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := documents(files[0].Text)
		if err != nil {
			t.Fatalf("%v\n%s", err, files[0].Text)
		}
		for _, d := range docs {
			if err := validate(d); err != nil {
				t.Error(err)
			}
			name := at(d, "metadata", "name").(string)
			if !dnsLabel.MatchString(name) || len(name)+len("-99999") > 63 {
				t.Errorf("a name is %q", name)
			}
		}
		if got := at(docs[0], "data", "file-1"); got != text {
			t.Errorf("the input is %q; want %q", got, text)
		}
		container := at(docs[2], "spec", "template", "spec", "containers", 0)
		if home := at(container, "env", 0, "value"); kubelet(home.(string)) != p.Dir || at(container, "workingDir") != p.Dir {
			t.Errorf("home is %q; want %q", home, p.Dir)
		}
		got, _ := at(container, "args").([]any)
		for i, a := range append(args, Index) {
			want := strings.NewReplacer(Index, "17", CPUs, fmt.Sprint(max(p.CPUs, 1))).Replace(a)
			if i >= len(got) || kubelet(got[i].(string)) != want {
				t.Errorf("argument %d of %q; want %q", i, got, want)
			}
		}
	})
}

// kubelet does to an argument what Kubernetes says that it does: $$ is $, and
// $(JOB_COMPLETION_INDEX) is the index, 17.
func kubelet(arg string) string {
	return strings.NewReplacer("$$", "$", "$(JOB_COMPLETION_INDEX)", "17").Replace(arg)
}

func TestKubernetesRefuses(t *testing.T) {
	p, k := large()
	p.Dir, p.Stages[1].Count = "/a:b", maxCompletions+1
	k.Image, k.Storage, k.Claim, k.Namespace = "", 1, "Mine", "Our_Lab"
	k.Inputs = []Input{{"/tmp", "x"}, {"relative", "\x00"}, {"/large", strings.Repeat("x", maxInputs)}}
	_, err := k.Files(p)
	want := []string{
		"image: is missing",
		`storage 1 and claim "Mine": `,
		`namespace "Our_Lab": must be`,
		"stages[1].count 100001: Kubernetes takes 100000 at most",
		`dir "/a:b": Kubernetes takes no colons there`,
		`inputs[0] "/tmp": there is something else`,
		`inputs[1] "relative": must be the absolute path of a file`,
		`inputs[1] "relative": must be text in UTF-8`,
		"inputs: have 131073 bytes; Kubernetes takes 131072 at most",
	}
	checkFaults(t, err, want)
	for _, k := range []Kubernetes{{Image: "i"}, {Image: "i", Storage: -1}, {Image: "i", Claim: "Mine"}} {
		if _, err := k.Files(small("/a")); err == nil {
			t.Errorf("%+v was taken", k)
		}
	}
}

func checkFaults(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Errorf("%d faults; want %d:\n%v", len(got), len(want), err)
		return
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("fault %d is %q; want %q", i, got[i], want[i])
		}
	}
}

func TestQuantity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.Int64Range(1, 1<<60).Draw(t, "bytes") &^ (1<<rapid.IntRange(0, 45).Draw(t, "zeros") - 1)
		if bytes == 0 {
			return
		}
		text := quantity(bytes)
		number := strings.TrimRight(text, "KMGTi")
		unit := int64(1)
		for _, u := range []string{"Ki", "Mi", "Gi", "Ti"} {
			unit *= 1024
			if strings.HasSuffix(text, u) {
				break
			}
		}
		if number == text {
			unit = 1
		}
		var n int64
		if fmt.Sscan(number, &n); n*unit != bytes {
			t.Errorf("%d is %s", bytes, text)
		}
	})
}

func TestApply(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	bin := t.TempDir()
	script := "#!/bin/bash\n[ \"$*\" != 'apply --output=name --filename=/refused' ] || { echo 'is forbidden' >&2; exit 1; }\necho persistentvolumeclaim/small\necho \"$*\"\n"
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	names, err := Kubernetes{}.Submit(t.Context(), "/small.yaml")
	if want := []string{"persistentvolumeclaim/small", "apply", "--output=name", "--filename=/small.yaml"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	if names, err := (Kubernetes{}).Submit(t.Context(), "/refused"); err == nil || !strings.Contains(err.Error(), "is forbidden") {
		t.Errorf("%q, %v", names, err)
	}
	t.Setenv("PATH", "")
	if _, err := (Kubernetes{}).Submit(t.Context(), "/small.yaml"); !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
}

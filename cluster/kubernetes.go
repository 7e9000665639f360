package cluster

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode"
)

// Kubernetes runs each stage of a plan as an Indexed Job, of Kubernetes 1.33 or
// newer: a manifest with all of them.
type Kubernetes struct {
	Image        string // holds the plan's program
	Storage      int64  // the size of the volume that the plan's folder is, in bytes
	Volume       string // what the volume is called; the plan's name if empty
	StorageClass string // of the volume, which many nodes must be able to write to; "" is the cluster's default
	Claim        string // the name of a PersistentVolumeClaim that is there already, in place of a new volume
	Namespace    string // "" is kubectl's own
	Inputs       []Input
}

// An Input is a file that a Kubernetes task finds under the path that it has
// here, and cannot change. All of a plan's have 128 KiB of room. In the plan's
// folder what is made on the way to one would be root's; elsewhere is better.
type Input struct {
	Path string // absolute
	Text string
}

const (
	maxCompletions = 100_000 // of an Indexed Job that counts failures by index
	maxInputs      = 1 << 17 // kubectl keeps a second copy, with signs escaped, in a place of 256 KiB
)

//go:embed kubernetes.tmpl
var kubernetesText string

var kubernetesTemplate = template.Must(template.New("manifest").Funcs(template.FuncMap{"q": yamlQuote}).Parse(kubernetesText))

// dnsLabel is what Kubernetes calls an RFC 1123 label.
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Files is the manifest, named after the plan.
func (k Kubernetes) Files(p Plan) ([]File, error) {
	if err := errors.Join(p.check().err(), k.check(p).err()); err != nil {
		return nil, err
	}
	const most = 26
	name := label(p.Name, most) // with what follows and an index it is no longer than a host's name may be, 63
	data := map[string]any{
		"Plan": p.Name, "Name": name, "Namespace": k.Namespace, "Claim": label(cmp.Or(k.Volume, p.Name), most), "StorageClass": k.StorageClass,
		"Image": k.Image, "Dir": p.Dir, "Home": literal(p.Dir), "Kubectl": "kubectl", "Grace": p.grace(), "CPUs": p.cpus(), "Memory": quantity(p.Memory), "Storage": quantity(k.Storage),
	}
	if k.Claim != "" {
		data["Claim"] = k.Claim
	}
	if k.Namespace != "" {
		data["Kubectl"] = "kubectl -n " + k.Namespace
	}
	var files []map[string]string
	for i, f := range k.Inputs {
		files = append(files, map[string]string{"Key": fmt.Sprintf("file-%d", i+1), "Path": f.Path, "Text": yamlText(f.Text, "    ")})
	}
	data["Files"] = files
	var tasks []map[string]any
	for i, t := range p.tasks() {
		tasks = append(tasks, map[string]any{
			"Stage": t.Stage, "Place": i + 1, "Stages": len(p.Stages), "Job": name + "-" + t.Label, "Count": t.Count, "Most": p.at(t.Count),
			"Command": arguments(p.Program, p.cpus()), "Args": arguments(t.Args, p.cpus()),
		})
	}
	data["Tasks"] = tasks
	return []File{{"kubernetes/" + name + ".yaml", execute(kubernetesTemplate, "manifest", data), false}}, nil
}

// check says what is wrong for Kubernetes in particular.
func (k Kubernetes) check(p Plan) faults {
	var f faults
	f.name("image", k.Image)
	if strings.HasPrefix(k.Image, "-") || strings.ContainsAny(k.Image, " \t") {
		f.add("image %q: must be the name of an image, such as registry.example/firstspike:1", k.Image)
	}
	f.text("storage class", k.StorageClass)
	switch {
	case k.Claim != "" && k.Storage != 0:
		f.add("storage %d and claim %q: a volume is either new, with a size, or there already, with a name", k.Storage, k.Claim)
	case k.Claim != "" && !dnsLabel.MatchString(k.Claim):
		f.add("claim %q: must be lower-case letters, digits and hyphens", k.Claim)
	case k.Claim == "" && k.Storage <= 0:
		f.add("storage %d: must be the size of the volume in bytes, above 0, or there must be a claim", k.Storage)
	}
	if k.Namespace != "" && !dnsLabel.MatchString(k.Namespace) {
		f.add("namespace %q: must be lower-case letters, digits and hyphens", k.Namespace)
	}
	for i, s := range p.Stages {
		if s.Count > maxCompletions {
			f.add("stages[%d].count %d: Kubernetes takes %d at most", i, s.Count, maxCompletions)
		}
	}
	mounts := map[string]bool{"/tmp": true}
	mount := func(field, path string) {
		if strings.Contains(path, ":") {
			f.add("%s %q: Kubernetes takes no colons there", field, path)
		}
		if mounts[path] {
			f.add("%s %q: there is something else", field, path)
		}
		mounts[path] = true
	}
	mount("dir", p.Dir)
	size := 0
	for i, in := range k.Inputs {
		field := fmt.Sprintf("inputs[%d]", i)
		if f.text(field, in.Path) && (!path.IsAbs(in.Path) || path.Clean(in.Path) != in.Path || in.Path == "/") {
			f.add("%s %q: must be the absolute path of a file", field, in.Path)
		}
		mount(field, in.Path)
		if !strings.ContainsFunc(in.Text, unprintable) {
			size += len(in.Text)
		} else {
			f.add("%s %q: must be text in UTF-8", field, in.Path)
		}
	}
	if size > maxInputs {
		f.add("inputs: have %d bytes; Kubernetes takes %d at most", size, maxInputs)
	}
	return f
}

// unprintable tells what no text has.
func unprintable(r rune) bool {
	return r == unicode.ReplacementChar || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r)
}

// arguments are the items of a YAML list in which Kubernetes puts the index.
func arguments(args []string, cpus int) string {
	var list []string
	for _, a := range args {
		list = append(list, yamlQuote(expand(a, literal, "$(JOB_COMPLETION_INDEX)", fmt.Sprint(cpus))))
	}
	return strings.Join(list, ", ")
}

// literal is text in which Kubernetes puts no values of variables.
func literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// quantity is a number of bytes as Kubernetes writes it, "" if it is 0.
func quantity(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	unit := 0
	for bytes%1024 == 0 && unit < 4 {
		bytes /= 1024
		unit++
	}
	return fmt.Sprint(bytes) + []string{"", "Ki", "Mi", "Gi", "Ti"}[unit]
}

// yamlQuote is text as a YAML string, which every JSON string is.
func yamlQuote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // strings do not fail
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// yamlText is text of several lines as YAML, as it is if that can be.
func yamlText(text, indent string) string {
	lines := slices.Collect(strings.Lines(text))
	if len(lines) == 0 || strings.Trim(lines[0], " \t\n") == "" || strings.HasPrefix(lines[0], " ") || !strings.HasSuffix(text, "\n") ||
		strings.HasSuffix(text, "\n\n") || strings.ContainsAny(text, "\t\r\u0085\u2028\u2029\ufeff") {
		return yamlQuote(text)
	}
	var b strings.Builder
	b.WriteString("|\n")
	for _, line := range lines {
		if line != "\n" {
			b.WriteString(indent)
		}
		b.WriteString(line)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Submit applies the manifest at a path with kubectl, and returns what it made
// or found there, such as job.batch/sweep-1-points. Where it fails, what was
// applied before stays.
func (Kubernetes) Submit(ctx context.Context, path string) ([]string, error) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		return nil, fmt.Errorf("%w; apply %s from a machine that has it", err, path)
	}
	out, err := output(exec.CommandContext(ctx, "kubectl", "apply", "--output=name", "--filename="+path))
	if err != nil {
		return nil, fmt.Errorf("kubectl apply of %s: %w; see what was applied with: kubectl get --filename=%s", path, err, shellQuote(path))
	}
	return strings.Fields(string(out)), nil
}
